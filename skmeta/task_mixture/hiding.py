"""Rows are hidden so that trust can be learned: whole tasks, rows of every task, all but a few rows of a new task."""

import numpy as np

from skmeta.mixed_models.segments import random_ranks

_SIZES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_ENOUGH_ROWS = 10_000  # smaller tables are looked at several times, as a few shown rows are a matter of luck
_MOST_DRAWS = 20
_QUERY_ROWS = 20  # of a task and size, when weights for new tasks are learned
_MOST_ROUNDS = 3  # of cross-validation over tasks: of few tasks, how they fall into folds is luck
_FEW_TASKS = 50


class Hiding:
    """Folds and draws of the rows of a table; what belongs together is hidden together, and shown together.

    Parameters
    ----------
    code : (N,) array
        Position of each row's task, sorted.
    n_tasks : int
    unit : (N,) array or None
        Names for each row what it belongs to: repeated measures of one visit, an inner task of a group. None is single
        rows.
    cv : int
    rng : numpy Generator
    """

    def __init__(self, code, n_tasks, unit, cv, rng):
        self.code, self.n_tasks, self.cv, self.rng = code, n_tasks, cv, rng
        self.size = np.bincount(code, minlength=n_tasks)
        unit = np.arange(len(code)) if unit is None or (unit == unit[0]).all() else unit
        # units of different tasks are different ones, whatever their names
        _, self.first, self.unit = np.unique(np.stack([code, unit]), axis=1, return_index=True, return_inverse=True)
        self.unit = self.unit.ravel()
        self.code_of_unit = code[self.first]

    def folds_of_rows(self):
        """(N,): every task's units, spread evenly over the folds."""
        n_units = np.bincount(self.code_of_unit, minlength=self.n_tasks)
        rank = random_ranks(self.code_of_unit, n_units, self.rng)
        fold = (rank + self.rng.permutation(self.n_tasks)[self.code_of_unit]) % self.cv
        _, fold = np.unique(fold, return_inverse=True)  # with few units some folds are empty
        return fold.ravel()[self.unit]

    def folds_of_tasks(self):
        """(n_tasks,) for each round: each task alone where a few rounds of folds would cost as much, or more."""
        if self.n_tasks <= _MOST_ROUNDS * self.cv:
            return [np.arange(self.n_tasks)]
        n_rounds = int(np.clip(round(_FEW_TASKS / self.n_tasks), 1, _MOST_ROUNDS))
        return [self.rng.permutation(self.n_tasks) % self.cv for _ in range(n_rounds)]

    def draws(self):
        """(K, is shown, is asked about) for 0, 1, 2, 5, ... rows of each task shown, each K several times."""
        n_draws = int(np.clip(_ENOUGH_ROWS // len(self.code), 1, _MOST_DRAWS))
        for shots in [s for s in _SIZES if s < self.size.max() for _ in range(n_draws if s else 1)]:
            rank, begin = self._random_order()
            is_asked = begin >= shots  # nothing of its unit is shown
            first_asked = np.full(self.n_tasks, len(self.code))
            np.minimum.at(first_asked, self.code[is_asked], rank[is_asked])
            is_shown = (rank < shots) & (first_asked < len(self.code))[self.code]
            yield shots, is_shown, is_asked & (rank < first_asked[self.code] + _QUERY_ROWS)

    def _random_order(self):
        """Each row's place in a random order of its task's rows in which units stay together, and its unit's first."""
        shuffled = self.rng.permutation(len(self.first))
        place = np.empty(len(self.first), dtype=np.int64)
        place[shuffled] = np.arange(len(self.first))
        order = np.lexsort((place[self.unit], self.code))
        rank = np.empty(len(self.code), dtype=np.int64)
        rank[order] = np.arange(len(self.code)) - np.repeat(np.cumsum(self.size) - self.size, self.size)
        begin = np.full(len(self.first), len(self.code))
        np.minimum.at(begin, self.unit, rank)
        return rank, begin[self.unit]
