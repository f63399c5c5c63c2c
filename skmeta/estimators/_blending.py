"""Convex weights of several models' answers, as a function of how many rows a task has shown."""

import numpy as np
from scipy.optimize import nnls

_WIDTH = 0.15  # neighbouring sizes lend each other rows: e-fold at this distance in log(1 + n)


class SizeWeights:
    """Weights on the simplex that would have answered held-out rows best, at each of a few sizes.

    Parameters
    ----------
    sizes : sequence of int
        Where weights are fitted; between them they are interpolated in ``log(1 + n)``.
    kind : {"regression", "classification"}
        Squared error, or the log loss of the mixture.
    """

    def __init__(self, sizes, kind):
        self.sizes, self.kind = np.asarray(sizes), kind

    def fit(self, answers, y, n_shown):
        """Fit on held-out rows.

        Parameters
        ----------
        answers : (N, E, C) array
            Each model's answer: C probabilities, or the prediction alone (C = 1).
        y : (N,) array
        n_shown : (N,) array
            Rows that the task had shown when the row was answered.
        """
        gap = np.log1p(n_shown)[:, None] - np.log1p(self.sizes)
        nearness = np.exp(-np.abs(gap) / _WIDTH)
        solve = _least_squares if self.kind == "regression" else _likeliest
        if self.kind == "regression":
            errors = answers[:, :, 0] - y[:, None]
        else:
            errors = answers[np.arange(len(y)), :, y]
        self.weights = np.stack([solve(errors, near) for near in nearness.T])
        return self

    def __call__(self, n_shown):
        """(N, E) weights for tasks that have shown so many rows."""
        at, place = np.log1p(n_shown), np.log1p(self.sizes)
        return np.stack([np.interp(at, place, column) for column in self.weights.T], axis=1)


def _least_squares(errors, nearness):
    """The convex combination of (N, E) errors with the smallest weighted sum of squares."""
    gram = (errors * nearness[:, None]).T @ errors / nearness.sum()
    size = max(np.trace(gram) / len(gram), 1e-300)
    gram = gram / size + 1e-5 * np.eye(len(gram))
    root = np.linalg.cholesky(gram).T
    big = 1e3  # the sum-to-one constraint as one heavy row
    weights, _ = nnls(np.vstack([root, np.full(len(gram), big)]), np.r_[np.zeros(len(gram)), big])
    return weights / weights.sum()


def _likeliest(likelihoods, nearness, n_iter=100):
    """The mixture weights that make (N, E) likelihoods largest, by expectation-maximisation."""
    weights = np.full(likelihoods.shape[1], 1 / likelihoods.shape[1])
    counts = nearness > 0.01
    likelihoods, nearness = likelihoods[counts], nearness[counts] / nearness[counts].sum()
    for _ in range(n_iter):
        weights = weights * (nearness @ (likelihoods / (likelihoods @ weights)[:, None]))
        weights /= weights.sum()
    return weights
