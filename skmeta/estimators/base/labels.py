"""Labels of many tasks at once: as codes that count within each task, and whether they mean the same in all."""

import re

import numpy as np
from scipy import sparse
from scipy.special import gammaln
from scipy.stats import rankdata

_CELLS = 2**24
#: tasks, classes of all tasks together, and columns are enough to tell whether classes mean the same in all
_ENOUGH_TASKS, _ENOUGH_MEANS, _ENOUGH_COLUMNS = 100, 1000, 2048
#: ways to deal names out anew that are looked at, and the share of them that may have as much in common as what is
#: found for a numbering to be believed to mean the same everywhere
_N_DEALS, _CHANCE = 500, 0.01
#: ways there have to be for the best of them to be believed, where they are too few for that share
_FEWEST_WAYS = 8
#: standard errors beyond chance at which a task's own rows are believed to tell its classes apart, and to drift
_TOLD_APART, _DRIFTS = 4.0, 3.0
#: of what tells classes apart within tasks, the share in common below which names are mere names
_LEAST_IN_COMMON = 0.15


def local_codes(y, is_support, task_of_row):
    """Class codes that count from 0 within each task.

    Parameters
    ----------
    y : (N,) array
        Pooled labels.
    is_support : (N,) bool array
        Rows that define their task's classes; another row whose class the support lacks gets code -1.
    task_of_row : (N,) int array

    Returns
    -------
    codes : (N,) int64 array
    classes : list of arrays
        Each task's classes, sorted.
    """
    n_tasks = int(task_of_row[-1]) + 1 if len(task_of_row) else 0
    labels = np.unique(y)
    key = task_of_row * len(labels) + np.searchsorted(labels, y)  # faster than the inverse of np.unique, which sorts
    keys = np.unique(key[is_support])
    place = np.searchsorted(keys, key)
    place_in_range = np.minimum(place, max(len(keys) - 1, 0))
    known = keys[place_in_range] == key if len(keys) else np.zeros(len(key), bool)
    first = np.searchsorted(keys, np.arange(n_tasks + 1) * len(labels))
    codes = np.where(known, place - first[task_of_row], -1)
    return codes, [labels[keys[a:b] % len(labels)] for a, b in zip(first[:-1], first[1:])]


def infer_label_regime(X, y, task_of_row, n_tasks, from_long):
    """Whether classes mean the same in every task ("shared") or are each task's own ("task").

    Classes that most tasks do not have are their own, and so are those of a task that is the only one. Otherwise the
    rows decide, by how alike the means of one class lie in different tasks, see :class:`CommonMeaning`. Labels that
    are a mere numbering are shared if they are found to be; names, unless it is plain that they are not. In a table
    of many tasks classes are shared.
    """
    if n_tasks == 1 and not from_long:
        return "task"  # one whole task cannot tell that others have its classes; episodes of some of them serve both
    labels, code = np.unique(y, return_inverse=True)
    pairs = np.unique(task_of_row * len(labels) + code.ravel())
    coverage = len(pairs) / (n_tasks * len(labels))
    if coverage < 0.5 or len(labels) < 2:
        return "task"
    if from_long:
        return "shared"
    meaning = CommonMeaning(X, code.ravel(), task_of_row)
    is_shared = meaning.carries_over if is_numbering(labels) else not meaning.is_mere_name
    return "shared" if is_shared else "task"


def is_numbering(labels):
    """Whether sorted labels are a mere numbering from 0 or 1, as numbers or as text that ends in them.

    Examples
    --------
    >>> import numpy as np
    >>> is_numbering(np.array([1.0, 2.0, 3.0])), is_numbering(np.array(["class 0", "class 1"]))
    (True, True)
    >>> is_numbering(np.array([0, 3])), is_numbering(np.array(["no", "yes"])), is_numbering(np.array([False, True]))
    (False, False, False)
    """
    if labels.dtype.kind == "b":
        return False
    if labels.dtype.kind not in "iuf":
        parts = [re.fullmatch(r"(\D*)(\d{1,9})", str(label)) for label in labels]
        if not all(parts) or len({part[1] for part in parts}) > 1:
            return False
        labels = np.sort([int(part[2]) for part in parts])
    return labels[0] in (0, 1) and np.array_equal(labels, np.arange(len(labels)) + labels[0])


