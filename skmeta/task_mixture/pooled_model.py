"""A model of all rows, as a member of a mixture."""

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.task_mixture.row_weights import fit_parameters

_TINY = 1e-4


class PooledModel:
    """A scikit-learn estimator of all rows; None is the mean (the class shares).

    One whose ``fit`` takes ``task`` is told the tasks, so as not to mistake them for effects of the features; a
    meta-learner, which would answer task by task, takes all rows as one table.
    """

    def __init__(self, estimator, n_classes):
        self.estimator, self.n_classes = estimator, n_classes
        self.temperature, self.bounds = 1.0, (0.0, 1.0)

    @property
    def multiplies(self):
        """Whether tasks are to differ from it by factors."""
        return getattr(self.estimator, "multiplies", False)

    def fit(self, X, y, code=None, weight=None):
        if self.n_classes == 1:
            self.constant = np.array([np.average(y, weights=weight)])
            # a line through few rows may lead anywhere: no answer lies farther out than half the range of the targets
            self.bounds = (1.5 * y.min() - 0.5 * y.max(), 1.5 * y.max() - 0.5 * y.min())
        else:
            self.constant = np.bincount(y, weight, minlength=self.n_classes) + 1.0
            self.constant /= self.constant.sum()
        self.fitted = None
        varied = len(y) > 1 if self.n_classes == 1 else len(np.unique(y)) > 1
        if self.estimator is not None and varied:
            tasks = {"task": code} if code is not None and self._wants_tasks() else {}
            self.fitted = clone(self.estimator).fit(X, y, **tasks, **fit_parameters(self.estimator, weight))
        return self

    def again(self, X, y, code=None, weight=None):
        """The same estimator fitted to other rows, and as sure of itself."""
        other = PooledModel(self.estimator, self.n_classes).fit(X, y, code, weight)
        other.temperature = self.temperature
        return other

    def _wants_tasks(self):
        """Whether it sets effects of tasks apart."""
        return has_fit_parameter(self.estimator, "task") and not isinstance(self.estimator, MetaEstimator)

    def answer(self, X):
        """(n_rows, 1) predictions or (n_rows, C) probabilities, never 0."""
        if self.fitted is None or not len(X):
            return np.tile(self.constant, (len(X), 1))
        if self.n_classes == 1:
            return self.fitted.predict(X).reshape(-1, 1).astype(np.float64)
        p = np.zeros((len(X), self.n_classes))
        p[:, self.fitted.classes_] = self.fitted.predict_proba(X)
        return tempered(p, self.temperature)


def tempered(p, temperature=1.0):
    """Probabilities drawn away from 0, and made more or less sure of themselves."""
    p = (p + _TINY) / (1 + _TINY * p.shape[1])
    if temperature == 1.0:
        return p
    p = p ** (1 / temperature)
    return p / p.sum(1, keepdims=True)


def best_temperature(p, y, weight):
    """Of a few temperatures, the one under which held-out labels are likeliest."""
    grid, rows = (0.7, 0.85, 1.0, 1.25, 1.6, 2.0, 2.7, 4.0), np.arange(len(y))
    return min(grid, key=lambda t: np.average(-np.log(tempered(p, t)[rows, y]), weights=weight))
