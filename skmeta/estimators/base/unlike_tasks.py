"""A task unlike those of meta-training, whose columns or targets vary on another scale or lie elsewhere, is told of."""

import numpy as np
from scipy import sparse

from skmeta.estimators.base.spreads import distance_of_tasks, ends_of_tasks
from skmeta.exceptions import AdaptationWarning, warn_caller

_SHOWN, _TARGETS = 3, "the targets"
#: of one task there is no other; and how many times as far as they range tasks must lie apart to be told of
_LEAST_TASKS, _APART = 4, 3.0


def look_at_tasks(estimator, tasks):
    """Warn where what tasks have shown is on another scale than in meta-training, or lies elsewhere."""
    spreads, (X, y) = vars(estimator).get("spreads_"), tasks.pooled
    if spreads is not None and not sparse.issparse(X):
        start = np.cumsum(tasks.n_rows) - tasks.n_rows
        _warn_of(estimator, *_looked_at(spreads, X, estimator.codec_.with_scale(y), start, tasks.n_support))


def look_at_task(estimator, before):
    """Warn where the current task is on another scale than in meta-training, or elsewhere, and was not so ``before``.

    Parameters
    ----------
    estimator : estimator
    before : CurrentTask or None
        What it was before further rows came.
    """
    spreads = vars(estimator).get("spreads_")
    if spreads is None:
        return
    rows = estimator.task_.rows
    if spreads.is_ordinary(rows.X, estimator.codec_.with_scale(rows.y)):
        return
    found = _of_rows(estimator, spreads, rows)
    was = [None, None] if before is None else _of_rows(estimator, spreads, before.rows)
    is_new = [one is None or np.isnan(one).all() for one in was]
    _warn_of(estimator, *(one if new else one[:0] for one, new in zip(found, is_new)))


def warn_of_tasks_apart(estimator, X, start, n_rows):
    """Warn where the tasks of meta-training lie so far apart that hardly any difference within one is left to see.

    Columns are brought to the scale of all rows together, on which all rows of such a task are nearly one.

    Parameters
    ----------
    estimator : estimator
    X : ndarray of shape (n_rows_in_all, n_features)
    start, n_rows : ndarrays of shape (n_tasks,)
        Tasks in the order of their rows.
    """
    some = n_rows > 1
    if some.sum() < _LEAST_TASKS:
        return
    distance = distance_of_tasks(ends_of_tasks([X], start[some], n_rows[some]))
    if distance > _APART:
        warn_caller(
            f"Most columns of these tasks lie {distance:.2g} times as far apart between tasks as they range in one, "
            f"and {type(estimator).__name__} sees little of what tells a task's classes apart. Scale columns by task, "
            "PerTask(StandardScaler(), fit_on='support') before the estimator.",
            AdaptationWarning,
        )


def _of_rows(estimator, spreads, rows):
    y = estimator.codec_.with_scale(rows.y)
    return _looked_at(spreads, rows.X, y, np.zeros(1, int), np.array([len(rows.y)]))


def _looked_at(spreads, X, y, start, n_rows):
    """Factors and places of tasks, by :class:`Spreads`; those without rows have none."""
    tables, found = spreads.tables(X, y), np.full((2, len(start), len(spreads.low)), np.nan)
    some = np.flatnonzero(n_rows > 0)
    if len(some):
        start, n_rows = start[some], n_rows[some]
        ends = ends_of_tasks(tables, start, n_rows)
        found[0, some], found[1, some] = spreads.factors(tables, start, n_rows, ends), spreads.places(ends)
    return found


def _warn_of(estimator, factors, places):
    """Say which columns or targets of which tasks are on another scale, and which lie elsewhere, if any do."""
    _warn_of_scales(estimator, factors)
    _warn_of_places(estimator, places)


def _warn_of_scales(estimator, factors):
    is_far = ~np.isnan(factors)
    if not is_far.any():
        return
    columns = np.flatnonzero(is_far.any(0))
    typical = _of_most_tasks(np.log(factors[:, columns]))
    order = np.argsort(-np.abs(typical), kind="stable")
    said = []
    for j, factor in zip(columns[order], np.exp(typical[order])):
        called = _called(j, estimator, factors.shape[1])
        said.append(f"{called} {'vary' if called == _TARGETS else 'varies'} {float(f'{factor:.2g}'):g} times as much")
    _warn(estimator, is_far, "on another scale than those of meta-training", said)


def _warn_of_places(estimator, places):
    is_far, spreads = ~np.isnan(places), estimator.spreads_
    if not is_far.any():
        return
    said = []
    for j in np.flatnonzero(is_far.any(0)):
        least, most = spreads.least[j], spreads.most[j]
        farthest = max(places[is_far[:, j], j], key=lambda place: max(place - most, least - place))
        beyond = f"{'above' if farthest > most else 'below'} {farthest:.3g}"
        there = "from {:.3g} to {:.3g}" if least < most else "always {:.3g}"
        said.append(f"{_called(j, estimator, places.shape[1])} {beyond}, there {there.format(least, most)}")
    _warn(estimator, is_far, "elsewhere than those of meta-training", said)


def _warn(estimator, is_far, where, said):
    n_features = estimator.n_features_in_
    which = "The task is" if len(is_far) == 1 else f"{is_far.any(1).sum()} of {len(is_far)} tasks are"
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    remedy = "Bring them to the units of meta-training"
    if is_far[:, :n_features].any():
        remedy += ", or scale columns by task, PerTask(StandardScaler(), fit_on='support') before the estimator"
    if is_far[:, n_features:].any():
        remedy += ", or meta-train with target_scaling='task'"
    said = "; ".join(said[:_SHOWN])
    warn_caller(f"{which} {where}: {said}{more}. Answers may be far off. {remedy}.", AdaptationWarning)


def _of_most_tasks(logs):
    """The median factor of each column on the side, larger or smaller, where more tasks are."""
    side = np.where(np.nansum(np.sign(logs), axis=0) < 0, -1, 1)
    return np.nanmedian(np.where(np.sign(logs) == side, logs, np.nan), axis=0)


def _called(column, estimator, width):
    n_features, names = estimator.n_features_in_, vars(estimator).get("feature_names_in_")
    if column < n_features:
        return f"column {column if names is None else repr(str(names[column]))}"
    return _TARGETS if width == n_features + 1 else f"target {column - n_features}"
