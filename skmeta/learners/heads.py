"""Heads that answer query rows from embedded support rows, each one autograd function with its gradient by hand.

Inside, the class axis comes before the rows, (T, C, m): softmaxes and matrix products over a handful of classes are
slow when those lie side by side. The answers are views of that, (T, m, C).

Nothing here is differentiated with respect to the row weights or class memberships, nor twice.
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


def neighbour_values(support, values, query, support_weight=None, scale=1.0):
    """Kernel-weighted means: every query row looks at all support rows, near ones first.

    ``answer(q) = sum_i a_i(q) y_i`` with ``a_i`` proportional to ``w_i exp(-scale |q - s_i|^2)`` and summing to 1. With
    class indicators as values, these are the classes' probabilities.

    Parameters
    ----------
    support : (T, n, e) tensor
    values : (T, k, n) tensor
        Values before rows.
    query : (T, m, e) tensor
    support_weight : (T, n) tensor or None
        At least one row of each task must weigh more than 0.
    scale : float or 0-d tensor

    Returns
    -------
    (T, m, k) tensor

    Examples
    --------
    >>> support, values = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[10.0, 20.0]]])
    >>> neighbour_values(support, values, torch.tensor([[[0.5]]]))
    tensor([[[15.]]])
    """
    return _neighbours(_NeighbourValues, support, values, query, support_weight, scale)


def neighbour_logits(support, membership, query, support_weight=None, scale=1.0):
    """Logarithms of the class probabilities of :func:`neighbour_values`.

    Probabilities below the smallest normal number count as that, so that a far-away class is improbable rather than
    impossible; they have no gradient.

    Parameters
    ----------
    support : (T, n, e) tensor
    membership : (T, C, n) tensor
        Class indicators.
    query, support_weight, scale
        As for :func:`neighbour_values`.

    Returns
    -------
    (T, m, C) tensor

    References
    ----------
    J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov. "Neighbourhood Components Analysis". NeurIPS 2004.
    O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu, D. Wierstra. "Matching Networks for One Shot Learning".
    NeurIPS 2016.
    """
    return _neighbours(_NeighbourLogits, support, membership, query, support_weight, scale)


def _neighbours(function, support, values, query, support_weight, scale):
    scale = number_beside(query, scale)
    log_weight = None if support_weight is None else support_weight.log().unsqueeze(2)
    return function.apply(support, values, query, log_weight, scale).transpose(1, 2)


class _NeighbourValues(torch.autograd.Function):
    """Attention (T, n, m): neighbours before queries, normalised over the former."""

    @staticmethod
    def forward(ctx, support, values, query, log_weight, scale):
        # |q|^2 is the same for every neighbour and drops out of the normalised attention
        gap = torch.baddbmm(support.square().sum(2, keepdim=True), support, query.transpose(1, 2), alpha=-2.0)
        closeness = gap * -scale
        if log_weight is not None:
            closeness += log_weight
        attention = torch.softmax(closeness, 1)
        answer = torch.bmm(values, attention)
        ctx.save_for_backward(support, values, query, gap, attention, answer, scale)
        return answer

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answer):
        _, values, _, _, attention, answer, _ = ctx.saved_tensors
        d_attention = torch.bmm(values.transpose(1, 2), d_answer)
        mean = (d_answer * answer).sum(1, keepdim=True)  # = the attention's mean of d_attention
        return _to_inputs(ctx, d_attention.sub_(mean).mul_(attention))


class _NeighbourLogits(torch.autograd.Function):
    @staticmethod
    def forward(ctx, support, membership, query, log_weight, scale):
        p = _NeighbourValues.forward(ctx, support, membership, query, log_weight, scale)
        return p.clamp(min=torch.finfo(p.dtype).tiny).log_()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_logits):
        _, membership, _, _, attention, p, _ = ctx.saved_tensors
        floor = torch.finfo(p.dtype).tiny
        d_logits = torch.where(p > floor, d_logits, 0.0)
        # a neighbour's share in its class's probability, times what that class's logit is worth
        d_closeness = torch.bmm(membership.transpose(1, 2), d_logits / p.clamp(min=floor)).mul_(attention)
        return _to_inputs(ctx, d_closeness.addcmul_(attention, d_logits.sum(1, keepdim=True), value=-1))


def _to_inputs(ctx, d_closeness):
    """From the gradient by the closeness of each pair to those by the rows and the scale."""
    support, _, query, gap, _, _, scale = ctx.saved_tensors
    d_support = d_query = d_scale = None
    if ctx.needs_input_grad[4]:
        d_scale = -(d_closeness * gap).sum()
    pull = d_closeness * (2 * scale)
    if ctx.needs_input_grad[2]:  # the pulls of a query row sum to 0, hence no term in q
        d_query = torch.bmm(pull.transpose(1, 2), support)
    if ctx.needs_input_grad[0]:
        d_support = torch.baddbmm(support * -pull.sum(2, keepdim=True), pull, query)
    return d_support, None, d_query, None, d_scale


def number_beside(rows, value):
    """A number as a tensor of the rows' precision where they are: it is filled in there, nothing is copied there."""
    return value.to(rows) if isinstance(value, torch.Tensor) else rows.new_full((), value)
