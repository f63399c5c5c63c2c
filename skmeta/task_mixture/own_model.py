"""A model of one task's rows alone, as a member of a mixture."""

import numpy as np

from skmeta.mixed_models.design import Design
from skmeta.mixed_models.logit_effects import LogitEffects
from skmeta.task_mixture.pooled_model import PooledModel

_OWN_ROWS = 8  # fewer rows than this do not get a model of their own
_WIDE = (3.0, 0.7, 0.0)  # spreads of a logistic regression that hardly shrinks


class OwnModel:
    """What a task's rows say by themselves: a fresh estimator for each, or, if None, a quick linear model.

    A task with too few rows for it is answered by the mean (the class shares) of what it has shown, and with no row
    at all by the fallback.
    """

    def __init__(self, estimator, n_classes):
        self.estimator, self.n_classes = estimator, n_classes

    def fit(self, X):
        self.design = Design("slopes").fit(X)
        return self

    def answer(self, support, query, fallback, n_tasks):
        if self.estimator is None and self.n_classes > 1:
            even = np.full((1, self.n_classes), 1 / self.n_classes)
            shown = self.design(support.X), even.repeat(len(support), 0), support.y, support.code
            asked = self.design(query.X), even.repeat(len(query), 0), query.code
            out = LogitEffects(_WIDE).answer(shown, asked, n_tasks)
            few = np.bincount(support.code, minlength=n_tasks)[query.code] < _OWN_ROWS
            return np.where(few[:, None], fallback, out)
        out = fallback.copy()
        X, X_query = (rows.X if self.estimator is not None else self.design(rows.X)[:, 1:] for rows in (support, query))
        bounds = np.searchsorted(support.code, np.arange(n_tasks + 1))
        asked = np.searchsorted(query.code, np.arange(n_tasks + 1))
        for t in range(n_tasks):
            shown, wanted = slice(bounds[t], bounds[t + 1]), slice(asked[t], asked[t + 1])
            if bounds[t] < bounds[t + 1] and asked[t] < asked[t + 1]:
                out[wanted] = self._one(X[shown], support.y[shown], X_query[wanted], fallback[wanted])
        return out

    def _one(self, X, y, X_query, fallback):
        if self.estimator is None:
            if len(y) < _OWN_ROWS:
                return fallback
            return _QuickRidge().fit(X, y).predict(X_query)[:, None]
        if self.n_classes > 1:
            shares = (np.bincount(y, minlength=self.n_classes) + fallback.mean(0)) / (len(y) + 1)
            if len(y) < 4 or len(np.unique(y)) < 2:
                return np.tile(shares, (len(X_query), 1))
        elif len(y) < 3:
            return np.full((len(X_query), 1), y.mean())
        return PooledModel(self.estimator, self.n_classes).fit(X, y).answer(X_query)


class _QuickRidge:
    """Ridge regression whose strength generalised cross-validation chooses, in one decomposition: thousands of small
    tables need it quick."""

    def fit(self, X, y):
        self.X_mean_, self.y_mean_ = X.mean(0), y.mean()
        U, s, V = np.linalg.svd(X - self.X_mean_, full_matrices=False)
        uy = U.T @ (y - self.y_mean_)
        outside = ((y - self.y_mean_) ** 2).sum() - (uy**2).sum()
        best = np.inf
        for alpha in len(y) * np.array([1e-3, 1e-2, 0.1, 1.0, 10.0]):
            kept = s**2 / (s**2 + alpha)
            score = (outside + (((1 - kept) * uy) ** 2).sum()) / (len(y) - 1 - kept.sum()) ** 2
            if score < best:
                best, self.coef_ = score, V.T @ (s / (s**2 + alpha) * uy)
        return self

    def predict(self, X):
        return (X - self.X_mean_) @ self.coef_ + self.y_mean_
