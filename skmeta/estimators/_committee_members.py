"""The simpler members of a task mixture: models of all rows, and of one task's rows."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.utils.validation import has_fit_parameter

from skmeta.estimators._logit_effects import LogitEffects
from skmeta.estimators._task_effects import Design

_TINY = 1e-4
_OWN_ROWS = 8  # fewer rows than this do not get a model of their own
_WIDE = (3.0, 0.7, 0.0)  # spreads of a logistic regression that hardly shrinks


@dataclass(frozen=True)
class Rows:
    """Rows of a long table, sorted by task: numbers, targets (or class codes) and each row's task position."""

    X: np.ndarray
    y: np.ndarray
    code: np.ndarray

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.code[rows])

    def followed_by(self, other):
        """The rows of both, sorted by task, and where each of them came from."""
        order = np.argsort(np.concatenate([self.code, other.code]), kind="stable")
        parts = zip(vars(self).values(), vars(other).values())
        return Rows(*(np.concatenate(pair)[order] for pair in parts)), order

    def __len__(self):
        return len(self.X)


class PooledModel:
    """A scikit-learn estimator of all rows; None is the mean (the class shares).

    One whose ``fit`` takes ``task`` is told the tasks, so as not to mistake them for effects of the features.
    """

    def __init__(self, estimator, n_classes):
        self.estimator, self.n_classes = estimator, n_classes
        self.temperature, self.bounds = 1.0, (0.0, 1.0)

    @property
    def multiplies(self):
        """Whether tasks are to differ from it by factors."""
        return getattr(self.estimator, "multiplies", False)

    def fit(self, X, y, code=None):
        if self.n_classes == 1:
            self.constant = np.array([y.mean()])
            # a line through few rows may lead anywhere: no answer lies farther out than half the range of the targets
            self.bounds = (1.5 * y.min() - 0.5 * y.max(), 1.5 * y.max() - 0.5 * y.min())
        else:
            self.constant = (np.bincount(y, minlength=self.n_classes) + 1.0) / (len(y) + self.n_classes)
        self.fitted = None
        varied = len(y) > 1 if self.n_classes == 1 else len(np.unique(y)) > 1
        if self.estimator is not None and varied:
            tasks = {"task": code} if has_fit_parameter(self.estimator, "task") and code is not None else {}
            self.fitted = clone(self.estimator).fit(X, y, **tasks)
        return self

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


def best_temperature(p, y):
    """Of a few temperatures, the one under which held-out labels are likeliest."""
    grid = (0.7, 0.85, 1.0, 1.25, 1.6, 2.0, 2.7, 4.0)
    labels = np.arange(p.shape[1])
    return min(grid, key=lambda t: log_loss(y, tempered(p, t), labels=labels))


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
