"""Ridge regression of every task at once, one autograd function with its gradient by hand.

As in `class_means.py`, the targets' axis comes before the rows inside, and nothing is differentiated twice.
"""

import torch
from torch.autograd.function import once_differentiable

from skmeta import native
from skmeta.learners.class_means import number_beside


def ridge_weights(support, targets, penalty, support_weight=None):
    """Ridge regression of every task at once.

    Minimises ``sum_i w_i |y_i - W s_i|^2 + penalty |W|^2`` over W: in the dual, n equations, where embeddings have more
    columns than there are rows, in the primal, e equations, otherwise.

    Parameters
    ----------
    support : (T, n, e) tensor
    targets : (T, k, n) tensor
        Targets before rows.
    penalty : float or 0-d tensor, above 0
    support_weight : (T, n) tensor or None

    Returns
    -------
    (T, k, e) tensor
        W; the answers to query rows are ``torch.bmm(W, query.transpose(1, 2))``, (T, k, m).

    References
    ----------
    L. Bertinetto, J. F. Henriques, P. H. S. Torr, A. Vedaldi. "Meta-learning with differentiable closed-form solvers".
    ICLR 2019.

    Examples
    --------
    >>> ridge_weights(torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[1.0, 2.0]]]), penalty=5.0)
    tensor([[[0.5000]]])
    """
    penalty, support, targets = _weighted(penalty, support, targets, support_weight)
    if native.available() and native.fits_ridge(support, targets, penalty):
        return _NativeRidge.apply(support, targets, None, penalty)
    solve = _DualRidge if support.shape[2] > support.shape[1] else _PrimalRidge
    return solve.apply(support, targets, penalty)


def ridge_answers(support, targets, query, penalty, support_weight=None):
    """Answers of :func:`ridge_weights` to query rows (T, m, e): (T, m, k).

    Examples
    --------
    >>> support, query = torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[4.0]]])
    >>> ridge_answers(support, torch.tensor([[[1.0, 2.0]]]), query, penalty=5.0)
    tensor([[[2.]]])
    """
    penalty, support, targets = _weighted(penalty, support, targets, support_weight)
    if native.available() and native.fits_ridge(support, targets, penalty, query):
        answers = _NativeRidge.apply(support, targets, query, penalty)
    else:
        answers = torch.bmm(ridge_weights(support, targets, penalty), query.transpose(1, 2))
    return answers.transpose(1, 2)


def _weighted(penalty, support, targets, support_weight):
    penalty = number_beside(support, penalty)
    if support_weight is None:
        return penalty, support, targets
    root = support_weight.sqrt()
    return penalty, support * root.unsqueeze(2), targets * root.unsqueeze(1)


class _NativeRidge(torch.autograd.Function):
    """Either of the next two, in C; with a query, its answers, classes before rows."""

    @staticmethod
    def forward(ctx, S, Y, query, penalty):
        ctx.save_for_backward(S, Y, query, penalty)  # so that changes in between are noticed
        ctx.ridge = native.Ridge(S, Y, penalty, query)
        return ctx.ridge.answers()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        ctx.saved_tensors  # noqa: B018
        return ctx.ridge.derivative(d_answers)


class _DualRidge(torch.autograd.Function):
    """``W = A S`` with ``A K = Y``, ``K = S S' + penalty I``."""

    @staticmethod
    def forward(ctx, S, Y, penalty):
        factor = _factor(torch.bmm(S, S.transpose(1, 2)), penalty)
        A = _divided(Y, factor)
        W = torch.bmm(A, S)
        ctx.save_for_backward(S, factor, A, W)
        return W

    @staticmethod
    @once_differentiable
    def backward(ctx, dW):
        S, factor, A, W = ctx.saved_tensors
        dA = torch.bmm(dW, S.transpose(1, 2))
        B = _divided(dA, factor)  # dA K^-1, so that dK = -B' A
        dS = _of_low_rank(A, torch.baddbmm(dW, B, S, alpha=-1), B, W)
        return dS, B, -(A * B).sum() if ctx.needs_input_grad[2] else None


class _PrimalRidge(torch.autograd.Function):
    """``W G = Y S``, ``G = S' S + penalty I``."""

    @staticmethod
    def forward(ctx, S, Y, penalty):
        factor = _factor(torch.bmm(S.transpose(1, 2), S), penalty)
        W = _divided(torch.bmm(Y, S), factor).contiguous()
        ctx.save_for_backward(S, Y, factor, W)
        return W

    @staticmethod
    @once_differentiable
    def backward(ctx, dW):
        S, Y, factor, W = ctx.saved_tensors
        Z = _divided(dW, factor)  # dW G^-1, so that dG = -W' Z
        residual, dY = (torch.bmm(part, S.transpose(1, 2)) for part in (W, Z))
        dS = _of_low_rank(residual.neg_().add_(Y), Z, dY, W)
        return dS, dY, -(W * Z).sum() if ctx.needs_input_grad[2] else None


def _factor(products, penalty):
    """Cholesky's of symmetric matrices, which are changed, with a penalty on their diagonals."""
    products.diagonal(dim1=1, dim2=2).add_(penalty)
    return torch.linalg.cholesky_ex(products)[0]


def _divided(Y, factor):
    """``Y K^-1``, by the factor of K."""
    return torch.cholesky_solve(Y.transpose(1, 2), factor).transpose(1, 2)


def _of_low_rank(A, B, C, D):
    """``A' B - C' D``, in one product."""
    return torch.bmm(torch.cat([A, -C], 1).transpose(1, 2), torch.cat([B, D], 1))
