"""The plain formulation: one task after another, `functional_call` forward, autograd through the inner loop.

The slowest engine and the easiest to believe; the others are tested against it.
"""

import torch
from torch.func import functional_call
from torch.nn import functional as F

from skmeta.learners.engine.autograd_loop import answers, gradient_alone, hide, trajectory
from skmeta.learners.engine.base import Engine, rows_first


class NaiveEngine(Engine):
    name = "naive"

    def _outputs(self, theta, X):
        """(1, C, n) outputs of one task's rows (1, n, d)."""
        n_body = len(self.body_names)
        outputs = functional_call(self.body, dict(zip(self.body_names, theta[:n_body])), (X[0],))
        if self.has_head:
            outputs = F.linear(outputs, *theta[n_body:])
        return outputs.t().unsqueeze(0)

    def _adapt_and_predict(self, params, loop, query_X):
        tasks = [slice(i, i + 1) for i in range(query_X.shape[0])]
        answered = [answers(self._outputs, self.loss, params, loop.part(task), query_X[task]) for task in tasks]
        return rows_first(torch.cat(answered, dim=-3))

    def _adapt(self, params, loop):
        per_task = self.has_task_axis(params)
        adapted = []
        for i in range(loop.support_X.shape[0]):
            theta = [value[i] for value in params] if per_task else params
            *_, last = trajectory(self._outputs, self.loss, theta, loop.part(slice(i, i + 1)))
            adapted.append([value.detach() for value in last])
        return [torch.stack(values) for values in zip(*adapted)]

    def _inner_gradient(self, params, loop):
        per_task = self.has_task_axis(params)
        gradients = []
        for i in range(loop.support_X.shape[0]):
            theta = [value[i] if per_task else value for value in params]
            gradients.append(gradient_alone(self._outputs, self.loss, theta, loop.part(slice(i, i + 1))))
        return [torch.stack(values) for values in zip(*gradients)]

    def _predict(self, params, query_X, hidden):
        outputs = [self._outputs([value[i] for value in params], query_X[i : i + 1]) for i in range(query_X.shape[0])]
        return hide(torch.cat(outputs), hidden)
