"""How far a regressor of few tasks is to be trusted, told by tasks that copies of it are trained without."""

import numpy as np
import torch
from scipy import sparse

from skmeta.learners.calibrated_tasks import OffsetLine
from skmeta.mixed_models.effects_prior import SETTLED
from skmeta.mixed_models.mixed_ridge import mixed_effects
from skmeta.mixed_models.segments import Segments
from skmeta.tasks import TaskSet
from skmeta.tasks.store import TaskStore
from skmeta.training.held_out import LEAST_STEPS, LEAST_TASKS, MOST_REHEARSED_ROWS, MOST_TASKS, thirds
from skmeta.training.processes import current_processes
from skmeta.training.standing import NothingLearned

#: a line through more columns takes longer than all the rest, and few tasks say little about it
_MOST_COLUMNS = 200
#: support rows of a held-out task, so many rows asked about, and no fewer where there are that many
_SHOTS, _MOST_ASKED, _LEAST_ASKED = (1, 2, 5, 10, 20), 200, 3
#: tasks held out in all rehearsals together, of which there are three at most
_ENOUGH = 20
#: shares that are tried
_SHARES = np.linspace(0, 1, 21)
#: mean squared error, as a share of the targets' variance, below which it makes no difference how much smaller one is
_NEGLIGIBLE = 1e-4


class TasksApart:
    """Tasks in thirds, each of which copies of an estimator are trained without, to be asked about it.

    Parameters
    ----------
    tasks : TaskStore or other training data
    codec : Targets
    seed : int
    """

    def __init__(self, tasks, codec, seed):
        self.codec, self.seed, self.parts = codec, seed, []
        if not isinstance(tasks, TaskStore) or not LEAST_TASKS <= len(tasks) <= MOST_TASKS:
            return
        self.tasks = tasks.tasks
        X, y = self.tasks.pooled
        if sparse.issparse(X) or X.shape[1] > _MOST_COLUMNS or len(y) > MOST_REHEARSED_ROWS:
            return
        asks = np.maximum(self.tasks.n_query, self.tasks.n_support - 1) > 0
        self.parts = thirds(asks, LEAST_TASKS, seed, _ENOUGH)

    @property
    def is_of_use(self):
        """Whether there are few enough tasks to be asked about, and enough."""
        return bool(self.parts)

    def calibrate(self, net, rehearse):
        """Let a net's :class:`~skmeta.learners.calibrated_tasks.CalibratedTasks` be trusted as far as it is right.

        Ctrl-C leaves its answers the learner's own.

        Parameters
        ----------
        net : MetaNet
            Trained.
        rehearse : callable
            Tasks (a TaskSet) to the function from further tasks to answers of a copy that was trained on the first.
        """
        n_steps = sum(epoch.get("train_batch_count", 0) for epoch in net.history)
        if net.interrupted_ or n_steps < LEAST_STEPS:
            return
        if net.verbose:
            print(f"What is held out is asked how far to trust: {len(self.parts)} more trainings, on parts.")
        try:
            asked = [one for part in self.parts for one in self._asked(~part, part, rehearse)]
        except KeyboardInterrupt:
            net.interrupted_ = True
            return
        if not asked:
            return
        share = best_share(asked)
        processes = current_processes(net.device)
        if processes is not None:  # machines may differ in the last digit
            (share,) = processes.of_first([share])
        net.history.record("share", share)
        if share < 1:  # or the line is of no use, and nobody needs to wait for it
            net.module_.trust(self._line(np.ones(len(self.tasks), dtype=bool)), share)

    def _asked(self, known, others, rehearse):
        """The targets (m, k) of rows of some tasks, and what both say of them who know the others, task by task."""
        try:
            answers = rehearse(self.tasks[known])
        except NothingLearned:  # fewer rows may diverge, or leave nothing to ask, where all of them do not
            return []
        line, questions, asked = self._line(known), questions_of(self.tasks[others], self.seed), []
        for task, said in zip(questions, answers(questions)):
            parts = task.X, self.codec.scaled(task.y), task.X_query
            X, y, X_query = (torch.as_tensor(part, dtype=torch.float64)[None] for part in parts)
            of_line = line.predict(line.adapt(X, y), X_query)[0].numpy()
            asked.append((self.codec.scaled(task.y_query), said, of_line))
        return asked

    def _line(self, chosen):
        tasks = self.tasks[chosen]
        X, y = tasks.pooled
        return line_through(X, self.codec.scaled(y), tasks.task_of_row)


def line_through(X, y, code):
    """The line and the offsets that make the targets of tasks likeliest.

    Parameters
    ----------
    X : (n, d) array
    y : (n, k) array
    code : (n,) array of int, sorted
        The task of each row.

    Returns
    -------
    line : OffsetLine
    """
    line = OffsetLine(X.shape[1], y.shape[1]).double()
    rows = torch.as_tensor(X, dtype=torch.float64)
    line.body.fit_rows(rows)
    W = np.hstack([np.ones((len(X), 1)), line.body(rows).numpy()])
    for j, target in enumerate(y.T):
        beta, prior = mixed_effects(W, target, Segments(code), np.array([0]), n_iter=100, settled=SETTLED)
        line.heads[j] = torch.as_tensor(np.append(beta[1:], beta[0]))
        line.noise[j], line.spread[j] = prior.noise, prior.covariance[0, 0]
    return line


def questions_of(tasks, seed):
    """Tasks of few support rows and the rest to answer: as they are where they have query rows, else of several sizes.

    Parameters
    ----------
    tasks : TaskSet
    seed : int

    Returns
    -------
    questions : TaskSet
    """
    rng, (X, y) = np.random.RandomState(seed), tasks.pooled
    rows, n_support, n_query = [], [], []
    start = np.cumsum(tasks.n_rows) - tasks.n_rows
    for first, n_own, n_others in zip(start, tasks.n_support, tasks.n_query):
        if n_others > 0:
            own, sizes = np.arange(n_own + n_others), [n_own]
        else:
            own, least = rng.permutation(n_own), min(_LEAST_ASKED, n_own - 1)
            sizes = [n for n in _SHOTS if n_own - n >= least > 0]
        for size in sizes:
            shown = own[: size + _MOST_ASKED]
            rows.append(first + shown)
            n_support.append(size)
            n_query.append(len(shown) - size)
    rows = np.concatenate(rows) if rows else np.empty(0, dtype=int)
    return TaskSet.from_pool(X[rows], y[rows], n_support, n_query)


def best_share(asked):
    """The share of one in the average of two that makes the errors of tasks smallest: their geometric mean.

    Each task so counts the same, whether it is noisy or not.

    Parameters
    ----------
    asked : list of (truth, one, other)
        Arrays (m, k) for each task.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.array([[0.0], [0.0]])
    >>> best_share([(truth, truth + 1, truth - 1), (truth, truth - 3, truth + 1)])
    0.25
    """
    variance = np.concatenate([truth for truth, *_ in asked]).var() or 1.0
    errors = [
        np.square(other + _SHARES[:, None, None] * (one - other) - truth).mean((1, 2)) for truth, one, other in asked
    ]
    return float(_SHARES[np.log(np.array(errors) / variance + _NEGLIGIBLE).mean(0).argmin()])
