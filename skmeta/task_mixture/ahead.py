"""Rows ahead of a table whose tasks share a time: which these are, and whom to trust with them."""

import numpy as np

from skmeta.task_mixture.pooled_model import best_temperature
from skmeta.task_mixture.trust import SizeWeights, that_occur, usual
from skmeta.task_mixture.uncertainty import Uncertainty

_FEWEST_TIMES = 4
_LEAST_SHARE = 0.5  # of all times, that tasks have to have on average
_OF_CHANCE = 0.5  # of the variance that numbers of rows have by chance, where they are even
_HIDDEN = 0.2  # of the times, at each origin
_N_ORIGINS = 2


class Calendar:
    """The times of a table's rows: weeks of stores, ages of children, visits of patients.

    Rows that come later than the table lie ahead of all its rows, not between them, and what is best between rows may
    be wrong ahead. So the last times are hidden, and those before them once more. Time is taken to grow: of a
    column that counts down, rows before the table are taken for later ones.

    Parameters
    ----------
    columns : list of int
        Of the table of numbers; several where they put its rows in the same order.
    times : array
        Values of the first of them, sorted.
    ends : array
        The largest value of each.
    """

    def __init__(self, columns, times, ends):
        self.columns, self.times, self.ends = columns, times, ends

    @classmethod
    def of(cls, rows, n_tasks):
        """The column whose values most tasks have most of, with the fewest rows at the same time; or None.

        One that spreads each task's rows evenly comes before one where that is left to chance, as values of an
        attribute are; and weeks come before what is computed from them, as their steps are more even. Where columns
        that are alike in all this put rows in different orders, none is a time: of week and 30 - week either may be it.

        Years of pupils who change from school to school are as uneven as a rating, and one that most tasks have most
        values of passes for a time as well: it costs fits, and changes no answer to rows within its values.
        """
        found = []
        for column, values in enumerate(rows.X.T):
            times, place = np.unique(values, return_inverse=True)
            n_cells, place = n_tasks * len(times), place.ravel()
            if len(times) < _FEWEST_TIMES or _LEAST_SHARE * n_cells > len(rows):
                continue
            counts = np.bincount(rows.code * len(times) + place, minlength=n_cells).reshape(n_tasks, -1)
            n_pairs = np.count_nonzero(counts)
            if n_pairs > _LEAST_SHARE * n_cells:
                found.append(((_are_even(counts), n_pairs, -_unevenness(np.diff(times))), column, times, place))
        if not found:
            return None
        best = max(key for key, *_ in found)
        _, columns, times, places = zip(*(one for one in found if one[0] == best))
        if any((place != places[0]).any() for place in places):
            return None
        return cls(list(columns), times[0], np.array([each[-1] for each in times]))

    def is_ahead(self, query, shown):
        """(n_rows,) whether rows are later than the table, and than what their tasks have shown since."""
        tasks, place = np.unique(query.code, return_inverse=True)
        ends = [np.maximum(self.ends, shown.largest_later(task, self.columns)) for task in tasks.tolist()]
        return (query.X[:, self.columns] > np.reshape(ends, (-1, len(self.ends)))[place]).any(axis=1)

    def origins(self, rows):
        """Positions of the rows before some time, and of those behind it up to the next origin, of the same tasks."""
        n_hidden = max(int(_HIDDEN * len(self.times)), 1)
        values, end = rows.X[:, self.columns[0]], np.inf
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


def _are_even(counts):
    """Whether tasks have rows at one time as at another, more so than by chance, by (n_tasks, n_times) numbers."""
    by_chance = counts.mean(axis=1, keepdims=True)
    return ((counts - by_chance) ** 2 / by_chance).sum() < _OF_CHANCE * len(counts) * (counts.shape[1] - 1)


def _unevenness(steps):
    return round(steps.std() / steps.mean(), 6)


def _sizes(n_shown):
    return that_occur(usual(n_shown), n_shown)
