"""Mixtures of a table whose rows come in any order: fitted, shown more rows, asked."""

import numpy as np

from skmeta.task_mixture.learning_sample import learning_sample
from skmeta.task_mixture.rows import Rows


class TableOfTasks:
    """A table of numbers, each row's task and weight, and which rows of a task belong together.

    Of a very long one, what is common is learned from a part, and the other rows are then shown to their tasks.

    Parameters
    ----------
    X : (n_rows, n_features) array
    code : (n_rows,) array
        Position of each row's task.
    n_tasks : int
    weight : (n_rows,) array
    groups : (n_rows,) array or None
    seed : int

    Attributes
    ----------
    position : (n_tasks,) array
        New positions of the tasks, those first that are learned from.
    """

    def __init__(self, X, code, n_tasks, weight, groups, seed):
        self.X, self.weight, self.groups = X, weight, groups
        self.is_taken, self.position, self.n_learned = learning_sample(code, n_tasks, seed)
        self.code = self.position[code]

    def fitted(self, mixture, y, jobs):
        """A mixture fitted to the tasks."""
        return self._fitted(mixture, y, self.code, self.n_learned, self.groups, jobs, n_ahead=len(self.position))

    def fitted_to_groups(self, mixture, y, group, n_groups, jobs):
        """A mixture fitted to the widest groups that tasks are nested in, each task being hidden as a whole."""
        return self._fitted(mixture, y, group, n_groups, self.code, jobs)

    def _fitted(self, mixture, y, code, n_tasks, unit, jobs, n_ahead=0):
        some, rest = np.flatnonzero(self.is_taken), np.flatnonzero(~self.is_taken)
        rows, order = Rows.in_order(self.X[some], y[some], code[some], self.weight[some])
        mixture.fit(rows, n_tasks, None if unit is None else unit[some][order], jobs, n_ahead)
        return added(mixture, self.X[rest], y[rest], code[rest], self.weight[rest]) if len(rest) else mixture


def added(mixture, X, y, code, weight=None):
    """A copy that has seen further rows."""
    return mixture.add(Rows.in_order(X, y, code, weight)[0])


def asked(mixture, X, code, how_sure=None):
    """A mixture answers rows that come in any order."""
    no_targets = np.zeros(len(X), dtype=mixture.shown.y.dtype)
    rows, order = Rows.in_order(X, no_targets, code)
    answers = mixture.answer(rows, how_sure)
    out = np.empty_like(answers)
    out[order] = answers
    return out
