"""Rows of mixed tables: strings, categories and missing cells are welcome."""

import copy

import numpy as np
from sklearn.utils.validation import check_array, check_X_y, validate_data

from skmeta.estimators.base.column_codes import ColumnCodes, holds_only_numbers
from skmeta.estimators.base.rows import NumericRows, dense, far_means, is_plain, place_of_row, present_labels
from skmeta.tasks.rows import cells, plain


class TableRows(NumericRows):
    """Rows as numbers with codes for categories and NaN for missing cells.

    Categories met by ``partial_fit`` are numbered after the old ones, so that the codes of earlier rows stay valid.

    Parameters
    ----------
    estimator : estimator
        Its ``categorical_features`` say which columns hold categories.
    """

    allows_missing = True
    shift = 0.0  # of files from before columns were moved; answers measure them in double precision, training does not

    def __init__(self, estimator):
        self.categorical_features = estimator.categorical_features
        self.columns = None

    def read(self, estimator, X, reset=False, learn=None, keep_sparse=False):
        """Rows as float64, always dense; ``learn`` numbers categories that are new."""
        X = self._coded(estimator, X, reset, reset if learn is None else learn)
        if reset:
            self.shift = far_means(X)
        return X - self.shift if np.any(self.shift) else X

    def _coded(self, estimator, X, reset, learn):
        if not reset and is_plain(estimator, X) and not any(self.columns.is_categorical):
            return X.astype(np.float64)
        named = plain(X)
        X = cells(named)
        settings = {"accept_sparse": "csr", "dtype": np.float64, "ensure_all_finite": "allow-nan"}
        wanted = self.categorical_features
        is_by_dtype = wanted is None or isinstance(wanted, str) and wanted == "from_dtype"
        is_numeric = is_by_dtype and hasattr(X, "shape") and holds_only_numbers(X)
        if is_numeric and (reset or not any(self.columns.is_categorical)):
            X = dense(validate_data(estimator, X, reset=reset, **settings))
            if reset:
                self.columns = ColumnCodes(None).fit(X[:1])
            return X
        if not hasattr(X, "iloc"):
            is_array = X is named
            X = check_array(X, accept_sparse="csr", dtype=None, ensure_all_finite=False, estimator=estimator)
            named = X if is_array else named
        validate_data(estimator, named, reset=reset, skip_check_array=True)
        X = X.toarray() if hasattr(X, "toarray") else X
        names = getattr(estimator, "feature_names_in_", None)
        if reset:
            self.columns = ColumnCodes(wanted).fit(X, names)
        elif learn:
            self.columns = self.columns.copy().extend(X)
        return self.columns.transform(X, names)

    def read_labelled(self, estimator, X, y, reset=False):
        """Rows with their labels, and the reader that knows their categories; this one stays as it is."""
        reader = self if reset else copy.copy(self)
        numbers = reader.read(estimator, X, reset, learn=True)
        # scikit-learn's checks of the two together; the rows themselves have been looked at
        codec = estimator._codec_class
        y = present_labels(y)
        _, y = check_X_y(np.zeros((numbers.shape[0], 1)), y, estimator=estimator, **codec.validation)
        codec.check(y, type(estimator).__name__, place_of_row)
        return reader, numbers, y
