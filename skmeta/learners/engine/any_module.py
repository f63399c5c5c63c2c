"""Any module: `vmap` over the forward pass of `functional_call`, and ordinary autograd outside of it.

Only the forward pass is mapped over tasks. Mapping the gradient as well, ``vmap(grad(...))``, is no faster, and it is
wrong where the batching rule of a backward pass is: the meta-gradient through batch normalisation with an adapted
weight is off by hundreds of per cent in current torch (tests/learners/test_engine_batch_norm.py keeps watch).
"""

import torch
from torch.func import functional_call, vmap

from skmeta.learners.engine.autograd_loop import answers, gradient_alone, hide, trajectory
from skmeta.learners.engine.base import Engine, _hidden, rows_first
from skmeta.learners.engine.checkpoint import checkpointed_answers
from skmeta.learners.engine.naive import NaiveEngine


class AnyModuleEngine(Engine):
    name = "any_module"

    def _outputs(self, theta, X):
        """(T, C, n) outputs; entries of theta that no task has adapted have no task axis."""
        if X.shape[0] == 1:  # one task needs no mapping, and mapping costs more than a small forward pass
            theta = [value[0] if own else value for value, own in zip(theta, self._own(theta))]
            return NaiveEngine._outputs(self, theta, X)
        n_body = len(self.body_names)
        in_dims = [0 if own else None for own in self._own(theta)][:n_body]

        def one_task(values, x):
            # `vmap` cannot be asked about other layouts, as group normalisation does behind a channels-last filter
            values = [value.contiguous() for value in values]
            return functional_call(self.body, dict(zip(self.body_names, values)), (x,))

        outputs = vmap(one_task, in_dims=(in_dims, 0), randomness="different")(theta[:n_body], X)
        outputs = outputs.transpose(1, 2)
        if self.has_head:
            weight, bias = theta[n_body:]
            outputs = (weight @ outputs) + bias.unsqueeze(-1)
        return outputs

    def differentiable_answers(self, params, query_X, class_mask=None):
        """Answers (T, m, C) of adapted parameters, with a graph that can be differentiated any number of times."""
        return rows_first(hide(self._outputs(params, query_X), _hidden(class_mask)))

    def inner_loss(self, params, support_X, support_y, support_weight=None, class_mask=None):
        """Sum of the tasks' inner losses at adapted parameters; differentiable any number of times."""
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, 0, 0.0, "all")
        return self.loss.value(self._outputs(params, loop.support_X), loop.targets, loop.share, loop.hidden)

    def _own(self, theta):
        """For each entry, whether every task has its own copy of it."""
        return [value.dim() > dim for value, dim in zip(theta, self.param_dims)]

    def _with_task_axis(self, params, loop, n_tasks):
        """Give each task its own copy (a view) of the entries that it is going to adapt."""
        return [
            value.unsqueeze(0).expand(n_tasks, *value.shape) if flag and not own else value
            for value, flag, own in zip(params, loop.adapted, self._own(params))
        ]

    def _chunks(self, n_tasks):
        size = self.tasks_at_once or n_tasks
        return [slice(i, min(i + size, n_tasks)) for i in range(0, n_tasks, max(size, 1))]

    def _adapt_and_predict(self, params, loop, query_X):
        answer = checkpointed_answers if self.checkpoint_inner and loop.differentiable else answers
        answered = []
        for tasks in self._chunks(query_X.shape[0]):
            part, queries = loop.part(tasks), query_X[tasks]
            theta = self._with_task_axis(params, part, queries.shape[0])
            answered.append(answer(self._outputs, self.loss, theta, part, queries))
        return rows_first(torch.cat(answered, dim=-3))

    def _adapt(self, params, loop):
        own = self._own(params)
        adapted = []
        for tasks in self._chunks(loop.support_X.shape[0]):
            part = loop.part(tasks)
            n_tasks = part.support_X.shape[0]
            theta = [value[tasks] if flag else value for value, flag in zip(params, own)]
            *_, last = trajectory(self._outputs, self.loss, self._with_task_axis(theta, part, n_tasks), part)
            adapted.append(
                [
                    value.detach() if has_axis else value.detach().expand(n_tasks, *value.shape)
                    for value, has_axis in zip(last, self._own(last))
                ]
            )
        return [torch.cat(values) for values in zip(*adapted)]

    def _inner_gradient(self, params, loop):
        n_tasks, own = loop.support_X.shape[0], self._own(params)
        gradients = []
        for tasks in self._chunks(n_tasks):
            part = loop.part(tasks)
            theta = [value[tasks] if flag else value for value, flag in zip(params, own)]
            theta = self._with_task_axis(theta, part, part.support_X.shape[0])
            gradients.append(gradient_alone(self._outputs, self.loss, theta, part))
        return [torch.cat(values) for values in zip(*gradients)]

    def _predict(self, params, query_X, hidden):
        outputs = [
            self._outputs([value[tasks] for value in params], query_X[tasks])
            for tasks in self._chunks(query_X.shape[0])
        ]
        return hide(torch.cat(outputs), hidden)
