"""MAML's gradient by hand, for feed-forward bodies: no graph, no compilation, all tasks at once.

The inner loop is ``theta_{k+1} = theta_k - a_k g_k`` with ``g_k`` the gradient of the inner loss at ``theta_k`` and
``a_k`` the rates (elementwise). Let ``v_k`` be the derivative of any function of the query answers with respect to
``theta_k``. Differentiating one step,

    v_k = v_{k+1} - H_k (a_k v_{k+1})          H_k the Hessian of the inner loss at theta_k
    d / d a_k = - v_{k+1} g_k

so that the gradient at the start takes one Hessian-vector product for each step, from the last to the first; the first
order approximation leaves H out. With several sets of answers (one after each step), each adds its own derivative to
``v_k`` on the way. `layers.py` has the sweeps; this file puts them in order.

Layouts follow from where the time goes: see `layers.py` for the classes-before-rows head. At the start all tasks share
their parameters, so that the first step's forward pass and the last sum over tasks are single matrix products.

References
----------
Finn, Abbeel, Levine. Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks. ICML 2017.
"""

from dataclasses import dataclass, replace

import torch
from torch.autograd.function import once_differentiable
from torch.func import functional_call

from skmeta.learners.engine.autograd_loop import hide
from skmeta.learners.engine.base import Engine, rows_first
from skmeta.learners.engine.feed_forward import FeedForward, as_feed_forward

#: without a graph, chunks of tasks have about so many floats in parameters and activations
CACHED_FLOATS = 2**20


