"""Ridge regression whose strength leave-one-out errors choose, from one decomposition of the moments."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class LeaveOneOutRidge(RegressorMixin, BaseEstimator):
    """scikit-learn's ``RidgeCV`` in a tenth of its time on long tables, which a mixture fits again for every fold.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
    """

    def __init__(self, alphas=(0.1, 1.0, 10.0)):
        self.alphas = alphas

    def fit(self, X, y, sample_weight=None):
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        mean, self.intercept_ = np.average(X, axis=0, weights=sample_weight), np.average(y, weights=sample_weight)
        Z, r, of_mean = X - mean, y - self.intercept_, 1 / len(y)
        if sample_weight is not None:
            root = np.sqrt(sample_weight)
            Z, r, of_mean = Z * root[:, None], r * root, sample_weight / np.sum(sample_weight)
        # U has the columns of Z turned so that U'U is diagonal; Z = U V', and of wide tables only n columns differ
        if len(Z) < Z.shape[1]:
            values, Q = np.linalg.eigh(Z @ Z.T)
            values = np.maximum(values, 0)
            U = Q * np.sqrt(values)
            V = Z.T @ (Q / np.sqrt(np.maximum(values, 1e-12 * values.max(initial=0) + 1e-300)))
        else:
            values, V = np.linalg.eigh(Z.T @ Z)
            values, U = np.maximum(values, 0), Z @ V
        scores, squares, least = U.T @ r, U**2, np.inf
        for alpha in self.alphas:
            shrunk = scores / (values + alpha)
            without_itself = 1 - of_mean - squares @ (1 / (values + alpha))
            error = (((r - U @ shrunk) / np.maximum(without_itself, 1e-9)) ** 2).sum()
            if error < least:
                least, self.alpha_, self.coef_ = error, alpha, V @ shrunk
        self.intercept_ = self.intercept_ - mean @ self.coef_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False) @ self.coef_ + self.intercept_
