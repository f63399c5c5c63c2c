"""Feed-forward bodies, with a way round for the rows or without, under a linear head: one function of the rows."""

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.engine.feed_forward import FeedForward, as_feed_forward
from skmeta.learners.engine.linear import Head, Linear
from skmeta.nets import ResidualMLP


class Embedding:
    """What a feed-forward ``body`` makes of rows; :func:`find_embedding` finds out whether a body is one."""

    def __init__(self, plan):
        *self.layers, _ = plan.layers
        self.plan = plan

    def internal(self, params):
        return [layer.internal(*group) for layer, group in zip(self.layers, self.plan.split(params))]

    def features(self, params, X, without_last):
        """What the embeddings (T, n, e) of rows (T, n, d) are a linear function of, once differentiable in ``params``.

        Returns ``(features, weights, bias)``: embeddings are the sum over k of ``features_k weights_k' + bias``, with
        weights (e, h_k) or None for the identity, bias (e,) or None. Features are the embeddings themselves, or, if
        asked for ``without_last``, what the body's last linear map is given.
        """
        layers, weight, bias = list(self.layers), None, None
        if without_last and layers and isinstance(layers[-1], Linear):
            n_last = layers.pop().n_params
            params, (weight, *bias) = params[:-n_last], params[-n_last:]
            bias = bias[0] if bias else None
        return [_Rows.apply(FeedForward(layers=layers), self.plan.prepare(X), *params)], [weight], bias

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


class _Rows(torch.autograd.Function):
    """All layers as one function of rows and parameters: a graph of many small ones takes longer than what it is of."""

    @staticmethod
    def forward(ctx, plan, X, *params):
        ctx.plan, ctx.memos = plan, []
        ctx.save_for_backward(*params)
        for layer, p in zip(plan.layers, plan.internal(params)):
            X, memo = layer.forward(p, X)
            ctx.memos.append(memo)
        return X.detach()  # not the object that the last memo may be, whose graph would lead back to itself

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        layers, gradients = ctx.plan.layers, []
        for layer, p, memo in reversed(list(zip(layers, ctx.plan.internal(ctx.saved_tensors), ctx.memos))):
            gradients.append(layer.gradient(memo, dy, shared=True) if layer.n_params else ())
            dy = layer.backward(p, memo, dy) if layer is not layers[0] or ctx.needs_input_grad[1] else None
        return None, dy, *ctx.plan.external(gradients[::-1])


class ResidualEmbedding:
    """What a :class:`~skmeta.nets.ResidualMLP` makes of rows: the rows themselves, and a feed-forward correction."""

    def __init__(self, body, correction):
        self.body, self.correction = body, correction

    def features(self, params, X, without_last):
        """As of an :class:`Embedding`: beside those of the correction, the rows themselves."""
        X, last = self.body.scale(X), None
        if isinstance(self.body.last, torch.nn.Linear):
            *params, last = params
        features, weights, bias = self.correction.features(params, X, without_last)
        if last is not None:
            weights = [last if weight is None else last @ weight for weight in weights]
            bias = None if bias is None else last @ bias
        return [X, *features], [last, *weights], bias

    def under_a_head(self, params, weight, bias):
        """As of an :class:`Embedding`; a body's last linear map and the head are one."""
        if isinstance(self.body.last, torch.nn.Linear):
            *params, last = params
            weight = weight @ last
        correction = self.correction.under_a_head(params, weight, bias)

        def answer(X):
            X = self.body.scale(X)
            return correction(X).addmm_(weight, X.t())

        return answer


def find_embedding(body):
    """The :class:`Embedding` that computes what ``body`` does, or None.

    Examples
    --------
    >>> from torch import nn
    >>> body = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    >>> weight, bias = torch.ones(1, 4), torch.zeros(1, 1)
    >>> answer = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)
    >>> torch.allclose(answer(torch.ones(3, 2)), weight @ body(torch.ones(3, 2)).t())
    True
    """
    if type(body) is ResidualMLP:
        return _find_residual(body)
    plan = as_feed_forward(body)
    return None if plan is None or plan.of_images or not plan.row_wise else Embedding(plan)


@torch.no_grad()
def _find_residual(body):
    last = body.last
    is_linear = type(last) is torch.nn.Identity or type(last) is torch.nn.Linear and last.bias is None
    correction = find_embedding(body.correction) if is_linear and not body.unit_length else None
    if correction is None:
        return None
    found = ResidualEmbedding(body, correction)
    params = tuple(body.parameters())
    rows = torch.linspace(-1, 1, 3 * params[0].shape[1]).view(3, -1).to(params[0])
    expected = body(rows).t()  # hooks, and layers that were exchanged, show
    eye = torch.eye(len(expected)).to(params[0])
    answer = found.under_a_head(params, eye, eye[:, :1] * 0)
    return found if torch.allclose(answer(rows), expected, 1e-3, 1e-4) else None
