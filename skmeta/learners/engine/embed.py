"""Feed-forward bodies, with a way round for the rows or without, under a linear head: one function of the rows."""

import torch

from skmeta import native
from skmeta.learners.engine.feed_forward import FeedForward, as_feed_forward
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.stacks import as_stack
from skmeta.learners.engine.unrolled import backward, forward
from skmeta.nets import ResidualMLP


class Embedding:
    """What a feed-forward ``body`` makes of rows; :func:`find_embedding` finds out whether a body is one."""

    #: how many of the features, the first ones, are the rows themselves, of which nothing is learned
    n_given = 0

    def __init__(self, plan):
        *self.layers, _ = plan.layers
        self.plan, self.stack = plan, as_stack(self.layers)

    def internal(self, params):
        return [layer.internal(*group) for layer, group in zip(self.layers, self.plan.split(params))]

    def features(self, params, X, without_last):
        """What the embeddings (T, n, e) of rows (T, n, d) are a linear function of. No graph.

        Returns ``(features, weights, bias, memo)``: embeddings are the sum over k of ``features_k weights_k' + bias``,
        with weights (e, h_k) or None for the identity, bias (e,) or None. Features are the embeddings themselves, or,
        if asked for ``without_last``, what the body's last linear map is given.
        """
        layers, last = self.layers, [None, None]
        if without_last and layers and isinstance(layers[-1], Linear):
            layers, n_last = layers[:-1], layers[-1].n_params
            params, last = params[:-n_last], [*params[-n_last:], None][:2]
        plan = FeedForward(layers=layers)
        theta = plan.internal(params)
        features, memos = forward(layers, theta, self.plan.prepare(X))
        return [features], last[:1], last[1], (plan, theta, memos)

    def gradients(self, memo, d_features, d_weights, d_bias):
        """Of the parameters, in their order, from those of what ``features`` returned."""
        plan, theta, memos = memo
        deltas, _ = backward(plan.layers, theta, memos, d_features[0], 0, wants_input=False)
        found = [
            layer.gradient(memo, delta, shared=True) if layer.n_params else ()
            for layer, memo, delta in zip(plan.layers, memos, deltas)
        ]
        return [*plan.external(found), *(d for d in (d_weights[0], d_bias) if d is not None)]

    def class_means(self, params, X, shares, offset, adds_row=False):
        """The kernel's :class:`~skmeta.native.ClassMeans` of rows, or None if that is not for the kernel."""
        if not native.available() or self.stack is None or not native.known([*params, X, shares, offset]):
            return None
        try:
            return native.ClassMeans(self.stack, params, self.plan.prepare(X), shares, offset, adds_row)
        except native.Misfit:
            return None

    def under_a_head(self, params, weight, bias, before=(), past=None):
        """The function (n, d) -> (C, n) of rows that is ``weight f + bias`` of their embeddings f.

        weight (C, e), bias (C, 1). A body's last linear map and the head are one. Modules ``before`` see the rows
        first; what they make of them, times ``past`` (C, d), is added.
        """
        theta = self.internal(params)
        layers = list(self.layers)
        if layers and isinstance(layers[-1], Linear):
            layers.pop()
            below, shift = theta.pop()
            if shift is not None:
                bias = torch.addmm(bias, weight, shift.unsqueeze(1))
            weight = weight @ below.t()
        plan = FeedForward([*before, *self.plan.prefix], [*layers, Head()])
        return plan.function([*theta, (weight, bias)], past)


class ResidualEmbedding:
    """What a :class:`~skmeta.nets.ResidualMLP` makes of rows: the rows themselves, and a feed-forward correction."""

    n_given = 1

    def __init__(self, body, correction):
        self.body, self.correction = body, correction

    def features(self, params, X, without_last):
        """As of an :class:`Embedding`: beside those of the correction, the rows themselves."""
        X, last = self.body.scale(X), None
        if isinstance(self.body.last, torch.nn.Linear):
            *params, last = params
        features, (weight,), bias, memo = self.correction.features(params, X, without_last)
        memo = memo, last, weight, bias
        if last is not None:
            weight = last if weight is None else last @ weight
            bias = None if bias is None else last @ bias
        return [X, *features], [last, weight], bias, memo

    def gradients(self, memo, d_features, d_weights, d_bias):
        """As of an :class:`Embedding`."""
        memo, last, weight, bias = memo
        d_last, d_weight = d_weights
        if last is not None:
            if weight is None:
                d_last, d_weight = d_last + d_weight, None
            else:
                d_last, d_weight = torch.addmm(d_last, d_weight, weight.t()), last.t() @ d_weight
            if bias is not None:
                d_last, d_bias = torch.addr(d_last, d_bias, bias), last.t() @ d_bias
        found = self.correction.gradients(memo, d_features, [d_weight], d_bias)
        return found if last is None else [*found, d_last]

    def class_means(self, params, X, shares, offset):
        """As of an :class:`Embedding`; a body's last linear map is not for the kernel."""
        if isinstance(self.body.last, torch.nn.Linear):
            return None
        return self.correction.class_means(params, self.body.scale(X), shares, offset, adds_row=True)

    def under_a_head(self, params, weight, bias):
        """As of an :class:`Embedding`; a body's last linear map and the head are one."""
        if isinstance(self.body.last, torch.nn.Linear):
            *params, last = params
            weight = weight @ last
        return self.correction.under_a_head(params, weight, bias, before=[self.body.scale], past=weight)


def find_embedding(body, of_images=False):
    """The :class:`Embedding` that computes what ``body`` does, or None; bodies with convolutions if so asked.

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
    return None if plan is None or plan.of_images and not of_images or not plan.row_wise else Embedding(plan)


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
