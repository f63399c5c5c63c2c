"""Rows of any kind are stacked and sliced: arrays, sparse matrices, DataFrames of pandas, polars and pyarrow.

Frames of other libraries than pandas go through narwhals, and stay what they are.
"""

import numpy as np
from scipy import sparse

_OF_DATES = (
    "Make numbers of them first, such as days since a first day, or year, month and weekday; TableEncoder does so."
)
_SLICED = ("csr", "csc", "lil", "dok")  # formats of sparse matrices whose rows can be taken


def is_missing(cell):
    """Whether a cell, a label or an id holds nothing: None, pandas' NA, and what does not equal itself, as NaN and NaT.

    Examples
    --------
    >>> import numpy as np
    >>> [is_missing(cell) for cell in (None, float("nan"), np.datetime64("NaT"), "", 0)]
    [True, True, True, False, False]
    """
    if cell is None or type(cell).__name__ == "NAType":
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError, ArithmeticError):  # an array, or something else that its reader is to refuse
        return False


def refuse_missing_labels(y, place):
    """Refuse an array of objects or of times in which a label is missing; ``place`` names a row."""
    if y.dtype.kind in "mM":
        missing = np.isnat(y).reshape(len(y), -1).any(1) if y.ndim else ()
    else:
        missing = [is_missing(label) for label in y] if y.dtype == object and y.ndim else ()
    rows = np.flatnonzero(missing)
    if len(rows):
        what = "NaT" if y.dtype.kind in "mM" else y[rows[0]]
        raise ValueError(f"A label is missing: {what} in {place(int(rows[0]))}. Leave such rows out.")


def is_frame(X):
    """Whether a table is a DataFrame of pandas, or looks like one."""
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _is_other_frame(X):
    """Whether a table is a DataFrame of polars, or a table of pyarrow."""
    return not is_frame(X) and (hasattr(X, "column_names") or hasattr(X, "columns") and hasattr(X, "select"))


def _narwhal(X):
    import narwhals

    _refuse_lazy(X)
    return narwhals.from_native(X, eager_only=True)


def column_names(X):
    """The names of a table's columns, or None where they have none."""
    if is_frame(X):
        return list(X.columns)
    return list(_narwhal(X).columns) if _is_other_frame(X) else None


def as_pandas(X):
    """A frame of another library as one of pandas, which files can hold, where there is pandas; all else as it is."""
    try:
        return _narwhal(X).to_pandas() if _is_other_frame(X) else X
    except ImportError:
        return X


def cells(X):
    """A frame of another library that has more than numbers as an array of Python's own objects; all else as it is.

    As arrays such frames would be of one dtype, and dates and truth values numbers.
    """
    if not _is_other_frame(X) or all(kind.is_numeric() for kind in _narwhal(X).schema.values()):
        return X
    frame = _narwhal(X)
    out = np.empty(frame.shape, dtype=object)
    for j, name in enumerate(frame.columns):
        out[:, j] = frame[name].to_list()
    return out


def readable(X):
    """A table that scikit-learn can read: a tensor of torch becomes an array, and what holds no numbers is refused.

    Parameters
    ----------
    X : table
        Of any kind; what is no table is left to scikit-learn to refuse.
    """
    X = plain(X)
    _refuse_odd_columns(X)
    return X


def plain(X):
    """A tensor of torch as an array; classes, and arrays of records and of dates, are refused."""
    X = unwrapped(X)
    kind = getattr(X, "dtype", None)
    if isinstance(kind, np.dtype) and kind.kind in "mM":
        raise ValueError(f"X holds dates or durations (dtype {kind}). {_OF_DATES}")
    return X


def unwrapped(X):
    """A tensor of torch as an array; classes and arrays of records are refused, and dates are left to the reader."""
    if isinstance(X, type):
        raise ValueError(f"X is the class {X.__qualname__}, but must be a table: one row per sample.")
    _refuse_lazy(X)
    X = from_torch(X)
    kind = getattr(X, "dtype", None)
    if isinstance(kind, np.dtype) and kind.names:
        raise ValueError(
            f"X is an array of records with the fields {_shown(kind.names)}: give pandas.DataFrame(X), or "
            "numpy.lib.recfunctions.structured_to_unstructured(X)."
        )
    return X


def _refuse_lazy(X):
    if hasattr(X, "collect_schema") and hasattr(X, "collect"):
        raise ValueError(f"X is a {type(X).__name__}, whose rows are still to be read: give X.collect().")


def from_torch(X):
    """A tensor of torch as an array, and all else as it is."""
    if isinstance(X, type) or not hasattr(X, "detach"):
        return X
    if X.device.type == "meta":
        raise ValueError("X is a tensor on the device 'meta', which holds no numbers: give it on a device that does.")
    X = X.detach().cpu().to_dense()
    return (X.float() if str(X.dtype) == "torch.bfloat16" else X).numpy()


