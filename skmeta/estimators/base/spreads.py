"""How widely columns and targets of tasks spread, and where: what lies far beyond meta-training's is found by it."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np

#: how far beyond the spreads of meta-training's tasks another scale begins; of few tasks little is known of others
_FAR, _FAR_OF_ONE_TASK = 3.0, 100.0
#: chance that so few rows of an ordinary task lie that near to each other, or far from each other
_CHANCE = 1e-4
#: of the largest value: a difference that is none
_ROUNDING = 1e-9
#: a task in which two values lie as far from each other as this many least spreads is on the usual scale
_ORDINARY = 3.0
#: share of ordinary tasks that may be told to lie elsewhere, in one column or another; and for what chance does to few
_SHARE, _SHARE_OF_FEW = 1e-2, 1e-3
#: how often beyond all that was seen anywhere what never varied, a flag that is 1 high among it, lies elsewhere
_FAR_OF_A_CONSTANT = 100.0
_ROWS, _CELLS_AT_ONCE = 100, 2**20


@dataclass(frozen=True)
class Spreads:
    """How widely columns, and targets, spread within the tasks of meta-training, and where; what lies far beyond both.

    A task's spread is the typical difference of two of its values: see :func:`log_spreads`. It does not depend on the
    number of rows, a rare large value hardly moves it, and rescaling changes it by the factor.

    Parameters
    ----------
    low, high : ndarrays of shape (n_features,) or (n_features + n_targets,)
        The least and the largest but for one task in a hundred; NaN for what varies in no task. Targets are there
        where it matters on which scale they are.
    far : ndarray of the same shape
        How many times beyond these another scale begins: three times, or half as far again as they lie apart.
    least, most : ndarrays of the same shape, default=None
        Between which values lie, but for one task in a hundred on either side. None is not known: such tasks are
        nowhere told to lie elsewhere.
    margin : ndarray of the same shape, default=None
        How far beyond these a task lies elsewhere: see :func:`_margins`.
    """

    low: np.ndarray
    high: np.ndarray
    far: np.ndarray
    least: np.ndarray | None = None
    most: np.ndarray | None = None
    margin: np.ndarray | None = None

    @classmethod
    def of_tasks(cls, X, y, start, n_rows):
        """Measure tasks of pooled rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows_in_all, n_features)
        y : ndarray of shape (n_rows_in_all, n_targets) or None
            None leaves targets out.
        start, n_rows : ndarrays of shape (n_tasks,)
            Each task's first row, and how many it has.
        """
        enough = n_rows >= np.median(n_rows)  # of fewer rows than most tasks have, chance says how they spread
        tables = [X] if y is None else [X, y]
        found = _log_spreads_of_tasks(tables, start[enough], n_rows[enough])
        low, high = _quantiles(found, [0.01, 0.99])
        n_tasks = np.maximum((~np.isnan(found)).sum(0), 1)
        far = np.fmax((high - low) / 2, np.log(np.maximum(_FAR, _FAR_OF_ONE_TASK / n_tasks)))
        lowest, highest = ends_of_tasks(tables, start[n_rows > 0], n_rows[n_rows > 0])
        # values that were seen: between a flag's two there are none
        least, most = _quantiles(lowest, [0.01], "lower")[0], _quantiles(highest, [0.99], "higher")[0]
        largest = max(np.abs(lowest).max(initial=1.0), np.abs(highest).max(initial=1.0))
        margin = _margins(least, most, _n_values([lowest, highest], tables), len(lowest), largest)
        return cls(*np.exp([low, high, far]), least, most, margin)

    def following(self, before):
        """These and those of an earlier fit, from which training has gone on."""
        low, high, far = np.fmin(self.low, before.low), np.fmax(self.high, before.high), np.fmin(self.far, before.far)
        if before.margin is None:
            return Spreads(low, high, far)
        least, most = np.fmin(self.least, before.least), np.fmax(self.most, before.most)
        return Spreads(low, high, far, least, most, np.fmax(np.fmin(self.margin, before.margin), most - least))

    def tables(self, X, y):
        """The tables that are looked at: rows, and targets if they have been measured."""
        return [X] if len(self.low) == X.shape[1] else [X, y]

    def factors(self, tables, start, n_rows, ends):
        """How many times the usual spread each task has where that is another scale, and NaN elsewhere.

        Parameters
        ----------
        tables : list of ndarrays
            As :meth:`tables` gives them.
        start, n_rows : ndarrays of shape (n_tasks,)
            As in :meth:`of_tasks`, none without any row.
        ends : pair of ndarrays
            Of these tasks, by :func:`ends_of_tasks`.

        Returns
        -------
        factors : ndarray of shape (n_tasks, n_features) or (n_tasks, n_features + n_targets)
        """
        factors = np.full((len(start), len(self.low)), np.nan)
        suspect = np.flatnonzero(self._are_suspect(*ends).any(1))
        if not len(suspect):
            return factors
        least, most = self.low / self.far, self.high * self.far
        found = np.exp(_log_spreads_of_tasks(tables, start[suspect], n_rows[suspect]))
        # of n values, all but one would have to be so near to it, or so far
        chance = (len(self.low) / _CHANCE) ** (1 / (np.minimum(n_rows[suspect, None], _ROWS) - 1))
        is_far = (found < np.fmin(least, self.low / chance)) | (found > np.fmax(most, self.high * chance))
        factors[suspect] = np.where(is_far, found / (np.sqrt(self.low) * np.sqrt(self.high)), np.nan)
        return factors

    def places(self, ends):
        """The nearest value of tasks all of whose values lie elsewhere, and NaN for the others.

        Elsewhere is beyond the values of meta-training by as much again as these lie apart, and by more where little is
        known of others: of few tasks, and of columns of few values.

        Parameters
        ----------
        ends : pair of ndarrays
            Of the tasks, by :func:`ends_of_tasks`.

        Returns
        -------
        places : ndarray of shape (n_tasks, n_features) or (n_tasks, n_features + n_targets)
        """
        lowest, highest = ends
        is_above, is_below = self._lie_beyond(lowest, highest)
        return np.where(is_above, lowest, np.where(is_below, highest, np.nan))

    def is_ordinary(self, X, y):
        """Whether a look at the ends of its columns is enough to tell that one task is ordinary, as of nearly all."""
        if not len(X):
            return True
        ends = ends_of_rows(self.tables(X, y))
        above, below = self._lie_beyond(*ends)
        return not (self._are_suspect(*ends) | above | below).any()

    def _are_suspect(self, lowest, highest):
        """Say which columns (..., n_columns) may be on another scale, as far as their ends tell."""
        wide, narrow, *_ = self._bounds
        with np.errstate(over="ignore"):
            ranges = highest - lowest
        return (ranges > wide) | (ranges < narrow) & (ranges > 0)

    def _lie_beyond(self, lowest, highest):
        """Say which columns (..., n_columns) lie wholly above, and which wholly below, where others lie."""
        *_, above, below = self._bounds
        return lowest > above, highest < below

    @cached_property
    def _bounds(self):
        """Ranges beyond which a column may be on another scale, and ends beyond which it lies elsewhere."""
        with np.errstate(over="ignore", invalid="ignore"):
            wide, narrow = self.high * self.far, self.low * (_ORDINARY / self.far)
            if self.margin is None:
                return wide, narrow, np.inf, -np.inf
            return wide, narrow, self.most + self.margin, self.least - self.margin


def log_spreads(rows):
    """Logarithms of the typical difference of two values, by columns.

    It is the geometric mean of how far values lie from those half of the rows further on in their order. Equal values
    have no difference: of a flag it is the flag's height, however rare it is.

    Parameters
    ----------
    rows : ndarray of shape (..., n_rows, n_columns)

    Returns
    -------
    spreads : ndarray of shape (..., n_columns)
        NaN where nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[0.0, 5.0, 0.0], [1.0, 5.0, 0.0], [3.0, 5.0, 0.0], [8.0, 5.0, 7.0]])
    >>> np.exp(log_spreads(rows)).round(3)  # 3 and 7 have the geometric mean 4.583
    array([4.583,   nan, 7.   ])
    """
    rows = np.sort(rows, axis=-2)
    half = (rows.shape[-2] + 1) // 2
    with np.errstate(over="ignore"):
        gaps = rows[..., half:, :] - rows[..., : rows.shape[-2] - half, :]
    least = _ROUNDING * np.maximum(np.abs(rows[..., 0, :]), np.abs(rows[..., -1, :]))
    varies = gaps > least[..., None, :]
    total = np.log(gaps, where=varies, out=np.zeros_like(gaps)).sum(-2)
    n_gaps = varies.sum(-2)
    return np.where(n_gaps > 0, total / np.maximum(n_gaps, 1), np.nan)


def _margins(least, most, n_values, n_tasks, largest):
    """How far beyond what meta-training has seen, from ``least`` to ``most`` by columns, a task lies elsewhere.

    Of how many times as far as these lie apart, the largest: once; what tails like those of Student's t of two degrees
    of freedom ask for, of so many columns and after so few tasks; and what the chance asks for that so few values lay
    near to each other by accident. Where nothing varies, a task lies elsewhere far beyond all that was seen anywhere.
    """
    n_free = np.maximum(np.minimum(n_values, n_tasks) - 1, 1)
    for_tails, for_chance = (len(least) / _SHARE / n_tasks) ** 0.5 - 1, (len(least) / _SHARE_OF_FEW) ** (1 / n_free)
    times = np.maximum(max(1.0, for_tails), for_chance)
    with np.errstate(over="ignore"):
        apart = most - least
        varies = apart > _ROUNDING * np.maximum(np.abs(least), np.abs(most))
        return np.where(varies, apart * times, _FAR_OF_A_CONSTANT * largest)


def _n_values(ends, tables):
    """How many values the columns have in a hundred tasks and as many rows, those that differ by rounding as one."""
    few = [end[np.linspace(0, len(end) - 1, min(len(end), _ROWS)).astype(int)] for end in ends]
    steps = np.linspace(0, len(tables[0]) - 1, min(len(tables[0]), _ROWS)).astype(int)
    columns = np.sort(np.concatenate([*few, np.concatenate([table[steps] for table in tables], axis=1)]).T)
    rounding = _ROUNDING * np.maximum(np.abs(columns[:, :1]), np.abs(columns[:, -1:]))
    with np.errstate(over="ignore"):
        return 1 + (np.diff(columns) > rounding).sum(1)


def _quantiles(values, shares, method="linear"):
    """Quantiles (n_shares, n_columns) of values (n, n_columns), NaN left out, for which numpy goes column by column."""
    found, lacks = np.empty((len(shares), values.shape[1])), np.isnan(values).any(0)
    found[:, ~lacks] = np.quantile(values[:, ~lacks], shares, axis=0, method=method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing is said of a column that is constant everywhere
        found[:, lacks] = np.nanquantile(values[:, lacks], shares, axis=0, method=method)
    return found


def _log_spreads_of_tasks(tables, start, n_rows):
    """Each task's :func:`log_spreads` in all tables, tasks of one size together; NaN for a task of one row."""
    found = np.full((len(start), sum(table.shape[1] for table in tables)), np.nan)
    for tasks, blocks in _of_one_size(tables, start, n_rows, _ROWS):
        if blocks[0].shape[1] > 1:
            found[tasks] = np.concatenate([log_spreads(block) for block in blocks], axis=1)
    return found


