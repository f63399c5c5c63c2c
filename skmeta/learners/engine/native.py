"""Stacks of layers through the compiled kernel, where there is one; the same mathematics as the closed form."""

import torch
from torch.autograd.function import once_differentiable

from skmeta import native
from skmeta.learners.engine.autograd_loop import hide
from skmeta.learners.engine.base import rows_first
from skmeta.learners.engine.closed_form import ClosedFormEngine


class NativeEngine(ClosedFormEngine):
    """Heads that adapt alone, answers after every step and gradients by the rows are left to the closed form.

    So is everything else on a machine that has no kernel: a learner may be trained on one machine
    and used on another.
    """

    @property
    def name(self):
        return "native" if native.available() else "closed_form"

    def __init__(self, body, loss="cross_entropy", **options):
        super().__init__(body, loss, **options)
        self.stack, self.loss_name = kernel_stack(self.plan, loss), loss
        if self.stack is None:
            raise ValueError(
                "engine='native' takes stacks of Linear, Conv2d, normalisation, pooling and ReLU, LeakyReLU, Tanh, "
                "Sigmoid or ELU layers without groups or dilation, which begin with Linear or Conv2d, with "
                f"cross-entropy or squared error; {type(body).__name__} with {loss} is none. Use engine='auto'."
            )
        if not native.available():
            raise ValueError(
                f"engine='native' needs the kernel, which is {native.state()} (see skmeta.show_versions()). "
                "Use engine='auto'."
            )

    def _adapt_and_predict(self, params, loop, query_X):
        derivative = ("first-order" if loop.first_order else "true") if loop.differentiable else None
        job, sources = self._job(params, loop, query_X, derivative)
        if job is None:
            return super()._adapt_and_predict(params, loop, query_X)
        return rows_first(AdaptAndAnswer.apply(job, loop, *params, *sources))

    def learn(
        self, params, support_X, support_y, query_X, query_y, share, *, support_weight=None, class_mask=None, pace=None,
        steps, lr, first_order=False, adapted="all",
    ):  # fmt: skip
        """Answers (T, m, C), the inner loss of the query rows with ``share`` (T, m), and the gradient by ``params``.

        All without a graph, in one call of the kernel, or None where that is not for it: learned rates are not.
        """
        grown = self._grow_head(params, class_mask)
        loop = self._loop(grown, support_X, support_y, support_weight, class_mask, steps, lr, adapted, pace)
        if loop.rates.learnable:
            return None
        with torch.no_grad():
            job, _ = self._job(grown, loop, query_X, "first-order" if first_order else "true")
            if job is None:
                return None
            answers, loss, gradients, _ = job.learn(self._targets(query_y), share)
        if grown[-1] is not params[-1]:  # every class had its own copy of the head's one row
            gradients[-2:] = [value.sum(0, keepdim=True) for value in gradients[-2:]]
        return rows_first(answers), loss, gradients

    def _adapt(self, params, loop):
        job, _ = self._job(params, loop)
        return super()._adapt(params, loop) if job is None else job.adapt(answers=False, adapted=True)[1]

    def _adapt_compared(self, params, loop, query_X):
        job, _ = self._job(params, loop, query_X)
        if job is None or self.loss_name != "mse":  # the kernel compares squared errors
            return None
        asked = query_X is not None
        answers, adapted, errors = job.adapt(answers=asked, adapted=not asked, errors=True)
        return rows_first(answers) if asked else adapted, errors[:, 0], errors[:, 1]

    def _job(self, params, loop, query_X=None, derivative=None):
        """What the kernel is to do, and the tensors of its learned rates; None if it is not for the kernel."""
        rows = [loop.support_X] if query_X is None else [loop.support_X, query_X]
        if not self._knows(params, loop, rows):
            return None, []
        tensors = [self.plan.prepare(loop.support_X), self._targets(loop.support_y), loop.row_weight, loop.hidden]
        tensors.append(None if query_X is None else self.plan.prepare(query_X))
        rates, own_rates, sources = _rates(loop, params)
        how = {"rates": rates, "own_rates": own_rates, "derivative": derivative}
        try:
            return native.Job(self.stack, self.loss_name, params, *tensors, loop.steps, **how), sources
        except native.Misfit:  # the closed form broadcasts, or refuses
            return None, []

    def _knows(self, params, loop, rows):
        body_rests = self.has_head and not any(loop.adapted[:-2])
        if not native.available() or loop.steps == 0 or loop.every_step or body_rests or self.has_task_axis(params):
            return False
        if torch.is_grad_enabled() and any(X.requires_grad for X in rows):
            return False
        return native.known([*params, *rows, loop.row_weight])

    def _targets(self, y):
        """Labels (T, n), or targets (T, C, n), which the kernel's loss goes by."""
        return y.long() if self.loss_name == "cross_entropy" else self.loss.targets(y, None, None)


def _rates(loop, params):
    """The inner rates as the kernel's numbers; or as rates for each weight, and the tensors that these are views of."""
    rates = loop.rates
    if rates.weightwise:
        table = [rates.weights]
        sources = [_for_each_weight(rate, value) for rate, value in zip(rates.weights, params)]
    else:
        if rates.number is not None and all(loop.adapted):
            return [rates.number] * loop.steps, (), []
        table, sources = rates.numbers(), [] if rates.table is None else [rates.table]
        if all(loop.adapted) and not rates.learnable and all(len(set(row)) == 1 for row in table):
            return [row[0] for row in table], (), []
    own_rates = [
        [_for_each_weight(rate if moves else 0.0, value) for rate, value, moves in zip(row, params, loop.adapted)]
        for row in table
    ]
    return None, own_rates, sources


def _for_each_weight(rate, value):
    return torch.as_tensor(rate, dtype=value.dtype).expand_as(value)


class AdaptAndAnswer(torch.autograd.Function):
    """Answers (T, C, m) as a function of the start, and of rates: one for each weight, or a table."""

    @staticmethod
    def forward(ctx, job, loop, *tensors):
        ctx.work = job, loop
        return hide(job.adapt()[0], loop.hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        job, loop = ctx.work
        if loop.hidden is not None:
            d_answers = d_answers.masked_fill(loop.hidden, 0.0)
        gradients, of_rates = job.derivative(d_answers)
        if len(ctx.needs_input_grad) == 2 + len(gradients):  # numbers, even where a part that rests made them many
            return None, None, *gradients
        of_rates = [
            [value if moves else torch.zeros_like(value) for value, moves in zip(row, loop.adapted)] for row in of_rates
        ]
        if loop.rates.weightwise:
            return None, None, *gradients, *of_rates[0]
        return None, None, *gradients, torch.stack([torch.stack([value.sum() for value in row]) for row in of_rates])


def kernel_stack(plan, loss):
    """What the kernel's inner loop is told of a plan, or None if it does not know its layers or the loss."""
    return None if plan is None or loss not in native.LOSSES else plan.stack
