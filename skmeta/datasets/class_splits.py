"""Cutting one table with many classes into tables whose classes are disjoint."""

import numbers

import numpy as np

from skmeta.tasks.randomness import as_generator
from skmeta.tasks.rows import take_rows
from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet


def split_classes(X, y, test_size=0.25, random_state=None):
    """Some classes of a table for meta-training, the others for the test.

    The usual question of few-shot learning, asked of one table: does what was learned on some classes help to tell
    apart classes that were never seen?

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, ...)
        Rows of a table, or images.
    y : array-like of shape (n_rows,)
        Their classes.
    test_size : float, int or array-like, default=0.25
        Share (float) or number (int) of classes for the test, drawn at random, or the classes themselves.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    meta_train, meta_test : TaskSet
        One task each, named ``"meta-train"`` and ``"meta-test"``, with all rows of its classes as the support: a table
        that N-way K-shot episodes can be drawn from.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from skmeta.datasets import split_classes
    >>> meta_train, meta_test = split_classes(*load_digits(return_X_y=True), test_size=3, random_state=0)
    >>> np.unique(meta_test[0].y).tolist()
    [2, 4, 6]
    >>> split_classes(*load_digits(return_X_y=True), test_size=[8, 9])[1]
    TaskSet(1 task, 64 features, 354 rows each)
    """
    X = X if hasattr(X, "shape") else np.asarray(X)
    y = np.asarray(y)
    if y.ndim != 1 or len(y) != X.shape[0]:
        raise ValueError(f"y must hold one class for each of the {X.shape[0]} rows of X, got shape {y.shape}.")
    classes = np.unique(y)
    chosen = _test_classes(classes, test_size, random_state)
    is_test = np.isin(y, chosen)
    return tuple(
        TaskSet([Task(take_rows(X, np.flatnonzero(rows)), y[rows], name=name)])
        for rows, name in ((~is_test, "meta-train"), (is_test, "meta-test"))
    )


def _test_classes(classes, test_size, random_state):
    if not isinstance(test_size, numbers.Real):
        chosen = np.unique(np.asarray(test_size))
        unknown = chosen[~np.isin(chosen, classes)]
        if len(unknown):
            raise ValueError(f"test_size names classes that y does not have: {unknown.tolist()}.")
        n_test = len(chosen)
    else:
        is_number = isinstance(test_size, numbers.Integral)
        n_test = int(test_size) if is_number else int(np.ceil(test_size * len(classes)))
        chosen = None
    if not 1 <= n_test < len(classes):
        raise ValueError(
            f"test_size={test_size!r} gives {n_test} test classes, but both sides need at least one of the "
            f"{len(classes)} classes in y."
        )
    return as_generator(random_state).permutation(classes)[:n_test] if chosen is None else chosen
