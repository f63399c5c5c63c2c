"""A Gaussian kernel machine whose metric is what its own gradients say of the columns; leave-one-out picks the round.

References
----------
Radhakrishnan, Beaglehole, Pandit, Belkin (2024). Mechanism for feature learning in neural networks and
backpropagation-free machine learning models. Science 383.
"""

import torch

from skmeta.learners.experts.kernel_ridge import left_out_residual
from skmeta.learners.experts.smooth_kernel import SmoothKernel, some_rows, squared_distance

WIDTHS = (0.5, 2.0, 8.0)  # of the mean squared distance of two rows
RIDGES = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0)
LINE = 0.1
KEPT = (0.5, 0.2, 0.2)  # of a round's metric in the next one
MOST_ROWS = 300  # to choose by


def tune_metric(rows, Y, weight, varies, key):
    """The best of all rounds, widths and ridges, as a :class:`SmoothKernel`; ``Y`` (T, n, C) is centred, ``key`` (T, n)
    orders the rows of which some are taken."""
    weight, rows, Y = some_rows(key, weight, MOST_ROWS, rows, Y)
    T, n, p = rows.shape
    columns = varies.sum(1, keepdim=True).clamp(min=1).to(rows.dtype)
    metric = torch.ones(T, p, dtype=rows.dtype, device=rows.device)
    plane = rows @ rows.transpose(1, 2) * (LINE / columns[..., None])
    share = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
    best, widths = None, WIDTHS
    for kept in KEPT:
        scaled = rows * metric.sqrt()[:, None]
        squared = squared_distance(scaled, scaled)
        typical = torch.einsum("tmn,tm,tn->t", squared, share, share)[:, None].clamp(min=1e-6)
        here = None
        for width in widths:
            G = (squared * (-1 / (width * typical[..., None]))).exp_()
            loss, ridge, dual = _best_ridge(G + plane, Y, weight)
            this = {"loss": loss, "ridge": ridge, "dual": dual, "width": width * typical, "G": G, "metric": metric}
            here = this if here is None else _better(this, here)
        best = here if best is None else _better(here, best)
        metric = kept * metric + (1 - kept) * _relevance(rows, here, weight, columns)
    scale = (2 * best["metric"] / best["width"]).sqrt()
    one = torch.ones_like(best["width"])
    return SmoothKernel(scale, one, LINE / columns, best["ridge"])


def _better(a, b):
    """Of two candidates, for each task that with the smaller loss."""
    wins = (a["loss"] < b["loss"])[:, None]
    return {
        k: torch.where(wins[:, 0] if v.ndim == 1 else wins.view(-1, *[1] * (v.ndim - 1)), v, b[k]) for k, v in a.items()
    }


def _best_ridge(K, Y, weight):
    """Of a kernel (T, n, n): the least leave-one-out error (T,), its ridge (T, 1) and dual solution (T, n, C)."""
    root = weight.sqrt()
    values, U = torch.linalg.eigh(K * root[:, :, None] * root[:, None])
    values = values.clamp(min=0)
    pulls, squares = U.transpose(1, 2) @ (root[..., None] * Y), U.square()
    best = None
    for ridge in RIDGES:
        inverse = 1 / (values + ridge)
        dual = root[..., None] * (U @ (inverse[..., None] * pulls))
        not_own = ridge * (squares @ inverse[..., None])[..., 0]
        loss = (left_out_residual(dual, not_own, weight, ridge).square().sum(2) * weight).sum(1)
        this = {"loss": loss, "ridge": torch.full_like(loss, ridge)[:, None], "dual": dual}
        best = this if best is None else _better(this, best)
    return best["loss"], best["ridge"], best["dual"]


def _relevance(rows, machine, weight, columns):
    """Mean squared gradients of a machine in each column, (T, p), with mean 1 over the columns that vary."""
    total, pull = 0.0, machine["metric"] * (2 / machine["width"])
    for dual in machine["dual"].unbind(2):
        G = machine["G"] * dual[:, None]
        slope = pull[:, None] * (G @ rows - rows * G.sum(2, keepdim=True))
        slope = slope + (LINE / columns[..., None]) * (dual[:, None] @ rows)
        total = total + (slope.square() * weight[..., None]).sum(1)
    return total * columns / total.sum(1, keepdim=True).clamp(min=1e-30)
