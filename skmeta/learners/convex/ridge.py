"""Ridge regression in closed form (Bertinetto, Henriques, Torr & Vedaldi, 2019)."""

import torch

from skmeta.learners.ridge import ridge_answers, ridge_weights


def fit_ridge(features, targets, weight=None, offset=None):
    """Squared loss ``|y - W'z - o|^2 / 2``.

    The system that is solved is as large as the rows or the features are many, whichever is fewer.

    Parameters
    ----------
    features : (T, n, e) tensor
    targets : (T, n, C) tensor
    weight : (T, n) tensor or None
    offset : (T, n, C) tensor or None

    Returns
    -------
    W : (T, e, C) tensor
    """
    return ridge_weights(features, _rest(targets, offset), 1.0, weight).transpose(1, 2)


def answer_ridge(features, targets, query, weight=None, offset=None):
    """``query @ W`` (T, m, C) of what :func:`fit_ridge` finds, for query features (T, m, e)."""
    return ridge_answers(features, _rest(targets, offset), query, 1.0, weight)


def _rest(targets, offset):
    return (targets if offset is None else targets - offset).transpose(1, 2)


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
