"""The inner loop of a single task, for whoever waits for it: plain matrices, changed in place, as few calls as can be.

The mathematics is that of `unrolled.py`, without what only many tasks or a later differentiation need.
"""

import torch

from skmeta.learners.engine.activations import Activation
from skmeta.learners.engine.linear import Head, Linear


def can_descend(plan, loop):
    """Whether this is a single task, a plain rate, and a stack of linear layers and activations that all change."""
    return (
        len(loop.support_X) == 1
        and loop.rates.number is not None
        and all(loop.adapted)
        and all(isinstance(layer, (Linear, Head, Activation)) for layer in plan.layers)
    )


def descend(plan, loss, params, loop):
    """Parameters (torch's layout, no task axis) after the loop's steps; the given ones are left as they are."""
    X, rate = plan.prepare(loop.support_X)[0], loop.rates.number
    params = [value.clone(memory_format=torch.contiguous_format) for value in params]
    layers = list(zip(plan.layers, plan.split(params)))
    ones, share = X.new_ones(len(X)), loop.share
    for _ in range(loop.steps):
        memos, y = [], X
        for layer, p in layers:
            y, memo = _forward(layer, p, y)
            memos.append(memo)
        D, _ = loss.gradient(y.unsqueeze(0), loop.targets, share, loop.hidden)
        dy = D[0].t()
        for i in range(len(layers) - 1, -1, -1):
            layer, p = layers[i]
            if not p:
                dy = layer.backward(p, memos[i], dy)
                continue
            dz, dy = dy, torch.mm(dy, p[0]) if i else None
            p[0].addmm_(dz.t(), memos[i], alpha=-rate)
            if len(p) == 2:
                p[1].addmv_(dz.t(), ones, alpha=-rate)
    return params


def _forward(layer, p, x):
    if not p:
        return layer.forward(p, x)
    if isinstance(layer, Head):  # classes before rows
        weight, xt = p[0], x.t()
        return (torch.addmm(p[1].unsqueeze(1), weight, xt) if len(p) == 2 else torch.mm(weight, xt)), x
    weight = p[0].t()
    return (torch.addmm(p[1], x, weight) if len(p) == 2 else torch.mm(x, weight)), x
