"""Feed-forward bodies, of images too: the gradient by hand, for all tasks at once; see `unrolled.py`."""

from dataclasses import replace

import torch
from torch.func import functional_call

from skmeta.learners.base import blocks_of_rows
from skmeta.learners.engine import one_task
from skmeta.learners.engine.autograd_loop import hide
from skmeta.learners.engine.base import Engine, _hidden, rows_first
from skmeta.learners.engine.feed_forward import FeedForward, backward, forward
from skmeta.learners.engine.recognise import as_feed_forward
from skmeta.learners.engine.step_rates import StepRates
from skmeta.learners.engine.unrolled import AdaptAndAnswer, inner_step

#: without a graph, chunks of tasks have about so many floats in parameters and activations
CACHED_FLOATS = 2**18
#: of images, chunks have so many with a graph too: convolutions are calls enough, and fresh memory costs more than they
IMAGE_FLOATS = 2**22


class ClosedFormEngine(Engine):
    name = "closed_form"
    function = AdaptAndAnswer

    def __init__(self, body, loss="cross_entropy", *, has_head=True, **options):
        super().__init__(body, loss, has_head=has_head, **options)
        self.plan = as_feed_forward(body, has_head)
        self.n_body = sum(value.numel() for value in body.parameters())
        self._last_rates = None, None
        if self.plan is None:
            raise ValueError(
                "engine='closed_form' takes stacks of Linear, Conv2d, activation, pooling and normalisation without "
                f"dropout or running statistics, which {type(body).__name__} is not; use engine='auto'."
            )

    @property
    def body_has_modes(self):
        return self.plan.has_modes

    @property
    def by_rows(self):
        return self.plan.row_wise and not self.plan.of_images

    def _adapt_and_predict(self, params, loop, query_X):
        if self.has_head and not any(loop.adapted[:-2]) and self.plan.row_wise:
            return self._adapt_head_and_predict(params, loop, query_X)
        rates = self._step_rates(self.plan, params, loop)
        support_X, query_X = self.plan.prepare(loop.support_X), self.plan.prepare(query_X)

        def answer(loop, support_X, query_X):
            return self.function.apply(
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
        rates = self._step_rates(head, params[-2:], loop)
        answered = self.function.apply(
            head, self.loss, loop, rates, 2, *params[-2:], *rates.tensors,
            support_X.view(n_tasks, -1, support_X.shape[-1]), embedded_query.view(n_tasks, -1, support_X.shape[-1]),
        )  # fmt: skip
        return rows_first(answered)

    def _adapt(self, params, loop):
        if one_task.can_descend(self.plan, loop):
            values = [value[0] if value.dim() > dim else value for value, dim in zip(params, self.param_dims)]
            return [value.unsqueeze(0) for value in one_task.descend(self.plan, self.loss, values, loop)]
        rates = self._step_rates(self.plan, params, loop)
        adapted = []
        for theta, part, rows in self._parts(params, loop):
            for k in range(loop.steps):
                theta, _ = inner_step(self.plan.layers, self.loss, theta, rows, part, rates, k)
            adapted.append(
                [
                    value if value.dim() > dim else value.unsqueeze(0).expand(len(rows), *value.shape)
                    for value, dim in zip(self.plan.external(theta), self.param_dims)
                ]
            )
        return _join(adapted)

    def _inner_gradient(self, params, loop):
        layers, gradients = self.plan.layers, []
        for theta, part, rows in self._parts(params, loop):
            outputs, memos = forward(layers, theta, rows)
            D, _ = self.loss.gradient(outputs, part.targets, part.share, part.hidden)
            deltas, _ = backward(layers, theta, memos, D, 0, wants_input=False)
            by_layer = [
                layer.gradient(memo, dy, shared=False) if layer.n_params else ()
                for layer, memo, dy in zip(layers, memos, deltas)
            ]
            gradients.append(self.plan.external(by_layer))
        return _join(gradients)

    def _parts(self, params, loop):
        """For each chunk of tasks: its parameters by layer, its part of the loop, and its prepared rows."""
        support_X, chunks = self.plan.prepare(loop.support_X), self._chunks(loop.support_X)
        if len(chunks) == 1:
            yield self.plan.internal(params), loop, support_X
            return
        per_task = [value.dim() > dim for value, dim in zip(params, self.param_dims)]
        for tasks in chunks:
            values = [value[tasks] if own else value for value, own in zip(params, per_task)]
            yield self.plan.internal(values), loop.part(tasks), support_X[tasks]

    def _predict(self, params, query_X, hidden):
        query_X = self.plan.prepare(query_X)
        chunks = self._chunks(query_X)
        if len(query_X) == 1:  # plain two-dimensional products
            params = [value[0] for value in params]
        outputs = [
            self._outputs(self.plan.internal(values), rows)
            for values, rows in (
                [(params, query_X)]
                if len(chunks) == 1
                else (([value[tasks] for value in params], query_X[tasks]) for tasks in chunks)
            )
        ]
        return hide(outputs[0] if len(outputs) == 1 else torch.cat(outputs), hidden)

    def _outputs(self, theta, rows):
        """Answers (T, C, n) to prepared rows; images, which are large, a few at a time where that changes nothing."""
        at_once = rows.shape[1]
        if self.plan.of_images and self.plan.row_wise:
            at_once = IMAGE_FLOATS // (self.plan.width * len(rows))
        parts = [forward(self.plan.layers, theta, part)[0] for part in blocks_of_rows(rows, at_once)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 2)

    def answerer(self, params, class_mask=None):
        """A function from rows (m, d) to answers (C, m), for the adapted parameters of one task."""
        answer, hidden = self.plan.function(params), _hidden(class_mask)
        return answer if hidden is None else lambda X: hide(answer(X), hidden[0])

    def _step_rates(self, plan, params, loop):
        """Rates by step and layer; those of the last call, if they are plain numbers that have not changed."""
        if loop.rates.number is None:
            return StepRates(plan, params, loop)
        key = (loop.rates.number, loop.steps, loop.adapted)
        if self._last_rates[0] != key:
            self._last_rates = key, StepRates(plan, params, loop)
        return self._last_rates[1]

    def _n_outputs(self, params):
        return self.plan.layers[-1].n_outputs(*params[-self.plan.layers[-1].n_params :])

    def _chunks(self, *rows):
        """Slices of tasks to work on together; without a graph to keep, few enough to stay in the caches."""
        n_tasks = size = len(rows[0])
        if n_tasks > 1 and (self.plan.of_images or not torch.is_grad_enabled()):
            n_rows, floats = max(x.shape[1] for x in rows), IMAGE_FLOATS if self.plan.of_images else CACHED_FLOATS
            size = max(1, floats // max(self.n_body + n_rows * self.plan.width, 1))
        size = max(1, min(size, n_tasks))
        return [slice(i, i + size) for i in range(0, max(n_tasks, 1), size)]


def _join(parts):
    return parts[0] if len(parts) == 1 else [torch.cat(values) for values in zip(*parts)]