class CommonMeaning:
    """Whether the classes of many tasks, which are called alike, also mean the same.

    Where they do, the deviations of class means from their centre point the same way in different tasks. What chance
    makes of the inner products of these deviations, summed over pairs of tasks, is seen where the names of each task's
    classes are dealt out anew among them. Where there are too few ways to do so, the best of at least eight is
    believed if tasks are also half as alike as each is to itself: four tasks of two classes that agree are shared, and
    one in eight such sets whose names were dealt out by chance is, too.

    The inner products of two halves of each task's own rows, the odd and the even ones, say how well its classes are
    told apart at all; this is not believed where earlier and later rows of one class are told apart as well, since
    tasks that drift and have their rows sorted by class would seem to have classes of their own. Columns are taken by
    ranks within their task, so that no tail decides, and neither where nor on which scale a task lies. Of many tasks,
    classes, columns and rows a part is looked at, drawn always alike.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_rows, n_features)
    code : (n_rows,) int array
        Classes.
    task_of_row : (n_rows,) int array

    Attributes
    ----------
    carries_over : bool
        Whether class means of one task are found again in others, beyond chance.
    is_mere_name : bool
        Whether tasks tell their classes apart, but plainly not as others do.
    """

    def __init__(self, X, code, task_of_row):
        rows = _rows_to_look_at(code, task_of_row, X.shape[1])
        X = _dense(X, rows)
        task, code = (np.unique(one[rows], return_inverse=True)[1] for one in (task_of_row, code))
        X = _as_ranks(np.where(np.isnan(X), np.inf, X), task)
        n_tasks, n_classes = task.max() + 1, code.max() + 1
        cell = task * n_classes + code
        place = _place_within(cell)
        common, its_error, self.carries_over = _in_common(*_deviations(X, cell, n_tasks, n_classes))
        own, error_of_own = _told_apart(X, cell, n_tasks, n_classes, place % 2 == 1)
        is_late = place >= np.bincount(cell)[cell] / 2
        drift, error_of_drift = _told_apart(X, 2 * cell + is_late, n_tasks * n_classes, 2, place % 2 == 1)
        self.is_mere_name = bool(
            common < its_error
            and own > _TOLD_APART * error_of_own
            and drift <= _DRIFTS * error_of_drift
            and common + 3 * its_error < _LEAST_IN_COMMON * own
        )


def _rows_to_look_at(code, task_of_row, n_columns):
    """Rows, drawn always alike, of so many tasks and classes and in such a number as are no burden."""
    rng = np.random.RandomState(0)
    tasks = rng.permutation(np.unique(task_of_row))[:_ENOUGH_TASKS]
    classes = rng.permutation(code.max() + 1)[: _ENOUGH_MEANS // len(tasks)]
    rows = np.flatnonzero(np.isin(task_of_row, tasks) & np.isin(code, classes))
    most = _CELLS // min(max(n_columns, 1), _ENOUGH_COLUMNS)
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])


def _dense(X, rows):
    """Rows as a dense table of all columns or of enough: the fullest ones if sparse, and any if dense."""
    columns = np.random.RandomState(0).permutation(X.shape[1])
    if not sparse.issparse(X):
        return np.asarray(X)[rows[:, None], np.sort(columns[:_ENOUGH_COLUMNS])]
    X = X[rows].tocsr()
    fullness = np.bincount(X.indices, minlength=X.shape[1])
    fullest = columns[np.argsort(-fullness[columns], kind="stable")][:_ENOUGH_COLUMNS]
    return X[:, np.sort(fullest)].toarray()


def _as_ranks(X, task):
    """Columns as ranks among the rows of a task, from 0 to 1."""
    ranks = np.empty(X.shape)
    for rows in np.split(np.argsort(task, kind="stable"), np.cumsum(np.bincount(task))[:-1]):
        ranks[rows] = (rankdata(X[rows], axis=0) - 0.5) / len(rows)
    return ranks


