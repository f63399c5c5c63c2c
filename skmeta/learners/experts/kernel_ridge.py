"""Weighted kernel ridge for many tasks at once: the solution, its leave-one-out scores, and further rows.

A machine with dual solution ``a = A y``, ``A = (K + lam I)^-1``, would have predicted row i, had it never seen it, as
``y_i - a_i / A_ii``: honest scores for the support rows come at the price of the factor that solves the system.
"""

import torch


def solve(K, Y, weight, ridge):
    """Weighted kernel ridge: dual coefficients (T, n, C), and the Cholesky factor (T, n, n) of the system.

    ``K`` is (T, n, n) and ``ridge`` a number or (T, 1). A row of weight 0 gets the coefficient 0 and takes no part.
    """
    root = weight.sqrt()
    system = K * root[:, :, None] * root[:, None]
    system.diagonal(dim1=1, dim2=2).add_(ridge)
    factor = torch.linalg.cholesky(system)
    return (root[..., None] * torch.cholesky_solve(root[..., None] * Y, factor)).contiguous(), factor


def leave_one_out(K, Y, weight, ridge):
    """Dual coefficients and leave-one-out predictions, both (T, n, C). A row of weight w counts as w equal rows, one of
    which leaves (and leaves w - 1 behind)."""
    dual, factor = solve(K, Y, weight, ridge)
    not_own = ridge * torch.cholesky_inverse(factor).diagonal(dim1=1, dim2=2)
    return dual, Y - left_out_residual(dual, not_own, weight, ridge)


def leave_one_out_of_plane(features, Y, weight, ridge):
    """What :func:`leave_one_out` returns of the kernel ``features @ features.T``, (T, n, r), by a system of r columns.

    Worth it where rows are many times the columns, and exact enough where none of them is nearly interpolated.
    """
    root = weight.sqrt()[..., None]
    scaled, target = root * features, root * Y
    system = scaled.transpose(1, 2) @ scaled
    system.diagonal(dim1=1, dim2=2).add_(ridge)
    factor = torch.linalg.cholesky(system)
    coef = torch.cholesky_solve(scaled.transpose(1, 2) @ target, factor)
    dual = root * (target - scaled @ coef) / torch.as_tensor(ridge, dtype=Y.dtype, device=Y.device)[..., None]
    own = torch.linalg.solve_triangular(factor, scaled.transpose(1, 2), upper=False).square().sum(1)
    return dual, Y - left_out_residual(dual, 1 - own, weight, ridge)


def left_out_residual(dual, not_own, weight, ridge):
    """Leave-one-out residuals (T, n, C); ``not_own`` (T, n) is the share of the fit at a row that others make.

    That share is never taken from one: of a machine that interpolates it is tiny, and all its digits count.
    """
    weight = torch.where(weight > 0, weight, torch.ones_like(weight))
    others = (weight.clamp(min=1) - 1 + not_own) / weight.clamp(min=1)
    return (ridge / weight / others)[..., None] * dual


def bordered(factor, border, ridge):
    """The Cholesky factor (T, n + k, n + k) of a system that has k new rows ``border`` (T, k, n + k)."""
    n, k = factor.shape[1], border.shape[1]
    side = torch.linalg.solve_triangular(factor, border[..., :n].transpose(1, 2), upper=False)
    corner = border[..., n:] - side.transpose(1, 2) @ side
    corner.diagonal(dim1=1, dim2=2).add_(ridge)
    above = torch.cat([factor, factor.new_zeros(len(factor), n, k)], 2)
    return torch.cat([above, torch.cat([side.transpose(1, 2), torch.linalg.cholesky(corner)], 2)], 1)
