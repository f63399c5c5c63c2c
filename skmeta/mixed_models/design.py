"""Features whose effects may differ from task to task: a constant, lines and curves."""

import copy

import numpy as np
from sklearn.cluster import KMeans

_LANDMARK_ROWS = 2000


class Design:
    """Features whose effects may differ from task to task.

    A constant; with ``"slopes"`` a few standardised columns; with ``"curves"`` also bumps around landmarks among the
    rows, orthonormal under the Gaussian kernel of the given width, so that effects of one common variance are a
    Gaussian process: a smooth function of the features. Many columns are reduced to their leading principal
    components, so that a handful of rows can still say something about each.

    Parameters
    ----------
    kind : {"intercept", "slopes", "curves"}
    width : float
        Of the kernel, in standard deviations of a column.
    max_columns : int
    """

    def __init__(self, kind, width=1.0, max_columns=20):
        self.kind, self.width, self.max_columns = kind, width, max_columns

    def fit(self, X, weight=None):
        if self.kind == "intercept":
            return self
        self.mean = np.average(X, axis=0, weights=weight)
        scale = np.sqrt(np.average((X - self.mean) ** 2, axis=0, weights=weight))
        varies = scale > 1e-9 * np.maximum(np.abs(self.mean), 1e-12)
        self.columns = np.flatnonzero(varies)
        self.scale = scale[self.columns]
        self.rotation = None
        if len(self.columns) > self.max_columns:
            self.rotation = _main_axes(self._lines(X), np.ones(len(X)) if weight is None else weight, self.max_columns)
        if self.kind == "curves":
            self._place_landmarks(self._lines(X))
        return self

    def _lines(self, X):
        Z = np.clip((X[:, self.columns] - self.mean[self.columns]) / self.scale, -5, 5)
        return Z if self.rotation is None else Z @ self.rotation

    def _place_landmarks(self, Z, n_landmarks=20):
        Z = Z if Z.shape[1] else Z[:0]
        Z = Z[np.random.default_rng(0).permutation(len(Z))[:_LANDMARK_ROWS]]
        Z = np.unique(Z.round(6), axis=0)
        if len(Z) > n_landmarks:
            Z = KMeans(n_landmarks, n_init=1, random_state=0).fit(Z).cluster_centers_
        self.landmarks = Z
        self._orthonormalise()

    def of_width(self, width):
        """The same landmarks under another kernel."""
        other = copy.copy(self)
        other.width = width
        other._orthonormalise()
        return other

    def _orthonormalise(self):
        values, vectors = np.linalg.eigh(self._kernel(self.landmarks))
        keep = values > 1e-6 * values.max(initial=0)
        self.basis = vectors[:, keep] / np.sqrt(values[keep])

    def _kernel(self, Z):
        n_columns = max(Z.shape[1], 1)
        square = (Z**2).sum(1)[:, None] + (self.landmarks**2).sum(1) - 2 * Z @ self.landmarks.T
        return np.exp(-np.maximum(square, 0) / (2 * n_columns * self.width**2))

    @property
    def n_curves(self):
        return self.basis.shape[1] if self.kind == "curves" else 0

    def __call__(self, X):
        constant = np.ones((len(X), 1))
        if self.kind == "intercept":
            return constant
        Z = self._lines(X)
        return np.hstack([constant, Z, self._kernel(Z) @ self.basis] if self.n_curves else [constant, Z])


def _main_axes(Z, weight, most):
    """The axes (n_columns, most) along which rows vary most; of few rows fewer, and no matrix of columns by columns."""
    if len(Z) < Z.shape[1]:
        _, sizes, axes = np.linalg.svd(Z * np.sqrt(weight / weight.sum())[:, None], full_matrices=False)
        return axes[: min(most, np.count_nonzero(sizes > 1e-9 * sizes[0]))].T
    values, vectors = np.linalg.eigh((Z.T * weight) @ Z / weight.sum())
    return vectors[:, np.argsort(values)[::-1][:most]]
