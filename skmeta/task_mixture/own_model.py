"""A model of one task's rows alone, as a member of a mixture."""

import numpy as np

from skmeta.task_mixture.pooled_model import PooledModel


class OwnModel:
    """What a task's rows say by themselves: a fresh estimator for each.

    A task with too few rows for it is answered by the mean (the class shares) of what it has shown, and with no row
    at all by the fallback.
    """

    def __init__(self, estimator, n_classes):
        self.estimator, self.n_classes = estimator, n_classes

    def answer(self, support, query, fallback, n_tasks):
        out = fallback.copy()
        bounds = np.searchsorted(support.code, np.arange(n_tasks + 1))
        asked = np.searchsorted(query.code, np.arange(n_tasks + 1))
        for t in range(n_tasks):
            shown, wanted = slice(bounds[t], bounds[t + 1]), slice(asked[t], asked[t + 1])
            if bounds[t] < bounds[t + 1] and asked[t] < asked[t + 1]:
                out[wanted] = self._one(support.X[shown], support.y[shown], query.X[wanted], fallback[wanted])
        return out

    def _one(self, X, y, X_query, fallback):
        if self.n_classes > 1:
            shares = (np.bincount(y, minlength=self.n_classes) + fallback.mean(0)) / (len(y) + 1)
            if len(y) < 4 or len(np.unique(y)) < 2:
                return np.tile(shares, (len(X_query), 1))
        elif len(y) < 3:
            return np.full((len(X_query), 1), y.mean())
        return PooledModel(self.estimator, self.n_classes).fit(X, y).answer(X_query)
