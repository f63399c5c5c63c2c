"""Linear heads on fixed features, fitted to many tasks at once: convex problems, solved to the end."""

import torch

from skmeta.learners.base import one_hot_support
from skmeta.learners.convex.logistic import fit_logistic


def with_bias_column(features, height=1.0):
    """(T, n, e) features with a column of ones, or of another height, after them: a bias is then one more weight."""
    return torch.cat([features, torch.full_like(features[..., :1], height)], -1)


def shares(support_weight, like):
    """What each row counts for in its task's mean loss (T, n), and the total weight of each task (T, 1)."""
    weight = torch.ones_like(like[..., 0]) if support_weight is None else support_weight
    total = weight.sum(1, keepdim=True)
    return weight / torch.where(total > 0, total, 1.0), total


def counts(support_weight):
    """Row weights (T, n) as numbers of rows: they count as many rows as they add up to, but never fewer than there are.

    Weights that add up to less, such as a boosting method's, which sum to 1, say how rows compare and no more.

    Examples
    --------
    >>> counts(torch.tensor([[0.25, 0.75], [2.0, 1.0]]))
    tensor([[0.5000, 1.5000],
            [2.0000, 1.0000]])
    """
    if support_weight is None:
        return None
    total, n_rows = support_weight.sum(1, keepdim=True), (support_weight > 0).sum(1, keepdim=True)
    return support_weight * torch.where(total > 0, n_rows / total, 1.0).clamp(min=1.0)


def ridge_heads(features, targets, support_weight, start, pull):
    """Least squares with a pull towards a start.

    Minimises ``sum_i w_i |y_i - W z_i|^2 + pull |W - start|^2``.

    Parameters
    ----------
    features : (T, n, e) tensor
    targets : (T, n, k) tensor
    support_weight : (T, n) tensor or None
    start : (k, e) or (T, k, e) tensor
    pull : float

    Returns
    -------
    weight : (T, k, e) tensor
    """
    weight = torch.ones_like(features[..., 0]) if support_weight is None else support_weight
    weighted = features * weight[..., None]
    start = start.expand(len(features), *start.shape[-2:])
    gram = weighted.transpose(1, 2) @ features
    residual = targets - features @ start.transpose(1, 2)
    # the square of the features' scale keeps a pull of 0 solvable, without a trace in the answer where it is not needed
    floor = 1e-10 * gram.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-30)
    eye = torch.eye(features.shape[-1], dtype=features.dtype, device=features.device)
    step = torch.linalg.solve(gram + (pull + floor)[:, None, None] * eye, weighted.transpose(1, 2) @ residual)
    return start + step.transpose(1, 2)


def logistic_heads(features, labels, support_weight, class_mask, start, pull):
    """Multinomial logistic regression with a pull towards a start.

    Minimises ``sum_i w_i cross_entropy(W z_i, y_i) + pull |W - start|^2 / 2`` by a handful of Newton steps.

    Parameters
    ----------
    features : (T, n, e) tensor
    labels : (T, n) int64 tensor
    support_weight : (T, n) tensor or None
    class_mask : (T, C) bool tensor
        Classes that a task does not have get no probability.
    start : (C, e), (1, e) or (T, C, e) tensor
    pull : float or (T,) tensor
        Above 0.

    Returns
    -------
    weight : (T, C, e) tensor
    """
    n_tasks, n_classes = class_mask.shape
    start = start.expand(n_tasks, n_classes, start.shape[-1])
    if not features.shape[1]:
        return start
    dtype = features.dtype
    if features.device.type != "mps":  # what stands at the end is a small difference of large sums
        features, start = features.double(), start.double()
        support_weight = None if support_weight is None else support_weight.double()
    offset = features @ start.transpose(1, 2)
    # what the rows cannot see stays at the start, so that the search is for n numbers a class where n < e
    basis = None
    if features.shape[1] < features.shape[2]:
        basis, triangle = torch.linalg.qr(features.transpose(1, 2))
        features = triangle.transpose(1, 2)
    total = features.new_tensor(features.shape[1]) if support_weight is None else support_weight.sum(1)
    root = torch.maximum(torch.as_tensor(pull, dtype=features.dtype, device=features.device), 1e-9 * total).sqrt()
    root = root.clamp(min=1e-6).expand(n_tasks)[:, None, None]
    members = one_hot_support(labels, n_classes, None, features.dtype).transpose(1, 2)
    tolerance = max(1e-10, 1e2 * torch.finfo(features.dtype).eps)
    step = fit_logistic(features / root, members, support_weight, offset, class_mask, tolerance=tolerance) / root
    return (start + (step if basis is None else basis @ step).transpose(1, 2)).to(dtype)
