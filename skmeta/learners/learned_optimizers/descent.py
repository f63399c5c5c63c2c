"""Adaptation by a learned optimizer (Andrychowicz et al., 2016; Ravi & Larochelle, 2017)."""

from skmeta.learners.gradient_based import GradientBased
from skmeta.learners.implicit import flatten, unflatten
from skmeta.learners.learned_optimizers.network import LearnedOptimizer


class LearnedDescent(GradientBased):
    """A start and an optimizer, both learned: the optimizer takes the start to the task.

    On every task the :class:`~skmeta.learners.learned_optimizers.network.LearnedOptimizer`, one LSTM common to all
    coordinates, takes ``inner_steps`` steps down the loss of the support rows. It is trained, with the start, by the
    loss of the query rows after every step, through unrolls of at most ``unroll`` steps: beyond them, parameters and
    states are constants. Derivatives of the inner gradients are left out.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, engine
        See :class:`~skmeta.learners.gradient_based.GradientBased`.
    inner_steps : int
        Inner steps in meta-training.
    adapt_steps : int or None
        Inner steps afterwards; None is ``inner_steps``.
    unroll : int
        Steps that are differentiated through together.
    inner_lr : float, "auto" or None
        Rate, to begin with, of the plain gradient step that the network's output is added to; None leaves the step to
        the network alone. "auto" begins at what a task's rows allow, see
        :meth:`~skmeta.learners.gradient_based.GradientBased.pace_of_tasks` (classification).
    n_hidden, n_layers : int
        Size of the LSTM.

    References
    ----------
    M. Andrychowicz et al. "Learning to learn by gradient descent by gradient descent". NeurIPS 2016.
    S. Ravi, H. Larochelle. "Optimization as a Model for Few-Shot Learning". ICLR 2017.
    """

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification",
        inner_steps=5, adapt_steps=None, unroll=20, inner_lr=0.1, n_hidden=20, n_layers=2, engine="auto",
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs, task_type=task_type, engine=engine)
        self.inner_steps, self.adapt_steps, self.unroll = inner_steps, adapt_steps, unroll
        self._check_auto(inner_lr)
        vars(self)["inner_lr"] = inner_lr
        rate = 1.0 if inner_lr == "auto" else inner_lr
        self.optimizer = LearnedOptimizer(n_hidden, n_layers, gradient_rate=rate)

    @property
    def inner_lr(self):
        """The rate that training began with; what it has become is the optimizer's own."""
        return vars(self)["inner_lr"]

    @inner_lr.setter
    def inner_lr(self, value):
        if value != self.inner_lr:
            raise ValueError(
                f"inner_lr={self.inner_lr!r} is where training began, and the rate has been learned since: it cannot "
                f"become {value!r}. Set it back, or fit anew."
            )

    def configured(self, **settings):
        self.inner_lr = settings.get("inner_lr", self.inner_lr)
        return super().configured(**settings)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Answers after the last step and, in training, after every step."""
        rows = support_X, support_y, support_weight, class_mask
        path = list(self._path(*rows, self.inner_steps))
        if not (self.training and self.inner_steps):
            return self.differentiable_answers(path[-1], query_X, class_mask).flatten(0, 1)
        answers = [self.differentiable_answers(at, query_X, class_mask).flatten(0, 1) for at in path[1:]]
        return answers[-1], answers

    def training_loss(self, criterion, last, answers, y):
        """The criterion, mean over the steps."""
        return sum(criterion(answer, y) for answer in answers) / len(answers)

    def descend(self, support_X, support_y, support_weight, class_mask, *, steps, pace=1.0):
        *_, params = self._path(support_X, support_y, support_weight, class_mask, steps, pace)
        return params

    def _path(self, X, y, weight, class_mask, steps, pace=1.0):
        """Yield the parameters after 0, 1, ..., ``steps`` steps."""
        params = self.start_of_tasks(class_mask, len(X))
        yield params
        has_rows = X.new_full((len(X), 1), float(X.shape[1] > 0))
        if weight is not None:
            has_rows = (weight.sum(1, keepdim=True) > 0).to(X.dtype)
        place, of_tasks = flatten(params), self.pace_of_tasks(X, weight, class_mask)
        state = self.optimizer.first_state(place.numel(), place)
        for step in range(steps):
            if step and step % self.unroll == 0:
                place, state = place.detach(), tuple(part.detach() for part in state)
            rows = X, y, weight, class_mask, of_tasks
            gradient = flatten(self.inner_gradient(unflatten(place.detach(), params), *rows))
            update, state = self.optimizer(gradient.flatten(), state)
            # a task that has shown nothing stays at the start, whatever the network would do
            place = place + pace * has_rows * update.view_as(place)
            yield unflatten(place, params)
