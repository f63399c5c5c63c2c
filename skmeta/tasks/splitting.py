"""Cutting each task's rows into a support and a query part."""

import numpy as np
from sklearn.utils import check_random_state

from skmeta.tasks.given import as_taskset
from skmeta.tasks.rows import take_rows
from skmeta.tasks.taskset import TaskSet


def asked_about(tasks):
    """Tasks as a set, every one of which has a query, if an empty one."""
    tasks = as_taskset(tasks)
    if (tasks.n_query < 0).any():
        name = tasks.called(int(np.flatnonzero(tasks.n_query < 0)[0]))
        raise ValueError(
            f"predict(tasks) answers query rows, but task {name} has none: build it as Task(X, y, X_query)."
        )
    return tasks


def refuse_no_support(tasks):
    """Refuse tasks one of which has shown no row."""
    if (tasks.n_support == 0).any():
        name = tasks.called(int(np.flatnonzero(tasks.n_support == 0)[0]))
        raise ValueError(f"Task {name} has no support rows (X, y): leave it out, or give it some.")


def tasks_to_score(tasks, n_shots, per_class):
    """Tasks with labelled query rows: as given, or split, always the same way, into support and query."""
    tasks = as_taskset(tasks)
    if (tasks.n_query < 0).all():
        tasks = split_tasks(tasks, n_shots, random_state=0, per_class=per_class)
    elif not tasks.query_labelled.all():
        name = tasks.called(np.flatnonzero(~tasks.query_labelled)[0])
        raise ValueError(
            "score needs labelled query rows in every task, or query rows in none so that all are split: task "
            f"{name} has no y_query."
        )
    return with_query_rows(tasks)


def with_query_rows(tasks):
    """Those of the tasks that have a row to be answered; there must be one."""
    asked = tasks.n_query > 0
    if not asked.any():
        raise ValueError(
            "None of the tasks has a query row to score. A task with one row (of each class) has none left once its "
            "support is taken: give tasks more rows, or X_query and y_query."
        )
    return tasks if asked.all() else tasks[asked]


def split_tasks(tasks, n_shots, *, random_state=None, per_class=True, strict=False):
    """Split tasks: ``n_shots`` random rows of each become its support, the others its query.

    Parameters
    ----------
    tasks : collection of tasks
        Rows of a task that already has a query part are pooled first.
    n_shots : int or (low, high)
        Support rows, per class or, with ``per_class=False``, per task; of a range the upper end is taken. A class
        (or task) with fewer than twice as many rows gives half of them, and always at least one.
    random_state : int, RandomState instance or None, default=None
    per_class : bool, default=True
        Whether to count shots per class.
    strict : bool, default=False
        Whether to refuse, rather than give half, where a class has no row left for the query.

    Returns
    -------
    tasks : TaskSet

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import TaskSet, split_tasks
    >>> tasks = TaskSet([(np.arange(8.0).reshape(-1, 1), list("aabbaabb"))])
    >>> split_tasks(tasks, n_shots=1, random_state=0)[0]
    Task(2 support rows, 6 query rows, 1 feature)
    """
    tasks, rng = as_taskset(tasks), check_random_state(random_state)
    shots = max(n_shots) if isinstance(n_shots, (tuple, list)) else n_shots
    X, y = tasks.pooled
    n_rows = tasks.n_rows
    task = np.repeat(np.arange(len(tasks)), n_rows)
    label = np.unique(y, return_inverse=True)[1].ravel() if per_class else np.zeros(len(y), dtype=np.int64)
    group = np.unique(task * (label.max(initial=0) + 1) + label, return_inverse=True)[1].ravel()

    shuffled = rng.permutation(len(group))
    order = shuffled[np.argsort(group[shuffled], kind="stable")]
    size = np.bincount(group)
    rank = np.arange(len(group)) - np.repeat(np.cumsum(size) - size, size)
    if strict and (size <= shots).any():
        row = order[np.cumsum(size)[np.argmax(size <= shots)] - 1]
        where = f"task {tasks.called(task[row])}"
        if per_class:
            where = f"class {y[row : row + 1].tolist()[0]!r} of {where}"
        raise ValueError(
            f"n_shots={shots} leaves no query row: {where} has {int(size[group[row]])} rows. Use fewer shots."
        )
    taken = np.minimum(shots, np.maximum(size // 2, 1))
    is_support = np.empty(len(group), dtype=bool)
    is_support[order] = rank < np.repeat(taken, size)

    n_support = np.bincount(task, is_support, minlength=len(tasks)).astype(np.int64)
    rows = np.lexsort((~is_support, task))
    return TaskSet.from_pool(take_rows(X, rows), y[rows], n_support, n_rows - n_support, names=tasks.names)
