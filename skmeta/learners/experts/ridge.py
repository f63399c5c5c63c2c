"""A plane through the rows, as stiff as leave-one-out says."""

import torch

from skmeta.learners.experts.smooth_kernel import SmoothKernel

RIDGES = torch.logspace(-6, 3, 19, dtype=torch.float64)  # a row; laws without noise need the smallest


def tune_ridge(rows, Y, weight):
    """The best ridge of the grid: a :class:`SmoothKernel` and its leave-one-out predictions (T, n, C), exact for a
    plane whose intercept is fitted along.

    Parameters are those of :func:`skmeta.learners.experts.tuned_numbers.fit_tuned`.
    """
    n, p = rows.shape[1:]
    total = weight.sum(1, keepdim=True).clamp(min=1e-12)
    root = weight.sqrt()[..., None]
    F, target = root * rows, root * Y
    if p <= n:
        values, V = torch.linalg.eigh(F.transpose(1, 2) @ F)
        turned = F @ V  # columns of length sqrt(values)
    else:
        values, U = torch.linalg.eigh(F @ F.transpose(1, 2))
        turned = U * values.clamp(min=0).sqrt()[:, None]
    values = values.clamp(min=0)
    ridges = RIDGES.to(rows) * total  # (T, R): as many times the variance of a row's noise as there are rows
    shrunk = 1 / (values[:, :, None] + ridges[:, None])  # (T, q, R)
    pulls = turned.transpose(1, 2) @ target  # (T, q, C)
    own = turned.square() @ shrunk + (weight / total)[..., None]  # (T, n, R)
    fit = torch.einsum("tnq,tqr,tqc->tnrc", turned, shrunk, pulls)
    safe = torch.where(root > 0, root, torch.ones_like(root))
    count = weight[..., None].clamp(min=1)
    residual = (Y[:, :, None] - fit / safe[..., None]) / (1 - own / count).clamp(min=1e-9)[..., None]
    loss = (residual.square().sum(3) * weight[..., None]).sum(1)
    best = loss.argmin(1)
    left_out = Y - residual.gather(2, best[:, None, None, None].expand(-1, n, 1, Y.shape[2]))[:, :, 0]
    ridge = ridges.gather(1, best[:, None])
    return SmoothKernel(None, None, torch.ones_like(ridge), ridge), left_out
