"""Logits of query rows by prototypes, which may be class means: autograd functions with their gradients by hand.

Inside, the class axis comes before the rows, (T, C, m): softmaxes and matrix products over a handful of classes are
slow when those lie side by side. The answers are views of that, (T, m, C), and are differentiated once.
"""

import torch
from torch.autograd.function import once_differentiable


def prototype_logits(prototypes, query, scale=1.0):
    """Minus the scaled squared distance of each query row to each prototype.

    ``logit_c(q) = -scale * |q - p_c|^2``.

    Parameters
    ----------
    prototypes : (T, C, e) tensor
    query : (T, m, e) tensor
    scale : float or 0-d tensor

    Returns
    -------
    (T, m, C) tensor

    References
    ----------
    J. Snell, K. Swersky, R. Zemel. "Prototypical Networks for Few-shot Learning". NeurIPS 2017.

    Examples
    --------
    >>> prototype_logits(torch.tensor([[[1.0], [5.0]]]), torch.tensor([[[2.0]]]))
    tensor([[[-1., -9.]]])
    """
    scale = number_beside(query, scale)
    return _PrototypeLogits.apply(prototypes, query, scale).transpose(1, 2)


class _PrototypeLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, prototypes, query, scale):
        size = prototypes.square().sum(2, keepdim=True)
        # |q - p|^2 = |p|^2 - 2 p q + |q|^2
        distance = torch.baddbmm(size, prototypes, query.transpose(1, 2), alpha=-2.0)
        distance += query.square().sum(2).unsqueeze(1)
        ctx.save_for_backward(prototypes, query, distance, scale)
        return distance * -scale

    @staticmethod
    @once_differentiable
    def backward(ctx, d_logits):
        prototypes, query, distance, scale = ctx.saved_tensors
        d_prototypes = d_query = d_scale = None
        if ctx.needs_input_grad[2]:
            d_scale = -(d_logits * distance).sum()
        pull = d_logits * (2 * scale)
        if ctx.needs_input_grad[1]:  # sum_c pull_c (p_c - q)
            d_query = torch.bmm(pull.transpose(1, 2), prototypes)
            d_query.addcmul_(query, pull.sum(1).unsqueeze(2), value=-1)
        if ctx.needs_input_grad[0]:
            d_prototypes = torch.baddbmm(prototypes * -pull.sum(2, keepdim=True), pull, query)
        return d_prototypes, d_query, d_scale


def number_beside(rows, value):
    """A number as a tensor of the rows' precision where they are: it is filled in there, nothing is copied there."""
    return value.to(rows) if isinstance(value, torch.Tensor) else rows.new_full((), value)