def _of_one_size(tables, start, n_rows, most=None):
    """Tasks of one size, some at a time, and their blocks (n_tasks, n_rows, n_columns) of all tables.

    Of more than ``most`` rows, so many are taken. Small blocks are many times faster than ``reduceat`` along rows.
    """
    width = sum(table.shape[1] for table in tables)
    for n in np.unique(n_rows):
        steps = np.linspace(0, n - 1, n if most is None else min(n, most)).astype(int)
        of_size = np.flatnonzero(n_rows == n)
        at_once = max(1, _CELLS_AT_ONCE // (len(steps) * width))
        for first in range(0, len(of_size), at_once):
            tasks = of_size[first : first + at_once]
            rows = start[tasks, None] + steps
            if rows[-1, -1] - rows[0, 0] + 1 == rows.size:  # they lie one after the other, and need no copy
                whole = [table[rows[0, 0] : rows[-1, -1] + 1] for table in tables]
                yield tasks, [table.reshape(*rows.shape, table.shape[1]) for table in whole]
            else:
                yield tasks, [table[rows] for table in tables]


def ends_of_tasks(tables, start, n_rows):
    """The least and the largest value of each task's columns in all tables, each (n_tasks, n_columns).

    Parameters
    ----------
    tables : list of ndarrays of shape (n_rows_in_all, n_columns)
    start, n_rows : ndarrays of shape (n_tasks,)
        Each task with one row at least.
    """
    ends = np.empty((2, len(start), sum(table.shape[1] for table in tables)), np.result_type(*tables))
    for tasks, blocks in _of_one_size(tables, start, n_rows):
        ends[0, tasks], ends[1, tasks] = _beside(_end_of_blocks, blocks)
    return ends[0], ends[1]


def _end_of_blocks(end, blocks):
    """Ends (n_tasks, n_columns) along the rows: by halves, since a few columns are too narrow for vectors."""
    while (n := blocks.shape[1]) > 1:
        blocks = end(blocks[:, : (n + 1) // 2], blocks[:, n // 2 :])
    return blocks[:, 0]


def ends_of_rows(tables):
    """The least and the largest value of the columns of all tables, each (n_columns,)."""
    return _beside(lambda end, table: end.reduce(table), tables)


def distance_of_tasks(ends):
    """How many times as far as its values range tasks lie apart, in half of the columns that vary within tasks.

    That is the distance from the lower to the upper quarter of the tasks' middles, over the median of their ranges.

    Parameters
    ----------
    ends : pair of ndarrays of shape (n_tasks, n_columns)
        By :func:`ends_of_tasks`.

    Returns
    -------
    distance : float
        0 where nothing varies.

    Examples
    --------
    >>> import numpy as np
    >>> lowest = np.array([[0.0, 5.0], [10.0, 6.0], [30.0, 7.0], [50.0, 8.0]])
    >>> distance_of_tasks((lowest, lowest + [2.0, 0.0]))  # of the second column tasks have one value each
    13.75
    """
    lowest, highest = ends
    with np.errstate(over="ignore", invalid="ignore"):
        ranges = np.median(highest - lowest, axis=0)
        low, high = np.quantile((lowest + highest) / 2, [0.25, 0.75], axis=0)
        varies = ranges > _ROUNDING * np.maximum(np.abs(low), np.abs(high))
        return float(np.median((high - low)[varies] / ranges[varies])) if varies.any() else 0.0


def _beside(found, tables):
    ends = [[found(end, table) for table in tables] for end in (np.minimum, np.maximum)]
    return tuple(some[0] if len(some) == 1 else np.concatenate(some, axis=-1) for some in ends)
