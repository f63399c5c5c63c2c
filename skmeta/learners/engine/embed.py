"""Embeddings of feed-forward bodies as one autograd function: the closed form's sweeps, with parameters all share."""

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.engine.feed_forward import as_feed_forward
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.unrolled import backward, forward


class Embedding:
    """What a feed-forward ``body`` makes of rows, by hand; :func:`find_embedding` finds out whether a body is one."""

    def __init__(self, plan):
        *self.layers, _ = plan.layers
        self.plan = plan

    def __call__(self, X, params):
        """(T, n, d) to (T, n, e), differentiable once."""
        return _Embed.apply(self, self.plan.prepare(X), *params)

    def internal(self, params):
        return [layer.internal(*group) for layer, group in zip(self.layers, self.plan.split(params))]

    def under_a_head(self, params, weight, bias):
        """The function (n, d) -> (C, n) of rows that is ``weight f + bias`` of their embeddings f.

        weight (C, e), bias (C, 1). A body's last linear map and the head are one.
        """
        theta = self.internal(params)
        layers = list(self.layers)
        if layers and isinstance(layers[-1], Linear):
            layers.pop()
            below, shift = theta.pop()
            if shift is not None:
                bias = torch.addmm(bias, weight, shift.unsqueeze(1))
            weight = weight @ below.t()
        plan = type(self.plan)(self.plan.prefix, [*layers, Head()])
        return plan.function([*theta, (weight, bias)])


def find_embedding(body):
    """The :class:`Embedding` that computes what ``body`` does, or None.

    Examples
    --------
    >>> from torch import nn
    >>> body = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    >>> X = torch.ones(1, 3, 2)
    >>> torch.allclose(find_embedding(body)(X, list(body.parameters())), body(X))
    True
    """
    plan = as_feed_forward(body)
    return None if plan is None else Embedding(plan)


class _Embed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, embedding, X, *params):
        theta = embedding.internal(params)
        embedded, memos = forward(embedding.layers, theta, X)
        ctx.work = embedding, theta, memos
        return embedded

    @staticmethod
    @once_differentiable
    def backward(ctx, D):
        embedding, theta, memos = ctx.work
        deltas, dX = backward(embedding.layers, theta, memos, D, 0, wants_input=ctx.needs_input_grad[1])
        gradients = [
            value
            for layer, memo, dy in zip(embedding.layers, memos, deltas)
            if layer.n_params
            for value in layer.external(layer.gradient(memo, dy, shared=True))
        ]
        return None, dX, *gradients
