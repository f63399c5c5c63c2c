"""Feed-forward bodies as the closed form sees them: layers in order, and embeddings with a way round or without.

Both, and a linear head on either, are functions of the rows.
"""

from dataclasses import dataclass, field
from functools import cached_property

import torch

from skmeta import native
from skmeta.learners.engine.linear import Head, Linear
from skmeta.learners.engine.normalisation import BatchNorm
from skmeta.learners.engine.stacks import as_stack, row_function


@dataclass
class FeedForward:
    """A body as the closed form sees it.

    prefix : modules without parameters, applied to the rows before everything else (a ``Standardize``, say).
    layers : the layers in order; the last is a :class:`Head`.
    width : the numbers that the layers with parameters put out, all together: how much memory a row takes.
    of_images : whether there are convolutions.
    """

    prefix: list = field(default_factory=list)
    layers: list = field(default_factory=list)
    width: int = 0
    of_images: bool = False

    @cached_property
    def stack(self):
        """Describe the layers for the kernel; None if it cannot compute them."""
        return as_stack(self.layers)

    @cached_property
    def has_modes(self):
        """Whether a module before the layers is none of torch's or ours, and may do otherwise in training."""
        return any(type(module).__module__.partition(".")[0] not in ("torch", "skmeta") for module in self.prefix)

    @property
    def row_wise(self):
        """Whether a row's answer never depends on the rows beside it."""
        return not any(isinstance(layer, BatchNorm) for layer in self.layers)

    def prepare(self, X):
        """Rows (T, n, ...) through the prefix: (T, n, d)."""
        if self.prefix:
            rows = X.flatten(0, 1)
            for module in self.prefix:
                rows = module(rows)
            X = rows.view(*X.shape[:2], *rows.shape[1:])
        return X

    def function(self, params, past=None):
        """The function (n, d) -> (C, n) of rows that the layers are with the parameters of one task.

        ``past``, if there is one, is a linear map (C, d) of the prepared rows, which is added.
        """
        if native.available():
            by_kernel = row_function(self.prefix, self.stack, params, past)
            if by_kernel is not None:
                return by_kernel
        theta = self.internal(params)

        def answer(X):
            rows = found = self.prepare(X.unsqueeze(0))
            for layer, p in zip(self.layers, theta):
                found, _ = layer.forward(p, found)
            return found[0] if past is None else found[0].addmm_(past, rows[0].t())

        return answer

    def split(self, values):
        """A flat list with one entry for each parameter, as one tuple for each layer."""
        values, groups, at = list(values), [], 0
        for layer in self.layers:
            groups.append(tuple(values[at : at + layer.n_params]))
            at += layer.n_params
        return groups

    def internal(self, values):
        """A flat list in the layout of torch modules, as each layer likes it."""
        return [layer.internal(*group) for layer, group in zip(self.layers, self.split(values))]

    def external(self, theta):
        """Back to a flat list in the layout of torch modules."""
        return [value for layer, p in zip(self.layers, theta) if layer.n_params for value in layer.external(p)]


def forward(layers, theta, x):
    """Outputs of the last of some layers, and what each will need for the way back."""
    memos = []
    for layer, p in zip(layers, theta):
        x, memo = layer.forward(p, x)
        memos.append(memo)
    return x, memos


def backward(layers, theta, memos, D, lowest, wants_input):
    """Derivatives by the outputs of the layers from ``lowest`` up, and by the input of ``lowest`` if wanted."""
    deltas = [None] * len(layers)
    for i in range(len(layers) - 1, lowest - 1, -1):
        deltas[i] = D
        D = layers[i].backward(theta[i], memos[i], D) if i > lowest or wants_input else None
    return deltas, D


class Embedding:
    """An embedding computes what a feed-forward ``body`` makes of rows; `recognise.py` says which bodies are such."""

    #: how many of the features, the first ones, are the rows themselves, of which nothing is learned
    n_given = 0

    def __init__(self, plan):
        *self.layers, _ = plan.layers
        self.plan, self._under_a_head = plan, None

    @cached_property
    def stack(self):
        """Describe the layers for the kernel; None if it cannot compute them."""
        return as_stack(self.layers)

    def features(self, params, X, without_last):
        """Compute what the embeddings (T, n, e) of rows (T, n, d) are a linear function of. No graph.

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
        """Give the gradients of the parameters, in their order, by those of what ``features`` returned."""
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

        weight (C, e), bias (C, 1). A body's last linear map and the head are one. Modules ``before``, always the same,
        see the rows first; what they make of them, times ``past`` (C, d), is added.
        """
        layers, params = list(self.layers), list(params)
        if layers and isinstance(layers[-1], Linear):
            n_last = layers.pop().n_params
            below, *shift = params[-n_last:]
            del params[-n_last:]
            if shift:
                bias = torch.addmm(bias, weight, shift[0].unsqueeze(1))
            weight = weight @ below
        if self._under_a_head is None:
            self._under_a_head = FeedForward([*before, *self.plan.prefix], [*layers, Head()])
        return self._under_a_head.function([*params, weight, bias.squeeze(1)], past)


class ResidualEmbedding:
    """It computes what a :class:`~skmeta.nets.ResidualMLP` makes of rows: these and a feed-forward correction."""

    n_given = 1

    def __init__(self, body, correction):
        self.body, self.correction = body, correction

    def features(self, params, X, without_last):
        """Compute the features of the correction, and put the rows themselves beside them."""
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
