"""Any module: `vmap` over the forward pass of `functional_call`, and ordinary autograd outside of it.

Only the forward pass is mapped over tasks. Mapping the gradient as well, ``vmap(grad(...))``, is no faster, and it is
wrong where the batching rule of a backward pass is: the meta-gradient through batch normalisation with an adapted
weight is off by hundreds of per cent in current torch (tests/learners/test_engine_batch_norm.py keeps watch).
"""

from torch.func import functional_call, vmap

from skmeta.learners.engine.autograd_loop import answers, gradient_alone, hide, trajectory
from skmeta.learners.engine.base import Engine, _hidden, rows_first
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

    def inner_loss(self, params, support_X, support_y, support_weight=None, class_mask=None, pace=None):
        """Sum of the tasks' inner losses at adapted parameters; differentiable any number of times."""
        loop = self._loop(params, support_X, support_y, support_weight, class_mask, 0, 0.0, "all", pace)
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

    def _adapt_and_predict(self, params, loop, query_X):
        theta = self._with_task_axis(params, loop, query_X.shape[0])
        return rows_first(answers(self._outputs, self.loss, theta, loop, query_X))

    def _adapt(self, params, loop):
        n_tasks = loop.support_X.shape[0]
        *_, last = trajectory(self._outputs, self.loss, self._with_task_axis(params, loop, n_tasks), loop)
        return [value if own else value.expand(n_tasks, *value.shape) for value, own in zip(last, self._own(last))]

    def _inner_gradient(self, params, loop):
        theta = self._with_task_axis(params, loop, loop.support_X.shape[0])
        return gradient_alone(self._outputs, self.loss, theta, loop)

    def _predict(self, params, query_X, hidden):
        return hide(self._outputs(params, query_X), hidden)
