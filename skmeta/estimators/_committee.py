"""The models among which a task mixture chooses, fitted on one selection of tasks and answering for other tasks."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import log_loss

from skmeta.estimators._task_effects import Design, GaussianEffects, LogitEffects
from skmeta.tasks import TaskSet

_TINY = 1e-4
_OWN_ROWS = 8  # fewer rows than this do not get a model of their own
_WIDE = (3.0, 0.7)  # spreads of a logistic regression that hardly shrinks


@dataclass(frozen=True)
class Rows:
    """Rows of a long table, sorted by task: numbers, targets (or class codes) and each row's task position."""

    X: np.ndarray
    y: np.ndarray
    code: np.ndarray

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.code[rows])

    def __len__(self):
        return len(self.X)


class PooledModel:
    """A scikit-learn estimator that knows nothing of tasks; None is the mean (the class shares)."""

    def __init__(self, estimator, n_classes):
        self.estimator, self.n_classes = estimator, n_classes

    def fit(self, X, y):
        self.temperature, self.bounds = 1.0, (0.0, 1.0)
        if self.n_classes == 1:
            self.constant = np.array([y.mean()])
            # a line through few rows may lead anywhere: no answer lies farther out than half the range of the targets
            self.bounds = (1.5 * y.min() - 0.5 * y.max(), 1.5 * y.max() - 0.5 * y.min())
        else:
            self.constant = (np.bincount(y, minlength=self.n_classes) + 1.0) / (len(y) + self.n_classes)
        self.fitted = None
        if self.estimator is not None and (self.n_classes == 1 or len(np.unique(y)) > 1):
            self.fitted = clone(self.estimator).fit(X, y)
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


def tempered(p, temperature):
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
        self.design = Design(slopes=True).fit(X)
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
        bounds = np.searchsorted(support.code, np.arange(n_tasks + 1))
        asked = np.searchsorted(query.code, np.arange(n_tasks + 1))
        for t in range(n_tasks):
            shown, wanted = slice(bounds[t], bounds[t + 1]), slice(asked[t], asked[t + 1])
            if bounds[t] < bounds[t + 1] and asked[t] < asked[t + 1]:
                out[wanted] = self._one(support.X[shown], support.y[shown], query.X[wanted], fallback[wanted])
        return out

    def _one(self, X, y, X_query, fallback):
        if self.estimator is None:
            if len(y) < _OWN_ROWS:
                return fallback
            return _QuickRidge().fit(self.design(X)[:, 1:], y).predict(self.design(X_query)[:, 1:])[:, None]
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


class Committee:
    """Pooled models, task effects around each, each task's own model, and meta-learners.

    Parameters
    ----------
    pooled : list of PooledModel, fitted
    effects : list of list of (Design, effects), fitted; for each pooled model
    own : OwnModel or None
    metas : list of meta-estimators, fitted in the long format
    """

    def __init__(self, pooled, effects, own, metas):
        self.pooled, self.effects, self.own, self.metas = pooled, effects, own, metas

    def base(self, X, needed=None):
        """The pooled models' answers, a list of (n_rows, C); a model that is not needed answers 0."""
        needed = np.ones(len(self.pooled), dtype=bool) if needed is None else needed
        return [
            model.answer(X) if ask else np.zeros((len(X), model.n_classes)) for model, ask in zip(self.pooled, needed)
        ]

    def bases_needed(self, needed):
        """Which pooled models the needed members rest on."""
        n_pooled, per_base = len(self.pooled), len(self.effects[0])
        variants = needed[n_pooled : n_pooled * (1 + per_base)].reshape(n_pooled, per_base)
        bases = needed[:n_pooled] | variants.any(1)
        bases[0] = True  # what members fall back to
        return bases

    def answer(self, support, query, support_base=None, query_base=None, needed=None):
        """(n_query, E, C): every member's answer to the query rows, given what their tasks have shown.

        ``support_base`` and ``query_base`` are the pooled models' answers where they are known already; a member that
        is not among the ``needed`` (E,) answers 0.
        """
        n_members = len(self.pooled) + sum(map(len, self.effects)) + (self.own is not None) + len(self.metas)
        needed = np.ones(n_members, dtype=bool) if needed is None else needed
        bases = self.bases_needed(needed)
        query_base = self.base(query.X, bases) if query_base is None else query_base
        support_base = self.base(support.X, bases) if support_base is None else support_base
        names, code = np.unique(np.concatenate([support.code, query.code]), return_inverse=True)
        support = Rows(support.X, support.y, code[: len(support)])
        query, n_tasks = Rows(query.X, query.y, code[len(support) :]), len(names)
        answers = list(query_base)

        def add(ask):
            answers.append(ask() if needed[len(answers)] else np.zeros_like(query_base[0]))

        for F_support, F_query, variants in zip(support_base, query_base, self.effects):
            for design, effects in variants:
                add(partial(_ask_effects, design, effects, support, query, F_support, F_query, n_tasks))
        if self.own is not None:
            add(partial(self.own.answer, support, query, query_base[0], n_tasks))
        for meta in self.metas:
            add(partial(_ask_meta, meta, support, query, n_tasks, query_base[0]))
        return np.stack(answers, axis=1).clip(*self.pooled[0].bounds)


def _ask_effects(design, effects, support, query, F_support, F_query, n_tasks):
    shown = (design(_with(support.X, F_support)), F_support, support.y, support.code)
    asked = (design(_with(query.X, F_query)), F_query, query.code)
    return effects.answer(shown, asked, n_tasks)


def fit_effects(F, rows, n_classes, random_state, start=None):
    """Task effects around one pooled model, from its answers ``F`` to rows of tasks it has not seen.

    ``start`` are such effects fitted to much the same rows; the few numbers they share are then taken from there.
    """
    X = _with(rows.X, F)
    variants = []
    for i, slopes in enumerate((False, True)):
        design = Design(slopes).fit(X) if start is None else start[i][0]
        model = GaussianEffects() if n_classes == 1 else LogitEffects(random_state=random_state)
        before = None if start is None else start[i][1]
        variants.append((design, model.fit(design(X), F, rows.y, rows.code, before)))
    return variants


def _with(X, F):
    """The common prediction as one more feature, so that a task may stretch it; class odds stay as they are."""
    return np.hstack([X, F]) if F.shape[1] == 1 else X


def _ask_meta(meta, support, query, n_tasks, fallback):
    n_support = np.bincount(support.code, minlength=n_tasks)
    n_query = np.bincount(query.code, minlength=n_tasks)
    can = n_query > 0
    if not meta._answers_without_rows():
        can &= n_support > 0
    out = fallback.copy()
    if not can.any():
        return out
    shown, asked = can[support.code], can[query.code]
    code = np.concatenate([support.code[shown], query.code[asked]])
    order = np.argsort(code, kind="stable")
    some = np.repeat(support.y[:1] if len(support) else np.zeros(1, dtype=support.y.dtype), asked.sum())
    tasks = TaskSet.from_pool(
        np.concatenate([support.X[shown], query.X[asked]])[order],
        np.concatenate([support.y[shown], some])[order],
        n_support[can],
        n_query[can],
        labelled=np.zeros(int(can.sum()), dtype=bool),
    )
    if not is_classifier(meta):
        out[asked] = np.concatenate(list(meta.predict(tasks)))[:, None]
        return out
    p = np.full((int(asked.sum()), fallback.shape[1]), 0.0)
    p[:, meta.meta_classes_] = np.concatenate(list(meta.predict_proba(tasks)))
    out[asked] = tempered(p, 1.0)
    return out
