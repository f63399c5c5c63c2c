"""Reptile (Nichol, Achiam & Schulman, 2018)."""

import torch

from skmeta.learners.gradient_based import GradientBased

_SMALL = 1e-8
_ADAM_RATE = 0.001  # the paper's


class Reptile(GradientBased):
    """A start that is moved towards where training on each task leads.

    From the start ``theta`` every task trains for ``inner_steps`` steps on its support rows and arrives at ``phi_t``;
    the start then moves by the outer optimizer's step along ``theta - mean_t phi_t``, which stands in the place of a
    gradient. No derivative goes through the inner loop. With plain gradient descent of rate 1 outside, the new start
    is the mean of the ``phi_t``.

    Where classes are each task's own, the head's one row moves by the mean over tasks and their classes.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, engine
        See :class:`~skmeta.learners.gradient_based.GradientBased`.
    inner_lr : float or "auto"
        Step size of the inner loop. "auto" takes what a task's rows allow, see
        :meth:`~skmeta.learners.gradient_based.GradientBased.pace_of_tasks` (classification); with "adam" 0.001.
    inner_steps : int
        Inner steps in meta-training.
    adapt_steps : int or None
        Inner steps afterwards; None is ``inner_steps``.
    inner_batch_size : int or None
        Rows of each inner step in meta-training, drawn anew without replacement; None takes all. After
        meta-training every step takes all rows, so that the answer is not a matter of luck.
    inner_optimizer : {"sgd", "adam"}
        "adam" divides gradients by their running root mean square, without momentum.
    bend : float or None
        How much ``inner_lr="auto"`` takes the softmax of shared classes to bend; None is 1 / C, as of an even one.

    References
    ----------
    A. Nichol, J. Achiam, J. Schulman. "On First-Order Meta-Learning Algorithms". 2018.
    """

    loss_by_tasks = True
    draws_in_training = True  # the rows of an inner step

    def __init__(
        self,
        body,
        n_features_in,
        n_outputs=None,
        *,
        task_type="classification",
        inner_lr=0.05,
        inner_steps=10,
        adapt_steps=None,
        inner_batch_size=None,
        inner_optimizer="sgd",
        engine="auto",
        bend=None,
    ):
        super().__init__(body, n_features_in, n_outputs, task_type=task_type, engine=engine)
        if inner_optimizer not in ("sgd", "adam"):
            raise ValueError(f"inner_optimizer must be 'sgd' or 'adam', got {inner_optimizer!r}.")
        self._check_auto(inner_lr)
        if isinstance(inner_lr, str) and inner_lr != "auto":
            raise ValueError(f"inner_lr must be a number or 'auto', got {inner_lr!r}.")
        self.inner_lr, self.inner_steps, self.adapt_steps = inner_lr, inner_steps, adapt_steps
        self.bend = bend
        self.inner_batch_size, self.inner_optimizer = inner_batch_size, inner_optimizer

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Answers after adaptation and, in training, the mean displacement of the start."""
        start = self.start_of_tasks(class_mask, len(support_X))
        rows, batch_size = (support_X, support_y, support_weight), self.inner_batch_size if self.training else None
        if self.task_type == "classification" or not self.training:
            params = self._descend(start, *rows, class_mask, self.inner_steps, batch_size)
        else:
            params = self._downhill(start, rows, batch_size)
        answers = self.engine.predict(params, query_X, class_mask).flatten(0, 1)
        if not self.training:
            return answers
        return answers, self._displacement(start, params, class_mask)

    @torch.no_grad()
    def _downhill(self, start, rows, batch_size):
        """Where the inner steps lead; tasks that they lead uphill stay at the start, and move it nowhere."""
        params, before, after = self.descend_compared(*rows, steps=self.inner_steps, batch_size=batch_size)
        fine = after <= before
        return [torch.where(fine.view(-1, *[1] * (there.dim() - 1)), there, here) for here, there in zip(start, params)]

    def training_loss(self, criterion, answers, displacement, y):
        """The criterion's value with the mean displacement as its gradient."""
        start = [*self.parameters_of_body.now(), self.head_weight, self.head_bias]
        surrogate = sum((value * moved).sum() for value, moved in zip(start, displacement))
        return criterion(answers, y).detach() + surrogate - surrogate.detach()

    def _displacement(self, start, params, class_mask):
        """``theta - mean_t phi_t`` for each parameter of the body and the head."""
        moved = [before.detach() - after for before, after in zip(start, params)]
        *body, weight, bias = moved
        if self.n_outputs is None:
            exists = class_mask.to(weight.dtype)
            share = (exists / exists.sum()).unsqueeze(-1)
            head = [(weight * share).sum((0, 1))[None], (bias.unsqueeze(-1) * share).sum((0, 1))]
        else:
            n_learned = self.n_outputs
            head = [weight.mean(0)[:n_learned], bias.mean(0)[:n_learned]]
        return [part.mean(0) for part in body] + head

    @torch.no_grad()
    def _descend(self, start, X, y, weight, class_mask, steps, batch_size=None, pace=1.0):
        params = [value.detach() for value in start]
        lr = pace * (self.inner_lr if self.inner_lr != "auto" else 1.0 if self.inner_optimizer == "sgd" else _ADAM_RATE)
        of_tasks = self.pace_of_tasks(X, weight, class_mask) if self.inner_optimizer == "sgd" else None
        settings = {"class_mask": class_mask, "pace": of_tasks, "lr": lr}
        if batch_size is None and self.inner_optimizer == "sgd":
            return self.engine.adapt(params, X, y, support_weight=weight, steps=steps, **settings)
        squares = [torch.zeros_like(value) for value in params]
        for step in range(steps):
            rows = (X, y, weight) if batch_size is None else draw_rows(X, y, weight, batch_size, self.uniform)
            if self.inner_optimizer == "sgd":
                params = self.engine.adapt(params, *rows[:2], support_weight=rows[2], steps=1, **settings)
                continue
            gradients = self.inner_gradient(params, *rows, class_mask)
            squares = [0.999 * s + 0.001 * g.square() for s, g in zip(squares, gradients)]
            unbiased = 1 - 0.999 ** (step + 1)
            params = [
                value - lr * g / ((s / unbiased).sqrt() + _SMALL) for value, g, s in zip(params, gradients, squares)
            ]
        return params

    def descend(self, support_X, support_y, support_weight, class_mask, *, steps, pace=1.0, batch_size=None):
        start = self.start_of_tasks(class_mask, len(support_X))
        return self._descend(start, support_X, support_y, support_weight, class_mask, steps, batch_size, pace)


def draw_rows(X, y, weight, n_rows, uniform=torch.rand):
    """``n_rows`` random rows of every task, (T, b, ...); a task with fewer gives all it has, and padding."""
    is_row = torch.ones(X.shape[:2], dtype=torch.bool, device=X.device) if weight is None else weight > 0
    order = uniform(*is_row.shape, device=X.device).masked_fill(~is_row, 2.0).argsort(1)[:, :n_rows]

    def taken(values):
        index = order if values.dim() == 2 else order[..., None].expand(-1, -1, values.shape[-1])
        return values.gather(1, index)

    return taken(X), taken(y), None if weight is None else taken(weight)