def _deviations(X, cell, n_tasks, n_classes):
    """Means of each task's classes less their centre (n_tasks, n_classes, n_features), 0 of a class without rows.

    And which classes have rows, (n_tasks, n_classes).
    """
    n_rows = np.bincount(cell, minlength=n_tasks * n_classes)
    of_cell = sparse.csr_matrix((np.ones(len(cell)), (cell, np.arange(len(cell)))), (len(n_rows), len(cell)))
    means = (of_cell @ X / np.maximum(n_rows, 1)[:, None]).reshape(n_tasks, n_classes, -1)
    exists = (n_rows > 0).reshape(n_tasks, n_classes)
    centre = means.sum(1, keepdims=True) / np.maximum(exists.sum(1), 1)[:, None, None]
    return np.where(exists[:, :, None], means - centre, 0), exists


def _in_common(deviations, exists):
    """The mean inner product of the deviations of two tasks, its error where names mean nothing, and if it is beyond.

    Names are dealt out anew among the classes that a task has, in all tasks at once.
    """
    n_tasks, n_classes, _ = deviations.shape
    flat = deviations.reshape(n_tasks * n_classes, -1)
    products = flat @ flat.T
    with_itself = np.trace(products)
    first, rng = np.arange(n_tasks) * n_classes, np.random.RandomState(0)

    def in_common(order):
        of_class = (first[:, None] + order).T
        alike = products[of_class[:, :, None], of_class[:, None, :]].sum()
        return (alike - with_itself) / max(n_tasks * (n_tasks - 1), 1)

    found = in_common(np.tile(np.arange(n_classes), (n_tasks, 1)))
    dealt = np.array([in_common(order) for order in _dealt_out(exists, _N_DEALS, rng)])
    tolerance = 1e-9 * with_itself / n_tasks
    log_ways = gammaln(exists.sum(1) + 1.0)
    are_enough = log_ways.sum() - log_ways.max() > np.log(_FEWEST_WAYS) - 1e-6
    is_beyond = (dealt >= found - tolerance).mean() < _CHANCE
    is_best = found >= dealt.max() - tolerance and found > 0.5 * with_itself / n_tasks
    return found, dealt.std(), bool(is_beyond or (is_best and are_enough))


def _dealt_out(exists, n_deals, rng):
    """Classes of each task (n_deals, n_tasks, n_classes) in orders by chance; those that it lacks keep their place."""
    drawn = rng.random_sample((n_deals, *exists.shape))
    by_chance = np.argsort(np.where(exists, drawn, 2), axis=2, kind="stable")
    order = np.empty_like(by_chance)
    np.put_along_axis(order, np.argsort(~exists, axis=1, kind="stable")[None], by_chance, axis=2)
    return order


def _told_apart(X, cell, n_tasks, n_classes, is_odd):
    """The mean inner product of the deviations of two halves of each task, and its error where classes are not there.

    Of a matrix G (C, C) with rows and columns that sum to 0, the sum of C entries, one of every row and column, has
    variance ``|G|^2 / (C - 1)`` over all permutations.
    """
    in_both = np.logical_and(*(np.bincount(cell[half], minlength=n_tasks * n_classes) for half in (is_odd, ~is_odd)))
    halves = [half & in_both[cell] for half in (is_odd, ~is_odd)]
    a, b = (_deviations(X[half], cell[half], n_tasks, n_classes)[0] for half in halves)
    products = a @ b.swapaxes(1, 2)
    free = np.maximum(in_both.reshape(n_tasks, n_classes).sum(1) - 1, 1)
    error = np.sqrt((np.square(products).sum((1, 2)) / free).sum()) / n_tasks
    return np.einsum("icc->", products) / n_tasks, error


def _place_within(group):
    """Places of rows among those of their group, in turn from 0."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    place = np.empty(len(group), dtype=int)
    place[order] = np.arange(len(group)) - first
    return place


def some_task_has_two(tasks, y):
    """Whether the support of any task shows two classes."""
    support = tasks.is_support_row
    task, y = tasks.task_of_row[support], y[support]  # a task's rows lie together
    return bool(((task[1:] == task[:-1]) & (y[1:] != y[:-1])).any())
