"""Prototypes that are class means, and the logits of query rows: one autograd function with its gradient by hand.

As in `heads.py`, the class axis comes before the rows inside.
"""

import torch
from torch.autograd.function import once_differentiable


def class_mean_logits(features, shares, scale=1.0, offset=None, weights=(None,), bias=None):
    """Logits of query rows, up to a constant of each row, by prototypes that are means of support rows.

    They are those of :func:`~skmeta.learners.heads.prototype_logits`.

    Rows are embedded as ``f = sum_k W_k x_k + b``, and ``p_c = sum_i shares_ci f_i + offset_c``. Then
    ``2 p f - |p|^2 = sum_k 2 (p W_k) x_k + 2 p b - |p|^2``, so that a few prototypes go through W, there and back,
    instead of many rows.

    Parameters
    ----------
    features : sequence of (T, n + m, h_k) tensors
        The x_k, of the support rows and, behind them, of the query rows.
    shares : (T, C, n) tensor
    scale : float or 0-d tensor
    offset : (T, C, e) tensor or None
    weights : sequence of (e, h_k) tensors or None
        The W_k; None is the identity.
    bias : (e,) tensor or None

    Returns
    -------
    (T, m, C) tensor

    Examples
    --------
    >>> rows = torch.tensor([[[0.0], [2.0], [3.0]]])  # the first two are support, and of one class
    >>> class_mean_logits([rows], torch.tensor([[[0.5, 0.5]]])) - 3.0**2
    tensor([[[-4.]]])
    """
    scale = torch.as_tensor(scale, dtype=shares.dtype, device=shares.device)
    return _ClassMeanLogits.apply(len(features), shares, scale, offset, bias, *features, *weights).transpose(1, 2)


class _ClassMeanLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, k, shares, scale, offset, bias, *features_and_weights):
        features, weights = features_and_weights[:k], features_and_weights[k:]
        n, total = shares.shape[2], shares.sum(2, keepdim=True)
        means = [torch.bmm(shares, x[:, :n]) for x in features]
        prototypes = _sum(_times(mean, W, transposed=True) for mean, W in zip(means, weights))
        if bias is not None:
            prototypes = torch.addcmul(prototypes, total, bias)
        if offset is not None:
            prototypes = prototypes + offset
        # 2 p b - |p|^2 = p (2 b - p)
        closeness = (prototypes * (-prototypes if bias is None else 2 * bias - prototypes)).sum(2, keepdim=True)
        pulled = [_times(prototypes, W) for W in weights]
        for x, pW in zip(features, pulled):
            closeness = torch.baddbmm(closeness, pW, x[:, n:].transpose(1, 2), alpha=2.0)
        ctx.k = k
        ctx.save_for_backward(
            shares, scale, bias, total, prototypes, closeness, *features, *weights, *means, *pulled
        )  # fmt: skip
        return closeness * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, d_logits):
        shares, scale, bias, total, P, closeness, *rest = ctx.saved_tensors
        features, weights, means, pulled = (rest[i * ctx.k : (i + 1) * ctx.k] for i in range(4))
        n = shares.shape[2]
        d_shares = d_bias = d_scale = None
        if ctx.needs_input_grad[2]:
            d_scale = (d_logits * closeness).sum()
        D = d_logits * (2 * scale)
        d_row = D.sum(2, keepdim=True)
        d_pulled = [torch.bmm(D, x[:, n:]) for x in features]
        dP = _sum(_times(d, W, transposed=True) for d, W in zip(d_pulled, weights))
        dP = torch.addcmul(dP, d_row, P if bias is None else P - bias, value=-1)
        d_means = [_times(dP, W) for W in weights]
        to_support, to_query = shares.transpose(1, 2), D.transpose(1, 2)
        d_features = [
            torch.cat([torch.bmm(to_support, d_mean), torch.bmm(to_query, pW)], 1) if needed else None
            for d_mean, pW, needed in zip(d_means, pulled, ctx.needs_input_grad[5:])
        ]
        d_weights = [
            None
            if W is None
            else torch.addmm(P.flatten(0, 1).t() @ d_pW.flatten(0, 1), dP.flatten(0, 1).t(), mean.flatten(0, 1))
            for W, d_pW, mean in zip(weights, d_pulled, means)
        ]
        if bias is not None:
            d_bias = (P * d_row).sum((0, 1)) + (dP * total).sum((0, 1))
        if ctx.needs_input_grad[1]:
            d_shares = _sum(torch.bmm(d, x[:, :n].transpose(1, 2)) for d, x in zip(d_means, features))
            d_shares = d_shares if bias is None else d_shares + (dP @ bias).unsqueeze(2)
        return None, d_shares, d_scale, dP if ctx.needs_input_grad[3] else None, d_bias, *d_features, *d_weights


def _times(rows, weight, transposed=False):
    """(T, C, a) rows times a shared matrix, or its transposed; None is the identity."""
    if weight is None:
        return rows
    return torch.mm(rows.flatten(0, 1), weight.t() if transposed else weight).view(*rows.shape[:2], -1)


def _sum(parts):
    first, *others = parts
    return sum(others, first)
