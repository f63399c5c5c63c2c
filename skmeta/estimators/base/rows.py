"""Rows come in through a reader: the only place that knows what containers users have, and says what is wrong there."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skmeta.tasks import is_tasks
from skmeta.tasks.rows import is_frame, readable, refuse_missing_labels
from skmeta.tasks.splitting import refuse_no_support

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_MOST_CELLS = 2**28  # of a sparse matrix that is made dense
_MOST_COUNTED, _LEAST_COUNTED = 1e12, 1e-12  # rows that one counts as; of what the one that counts most does
_LARGEST_CELL = 1e30  # so that squares and sums of what a layer makes of it stay finite in single precision


class NumericRows:
    """Rows of numbers, checked as scikit-learn checks them, and made safe for single precision.

    A column that lies far from zero for its spread (a timestamp, an identifier) would lose the digits that differ; it
    is moved to zero by ``shift``, its mean in meta-training.
    """

    allows_missing = False

    def __init__(self, estimator):
        self.shift = None

    def read(self, estimator, X, reset=False, keep_sparse=False):
        """Rows without labels as an array of numbers.

        Parameters
        ----------
        estimator : estimator
            In whose name scikit-learn checks feature names and widths.
        X : array-like of shape (n_rows, n_features)
        reset : bool, default=False
            Whether these are the first rows, which say what the others have to look like.
        keep_sparse : bool, default=False
            Whether a sparse matrix may stay one: whoever takes it makes a few rows dense at a time.
        """
        if not reset and is_plain(estimator, X):
            return dense(X - self.shift if self.shift.any() else X)
        X = validate_data(estimator, readable(X), reset=reset, accept_sparse="csr", dtype=np.float64)
        return self._single_safe(X, reset, keep_sparse)

    def read_labelled(self, estimator, X, y, reset=False):
        """Rows with their labels: the reader that has seen them, dense numbers, and checked labels."""
        codec = estimator._codec_class
        if not reset and _is_plain_target(y, codec.task_type) and is_plain(estimator, X) and len(X) == len(y):
            return self, X.astype(np.float64) - self.shift, y.copy()
        X = readable(X)
        y = present_labels(y)
        try:
            X, y = validate_data(
                estimator, X, y, reset=reset, accept_sparse="csr", dtype=np.float64, **codec.validation
            )
        except (ValueError, TypeError) as error:
            raise explain(error, X) from error
        codec.check(y, type(estimator).__name__, place_of_row)
        return self, self._single_safe(X, reset), y

    def read_tasks(self, estimator, tasks, reset=False, keep_sparse=False):
        """Tasks with numbers for rows, their labels checked."""
        X, y = tasks.pooled
        if reset or not estimator.codec_.starts_cold(estimator._learner_class):
            refuse_no_support(tasks)
        if reset and (tasks.n_query == 0).all():
            raise ValueError(
                "X_query of every task is without rows, so that there is nothing to learn from: leave X_query out, and "
                "episodes split the rows of X, or give it labelled rows."
            )
        try:
            X = self.read(estimator, X, reset, keep_sparse=keep_sparse)
        except (ValueError, TypeError) as error:
            raise explain(error, X, tasks) from error
        rows = np.flatnonzero(tasks.is_labelled_row)
        codec = estimator._codec_class
        codec.check(y[rows], type(estimator).__name__, lambda i: place_of_row(rows[i], tasks))
        return tasks.with_rows(X)

    def _single_safe(self, X, reset, keep_sparse=False):
        refuse_too_large(X)
        if keep_sparse and sparse.issparse(X) and (_lies_around_zero(X) if reset else not self.shift.any()):
            self.shift = np.zeros(X.shape[1]) if reset else self.shift
            return X
        X = dense(X)
        if reset:
            self.shift = far_means(X)
        return X - self.shift if self.shift.any() else X


def refuse_too_large(X):
    """Refuse cells that have no number in single precision, in which learners are trained."""
    X = X.data if sparse.issparse(X) else X
    largest = np.maximum(X.max(initial=0.0), -X.min(initial=0.0))  # without a second table of their sizes
    if largest > _LARGEST_CELL:
        raise ValueError(f"Input X holds {largest:.3g}, a value too large for dtype('float32'): rescale it.")


def is_plain(estimator, X):
    """Whether scikit-learn's validation would find nothing to say about rows, which takes it longer than answering.

    Whatever is in doubt is left to it.
    """
    if type(X) is not np.ndarray or X.dtype not in _FLOATS or X.ndim != 2 or not len(X):
        return False
    if X.shape[1] != estimator.n_features_in_ or "feature_names_in_" in vars(estimator):
        return False
    largest, least = np.maximum.reduce(X, axis=None), np.minimum.reduce(X, axis=None)
    return bool(largest <= _LARGEST_CELL and least >= -_LARGEST_CELL)  # False for NaN


def _is_plain_target(y, task_type):
    """Whether validation would find nothing to say about labels, as about rows in ``is_plain``."""
    if type(y) is not np.ndarray or y.ndim != 1:
        return False
    if task_type == "classification":
        return y.dtype.kind in "iub"
    return y.dtype.kind in "iuf" and bool(np.isfinite(y).all())


def require_labels(estimator, X, y):
    """Refuse whole tasks where the rows of one are asked for, and rows without labels."""
    if is_tasks(X):
        raise ValueError(
            f"partial_fit and adapt take the rows of one task, but X is a {type(X).__name__} of tasks. Meta-train "
            "with fit(tasks), ask with predict(tasks), or adapt to the rows of one of them."
        )
    if y is None and isinstance(X, (list, tuple)) and not X:
        raise ValueError("fit got an empty list of tasks: give at least one.")
    if y is None:
        name = type(estimator).__name__
        rest = (
            ""
            if hasattr(X, "shape") or isinstance(X, (list, tuple))
            else (f" If X, a {type(X).__name__}, holds tasks, give them as a list or a TaskSet.")
        )
        raise ValueError(f"This {name} estimator requires y to be passed, but the target y is None.{rest}")


def present_labels(y):
    """Refuse labels that are missing, by their row: scikit-learn compares labels, which pandas' NA does not bear.

    What is left of a column of pandas that might have had some stays what it is: scikit-learn would make decimals of
    whole numbers and of truth values.

    Examples
    --------
    >>> import pandas as pd
    >>> present_labels(pd.Series([2**60, 2**60 + 1], dtype="Int64")) - 2**60
    array([0, 1])
    """
    kind = getattr(y, "dtype", None)
    name = kind.kind if isinstance(kind, np.dtype) else "O"
    if name in "OmM":  # of NaN among floats scikit-learn tells, in words that its own checks ask for
        refuse_missing_labels(np.asarray(y, dtype=object if name == "O" else None), place_of_row)
    plain = getattr(kind, "numpy_dtype", None)
    return y.to_numpy(plain) if plain is not None and plain.kind in "biu" else y


def _lies_around_zero(X):
    """Whether no column of a sparse matrix lies far from zero for its spread, for which none of it may be zero."""
    if not X.shape[0]:
        return True
    full = X[:, np.flatnonzero(np.bincount(X.indices, minlength=X.shape[1]) == X.shape[0])].toarray()
    return not _far_from_zero(full.mean(0), full.std(0)).any()


@np.errstate(over="ignore", invalid="ignore")  # who is to refuse numbers whose squares are none does so by name
def far_means(X):
    """Means of the columns that lie far from zero for their spread, and 0 for the others.

    Squares tell of nearly all columns that they do not, and of the rest what rounding leaves of them does not count.
    """
    n, far = max(len(X), 1), np.zeros(X.shape[1])
    squares, sums = np.einsum("nd,nd->d", X, X) / n, np.ones(len(X)) @ X / n
    doubtful = np.flatnonzero(~(squares - sums**2 > 1e-6 * squares))
    if len(doubtful):  # those with missing cells among them
        some = X[:, doubtful]
        present = ~np.isnan(some)
        n = np.maximum(present.sum(0), 1)
        mean = np.where(present, some, 0.0).sum(0) / n
        spread = np.sqrt(np.square(np.where(present, some - mean, 0.0)).sum(0) / n)
        far[doubtful] = np.where(_far_from_zero(mean, spread), mean, 0.0)
    return far


def _far_from_zero(mean, spread):
    return (spread > 0) & (np.abs(mean) > 1e4 * spread)


def dense(X):
    """Rows that torch can take: it wants neither read-only memory nor rows in reversed order."""
    if type(X) is np.ndarray and X.flags.carray:
        return X
    if sparse.issparse(X):
        n_cells = X.shape[0] * X.shape[1]
        if n_cells > _MOST_CELLS:
            raise ValueError(
                f"X is sparse with {X.shape[0]} rows and {X.shape[1]} columns, {8e-9 * n_cells:.1f} GB as a dense "
                "table, of which learning takes several copies. One table, and the rows of one task, are adapted to "
                "all at once, and have to be dense. Give fewer rows, or fewer columns (TruncatedSVD, SelectKBest); "
                "or X.toarray(), if there is memory. Many tasks stay sparse: fit(TaskSet([(X, y)])) learns from "
                "episodes of these rows, and adapt(X_few, y_few) turns to a task."
            )
        X = X.toarray()
    return np.require(X, requirements="CW")


def check_weight(sample_weight, n_rows):
    """Row weights as non-negative numbers; ones for None."""
    if sample_weight is None:
        return np.ones(n_rows)
    try:
        weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    except (TypeError, ValueError) as error:
        raise ValueError(f"sample_weight must be {n_rows} non-negative numbers: {error}") from error
    if weight.shape != (n_rows,) or (weight < 0).any():
        raise ValueError(
            f"sample_weight must be {n_rows} non-negative numbers, got an array of shape {weight.shape}"
            + (f" with a minimum of {weight.min()}." if weight.size else ".")
        )
    return weight


def as_counts(weight):
    """Row weights as numbers of rows: they count as many rows as they add up to, but never fewer than there are.

    Weights that add up to less, such as a boosting method's, which sum to 1, say how rows compare and no more. None
    counts more than learners can add up, and none so little beside the largest that it is lost in their sums.

    Examples
    --------
    >>> import numpy as np
    >>> as_counts(np.array([0.25, 0.75])), as_counts(np.array([2.0, 1.0])), as_counts(np.array([3e-310, 1e-310, 0]))
    (array([0.5, 1.5]), array([2., 1.]), array([1.5, 0.5, 0. ]))
    """
    largest = weight.max(initial=0.0)
    if not largest:
        return weight
    there, relative = weight > 0, weight / largest
    n_rows, total = np.count_nonzero(there), relative.sum()
    with np.errstate(over="ignore"):
        falls_short = total < n_rows / largest
    if not falls_short and largest <= _MOST_COUNTED and relative[there].min() >= _LEAST_COUNTED:
        return weight
    relative[there] = np.maximum(relative[there], _LEAST_COUNTED)
    return relative * (n_rows / total if falls_short else min(largest, _MOST_COUNTED))


def in_unit_of(weight, counts, further):
    """Further rows' weights as what they count beside rows whose weights are taken as such counts.

    Examples
    --------
    >>> import numpy as np
    >>> weight = np.array([1e-3, 1e-3])
    >>> in_unit_of(weight, as_counts(weight), np.array([2e-3, 0, 1e306]))
    array([2.e+00, 0.e+00, 1.e+12])
    """
    with np.errstate(over="ignore"):
        return np.minimum(further / weight.max() * counts.max(), _MOST_COUNTED)


def refuse_no_rows(weight):
    """Refuse to turn to a task by rows none of which counts: its answers would be those to a task never seen."""
    if not np.any(weight):
        raise ValueError(
            "Every sample_weight is 0, which leaves no row to adapt to. Give a row a weight above 0; those who have an "
            "answer without any row give it after adapt()."
        )


def explain(error, X, tasks=None):
    """The error to raise in place of scikit-learn's about bad rows: with the cell it is about, and the remedy.

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
