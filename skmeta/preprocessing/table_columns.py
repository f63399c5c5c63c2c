"""Columns of a mixed table as plain arrays: floats, days, or objects with NaN where missing."""

import numpy as np

from skmeta.tasks.rows import is_frame, is_missing

_MICROSECONDS_A_DAY = 86_400_000_000


def column_kind(values):
    """ "numeric", "boolean", "date" or "category", by dtype - and by content where the dtype is object."""
    dtype = values.dtype
    kind = getattr(dtype, "kind", "O")
    if getattr(dtype, "name", "") == "category":
        return "category"
    if kind == "M":
        return "date"
    if kind == "b":
        return "boolean"
    if kind in "iuf":
        return "numeric"
    present = [value for value in np.asarray(values, dtype=object) if not is_missing(value)]
    if not present:
        return "numeric"
    if all(isinstance(value, (bool, np.bool_)) for value in present):
        return "boolean"
    if all(isinstance(value, (int, float, np.number)) for value in present):
        return "numeric"
    return "category"


def take_column(X, j, kind):
    """Column ``j`` in the form its kind asks for.

    Returns
    -------
    values : ndarray of shape (n_rows,)
        Floats with NaN for numbers and booleans, days since 1970 as floats with NaN for dates, strings with NaN for
        categories.
    """
    values = X.iloc[:, j] if is_frame(X) else X[:, j]
    if kind == "date":
        # through datetime64 whatever the container, time zones and units included
        moments = values.dt.tz_localize(None) if hasattr(values, "dt") and values.dt.tz is not None else values
        moments = np.asarray(moments).astype("datetime64[us]")
        days = moments.astype(np.int64) / _MICROSECONDS_A_DAY
        return np.where(np.isnat(moments), np.nan, days)
    if kind == "category":
        values = np.asarray(values, dtype=object)
        out = np.empty(len(values), dtype=object)
        out[:] = [np.nan if is_missing(value) else _as_text(value) for value in values]
        return out
    return _as_floats(values, X, j)


def _as_floats(values, X, j):
    try:
        if hasattr(values, "to_numpy"):
            floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            floats = np.array(
                [np.nan if is_missing(v) else v for v in values] if values.dtype == object else values, np.float64
            )
    except (TypeError, ValueError) as error:
        name = X.columns[j] if is_frame(X) else j
        raise ValueError(f"Column {name!r} held numbers when the encoder was fitted, but now: {error}") from error
    if np.isinf(floats).any():
        name = X.columns[j] if is_frame(X) else j
        raise ValueError(f"Input X contains infinity in column {name!r}.")
    return floats


def _as_text(value):
    if isinstance(value, (dict, list, set)):
        raise TypeError(f"A cell must be a string or a number, got {value!r}.")
    return str(value)
