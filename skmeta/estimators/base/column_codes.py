"""Mixed tables to numbers: columns of strings and categories become codes, missing cells NaN."""

import numpy as np
from sklearn.utils import check_array

from skmeta.exceptions import warn_caller
from skmeta.preprocessing.strange_categories import tell_of_strangers
from skmeta.preprocessing.table_columns import as_floats, column_kind, tell_of_numbers_as_text
from skmeta.tasks.rows import is_frame, is_missing

FREE_TEXTS, WORDS = 10, 3  # different texts, and words in each, from which a column is no longer one of names


class ColumnCodes:
    """Remembers the categories of each categorical column, in the order of their first appearance.

    Parameters
    ----------
    categorical_features : "from_dtype", None, or array-like
        Which columns hold categories: those whose dtype says so (strings, categories, objects that are not all
        numbers), none, or a mask, positions or names.
    """

    def __init__(self, categorical_features="from_dtype"):
        self.categorical_features = categorical_features

    def fit(self, X, names=None):
        """Decide which columns are categorical and number their categories.

        Parameters
        ----------
        X : table
        names : sequence or None
            Of the columns, where the table itself has none; else they are numbered.
        """
        columns, names = list(_columns(X)), _names(X, names)
        self.is_categorical = self._chosen(columns, names)
        self.codes = [{} if chosen else None for chosen in self.is_categorical]
        for is_category, column, name in zip(self.is_categorical, columns, names):
            if is_category:
                _check_is_category(column, name)
        return self.extend(X)

    def _chosen(self, columns, names):
        wanted = self.categorical_features
        if wanted is None:
            return np.zeros(len(columns), dtype=bool)
        if isinstance(wanted, str) and wanted == "from_dtype":
            return np.array([not _is_numeric(column) for column in columns], dtype=bool)
        given, wanted = wanted, np.asarray(wanted)
        if wanted.ndim != 1 or wanted.size and wanted.dtype.kind not in "biuOUS":
            raise ValueError(f"categorical_features must be 'from_dtype', None or a list of columns, got {given!r}.")
        wanted = wanted if wanted.size else np.zeros(len(columns), dtype=bool)
        if wanted.dtype == bool and wanted.shape != (len(columns),):
            raise ValueError(f"categorical_features is a mask of {len(wanted)} columns, but X has {len(columns)}.")
        if wanted.dtype.kind in "OUS":
            if unknown := [name for name in wanted.tolist() if name not in names]:
                raise ValueError(f"categorical_features names columns that X does not have: {unknown}.")
            wanted = np.array([names.index(name) for name in wanted.tolist()], dtype=np.intp)
        chosen = np.zeros(len(columns), dtype=bool)
        if wanted.dtype != bool and (beyond := [j for j in wanted.tolist() if not -len(columns) <= j < len(columns)]):
            raise ValueError(f"categorical_features names columns {beyond}, but X has {len(columns)} (from 0).")
        chosen[wanted] = True
        return chosen

    def extend(self, X):
        """Number the categories of these rows that were not seen before, after the old ones."""
        for known, column in zip(self.codes, _columns(X)):
            if known is not None:
                for value in _values(column):
                    if not is_missing(value):
                        known.setdefault(value, len(known))
        return self

    def copy(self):
        """A copy that can be extended while this one stays as it is."""
        other = ColumnCodes(self.categorical_features)
        other.is_categorical = self.is_categorical
        other.codes = [None if known is None else dict(known) for known in self.codes]
        return other

    def transform(self, X, names=None):
        """Rows as float64: codes, numbers, and NaN for missing cells and for categories never seen."""
        out = np.empty(X.shape, dtype=np.float64)
        for j, (known, column, name) in enumerate(zip(self.codes, _columns(X), _names(X, names))):
            if known is None:
                out[:, j] = _as_numbers(column, name)
            else:
                distinct, where = _distinct(column)
                codes = [np.nan if is_missing(v) else known.get(v, np.nan) for v in distinct]
                tell_of_strangers(distinct, known, name)
                out[:, j] = np.array(codes, dtype=np.float64)[where]
        return check_array(out, ensure_all_finite="allow-nan", ensure_min_samples=0, input_name="X")


def holds_only_numbers(X):
    """Whether a container is numeric throughout, so that scikit-learn's own validation can take it as it is."""
    if is_frame(X):
        return all(_is_numeric(column) for column in _columns(X))
    return getattr(getattr(X, "dtype", np.dtype(float)), "kind", "O") in "biuf"


def _columns(X):
    return (X.iloc[:, j] for j in range(X.shape[1])) if is_frame(X) else iter(np.asarray(X).T)


def _names(X, names):
    """Call columns by the names of their table, or else by those that are known of it, or else by numbers."""
    if is_frame(X):
        return list(X.columns)
    return list(range(np.shape(X)[1]) if names is None else names)


def _is_numeric(column):
    return column_kind(column) in ("numeric", "boolean")


def _values(column):
    return _distinct(column)[0]


def _distinct(column):
    """Distinct values in the order they appear, and the position of each row's value among them."""
    position, where = {}, []
    for value in column.tolist():
        key = None if is_missing(value) else value
        if not isinstance(key, (str, int, float, bool, type(None), np.generic)):
            try:
                hash(key)
            except TypeError as error:
                raise TypeError(
                    f"A cell of X must hold a string or a number: argument must be a string or a number, got {value!r}."
                ) from error
        where.append(position.setdefault(key, len(position)))
    return list(position), np.array(where, dtype=np.intp)


def _check_is_category(column, name):
    """Refuse dates and warn of free text: as categories neither says anything of a value it has not shown."""
    if (kind := column_kind(column)) in ("date", "duration"):
        raise ValueError(
            f"Column {name!r} holds {kind}s, of which every one would be a category of its own. Put TableEncoder() "
            "before the estimator in a pipeline: it turns a date into its day, its place in the year and in the week, "
            "and a duration into days."
        )
    tell_of_numbers_as_text(column, name)
    texts = [value for value in column.tolist() if isinstance(value, str)]
    distinct = set(texts)
    n_words = sum(len(text.split()) for text in distinct)
    if len(distinct) >= max(FREE_TEXTS, 0.5 * len(texts)) and n_words > WORDS * len(distinct):
        warn_caller(
            f"Column {name!r} looks like free text ({len(distinct)} different ones in {len(texts)} rows) and is taken "
            "as categories, which say nothing of a text they have not shown. Turn it into numbers first, as by "
            "TfidfVectorizer and TruncatedSVD, or leave it out.",
            UserWarning,
        )


def _as_numbers(column, name):
    try:
        return as_floats(column)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"Column {name!r} of X is taken as numbers, as in fit, but holds something else "
            f"({error}): argument must be a string that is a number, or a number."
        ) from error