def class_mean_logits(features, shares, scale=1.0, offset=None, weights=(None,), bias=None):
    """Logits of query rows, up to a constant of each row, by prototypes that are means of support rows.

    They are those of :func:`prototype_logits`.

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
    given = _Given(len(features))
    return embedded_class_mean_logits(given, None, [*features, *weights, bias], shares, scale, offset)


def embedded_class_mean_logits(embedding, X, params, shares, scale=1.0, offset=None, without_last=False):
    """The same on what an embedding makes of rows, the body's gradient included: a graph of two would take longer.

    Parameters
    ----------
    embedding : Embedding or ResidualEmbedding
    X : (T, n + m, d) tensor
        Support rows and, behind them, query rows; they have no gradient.
    params : sequence of tensors
        Those of the body.
    shares, scale, offset
        As for :func:`class_mean_logits`.
    without_last : bool
        Whether prototypes go through the body's last linear map instead of rows.

    Returns
    -------
    (T, m, C) tensor
    """
    by_kernel = class_mean_logits_by_kernel(embedding, X, params, shares, scale, offset)
    if by_kernel is not None:
        return by_kernel
    scale = number_beside(shares, scale)
    return _ClassMeanLogits.apply(embedding, X, without_last, shares, scale, offset, *params).transpose(1, 2)


def class_mean_logits_by_kernel(embedding, X, params, shares, scale=1.0, offset=None):
    """The same in C, of images too; None where the kernel does not know the embedding, or is not there."""
    by_kernel = embedding.class_means(params, X, shares, offset)
    if by_kernel is None:
        return None
    scale = number_beside(shares, scale)
    return _NativeLogits.apply(by_kernel, shares, scale, offset, *params).permute(1, 2, 0)


class _Given:
    """Features, weights and bias that are what they are."""

    n_given = 0

    def __init__(self, k):
        self.k = k

    def features(self, params, X, without_last):
        return params[: self.k], params[self.k : -1], params[-1], None

    def gradients(self, memo, d_features, d_weights, d_bias):
        return [*d_features, *d_weights, d_bias]

    def class_means(self, params, X, shares, offset):
        return None


class _NativeLogits(torch.autograd.Function):
    """The next, in C, and classes before tasks, as the loss takes them."""

    @staticmethod
    def forward(ctx, by_kernel, shares, scale, offset, *params):
        half, scale = by_kernel.half_logits(), 2 * scale
        ctx.save_for_backward(shares, offset, *params)  # so that changes in between are noticed
        ctx.work = by_kernel, half, scale
        return half * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, d_logits):
        ctx.saved_tensors  # noqa: B018
        by_kernel, half, scale = ctx.work
        _, by_shares, by_scale, by_offset, *_ = ctx.needs_input_grad
        d_scale = 2 * (d_logits * half).sum() if by_scale else None
        d_params, d_shares, d_offset = by_kernel.derivative(d_logits * scale, by_shares, by_offset)
        return None, d_shares, d_scale, d_offset, *d_params


class _ClassMeanLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, embedding, X, without_last, shares, scale, offset, *params):
        features, weights, bias, memo = embedding.features(params, X, without_last)
        n, total = shares.shape[2], None
        means = [torch.bmm(shares, x[:, :n]) for x in features]
        P = _sum(_times(mean, W, transposed=True) for mean, W in zip(means, weights))
        if bias is not None:
            total = shares.sum(2, keepdim=True)
            P = torch.addcmul(P, total, bias)
        if offset is not None:
            P = P + offset
        # half of 2 p b - |p|^2 is p (b - p / 2)
        half = (P * (-0.5 * P if bias is None else torch.sub(bias, P, alpha=0.5))).sum(2, keepdim=True)
        pulled = [_times(P, W) for W in weights]
        for x, pW in zip(features, pulled):
            half = torch.baddbmm(half, pW, x[:, n:].transpose(1, 2))
        scale = 2 * scale
        ctx.save_for_backward(shares, *params)  # so that changes in between are noticed
        ctx.work = embedding, memo, features, weights, bias, means, total, P, pulled, half, scale
        return half * scale

    @staticmethod
    @once_differentiable
    def backward(ctx, d_logits):
        shares = ctx.saved_tensors[0]
        embedding, memo, features, weights, bias, means, total, P, pulled, half, scale = ctx.work
        n = shares.shape[2]
        d_shares = d_bias = d_scale = None
        if ctx.needs_input_grad[4]:
            d_scale = 2 * (d_logits * half).sum()
        D = d_logits * scale
        d_row = D.sum(2, keepdim=True)
        d_pulled = [torch.bmm(D, x[:, n:]) for x in features]
        dP = _sum(_times(d, W, transposed=True) for d, W in zip(d_pulled, weights))
        dP = torch.addcmul(dP, d_row, P if bias is None else P - bias, value=-1)
        d_means = [_times(dP, W) for W in weights]
        to_support, to_query = shares.transpose(1, 2), D.transpose(1, 2)
        d_features = [
            torch.cat([torch.bmm(to_support, d_mean), torch.bmm(to_query, pW)], 1)
            for d_mean, pW in list(zip(d_means, pulled))[embedding.n_given :]
        ]
        P_rows, dP_rows = P.flatten(0, 1).t(), dP.flatten(0, 1).t()
        d_weights = [
            None if W is None else torch.addmm(P_rows @ d_pW.flatten(0, 1), dP_rows, mean.flatten(0, 1))
            for W, d_pW, mean in zip(weights, d_pulled, means)
        ]
        if bias is not None:
            d_bias = torch.addcmul(P * d_row, dP, total).sum((0, 1))
        if ctx.needs_input_grad[3]:
            d_shares = _sum(torch.bmm(d, x[:, :n].transpose(1, 2)) for d, x in zip(d_means, features))
            d_shares = d_shares if bias is None else d_shares + (dP @ bias).unsqueeze(2)
        d_params = embedding.gradients(memo, d_features, d_weights, d_bias)
        return None, None, None, d_shares, d_scale, dP if ctx.needs_input_grad[5] else None, *d_params


def _times(rows, weight, transposed=False):
    """(T, C, a) rows times a shared matrix, or its transposed; None is the identity."""
    if weight is None:
        return rows
    return torch.mm(rows.flatten(0, 1), weight.t() if transposed else weight).view(*rows.shape[:2], -1)


def _sum(parts):
    first, *others = parts
    return sum(others, first)
