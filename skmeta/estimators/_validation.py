"""What comes in, checked as scikit-learn checks it, and made safe for single precision."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skmeta.estimators._explain import explain, place_of_row

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_LARGEST_CELL = 1e30  # so that squares and sums of what a layer makes of it stay finite in single precision


class RowValidation:
    """Rows, and the pooled rows of tasks, as dense arrays of numbers."""

    def _require_y(self, y):
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")

    def _validate_X(self, X, reset):
        """Rows without labels as a dense array of numbers."""
        if not reset and self._is_plain(X):
            return dense(X - self._column_shift if self._column_shift.any() else X)
        return self._single_safe(validate_data(self, X, reset=reset, accept_sparse="csr", dtype=np.float64), reset)

    def _is_plain(self, X):
        """Whether scikit-learn's validation would find nothing to say about rows, which takes it longer than answering.

        Whatever is in doubt is left to it.
        """
        if type(X) is not np.ndarray or X.dtype not in _FLOATS or X.ndim != 2 or not len(X):
            return False
        if X.shape[1] != self.n_features_in_ or "feature_names_in_" in vars(self):
            return False
        return bool(X.max() <= _LARGEST_CELL and X.min() >= -_LARGEST_CELL)  # False for NaN

    def _validate_rows(self, X, y, reset):
        if not reset and _is_plain_target(y, self._task_type) and self._is_plain(X) and len(X) == len(y):
            return X.astype(np.float64) - self._column_shift, y.copy()
        try:
            X, y = validate_data(
                self, X, y, reset=reset, accept_sparse="csr", dtype=np.float64, **self._target_validation
            )
        except ValueError as error:
            raise explain(error, X) from error
        self._check_targets(y)
        return self._single_safe(X, reset), y

    def _single_safe(self, X, reset):
        """Dense rows that single precision, in which weights are trained, can tell apart.

        A column that lies far from zero for its spread (a timestamp, an identifier) would lose the digits that
        differ; it is moved to zero by its mean in meta-training.
        """
        X = dense(X)
        if X.size and np.abs(X).max() > _LARGEST_CELL:
            largest = np.abs(X).max()
            raise ValueError(f"Input X holds {largest:.3g}, a value too large for dtype('float32'): rescale it.")
        if reset:
            mean, spread = X.mean(0), X.std(0)
            self._column_shift = np.where((spread > 0) & (np.abs(mean) > 1e4 * spread), mean, 0.0)
        return X - self._column_shift if self._column_shift.any() else X

    def _validate_pool(self, tasks, reset):
        """Numbers and labels of all tasks' rows, with feature names and widths checked as scikit-learn does."""
        X, y = tasks.pooled
        if not len(tasks):
            raise ValueError("There are no tasks: give at least one.")
        if (tasks.n_support == 0).any() and (reset or not self._answers_without_rows()):
            name = tasks.called(int(np.flatnonzero(tasks.n_support == 0)[0]))
            raise ValueError(f"Task {name} has no support rows (X, y): leave it out, or give it some.")
        try:
            X = self._validate_X(X, reset=reset)
        except ValueError as error:
            raise explain(error, X, tasks) from error
        rows = np.flatnonzero(tasks.is_labelled_row)
        self._check_targets(y[rows], place=lambda i: place_of_row(rows[i], tasks))
        return X, y


def _is_plain_target(y, task_type):
    """Whether validation would find nothing to say about labels, as about rows in ``_is_plain``."""
    if type(y) is not np.ndarray or y.ndim != 1:
        return False
    if task_type == "classification":
        return y.dtype.kind in "iub"
    return y.dtype.kind in "iuf" and bool(np.isfinite(y).all())


def dense(X):
    X = X.toarray() if hasattr(X, "toarray") else X
    return np.require(X, requirements="CW")  # torch takes neither read-only memory nor rows in reversed order


def check_weight(sample_weight, n_rows):
    if sample_weight is None:
        return np.ones(n_rows)
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.shape != (n_rows,) or (weight < 0).any():
        raise ValueError(
            f"sample_weight must be {n_rows} non-negative numbers, got an array of shape {weight.shape}"
            + (f" with a minimum of {weight.min()}." if weight.size else ".")
        )
    return weight
