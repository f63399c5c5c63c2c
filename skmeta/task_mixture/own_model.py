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
                out[wanted] = self._one(support.take(shown), query.X[wanted], fallback[wanted])
        return out

    def _one(self, rows, X_query, fallback):
        y, weight = rows.y, rows.weight
        if self.n_classes > 1:
            shares = (np.bincount(y, weight, minlength=self.n_classes) + fallback.mean(0)) / (weight.sum() + 1)
            if len(y) < 4 or len(np.unique(y)) < 2:
                return np.tile(shares, (len(X_query), 1))
        elif len(y) < 3:
            return np.full((len(X_query), 1), np.average(y, weights=weight))
        return PooledModel(self.estimator, self.n_classes).fit(rows.X, y, weight=weight).answer(X_query)
