"""Labels of many tasks at once: as codes that count within each task, and whether they mean the same in all."""

import re

import numpy as np
from scipy import sparse
from scipy.stats import rankdata

_CELLS = 2**24
#: tasks are enough to tell whether classes mean the same in all
_ENOUGH_TASKS = 100
#: standard errors beyond chance at which few tasks make a numbering believed to mean the same everywhere; of more
#: tasks more can be asked, and has to be, since what chance makes of few columns is far from normal
_CARRIES_OVER = 2.5
#: standard errors beyond chance at which a task's own rows are believed to tell its classes apart
_TOLD_APART = 4.0
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

    Where they do, the deviations of class means from their centre point the same way in different tasks. Summed over
    pairs of tasks, the inner products of these deviations have mean 0 where the names of classes are dealt out anew in
    every task, and of every pair's the variance over all ways to deal them out has a closed form. The same of two
    halves of each task's own rows says how well its classes are told apart at all. Columns are taken by ranks within
    their task, so that no tail decides, and neither where nor on which scale a task lies.

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
        rows = _rows_to_look_at(task_of_row, X.shape[1])
        X = X[rows].toarray() if sparse.issparse(X) else np.asarray(X[rows])
        task = np.unique(task_of_row[rows], return_inverse=True)[1]
        X = _ranks_within(np.where(np.isnan(X), np.inf, X), task)
        n_tasks, n_classes = task.max() + 1, code.max() + 1
        cell = task * n_classes + code[rows]
        whole = _deviations(X, cell, n_tasks, n_classes)
        common, its_error = _alikeness(whole, whole, *np.triu_indices(n_tasks, 1))
        is_odd = _place_within(cell) % 2 == 1
        halves = [_deviations(X[half], cell[half], n_tasks, n_classes) for half in (is_odd, ~is_odd)]
        own, error_of_own = _alikeness(*halves, np.arange(n_tasks), np.arange(n_tasks))
        self.carries_over = bool(common > (_CARRIES_OVER + 0.5 * max(np.log(n_tasks / 5), 0)) * its_error)
        self.is_mere_name = bool(
            common < its_error and own > _TOLD_APART * error_of_own and common + 3 * its_error < _LEAST_IN_COMMON * own
        )


def _rows_to_look_at(task_of_row, n_columns):
    """Rows, drawn always alike, of so many tasks and in such a number as make a dense table that is no burden."""
    rng = np.random.RandomState(0)
    tasks = np.unique(task_of_row)
    chosen = np.isin(task_of_row, rng.permutation(tasks)[:_ENOUGH_TASKS])
    rows, most = np.flatnonzero(chosen), max(_CELLS // max(n_columns, 1), 1)
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])


def _ranks_within(X, task):
    """Columns as ranks among the rows of a task, from 0 to 1."""
    ranks = np.empty(X.shape)
    for rows in np.split(np.argsort(task, kind="stable"), np.cumsum(np.bincount(task))[:-1]):
        ranks[rows] = (rankdata(X[rows], axis=0) - 0.5) / len(rows)
    return ranks


def _deviations(X, cell, n_tasks, n_classes):
    """Means of each task's classes less their centre: (n_tasks, n_classes, n_features); 0 of a class without rows."""
    n_rows = np.bincount(cell, minlength=n_tasks * n_classes)
    of_cell = sparse.csr_matrix((np.ones(len(cell)), (cell, np.arange(len(cell)))), (len(n_rows), len(cell)))
    means = (of_cell @ X / np.maximum(n_rows, 1)[:, None]).reshape(n_tasks, n_classes, -1)
    exists = (n_rows > 0).reshape(n_tasks, n_classes, 1)
    return np.where(exists, means - means.sum(1, keepdims=True) / np.maximum(exists.sum(1, keepdims=True), 1), 0)


def _alikeness(a, b, of_a, of_b):
    """The mean inner product of two sets' deviations over pairs of tasks, and its error where names mean nothing.

    Of a matrix G (C, C) with rows and columns that sum to 0, the sum of C entries, one of every row and column, has
    variance ``|G|^2 / (C - 1)`` over all permutations.
    """
    n_tasks, n_classes, _ = a.shape
    products = (a.reshape(n_tasks * n_classes, -1) @ b.reshape(n_tasks * n_classes, -1).T).reshape(
        n_tasks, n_classes, n_tasks, n_classes
    )
    alike = np.einsum("icjc->ij", products)[of_a, of_b]
    variance = np.einsum("icjd,icjd->ij", products, products)[of_a, of_b] / (n_classes - 1)
    n_pairs = max(len(of_a), 1)
    return alike.sum() / n_pairs, np.sqrt(variance.sum()) / n_pairs


def _place_within(group):
    """Places of rows among those of their group, in turn from 0."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    place = np.empty(len(group), dtype=int)
    place[order] = np.arange(len(group)) - first
    return place
