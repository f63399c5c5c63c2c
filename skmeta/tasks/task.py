"""One task: a small table whose labels are known, and optionally rows to be answered."""

import numpy as np
from scipy import sparse

from skmeta.tasks.rows import like_columns_of


def _as_rows(X, what):
    if hasattr(X, "shape") and not np.isscalar(X):
        rows = X
    else:
        rows = np.asarray(X)
    if len(rows.shape) < 2:
        raise ValueError(
            f"{what} must have one row per sample, got an array of shape {tuple(rows.shape)}. "
            "Reshape it with .reshape(-1, 1) if it is one feature or .reshape(1, -1) if it is one row."
        )
    return rows.tocsr() if sparse.issparse(rows) else rows  # not every sparse format can be cut into rows


class Task:
    """A small labelled table (the *support*) and, optionally, *query* rows to answer.

    A task is one sample to scikit-learn's tools, so it is deliberately opaque to numpy: it has no length and
    cannot be iterated over.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_support, n_features)
        Support rows.
    y : array-like of shape (n_support,) or (n_support, n_outputs)
        Their labels or targets.
    X_query : array-like or DataFrame of shape (n_query, n_features), default=None
        Rows to predict. Without them, episodes split the support rows at random.
    y_query : array-like of shape (n_query,) or (n_query, n_outputs), default=None
        Labels of the query rows, needed in meta-training and scoring.
    name : object, default=None
        What error messages and tables of results call the task.

    Examples
    --------
    >>> from skmeta import Task
    >>> Task([[0.0], [1.0], [2.0]], ["a", "b", "b"], name="site 7")
    Task('site 7', 3 support rows, 1 feature)
    """

    __slots__ = ("X", "y", "X_query", "y_query", "name")

    def __init__(self, X, y, X_query=None, y_query=None, name=None):
        self.name = name
        self.X = _as_rows(X, f"X of {self._called()}")
        self.y = np.asarray(y)
        self._check_lengths(self.X, self.y, "X", "y")
        self.X_query = None if X_query is None else _as_rows(X_query, f"X_query of {self._called()}")
        self.y_query = None if y_query is None else np.asarray(y_query)
        if self.X_query is None and self.y_query is not None:
            raise ValueError(f"{self._called()} has y_query but no X_query.")
        if self.X_query is not None:
            if self.X_query.shape[1:] != self.X.shape[1:]:
                raise ValueError(
                    f"{self._called()} has {self.X.shape[1]} features in X but {self.X_query.shape[1]} in X_query."
                )
            of = "" if self.name is None else f" of {self._called()}"
            self.X_query = like_columns_of(self.X_query, self.X, f"X_query{of}", f"X{of}")
            if self.y_query is not None:
                self._check_lengths(self.X_query, self.y_query, "X_query", "y_query")

    def _called(self):
        return "a task" if self.name is None else f"task {self.name!r}"

    def _check_lengths(self, X, y, X_name, y_name):
        if y.ndim == 0 or X.shape[0] != y.shape[0]:
            rows = "no rows" if y.ndim == 0 else f"{y.shape[0]} rows"
            raise ValueError(f"{self._called()}: {X_name} has {X.shape[0]} rows but {y_name} has {rows}.")

    @property
    def n_features(self):
        """Columns of the rows."""
        return self.X.shape[1]

    def __repr__(self):
        def count(n, word):
            return f"{n} {word}{'' if n == 1 else 's'}"

        parts = [] if self.name is None else [repr(self.name)]
        parts.append(count(self.X.shape[0], "support row"))
        if self.X_query is not None:
            parts.append(count(self.X_query.shape[0], "query row"))
        parts.append(count(self.n_features, "feature"))
        return f"Task({', '.join(parts)})"


def as_task(task, position):
    """A task or a tuple of its parts, as a Task; ``position`` names it in errors."""
    if isinstance(task, Task):
        return task
    if not isinstance(task, (tuple, list)) or not 2 <= len(task) <= 5:
        kind = "None" if task is None else f"a {type(task).__name__}"
        raise TypeError(
            f"Item {position} of the tasks is {kind}: give Task(X, y) or a tuple (X, y), "
            "(X, y, X_query) or (X, y, X_query, y_query)."
        )
    return Task(*task)


def check_same_columns(tasks):
    """Refuse tasks whose rows have unequal numbers of columns."""
    first = tasks[0]
    for position, task in enumerate(tasks):
        if task.n_features != first.n_features:
            name = position if task.name is None else task.name
            first_name = 0 if first.name is None else first.name
            raise ValueError(
                f"Tasks must have the same features: task {name!r} has {task.n_features} features, "
                f"task {first_name!r} has {first.n_features}."
            )
