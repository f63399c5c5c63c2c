"""Ridge regression in closed form (Bertinetto, Henriques, Torr & Vedaldi, 2019)."""

import torch
from torch.autograd.function import once_differentiable


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
    if offset is not None:
        targets = targets - offset
    if weight is not None:
        root = weight.clamp(min=0).sqrt()[..., None]
        features, targets = root * features, root * targets
    across = features.transpose(1, 2)
    if features.shape[1] < features.shape[2]:
        return across @ solve_ridged(features @ across, targets)
    return solve_ridged(across @ features, across @ targets)


def solve_ridged(gram, right):
    """``(gram + I)^-1 right`` for positive semi-definite gram (T, p, p) and right (T, p, C)."""
    return _SolveRidged.apply(gram, right)


class _SolveRidged(torch.autograd.Function):
    """One Cholesky factor serves both directions; autograd's own way through it costs several times as much."""

    @staticmethod
    def forward(ctx, gram, right):
        ridged = gram.clone()
        ridged.diagonal(dim1=1, dim2=2).add_(1)
        lower = torch.linalg.cholesky(ridged)
        solution = torch.cholesky_solve(right, lower)
        ctx.save_for_backward(lower, solution)
        return solution

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        lower, solution = ctx.saved_tensors
        right = torch.cholesky_solve(gradient, lower)
        return -right @ solution.transpose(1, 2), right
