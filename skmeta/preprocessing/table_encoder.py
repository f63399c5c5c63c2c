"""Mixed tables to numbers, without a column having to be named."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skmeta.documentation import documented_like
from skmeta.preprocessing.hashed_categories import HashedCategories
from skmeta.preprocessing.strange_categories import one_hot
from skmeta.preprocessing.table_columns import column_kind, take_column, tell_of_numbers_as_text
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.tasks.rows import cells, is_frame, unwrapped
from skmeta.transaction import transaction

_DATE_PARTS = ("days", "season_sin", "season_cos", "weekday")


class TableEncoder(Savable, LinkedToReference, TransformerMixin, BaseEstimator):
    """Numbers, categories, strings, booleans, dates and missing values to one table of numbers.

    The kind of a column is read off its dtype (of an object column: off its values). Numbers keep their units and
    get the median where missing, with a column that says so; categories become one column per value (two values share
    one), with the rare ones put together; a category with very many values becomes its count and a few hashed columns;
    a date becomes its day, its place in the year and in the week; a duration becomes days. The target is never looked
    at.

    Values of a category that ``fit`` never saw are told of. They are rare ones or, where there are none, none of the
    known: 0 in all columns, and one half in that of two values.

    Parameters
    ----------
    max_categories : int, default=20
        Most columns that one category may become.
    min_frequency : int or float, default=1
        Rows (or share of the rows) below which a value counts as rare.
    high_cardinality : int, default=100
        A category with more values than this is counted and hashed as well.
    n_hashed : int, default=8
        Hashed columns of such a category.

    Attributes
    ----------
    kinds_ : list of str
        "numeric", "boolean", "date", "duration" or "category" for every input column.
    encoders_ : list of (str, list of int, transformer)
        What each group of columns goes through, in the order of the output.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the table came with string column names.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmeta.preprocessing import TableEncoder
    >>> table = pd.DataFrame({"age": [31, None, 58], "town": ["Rome", "Oslo", "Rome"]})
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.transform(table)
    array([[31. ,  0. ,  1. ],
           [44.5,  1. ,  0. ],
           [58. ,  0. ,  1. ]])
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'missingindicator_age', 'town_Rome']
    """

    def __init__(self, *, max_categories=20, min_frequency=1, high_cardinality=100, n_hashed=8):
        self.max_categories = max_categories
        self.min_frequency = min_frequency
        self.high_cardinality = high_cardinality
        self.n_hashed = n_hashed

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def fit(self, X, y=None):
        """Find out what the columns are, and learn medians and categories.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_features)
        y : ignored

        Returns
        -------
        self : object
        """
        self.fit_transform(X, y)
        return self

    @documented_like(fit)
    def fit_transform(self, X, y=None):
        """Fit, and encode the same table.

        Returns
        -------
        numbers : ndarray of shape (n_rows, n_features_out)
        """
        with transaction(self, keep_fitted=False) as draft:
            return draft._learn(X)

    def _learn(self, X):
        X = self._validated(X, reset=True)
        columns = [X.iloc[:, j] if is_frame(X) else X[:, j] for j in range(X.shape[1])]
        self.kinds_ = [column_kind(column) for column in columns]
        for j, (column, kind) in enumerate(zip(columns, self.kinds_)):
            if kind == "category":
                tell_of_numbers_as_text(column, X.columns[j] if is_frame(X) else j)
        arrays = [take_column(X, j, kind) for j, kind in enumerate(self.kinds_)]
        self.encoders_ = []
        for name, encoder, members in self._groups(arrays):
            if members:
                block = np.stack([arrays[j] for j in members], axis=1)
                self.encoders_.append((name, members, encoder.fit(block)))
        return self._encode(arrays, X.shape[0])

    def _groups(self, arrays):
        def of(kind):
            return [j for j, found in enumerate(self.kinds_) if found == kind]

        many = [j for j in of("category") if len(set(arrays[j].tolist())) > self.high_cardinality]
        numbers = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        flags = SimpleImputer(strategy="most_frequent", add_indicator=True, keep_empty_features=True)
        dates = FunctionTransformer(_date_parts, feature_names_out=_date_names)
        one_hot = OneHotEncoder(
            drop="if_binary",
            handle_unknown="infrequent_if_exist",
            max_categories=self.max_categories,
            min_frequency=self.min_frequency,
            sparse_output=False,
        )
        return [
            ("numeric", numbers, sorted([*of("numeric"), *of("duration")])),
            ("boolean", flags, of("boolean")),
            ("date", dates, of("date")),
            ("category", one_hot, of("category")),
            ("many", HashedCategories(self.n_hashed), many),
        ]

    @documented_like(fit_transform)
    def transform(self, X):
        """Encode a table as numbers."""
        check_is_fitted(self)
        X = self._validated(X, reset=False)
        return self._encode([take_column(X, j, kind) for j, kind in enumerate(self.kinds_)], X.shape[0])

    def _encode(self, arrays, n_rows):
        blocks = [np.empty((n_rows, 0))]  # a table of no columns is one of no numbers
        names = getattr(self, "feature_names_in_", range(self.n_features_in_))
        for kind, members, encoder in self.encoders_:
            block = np.stack([arrays[j] for j in members], axis=1)
            is_category = kind == "category"
            made = one_hot(encoder, block, [names[j] for j in members]) if is_category else encoder.transform(block)
            blocks.append(np.asarray(made, dtype=np.float64))
        return np.hstack(blocks)

    def _validated(self, X, reset):
        X = unwrapped(X)
        if is_frame(X):
            # a DataFrame keeps its dtypes: they say what its columns are
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            if not X.shape[0]:
                raise ValueError("Found array with 0 sample(s), while a minimum of 1 is required.")
            return X
        settings = {"dtype": None, "ensure_all_finite": "allow-nan"}
        if (objects := cells(X)) is X:
            return validate_data(self, X, reset=reset, **settings)
        validate_data(self, X, reset=reset, skip_check_array=True)  # which has the names
        return check_array(objects, estimator=self, **settings)

    def get_feature_names_out(self, input_features=None):
        """Names of the encoded columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input columns; None takes those of ``fit``, or ``x0``, ``x1``, ...

        Returns
        -------
        names : object ndarray of shape (n_features_out,)
        """
        check_is_fitted(self)
        own = getattr(self, "feature_names_in_", None)
        if input_features is None:
            names = [f"x{j}" for j in range(self.n_features_in_)] if own is None else own
        else:
            names = np.asarray(input_features, dtype=object)
            if own is not None and not np.array_equal(own, names):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(names) != self.n_features_in_:
                raise ValueError(f"input_features should have length equal to number of features {self.n_features_in_}")
        names = np.asarray(names, dtype=object)
        blocks = [encoder.get_feature_names_out(names[members]) for _, members, encoder in self.encoders_]
        return np.concatenate([np.empty(0, dtype=object), *blocks])


def _date_parts(days):
    """(n, c) days since 1970 to (n, 4 c): the day, its place in the year as an angle, its place in the week.

    A missing date is put at 1970; its other parts are 0, which no real date has all together.
    """
    missing = np.isnan(days)
    angle = 2 * np.pi * days / 365.2425
    parts = np.stack([days, np.sin(angle), np.cos(angle), (np.floor(days) + 3) % 7], axis=2)
    return np.where(missing[:, :, None], 0.0, parts).reshape(len(days), -1)


def _date_names(_, input_features):
    return np.array([f"{name}_{part}" for name in input_features for part in _DATE_PARTS], dtype=object)