def _refuse_odd_columns(X):
    """Refuse a frame without columns, with two of one name, or with dates, which are no numbers."""
    names = list(X.columns) if is_frame(X) else column_names(X)
    if names is None:
        return
    if not names:
        raise ValueError("X has no column left: a table needs a feature beside the column that names the tasks.")
    _refuse_twins(names)
    kinds = [getattr(kind, "kind", "O") for kind in X.dtypes] if is_frame(X) else _kinds(X)
    dates = [name for name, kind in zip(names, kinds) if kind in "mM"]
    if dates:
        raise ValueError(f"Column {dates[0]!r} of X holds dates or durations. {_OF_DATES}")


def _refuse_twins(names):
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ValueError(f"X has two columns that are called {twice!r}: give each a name of its own.")


def _kinds(X):
    import narwhals

    dates = (narwhals.Date, narwhals.Datetime, narwhals.Duration)
    return ["M" if isinstance(kind, dates) else "O" for kind in _narwhal(X).schema.values()]


def with_columns(X, names):
    """The named columns of a table, in that order."""
    if column_names(X) == list(names):
        return X
    return X[list(names)] if is_frame(X) else _narwhal(X).select(*names).to_native()


def column(X, name):
    """One column of a table, as an array."""
    return np.asarray(X[name]) if is_frame(X) else _narwhal(X)[name].to_numpy()


def like_columns_of(X, first, what, what_first):
    """A table whose columns are put in the order that another one has them in.

    Parameters
    ----------
    X, first : tables
    what, what_first : str
        How errors name them.
    """
    names, wanted = column_names(X), column_names(first)
    if (names is None) != (wanted is None):
        named, plain, known = (what, what_first, names) if wanted is None else (what_first, what, wanted)
        raise ValueError(
            f"{named} has columns with names ({_shown(known)}) but {plain} has none, so that it is not known which "
            "belong together: give both as DataFrames, or both as arrays."
        )
    if names == wanted:
        return X
    if len(names) != len(wanted) or set(names) != set(wanted):
        raise ValueError(f"{what} and {what_first} have different columns: {_shown(names)} and {_shown(wanted)}.")
    return with_columns(X, wanted)


def _shown(names):
    return ", ".join(repr(name) for name in names[:8]) + (" ..." if len(names) > 8 else "")


def take_rows(X, rows):
    """The given rows (a slice or integer positions) of an array, sparse matrix, DataFrame, or list of rows."""
    if is_frame(X):
        return X.iloc[rows]
    if _is_other_frame(X):
        rows = range(len(X))[rows] if isinstance(rows, slice) else np.asarray(rows).tolist()
        return _narwhal(X)[list(map(int, rows))].to_native()
    if sparse.issparse(X):
        return X[rows] if X.format in _SLICED else X.tocsr()[rows]
    return X[rows] if hasattr(X, "shape") else np.asarray(X)[rows]


def stack_rows(blocks):
    """Blocks of rows on top of each other, keeping the container and, for DataFrames, the dtypes."""
    first, *others = blocks = list(blocks)
    if not others:
        return first
    if any((column_names(block) is None) != (column_names(first) is None) for block in others):
        raise ValueError("Some tasks are DataFrames and others are not: make them all of one kind.")
    if is_frame(first):
        return _stack_frames([first, *(like_columns_of(block, first, "A task", "another one") for block in others)])
    if _is_other_frame(first):
        import narwhals

        others = [like_columns_of(block, first, "A task", "another one") for block in others]
        return narwhals.concat([_narwhal(block) for block in (first, *others)], how="vertical").to_native()
    if any(sparse.issparse(block) for block in blocks):
        return sparse.vstack(blocks, format="csr")
    return np.concatenate([np.asarray(block) for block in blocks])


def _stack_frames(frames):
    import pandas as pd

    _refuse_twins(list(frames[0].columns))
    stacked = pd.concat(frames, ignore_index=True)
    # concat forgets a categorical dtype when tasks know different categories; their union keeps it
    for name in frames[0].columns:
        dtypes = [frame[name].dtype for frame in frames]
        if all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
            union = pd.api.types.union_categoricals([frame[name] for frame in frames], ignore_order=True)
            stacked[name] = pd.Series(union, index=stacked.index)
    return stacked


def stack_labels(blocks):
    """Labels on top of each other; mixed kinds (3 and "a") become objects instead of silently becoming strings."""
    blocks = [np.asarray(block) for block in blocks]
    kinds = {"number" if block.dtype.kind in "biuf" else block.dtype.kind for block in blocks}
    if len(kinds) > 1:
        blocks = [block.astype(object) for block in blocks]
    return np.concatenate(blocks)
