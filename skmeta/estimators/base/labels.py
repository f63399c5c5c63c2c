"""Labels of many tasks at once: as codes that count within each task, and whether they mean the same in all."""

import numpy as np
from scipy import sparse

_CELLS = 2**25


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

    Classes that most tasks do not have are their own, and so are those of a task that is the only one. Otherwise labels
    that are a mere numbering 0, 1, 2, ... may still have been handed out anew in every task; then the rows decide: if a
    linear model fitted on half of the tasks tells the classes of the other half better than chance (by three standard
    errors over tasks), they are shared.
    """
    if n_tasks == 1 and not from_long:
        return "task"  # one whole task cannot tell that others have its classes; episodes of some of them serve both
    labels, code = np.unique(y, return_inverse=True)
    pairs = np.unique(task_of_row * len(labels) + code.ravel())
    coverage = len(pairs) / (n_tasks * len(labels))
    if coverage < 0.5 or len(labels) < 2:
        return "task"
    is_numbering = labels.dtype.kind in "iub" and np.array_equal(labels, np.arange(len(labels)))
    if from_long or not is_numbering:
        return "shared"
    rows = _rows_to_look_at(*X.shape)
    X = X[rows].toarray() if sparse.issparse(X) else X[rows]
    return "shared" if _classes_carry_over(X, code.ravel()[rows], task_of_row[rows], n_tasks, len(labels)) else "task"


def _rows_to_look_at(n_rows, n_columns):
    """All rows, or so many, drawn always alike, as make a dense table that is no burden."""
    most = _CELLS // max(n_columns, 1)
    return slice(None) if n_rows <= most else np.sort(np.random.RandomState(0).permutation(n_rows)[:most])


def _classes_carry_over(X, code, task_of_row, n_tasks, n_classes):
    if n_tasks < 4:
        return False
    X = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1)
    targets = np.eye(n_classes)[code]
    fitting = task_of_row % 2 == 0
    A, B = X[fitting], targets[fitting] - targets[fitting].mean(0)
    pull = len(A) * 0.1
    if A.shape[1] <= len(A):
        weights = np.linalg.solve(A.T @ A + pull * np.eye(A.shape[1]), A.T @ B)
    else:  # the same by rows, of which there are fewer
        weights = A.T @ np.linalg.solve(A @ A.T + pull * np.eye(len(A)), B)
    right = (X[~fitting] @ weights + targets[fitting].mean(0)).argmax(1) == code[~fitting]
    counts = np.bincount(task_of_row[~fitting], minlength=n_tasks)
    accuracy = (np.bincount(task_of_row[~fitting], right, minlength=n_tasks) / np.maximum(counts, 1))[counts > 0]
    chance = np.square(targets.mean(0)).sum().clip(max=targets.mean(0).max())
    margin = accuracy.mean() - max(chance, targets.mean(0).max())
    return margin > 3 * accuracy.std(ddof=1) / np.sqrt(len(accuracy)) + 1e-9
