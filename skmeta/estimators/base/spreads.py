"""A task whose columns or targets vary on another scale than in any task of meta-training is told of."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from skmeta.exceptions import AdaptationWarning, warn_caller

#: how far beyond the spreads of meta-training's tasks another scale begins; of few tasks little is known of others
_FAR, _FAR_OF_ONE_TASK = 3.0, 100.0
#: chance that so few rows of an ordinary task lie that near to each other, or far from each other
_CHANCE = 1e-4
#: of the largest value: a difference that is none
_ROUNDING = 1e-9
#: a task in which two values lie as far from each other as this many least spreads is on the usual scale
_ORDINARY = 3.0
_ROWS, _CELLS_AT_ONCE, _SHOWN = 1000, 2**20, 3


@dataclass(frozen=True)
class Spreads:
    """How widely columns, and targets, spread within the tasks of meta-training, and where another scale begins.

    A task's spread is the typical difference of two of its values: see :func:`log_spreads`. It does not depend on the
    number of rows, a rare large value hardly moves it, and rescaling changes it by the factor.

    Parameters
    ----------
    low, high : ndarrays of shape (n_features,) or (n_features + n_targets,)
        The least and the largest but for one task in a hundred; NaN for what varies in no task. Targets are there
        where it matters on which scale they are.
    far : ndarray of the same shape
        How many times beyond these another scale begins: three times, or half as far again as they lie apart.
    """

    low: np.ndarray
    high: np.ndarray
    far: np.ndarray

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
        found = _log_spreads_of_tasks([X] if y is None else [X, y], start[enough], n_rows[enough])
        low, high = _quantiles(found, [0.01, 0.99])
        n_tasks = np.maximum((~np.isnan(found)).sum(0), 1)
        far = np.fmax((high - low) / 2, np.log(np.maximum(_FAR, _FAR_OF_ONE_TASK / n_tasks)))
        return cls(*np.exp([low, high, far]))

    def following(self, before):
        """These and those of an earlier fit, from which training has gone on."""
        return Spreads(np.fmin(self.low, before.low), np.fmax(self.high, before.high), np.fmin(self.far, before.far))

    def factors(self, X, y, start, n_rows):
        """How many times the usual spread each task has where that is another scale, and NaN elsewhere.

        Parameters
        ----------
        X, y, start, n_rows
            As in :meth:`of_tasks`; tasks in the order of their rows.

        Returns
        -------
        factors : ndarray of shape (n_tasks, n_features) or (n_tasks, n_features + n_targets)
        """
        tables = [X] if len(self.low) == X.shape[1] else [X, y]
        factors, several = np.full((len(start), len(self.low)), np.nan), np.flatnonzero(n_rows > 1)
        if not len(several):
            return factors
        # ranges are quick to find, and tell of nearly all tasks that they are ordinary
        ranges = _ranges_of_tasks(tables, start[several], n_rows[several])
        least, most = self.low / self.far, self.high * self.far
        suspect = several[((ranges > most) | (ranges < _ORDINARY * least) & (ranges > 0)).any(1)]
        if not len(suspect):
            return factors
        found = np.exp(_log_spreads_of_tasks(tables, start[suspect], n_rows[suspect]))
        # of n values, all but one would have to be so near to it, or so far
        chance = (len(self.low) / _CHANCE) ** (1 / (n_rows[suspect, None] - 1))
        is_far = (found < np.fmin(least, self.low / chance)) | (found > np.fmax(most, self.high * chance))
        factors[suspect] = np.where(is_far, found / (np.sqrt(self.low) * np.sqrt(self.high)), np.nan)
        return factors


def look_at_tasks(estimator, tasks):
    """Warn where what tasks have shown is on another scale than in meta-training."""
    spreads, (X, y) = vars(estimator).get("spreads_"), tasks.pooled
    if spreads is not None and not sparse.issparse(X):
        start = np.cumsum(tasks.n_rows) - tasks.n_rows
        _warn_of(spreads.factors(X, estimator.codec_.with_scale(y), start, tasks.n_support), estimator)


def look_at_task(estimator, before):
    """Warn where the current task is on another scale than in meta-training, and was not so ``before``.

    Parameters
    ----------
    estimator : estimator
    before : CurrentTask or None
        What it was before further rows came.
    """
    spreads = vars(estimator).get("spreads_")
    if spreads is None:
        return
    factors = _factors_of(estimator, spreads, estimator.task_.rows)
    if np.isnan(factors).all():
        return
    if before is None or np.isnan(_factors_of(estimator, spreads, before.rows)).all():
        _warn_of(factors, estimator)


def _factors_of(estimator, spreads, rows):
    return spreads.factors(rows.X, estimator.codec_.with_scale(rows.y), np.zeros(1, int), np.array([len(rows.y)]))


def _warn_of(factors, estimator):
    """Say which columns or targets of which tasks are on another scale, if any are."""
    n_features, names = estimator.n_features_in_, vars(estimator).get("feature_names_in_")
    is_far = ~np.isnan(factors)
    if not is_far.any():
        return
    columns = np.flatnonzero(is_far.any(0))
    typical = _of_most_tasks(np.log(factors[:, columns]))
    called = [_called(j, n_features, factors.shape[1], names) for j in columns]
    order = np.argsort(-np.abs(typical), kind="stable")
    said = [f"{called[i]} {float(f'{np.exp(typical[i]):.2g}'):g} times as much" for i in order]
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    which = "The task is" if len(factors) == 1 else f"{is_far.any(1).sum()} of {len(factors)} tasks are"
    remedy = "Bring them to the units of meta-training"
    if (columns < n_features).any():
        remedy += ", or scale columns by task, PerTask(StandardScaler(), fit_on='support') before the estimator"
    if (columns >= n_features).any():
        remedy += ", or meta-train with target_scaling='task'"
    warn_caller(
        f"{which} on another scale than those of meta-training: {', '.join(said[:_SHOWN])}{more}. Answers may be far "
        f"off. {remedy}.",
        AdaptationWarning,
    )


def _of_most_tasks(logs):
    """The median factor of each column on the side, larger or smaller, where more tasks are."""
    side = np.where(np.nansum(np.sign(logs), axis=0) < 0, -1, 1)
    return np.nanmedian(np.where(np.sign(logs) == side, logs, np.nan), axis=0)


def _called(column, n_features, width, names):
    if column < n_features:
        return f"column {column if names is None else repr(str(names[column]))} varies"
    return "the targets vary" if width == n_features + 1 else f"target {column - n_features} varies"


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


def _quantiles(values, shares):
    """Quantiles (n_shares, n_columns) of values (n, n_columns), NaN left out, for which numpy goes column by column."""
    found, lacks = np.empty((len(shares), values.shape[1])), np.isnan(values).any(0)
    found[:, ~lacks] = np.quantile(values[:, ~lacks], shares, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing is said of a column that is constant everywhere
        found[:, lacks] = np.nanquantile(values[:, lacks], shares, axis=0)
    return found


def _log_spreads_of_tasks(tables, start, n_rows):
    """Each task's :func:`log_spreads` in all tables, tasks of one size together; NaN for a task of one row."""
    width = sum(table.shape[1] for table in tables)
    found = np.full((len(start), width), np.nan)
    for n in np.unique(n_rows[n_rows > 1]):
        steps = np.linspace(0, n - 1, min(n, _ROWS)).astype(int)
        of_size = np.flatnonzero(n_rows == n)
        at_once = max(1, _CELLS_AT_ONCE // (len(steps) * width))
        for first in range(0, len(of_size), at_once):
            tasks = of_size[first : first + at_once]
            rows = start[tasks, None] + steps
            found[tasks] = np.concatenate([log_spreads(table[rows]) for table in tables], axis=1)
    return found


def _ranges_of_tasks(tables, start, n_rows):
    """Largest less least value of each task's columns in all tables."""
    if len(start) == 1:
        rows = slice(start[0], start[0] + n_rows[0])
        with np.errstate(over="ignore"):
            return np.concatenate([table[rows].max(0) - table[rows].min(0) for table in tables])[None]
    ends = np.column_stack([start, start + n_rows]).ravel()
    ends = ends[:-1] if ends[-1] == len(tables[0]) else ends
    with np.errstate(over="ignore"):
        ranges = [np.maximum.reduceat(table, ends)[::2] - np.minimum.reduceat(table, ends)[::2] for table in tables]
    return ranges[0] if len(ranges) == 1 else np.concatenate(ranges, axis=1)
