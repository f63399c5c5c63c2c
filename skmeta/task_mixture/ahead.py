"""Rows ahead of a table whose tasks share a time: which these are, and whom to trust with them."""

import numpy as np

from skmeta.task_mixture.pooled_model import best_temperature
from skmeta.task_mixture.trust import SizeWeights, that_occur, usual
from skmeta.task_mixture.uncertainty import Uncertainty

_FEWEST_TIMES = 4
_LEAST_SHARE = 0.5  # of all times, that tasks have to have on average
_HIDDEN = 0.2  # of the times, at each origin
_N_ORIGINS = 2


class Calendar:
    """The times of a table's rows: weeks of stores, ages of children, visits of patients.

    Rows that come later than the table lie ahead of all its rows, not between them, and what is best between rows may
    be wrong ahead. So the last times are hidden, and those before them once more.

    Parameters
    ----------
    column : int
        Of the table of numbers.
    times : array
        Its values, sorted.
    """

    def __init__(self, column, times):
        self.column, self.times = column, times

    @classmethod
    def of(cls, rows, n_tasks):
        """The column whose values most tasks have most of, with the fewest rows at the same time; or None."""
        best, most = None, 0
        longest = rows.n_rows(n_tasks).max()
        for column, values in enumerate(rows.X.T):
            times, place = np.unique(values, return_inverse=True)
            if _FEWEST_TIMES <= len(times) <= longest / _LEAST_SHARE:
                n_pairs = len(np.unique(rows.code * len(times) + place.ravel()))
                if n_pairs > max(most, _LEAST_SHARE * len(times) * n_tasks):
                    best, most = cls(column, times), n_pairs
        return best

    def is_ahead(self, X):
        """(n_rows,) whether rows are later than the table."""
        return X[:, self.column] > self.times[-1]

    def origins(self, rows):
        """Positions of the rows before some time, and of those behind it up to the next origin, of the same tasks."""
        n_hidden = max(int(_HIDDEN * len(self.times)), 1)
        values, end = rows.X[:, self.column], np.inf
        for begin in self.times[-n_hidden * np.arange(1, _N_ORIGINS + 1)]:
            is_shown = values < begin
            is_known = np.isin(rows.code, rows.code[is_shown])
            query = np.flatnonzero((values >= begin) & (values < end) & is_known)
            if len(query):
                yield np.flatnonzero(is_shown), query
            end = begin


class TrustAhead:
    """The trust in members for rows later than the table, and how far answers lie from these.

    How the rows of one time were foretold is luck of that time, however many tasks agree. So the weights are the mean
    of those that each origin speaks for and those for rows between others; and the errors at an origin are those of the
    mean of all the others' weights.

    Parameters
    ----------
    calendar : Calendar
    between : SizeWeights
        For rows between others.
    asked : list of tuples
        For each origin, of the rows behind it: the members' answers (N, E, C), the truth, how many rows their tasks
        had shown, their tasks, and what they count by.
    """

    def __init__(self, calendar, between, asked):
        self.calendar, kind = calendar, between.kind
        learned = [SizeWeights(_sizes(part[2]), kind).fit(*part) for part in asked]
        self.weights, self.errors = SizeWeights.mean_of([between, *learned]), None
        answers, y, n_shown, task, weight = map(np.concatenate, zip(*asked))
        if kind == "classification":
            blend = self.weights.blend(self.weights(n_shown), answers)
            self.weights.temperature = best_temperature(blend, y, weight)
            return
        others = [SizeWeights.mean_of([between, *learned[:k], *learned[k + 1 :]]) for k in range(len(learned))]
        trust = np.concatenate([weights(part[2]) for weights, part in zip(others, asked)])
        answers = answers[:, :, 0]
        blend = (trust * answers).sum(1)
        errors = Uncertainty(_sizes(n_shown), of_these_tasks=True)
        self.errors = errors.fit(blend, answers, trust, y, n_shown, task, weight)


def _sizes(n_shown):
    return that_occur(usual(n_shown), n_shown)
