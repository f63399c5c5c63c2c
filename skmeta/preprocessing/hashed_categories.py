"""Categorical columns with very many values: how frequent a value is, and a few hashed columns."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction import FeatureHasher


class HashedCategories(TransformerMixin, BaseEstimator):
    """Each column to the logarithm of its value's count and ``n_hashed`` signed hash columns.

    Neither looks at the target, so nothing leaks, and a value never seen has a count of 0 and a hash like any other.

    Parameters
    ----------
    n_hashed : int, default=8

    Attributes
    ----------
    counts_ : list of dict
        For each column, how often each value was seen.
    n_features_in_ : int

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.preprocessing.hashed_categories import HashedCategories
    >>> towns = np.array([["Rome"], ["Rome"], ["Oslo"]], dtype=object)
    >>> HashedCategories(n_hashed=2).fit(towns).transform(towns)[:, 0].round(2)
    array([1.1 , 1.1 , 0.69])
    """

    def __init__(self, n_hashed=8):
        self.n_hashed = n_hashed

    def fit(self, X, y=None):
        """Count the values.

        Parameters
        ----------
        X : object ndarray of shape (n_rows, n_columns)
        y : ignored

        Returns
        -------
        self : object
        """
        self.n_features_in_ = X.shape[1]
        self.counts_ = []
        for column in X.T:
            values, counts = np.unique(column.astype(str), return_counts=True)
            self.counts_.append(dict(zip(values.tolist(), counts.tolist())))
        return self

    def transform(self, X):
        """Log counts and hashes.

        Parameters
        ----------
        X : object ndarray of shape (n_rows, n_columns)

        Returns
        -------
        numbers : ndarray of shape (n_rows, n_columns * (1 + n_hashed))
        """
        hasher = FeatureHasher(n_features=self.n_hashed, input_type="string")
        blocks = []
        for counts, column in zip(self.counts_, X.T):
            text = column.astype(str)
            blocks.append(np.log1p([counts.get(value, 0) for value in text])[:, None])
            blocks.append(hasher.transform([[value] for value in text]).toarray())
        return np.hstack(blocks)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that ``transform`` returns.

        Parameters
        ----------
        input_features : sequence of str

        Returns
        -------
        names : object ndarray
        """
        return np.array(
            [f"{name}_{part}" for name in input_features for part in ["count", *map(str, range(self.n_hashed))]],
            dtype=object,
        )
