"""MAML's gradient by hand, for feed-forward bodies: no graph, no compilation, all tasks at once.

The inner loop is ``theta_{k+1} = theta_k - a_k g_k`` with ``g_k`` the gradient of the inner loss at ``theta_k`` and
``a_k`` the rates (elementwise). Let ``v_k`` be the derivative of any function of the query answers with respect to
``theta_k``. Differentiating one step,

    v_k = v_{k+1} - H_k (a_k v_{k+1})          H_k the Hessian of the inner loss at theta_k
    d / d a_k = - v_{k+1} g_k

so that the gradient at the start takes one Hessian-vector product for each step, from the last to the first; the first
order approximation leaves H out. With several sets of answers (one after each step), each adds its own derivative to
``v_k`` on the way. `layers.py` has the sweeps; this file puts them in order.

Layouts follow from where the time goes: see `linear.py` for the classes-before-rows head. At the start all tasks share
their parameters, so that the first step's forward pass and the last sum over tasks are single matrix products.

References
----------
Finn, Abbeel, Levine. Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks. ICML 2017.
"""

from dataclasses import dataclass

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.engine.autograd_loop import hide
from skmeta.learners.engine.feed_forward import backward, forward
from skmeta.learners.engine.step_rates import RateGradients


@dataclass
class Pass:
    """What one forward (and backward) pass leaves for the sweeps."""

    theta: list
    memos: list
    deltas: list | None = None  # derivative by each layer's output
    loss_memo: object = None


def inner_step(layers, loss, theta, support_X, loop, rates, k):
    """One step of every task; also what a Hessian-vector product at ``theta`` will need."""
    lowest = rates.adapted.index(True) if True in rates.adapted else len(layers)
    outputs, memos = forward(layers, theta, support_X)
    D, loss_memo = loss.gradient(outputs, loop.targets, loop.share, loop.hidden)
    deltas, _ = backward(layers, theta, memos, D, lowest, wants_input=False)
    stepped = [
        layer.descend(p, memos[i], deltas[i], rates.of(k, i)) if rates.adapted[i] else p
        for i, (layer, p) in enumerate(zip(layers, theta))
    ]
    return stepped, Pass(theta, memos, deltas, loss_memo)


def subtract_hessian_product(layers, loss, v, u, scale, at, share, lowest, fold, wants_input):
    """``v -= scale * H u`` in place, H the inner loss's Hessian at the pass ``at``.

    u is None for layers that do not move; none below ``lowest`` does. With ``fold``, v is summed over tasks as well.
    Returns v and the same product's row for the layers' input, ``H_xu u``, if wanted.
    """
    r_memos, Rx = [None] * len(layers), None
    for i in range(lowest, len(layers)):
        Rx, r_memos[i] = layers[i].r_forward(at.theta[i], at.memos[i], u[i], Rx)
    Rdy = loss.r_gradient(at.loss_memo, Rx, share)
    first = next(i for i, layer in enumerate(layers) if layer.n_params)
    for i in range(len(layers) - 1, -1, -1):
        layer, p, memo, dy = layers[i], at.theta[i], at.memos[i], at.deltas[i]
        Rdx = None
        if i > first or wants_input:
            if i >= lowest:
                Rdx = layer.r_backward(p, memo, dy, u[i], r_memos[i], Rdy)
            else:  # nothing moves below: the change of the gradient comes from above alone
                Rdx = layer.backward(p, memo, Rdy)
        if layer.n_params:
            if fold:
                v[i] = layer.fold_before(v[i])
            layer.r_accumulate(v[i], memo, dy, r_memos[i], Rdy, -scale)
            if fold:
                v[i] = layer.fold(v[i])
        Rdy = Rdx
        if Rdy is None:
            break
    return v, Rdy


class AdaptAndAnswer(torch.autograd.Function):
    """Answers (T, C, m), or (S + 1, T, C, m), as a function of the start, the rates, and the rows."""

    @staticmethod
    def forward(ctx, plan, loss, loop, rates, n_params, *tensors):
        params, support_X, query_X = tensors[:n_params], tensors[-2], tensors[-1]
        wants = ctx.needs_input_grad[5:]
        layers, theta = plan.layers, plan.internal(params)
        keeps = any(wants) and loop.differentiable
        keeps_steps = keeps and (not loop.first_order or rates.learnable)
        inner, queries, answered = [], {}, []
        for k in range(loop.steps + 1):
            if loop.every_step or k == loop.steps:
                outputs, memos = forward(layers, theta, query_X)
                answered.append(hide(outputs, loop.hidden))
                if keeps:
                    queries[k] = Pass(theta, memos)
            if k < loop.steps:
                theta, done = inner_step(layers, loss, theta, support_X, loop, rates, k)
                inner.append(done if keeps_steps else None)
        ctx.work = (plan, loss, loop, rates, n_params, inner, queries)
        return torch.stack(answered) if loop.every_step else answered[0]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        plan, loss, loop, rates, n_params, inner, queries = ctx.work
        wants = ctx.needs_input_grad[5:]
        wants_support, wants_query = wants[-2], wants[-1]
        layers = plan.layers
        lowest = rates.adapted.index(True) if True in rates.adapted else len(layers)
        moves = lowest < len(layers)
        if loop.hidden is not None:
            d_answers = d_answers.masked_fill(loop.hidden, 0.0)
        # with nothing left to do but sum over tasks, sum at once
        sums_at_once = not loop.every_step and (loop.steps == 0 or (loop.first_order and not rates.learnable))
        v, d_support, d_query, rate_gradients = None, None, None, RateGradients(rates, plan, loop.steps)
        for k in range(loop.steps, -1, -1):
            if k in queries:
                at = queries[k]
                D = d_answers[k] if loop.every_step else d_answers
                deltas, d_rows = backward(layers, at.theta, at.memos, D.contiguous(), 0, wants_query)
                if v is None:
                    v = [
                        layer.gradient(memo, dy, sums_at_once or _is_shared(layer, p)) if layer.n_params else ()
                        for layer, p, memo, dy in zip(layers, at.theta, at.memos, deltas)
                    ]
                else:
                    for layer, value, memo, dy in zip(layers, v, at.memos, deltas):
                        if layer.n_params:
                            layer.accumulate(value, memo, dy, 1.0)
                d_query = d_rows if d_query is None or d_rows is None else d_query + d_rows
            if k == 0 or not moves:
                continue
            at = inner[k - 1]
            if rates.learnable:
                rate_gradients.add(k - 1, v, at)
            if not loop.first_order:
                u, scale = rates.direction(k - 1, v)
                v, d_rows = subtract_hessian_product(
                    layers, loss, v, u, scale, at, loop.share, lowest, k == 1 and not loop.every_step, wants_support
                )
                if wants_support:
                    d_support = d_rows.mul_(-scale) if d_support is None else d_support.sub_(d_rows, alpha=scale)
        v = [layer.fold(value) if layer.n_params else () for layer, value in zip(layers, v)]
        return (None,) * 5 + (*plan.external(v), *rate_gradients.result(), d_support, d_query)


def _is_shared(layer, p):
    return layer.is_shared(p)
