"""What has been handed in: tasks, what tasks can be drawn from, or neither, which is a table of rows."""

import inspect

import numpy as np

from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet


def is_tasks(X):
    """Whether an object is a collection of tasks rather than a table of rows.

    Parameters
    ----------
    X : object

    Returns
    -------
    answer : bool

    Examples
    --------
    >>> from skmeta.tasks import is_tasks
    >>> is_tasks([([[0.0], [1.0]], [0, 1])]), is_tasks([[0.0], [1.0]])
    (True, False)
    """
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and X.size > 0 and isinstance(X[0], Task)
    if isinstance(X, TaskSet):
        return True
    if not isinstance(X, (list, tuple)) or not X:
        return False
    first = X[0]
    return isinstance(first, Task) or (isinstance(first, tuple) and len(first) in (2, 3, 4) and _is_table(first[0]))


def _is_table(X):
    """Whether ``X`` holds rows of cells, rather than being a cell or a row itself."""
    if hasattr(X, "shape"):
        return len(X.shape) == 2
    return isinstance(X, (list, tuple)) and len(X) > 0 and isinstance(X[0], (list, tuple, np.ndarray))


def as_taskset(X):
    """Make a TaskSet of any collection that ``is_tasks`` accepts; one without a task is refused.

    Parameters
    ----------
    X : collection of tasks

    Returns
    -------
    tasks : TaskSet

    Examples
    --------
    >>> from skmeta.tasks import as_taskset
    >>> as_taskset([([[0.0], [1.0]], [0, 1]), ([[2.0]], [0])])
    TaskSet(2 tasks, 1 feature, 1-2 rows each)
    """
    tasks = X if isinstance(X, TaskSet) else TaskSet(X)
    if not len(tasks):
        raise ValueError("There are no tasks: give at least one.")
    return tasks


def is_task_distribution(source):
    """Whether tasks can be drawn from ``source`` by ``source.sample(n_tasks, random_state)``.

    Parameters
    ----------
    source : object

    Returns
    -------
    answer : bool

    Examples
    --------
    >>> import pandas as pd
    >>> from skmeta.tasks import is_task_distribution
    >>> from skmeta.tasks.families import Sinusoids
    >>> is_task_distribution(Sinusoids()), is_task_distribution(pd.DataFrame({"x": [1.0]}))
    (True, False)
    """
    if isinstance(source, type) or not hasattr(source, "sample"):
        return False
    try:
        return "n_tasks" in inspect.signature(source.sample).parameters
    except (TypeError, ValueError):  # builtins without a signature are not ours
        return False
