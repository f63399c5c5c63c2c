"""The times of a table's rows: the column that tells them, and the rows that lie beyond those of their task."""

import numpy as np

from skmeta.mixed_models.segments import Segments

_FEWEST_TIMES = 2  # tasks have more than these on average, as some have to be hidden
_LEAST_SHARE = 0.5  # of all times, that tasks which share them have on average
_OF_CHANCE = 0.5  # of the variance that numbers of rows have by chance, where they are even
_MOST_FALLS = 0.05  # of the steps from row to row, where rows lie in the order of a column
_SURELY = 3.0  # standard deviations of as many tosses of a coin
_HIDDEN = 0.2  # of each task's times, at each origin
_N_ORIGINS = 2


class Calendar:
    """The times of tasks' rows: weeks of stores, ages of children, visits of patients; shared by all or each one's own.

    Rows that come later than all of their task lie ahead of these, not between them, and what is best between rows may
    be wrong ahead. So the last fifth of each task's times is hidden, and the last two fifths once more. Which way time
    runs, the order of the table's rows says. Where it does not, as of a column that counts down, rows beyond either end
    are ahead, and a fifth of the times at either end is hidden.

    Parameters
    ----------
    columns : list of int
        Of the table of numbers; several where they put each task's rows in the same order.
    both_ends : bool
        Whether nobody knows which way time runs.
    ends : pair of arrays or None
        The first and the last values of the columns, where tasks share them. Rows of a task between those of others
        then do not lie ahead.
    """

    def __init__(self, columns, both_ends=False, ends=None):
        self.columns, self.both_ends, self.ends = columns, both_ends, ends

    def __setstate__(self, state):
        vars(self).update({"ends": None} | state)
        if "times" in state:  # of before tasks could have times of their own
            del self.times
            self.both_ends, self.ends = False, (np.full(len(self.ends), -np.inf), self.ends)

    @classmethod
    def of(cls, rows, n_tasks):
        """The column that each task's rows lie in the order of, or whose values they have in common; or None.

        Tasks have a time in common if most of them have most of its values, each about as often as another. A rating
        they have as well, though not as evenly, and no table lies in its order, not even roughly as one of schools lies
        in that of years where it has pupil by pupil. A time that rows lie in the order of comes before one that is
        shared, and weeks come before what is computed from them, as their steps are more even. Where columns that are
        alike in all this put rows in different orders, none is a time.
        """
        found = []
        for column, values in enumerate(rows.X.T):
            key = _what_speaks_for_a_time(values, rows.code, n_tasks)
            if key is not None:
                found.append((key, column))
        if not found:
            return None
        best = max(key for key, _ in found)
        columns = [column for key, column in found if key == best]
        rises = best[1]
        rank, n_times = _ranks_within(rows.X[:, columns[0]], rows.code)
        for column in columns[1:]:
            other = _ranks_within(rows.X[:, column], rows.code)[0]
            is_same = (other == rank).all() or (not rises and (other == n_times - 1 - rank).all())
            if not is_same:
                return None
        X = rows.X[:, columns]
        is_shared = best[3] > _LEAST_SHARE * n_tasks * len(np.unique(X[:, 0]))
        return cls(columns, not rises, (X.min(axis=0), X.max(axis=0)) if is_shared else None)

    def times_of(self, rows):
        return rows.X[:, self.columns[0]]

    def beyond(self, query, shown):
        """Rows are told to lie ahead of all that their task has shown, or not, and how far beyond; (n_rows,) both."""
        tasks, place = np.unique(query.code, return_inverse=True)
        ranges = [shown.range_of(task, self.columns) for task in tasks.tolist()]
        first, last = (np.reshape(ends, (-1, len(self.columns)))[place] for ends in zip(*ranges))
        X = query.X[:, self.columns]
        distance = (np.maximum(X - last, first - X) if self.both_ends else X - last)[:, 0].clip(0)
        if self.ends is not None:
            first, last = np.minimum(first, self.ends[0]), np.maximum(last, self.ends[1])
        return ((last < X) | (self.both_ends & (first > X))).any(axis=1), distance

    def origins(self, rows):
        """Positions of the rows before some time of each task, and of those behind it; and in which fifth behind."""
        rank, n_times = _ranks_within(self.times_of(rows), rows.code)
        n_hidden = np.maximum((_HIDDEN * n_times).astype(int), 1)
        for k in range(_N_ORIGINS):
            if k and self.both_ends:
                rank = n_times - 1 - rank
            begin = np.maximum(n_times - n_hidden * (1 if self.both_ends else k + 1), 1)  # one time of each is shown
            query = np.flatnonzero(rank >= begin)
            if len(query):
                yield np.flatnonzero(rank < begin), query, ((rank - begin) // n_hidden)[query].clip(0, _N_ORIGINS - 1)

    def nearest(self, support, query, n):
        """Positions of the n rows of each task asked about that are nearest in time to those of the query."""
        tasks = Segments(query.code)
        mine = np.flatnonzero(np.isin(support.code, tasks.codes))
        code, times = support.code[mine], self.times_of(support)[mine]
        middle = np.add.reduceat(self.times_of(query), tasks.first) / np.bincount(tasks.of_row)
        order = np.lexsort((np.abs(times - middle[np.searchsorted(tasks.codes, code)]), code))
        place = np.arange(len(mine)) - np.searchsorted(code, code)
        return np.sort(mine[order[place < n]])

    def of_nearest(self, values, support, query):
        """(n_query, m) means of the (n_support, m) values of those rows of each row's task that are nearest in time."""
        times, tasks = self.times_of(support), Segments(support.code, support.weight)
        place = np.searchsorted(tasks.codes, query.code)

        def of_end(ends):
            is_there = (times == ends[tasks.of_row]).astype(np.float64)
            return (tasks.sums(values * is_there[:, None]) / tasks.sums(is_there)[:, None])[place]

        last = np.maximum.reduceat(times, tasks.first)
        if not self.both_ends:
            return of_end(last)
        first = np.minimum.reduceat(times, tasks.first)
        is_early = self.times_of(query) < (first / 2 + last / 2)[place]
        return np.where(is_early[:, None], of_end(first), of_end(last))


def _what_speaks_for_a_time(values, code, n_tasks):
    """A column gets a key by which it is compared, and the best has the largest; None if it tells no time."""
    times, place = np.unique(values, return_inverse=True)
    place, n_cells = place.ravel(), n_tasks * len(times)
    n_pairs = len(np.unique(code * len(times) + place))
    if n_pairs <= _FEWEST_TIMES * n_tasks:
        return None
    step = np.diff(values)[code[1:] == code[:-1]]
    n_rises, n_falls = np.count_nonzero(step > 0), np.count_nonzero(step < 0)
    n_steps = n_rises + n_falls
    is_in_order = min(n_rises, n_falls) <= _MOST_FALLS * n_steps
    is_told = abs(n_rises - n_falls) > _SURELY * np.sqrt(n_steps)
    is_shared = n_pairs > _LEAST_SHARE * n_cells
    is_even = is_shared and _are_even(np.bincount(code * len(times) + place, minlength=n_cells).reshape(n_tasks, -1))
    if not (is_in_order or (is_shared and (is_even or is_told))):
        return None
    rises = n_rises > n_falls and (is_in_order or is_told)
    return is_in_order, rises, is_even, n_pairs, -_unevenness(np.diff(times))


def _are_even(counts):
    """Whether tasks have rows at one time as at another, more so than by chance, by (n_tasks, n_times) numbers."""
    by_chance = counts.mean(axis=1, keepdims=True)
    return bool(((counts - by_chance) ** 2 / by_chance).sum() < _OF_CHANCE * len(counts) * (counts.shape[1] - 1))


def _unevenness(steps):
    return round(steps.std() / steps.mean(), 6)


def _ranks_within(values, code):
    """Each row's place among the different values of its task, whose ``code`` is sorted, and how many these are."""
    order = np.lexsort((values, code))
    tasks, sorted_values = Segments(code), values[order]
    is_new = np.ones(len(code), dtype=bool)
    is_new[1:] = sorted_values[1:] != sorted_values[:-1]
    is_new[tasks.first] = True
    count = np.cumsum(is_new)
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = count - count[tasks.first][tasks.of_row]
    return rank, np.add.reduceat(is_new.astype(np.int64), tasks.first)[tasks.of_row]
