"""Arithmetic on the numeric columns of a table that may hold other columns too."""

import numpy as np
from scipy import sparse

from skmeta.tasks.rows import is_frame


def split_numeric(X):
    """The numeric columns as one array, and how to put changed values back.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_rows, n_features)

    Returns
    -------
    values : ndarray of float of shape (n_rows, n_numeric)
        Numeric columns, NaN where missing. Booleans and categories do not take part.
    rebuild : callable
        ``rebuild(values)`` is the table with these values; columns of whole numbers become floats.
    """
    if sparse.issparse(X):
        raise ValueError(
            "Tasks with sparse rows cannot be mixed or made noisy: make them dense, or reduce them, first."
        )
    if is_frame(X):
        return _split_frame(X)
    if X.dtype.kind not in "biuf":
        raise ValueError(
            f"The tasks' rows are of dtype {X.dtype}, not numbers. Encode them first, or hand in DataFrames, whose "
            "numeric columns are found by their dtypes."
        )
    dtype = X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
    return X.astype(dtype), lambda values: values.astype(dtype, copy=False)


def _split_frame(X):
    import pandas as pd

    is_numeric, is_bool = pd.api.types.is_numeric_dtype, pd.api.types.is_bool_dtype
    numeric = [j for j, dtype in enumerate(X.dtypes) if is_numeric(dtype) and not is_bool(dtype)]
    values = np.empty((X.shape[0], len(numeric)))
    for place, j in enumerate(numeric):
        values[:, place] = X.iloc[:, j].to_numpy(dtype=np.float64, na_value=np.nan)

    def rebuild(changed):
        columns = [X.iloc[:, j] for j in range(X.shape[1])]
        for place, j in enumerate(numeric):
            columns[j] = pd.Series(changed[:, place], index=X.index, name=X.columns[j])
        return pd.concat(columns, axis=1)

    return values, rebuild


def replace_rows(X, rows, donors, marked):
    """Rows of a table in which marked cells come from other rows of the same column.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_rows, n_features)
    rows : ndarray of int of shape (n_out,)
    donors : ndarray of int of shape (n_out, n_features)
        Where a marked cell's value is taken from.
    marked : ndarray of bool of shape (n_out, n_features)

    Returns
    -------
    replaced : ndarray or DataFrame of shape (n_out, n_features)
        Every dtype is kept, categories included.
    """
    if not is_frame(X):
        out = X[rows]
        for j in range(X.shape[1]):
            here = marked[:, j]
            out[here, j] = X[donors[here, j], j]
        return out
    import pandas as pd

    columns = [
        X.iloc[:, j].take(np.where(marked[:, j], donors[:, j], rows)).reset_index(drop=True) for j in range(X.shape[1])
    ]
    return pd.concat(columns, axis=1)
