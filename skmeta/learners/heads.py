"""Logits of query rows by their distance to prototypes: one autograd function with its gradient by hand.

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
