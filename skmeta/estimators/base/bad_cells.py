"""scikit-learn's messages about bad rows get the cell they are about and the remedy."""

import numpy as np
from scipy import sparse

from skmeta.tasks.rows import is_frame


def explain(error, X, tasks=None):
    """The ValueError to raise in place of ``error``.

    Parameters
    ----------
    error : ValueError or TypeError
        What scikit-learn said about the rows.
    X : array-like
        The rows; pooled ones where there are tasks.
    tasks : TaskSet, default=None

    Returns
    -------
    error : ValueError or TypeError
    """
    message = str(error)
    is_text = "could not convert" in message
    if "DatetimeArray" in message or "datetime64" in message:
        return ValueError(
            f"A column of X holds dates: {message}. Make numbers of them first, such as days since a first day, or "
            "year, month and weekday; TableEncoder does so."
        )
    if is_text:
        message += (
            ". Columns that are not numeric must be encoded first, for instance by a ColumnTransformer with a "
            "OneHotEncoder in a pipeline (inside PerTask where the samples are tasks)."
        )
    if is_text or "X contains" in message:
        cell = _first_bad_cell(X)
        if cell is not None:
            message += f"\nThe first such cell is in {_place(*cell, tasks)}."
    return type(error)(message)


def place_of_row(row, tasks=None):
    """How a message names a row: within the table, or within its task."""
    if tasks is None:
        return f"row {row}"
    task = int(tasks.task_of_row[row])
    first = int(np.searchsorted(tasks.task_of_row, task))
    part, row = ("X", row - first) if tasks.is_support_row[row] else ("X_query", row - first - tasks.n_support[task])
    return f"row {row} of {part} of task {tasks.called(task)}"


def _place(row, column, tasks):
    return f"{place_of_row(row, tasks)}, column {column!r}"


def _first_bad_cell(X):
    """``(row, column)`` of the first cell, column by column, that is no finite number; None if there is none."""
    if sparse.issparse(X):
        return None
    X = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
    for j in range(X.shape[1] if len(X.shape) == 2 else 0):
        column, name = (X.iloc[:, j].to_numpy(), X.columns[j]) if is_frame(X) else (X[:, j], j)
        bad = ~np.fromiter(map(_is_finite, column), dtype=bool, count=len(column))
        if bad.any():
            return int(bad.argmax()), name
    return None


def _is_finite(cell):
    try:
        return bool(np.isfinite(float(cell)))
    except (TypeError, ValueError):
        return False
