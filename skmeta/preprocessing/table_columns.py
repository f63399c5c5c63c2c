"""Columns of a mixed table as plain arrays: floats, days, or objects with NaN where missing."""

import datetime
import decimal
import numbers

import numpy as np

from skmeta.exceptions import warn_caller
from skmeta.tasks.rows import is_frame, is_missing

_MICROSECONDS_A_DAY = 86_400_000_000
_DATES, _DURATIONS = (datetime.date, np.datetime64), (datetime.timedelta, np.timedelta64)
_NUMBERS = (numbers.Real, decimal.Decimal)
_COMPLEX = "Complex data not supported: give real and imaginary parts as columns of their own."
_MANY = 10  # different numbers written as text, and half as many as rows, are measured and not names


def column_kind(values):
    """ "numeric", "boolean", "date", "duration" or "category", by dtype - by content where the dtype is object."""
    dtype = values.dtype
    kind = getattr(dtype, "kind", "O")
    if getattr(dtype, "name", "") == "category" or getattr(dtype, "type", None) is str:
        return "category"
    if kind == "c":
        raise ValueError(_COMPLEX)
    if kind in "Mmbiuf":
        return {"M": "date", "m": "duration", "b": "boolean"}.get(kind, "numeric")
    present = [value for value in np.asarray(values, dtype=object) if not is_missing(value)]
    if any(issubclass(t, numbers.Complex) and not issubclass(t, numbers.Real) for t in set(map(type, present))):
        raise ValueError(_COMPLEX)
    for found, types in (
        ("boolean", (bool, np.bool_)),
        ("numeric", (*_NUMBERS, np.bool_)),
        ("date", _DATES),
        ("duration", _DURATIONS),
    ):
        if all(isinstance(value, types) or found == "date" and _is_period(value) for value in present):
            return found if present else "numeric"
    return "category"


def _is_period(value):
    """Whether it is one of pandas' periods, such as a month, which counts as its first day."""
    return hasattr(value, "to_timestamp")


def take_column(X, j, kind):
    """Column ``j`` in the form its kind asks for.

    Returns
    -------
    values : ndarray of shape (n_rows,)
        Floats with NaN for numbers, booleans and durations (in days), days since 1970 as floats with NaN for dates,
        strings with NaN for categories.
    """
    values = X.iloc[:, j] if is_frame(X) else X[:, j]
    if kind == "category":
        values = np.asarray(values, dtype=object)
        out = np.empty(len(values), dtype=object)
        out[:] = [np.nan if is_missing(value) else _as_text(value) for value in values]
        return out
    name, held = X.columns[j] if is_frame(X) else j, "numbers" if kind in ("numeric", "boolean") else f"{kind}s"
    try:
        floats = {"date": _days, "duration": _days_long}.get(kind, as_floats)(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"Column {name!r} held {held} when the encoder was fitted, but now: {error}") from error
    if np.isinf(floats).any():
        raise ValueError(f"Input X contains infinity in column {name!r}.")
    return floats


def _days(values):
    """Days since 1970, by the clock of the place where a date has a time zone, whatever its container and unit."""
    return _in_days(values, "M", "datetime64[us]", _moment)


def _days_long(values):
    """How many days durations last."""
    return _in_days(values, "m", "timedelta64[us]", lambda cell: np.timedelta64(cell, "us"))


def _in_days(values, kind, dtype, of_cell):
    """Microseconds as days, NaN where missing; cells that numpy has no dtype for are read one by one."""
    if values.dtype.kind in "biuf" and not np.isnan(as_floats(values)).all():
        raise ValueError(f"numbers of dtype {values.dtype}")
    if values.dtype.kind != kind or not isinstance(values.dtype, np.dtype):
        cells = np.asarray(values, dtype=object)
        values = np.array([None if is_missing(cell) else of_cell(cell) for cell in cells], dtype=dtype)
    moments = np.asarray(values).astype(dtype)
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / _MICROSECONDS_A_DAY)


def _moment(cell):
    cell = cell.to_timestamp() if _is_period(cell) else cell
    if isinstance(cell, _NUMBERS) or isinstance(cell, str) and _is_number(cell):  # which numpy takes for a year
        raise ValueError(f"the number {cell}")
    return np.datetime64(cell.replace(tzinfo=None) if isinstance(cell, datetime.datetime) else cell, "us")


def as_floats(values):
    """A column of numbers, NaN where missing; dates and durations are refused."""
    if getattr(values.dtype, "kind", "O") in "mM":
        raise ValueError(f"dates or durations of dtype {values.dtype}")
    if hasattr(values, "to_numpy") and hasattr(values.dtype, "na_value"):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    if values.dtype == object:
        values = [np.nan if is_missing(value) else value for value in values]
    return np.asarray(values, dtype=np.float64)


def tell_of_numbers_as_text(values, name):
    """Warn of a category whose values are all numbers, nearly every one another, which nobody means as names."""
    texts = [value for value in np.asarray(values, dtype=object) if isinstance(value, str)]
    distinct = set(texts)
    if len(distinct) >= max(_MANY, 0.5 * len(texts)) and all(map(_is_number, distinct)):
        warn_caller(
            f"Column {name!r} holds numbers that are written as text ({len(distinct)} different ones in {len(texts)} "
            f"rows, such as {texts[0]!r}) and is taken as categories. If they measure something, make numbers of them "
            "first, as by pandas.to_numeric.",
            UserWarning,
        )


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_text(value):
    if isinstance(value, (dict, list, set)):
        raise TypeError(f"A cell must be a string or a number, got {value!r}.")
    return str(value)