class ClosedFormEngine(Engine):
    name = "closed_form"

    def __init__(self, body, loss="cross_entropy", *, has_head=True, **options):
        super().__init__(body, loss, has_head=has_head, **options)
        self.plan = as_feed_forward(body, has_head)
        if self.plan is None:
            raise ValueError(
                "engine='closed_form' takes stacks of Linear, activation and LayerNorm without dropout, "
                f"which {type(body).__name__} is not; use engine='auto'."
            )

    def _adapt_and_predict(self, params, loop, query_X):
        if self.has_head and not any(loop.adapted[:-2]):
            return self._adapt_head_and_predict(params, loop, query_X)
        rates = StepRates(self.plan, params, loop)
        support_X, query_X = self.plan.prepare(loop.support_X), self.plan.prepare(query_X)

        def answer(loop, support_X, query_X):
            return AdaptAndAnswer.apply(
                self.plan, self.loss, loop, rates, len(params), *params, *rates.tensors, support_X, query_X
            )

        chunks = self._chunks(support_X, query_X)
        if len(chunks) == 1:
            return rows_first(answer(loop, support_X, query_X))
        answered = [answer(loop.part(tasks), support_X[tasks], query_X[tasks]) for tasks in chunks]
        return rows_first(torch.cat(answered, dim=-3))

    def _adapt_head_and_predict(self, params, loop, query_X):
        """ANIL: the embeddings do not change in the inner loop, so that one pass through the body is enough."""
        values = dict(zip(self.body_names, params[:-2]))
        support_X = functional_call(self.body, values, (loop.support_X.flatten(0, 1),))
        embedded_query = functional_call(self.body, values, (query_X.flatten(0, 1),))
        n_tasks = query_X.shape[0]
        loop = replace(loop, rates=loop.rates.last(2), adapted=loop.adapted[-2:])
        head = FeedForward(layers=self.plan.layers[-1:])
        rates = StepRates(head, params[-2:], loop)
        answered = AdaptAndAnswer.apply(
            head, self.loss, loop, rates, 2, *params[-2:], *rates.tensors,
            support_X.view(n_tasks, -1, support_X.shape[-1]), embedded_query.view(n_tasks, -1, support_X.shape[-1]),
        )  # fmt: skip
        return rows_first(answered)

    def _adapt(self, params, loop):
        per_task = [value.dim() > dim for value, dim in zip(params, self.param_dims)]
        rates = StepRates(self.plan, params, loop)
        support_X = self.plan.prepare(loop.support_X)
        adapted = []
        for tasks in self._chunks(support_X):
            part, rows = loop.part(tasks), support_X[tasks]
            theta = self.plan.internal([value[tasks] if own else value for value, own in zip(params, per_task)])
            for k in range(loop.steps):
                theta, _ = inner_step(self.plan.layers, self.loss, theta, rows, part, rates, k)
            adapted.append(
                [
                    value if value.dim() > dim else value.unsqueeze(0).expand(len(rows), *value.shape)
                    for value, dim in zip(self.plan.external(theta), self.param_dims)
                ]
            )
        return adapted[0] if len(adapted) == 1 else [torch.cat(values) for values in zip(*adapted)]

    def _inner_gradient(self, params, loop):
        per_task = [value.dim() > dim for value, dim in zip(params, self.param_dims)]
        support_X = self.plan.prepare(loop.support_X)
        gradients = []
        for tasks in self._chunks(support_X):
            part, rows = loop.part(tasks), support_X[tasks]
            theta = self.plan.internal([value[tasks] if own else value for value, own in zip(params, per_task)])
            outputs, memos = forward(self.plan.layers, theta, rows)
            D, _ = self.loss.gradient(outputs, part.targets, part.share, part.hidden)
            deltas, _ = backward(self.plan.layers, theta, memos, D, 0, wants_input=False)
            gradients.append(
                self.plan.external(
                    layer.gradient(memo, dy, shared=False) if layer.n_params else ()
                    for layer, memo, dy in zip(self.plan.layers, memos, deltas)
                )
            )
        return gradients[0] if len(gradients) == 1 else [torch.cat(values) for values in zip(*gradients)]

    def _predict(self, params, query_X, hidden):
        query_X = self.plan.prepare(query_X)
        outputs = []
        for tasks in self._chunks(query_X):
            # one task: plain two-dimensional products
            values = [value[tasks][0] if len(query_X) == 1 else value[tasks] for value in params]
            outputs.append(forward(self.plan.layers, self.plan.internal(values), query_X[tasks])[0])
        return hide(outputs[0] if len(outputs) == 1 else torch.cat(outputs), hidden)

    def _chunks(self, *rows):
        """Slices of tasks to work on together; without a graph to keep, few enough to stay in the caches."""
        n_tasks, size = len(rows[0]), self.tasks_at_once
        if size is None and not torch.is_grad_enabled():
            n_rows = max(x.shape[1] for x in rows)
            floats = sum(value.numel() for value in self.body.parameters()) + n_rows * self.plan.width
            size = max(1, CACHED_FLOATS // max(floats, 1))
        size = min(size or n_tasks, max(n_tasks, 1))
        return [slice(i, i + size) for i in range(0, max(n_tasks, 1), size)]


class StepRates:
    """The rates of each inner step and layer, as the layers use them.

    ``adapted`` tells which layers change; a parameter that stays while its layer changes has rate 0.
    ``tensors`` are the learnable sources that the autograd function returns gradients for.
    """

    def __init__(self, plan, params, loop):
        self.plan, self.flags = plan, loop.adapted
        self.adapted = [any(group) for group in plan.split(loop.adapted)]
        self.learnable = loop.rates.learnable
        self.weightwise = loop.rates.weightwise
        if self.weightwise:
            rates = [
                torch.as_tensor(rate).to(value).expand_as(value) for rate, value in zip(loop.rates.weights, params)
            ]
            self.tensors = rates
            with torch.no_grad():
                stays = [rate if flag else torch.zeros_like(rate) for rate, flag in zip(rates, self.flags)]
                self.internal = plan.internal(stays)
        else:
            self.tensors = [] if loop.rates.table is None else [loop.rates.table]
            table = [
                [rate if flag else 0.0 for rate, flag in zip(row, self.flags)] for row in loop.rates.numbers()
            ]
            # a layer without bias still has the two places
            self.by_step = [[(*group, 0.0, 0.0)[:2] for group in plan.split(row)] for row in table]
            changing = [[rate for rate, flag in zip(row, self.flags) if flag] for row in table]
            whole = all(all(group) for group in plan.split(self.flags) if any(group))
            self.common = [row[0] if row and whole and len(set(row)) == 1 else None for row in changing]

    def of(self, step, layer):
        return self.internal[layer] if self.weightwise else self.by_step[step][layer]

    def direction(self, step, v):
        """``a v`` for the layers that change, as (u, scale) with ``a v = scale u``; u is v itself where it can be."""
        if not self.weightwise and self.common[step] is not None:
            return [p if adapted else None for p, adapted in zip(v, self.adapted)], self.common[step]
        u = [
            tuple(None if value is None else rate * value for rate, value in zip(self.of(step, i), p))
            if adapted
            else None
            for i, (p, adapted) in enumerate(zip(v, self.adapted))
        ]
        return u, 1.0


@dataclass
class Pass:
    """What one forward (and backward) pass leaves for the sweeps."""

    theta: list
    memos: list
    deltas: list | None = None  # derivative by each layer's output
    loss_memo: object = None


def forward(layers, theta, x):
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


class RateGradients:
    """``- v_{k+1} g_k`` for each step, summed over tasks, and over a parameter's entries where its rate is a number."""

    def __init__(self, rates, plan, steps):
        self.rates, self.plan, self.steps = rates, plan, steps
        self.totals = None

    def add(self, k, v, at):
        products = []
        for i, layer in enumerate(self.plan.layers):
            if not layer.n_params:
                products.append(())
            elif not self.rates.adapted[i]:
                products.append(tuple(torch.zeros_like(value) for value in v[i] if value is not None))
            else:
                single = len(at.deltas[-1]) == 1 and layer.is_shared(at.theta[i])
                g = layer.gradient(at.memos[i], at.deltas[i], shared=single and layer.is_shared(v[i]))
                product = [None if a is None else -a * b for a, b in zip(v[i], g)]
                products.append(layer.fold(product))
        if self.rates.weightwise:
            flat = self.plan.external(products)
            flat = [value if flag else torch.zeros_like(value) for value, flag in zip(flat, self.rates.flags)]
            self.totals = flat if self.totals is None else [a + b for a, b in zip(self.totals, flat)]
        else:
            flat = [value.sum() for group in products for value in group if value is not None]
            flat = [value if flag else torch.zeros_like(value) for value, flag in zip(flat, self.rates.flags)]
            if self.totals is None:
                self.totals = [None] * self.steps
            self.totals[k] = torch.stack(flat)

    def result(self):
        if self.totals is None:
            return [None] * len(self.rates.tensors)
        return self.totals if self.rates.weightwise else [torch.stack(self.totals)]
