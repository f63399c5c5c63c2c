"""What a task adds to a common model: random effects whose spread over tasks is learned from many of them.

Both kinds answer in the long format, all tasks at once: support rows ``(Z, F, y, code)`` and query rows ``(Z, F,
code)``, where ``F`` is the common model's answer, ``Z`` standardised features and ``code`` a task's position. Rows
are sorted by ``code``.
"""

import numpy as np
from scipy.special import expit

_ROWS_AT_ONCE = 16384


class Design:
    """Features whose effects may differ from task to task: a constant and, with ``slopes``, a few columns.

    Many columns are reduced to their leading principal components, so that a handful of rows can still say something
    about each.
    """

    def __init__(self, slopes, max_columns=20):
        self.slopes, self.max_columns = slopes, max_columns

    def fit(self, X):
        if not self.slopes:
            return self
        self.mean = X.mean(0)
        scale = X.std(0)
        varies = scale > 1e-9 * np.maximum(np.abs(self.mean), 1e-12)
        self.columns = np.flatnonzero(varies)
        self.scale = scale[self.columns]
        self.rotation = None
        if len(self.columns) > self.max_columns:
            Z = self._standardised(X)
            values, vectors = np.linalg.eigh(Z.T @ Z / len(Z))
            keep = np.argsort(values)[::-1][: self.max_columns]
            self.rotation = vectors[:, keep]
        return self

    def _standardised(self, X):
        return np.clip((X[:, self.columns] - self.mean[self.columns]) / self.scale, -5, 5)

    def __call__(self, X):
        constant = np.ones((len(X), 1))
        if not self.slopes:
            return constant
        Z = self._standardised(X)
        return np.hstack([constant, Z if self.rotation is None else Z @ self.rotation])


class GaussianEffects:
    """Bayesian linear regression of each task's residuals, with the prior that makes all tasks likeliest.

    ``y = F + Z b + noise`` with ``b ~ N(0, D)`` for each task: a linear mixed model around any common model. ``D`` and
    the noise come from expectation-maximisation; the correlations in ``D`` are drawn towards 0 as if by as many tasks
    as there are effects.

    Parameters
    ----------
    n_iter : int
    """

    def __init__(self, n_iter=50):
        self.n_iter = n_iter

    def fit(self, Z, F, y, code, start=None):
        """Learn the prior; ``start`` is a fit to much the same rows, from which a few iterations are enough."""
        n_effects, tasks = Z.shape[1], Segments(code)
        if start is None:
            self.scale = max(float(np.sqrt(np.mean((y - F[:, 0]) ** 2))), 1e-12)
            prior, noise, n_iter = np.diag(np.r_[0.3, np.full(n_effects - 1, 0.1)]), 0.5, self.n_iter
        else:
            self.scale, prior, noise, n_iter = start.scale, start.prior, start.noise, 8
        r = (y - F[:, 0]) / self.scale
        G, h, squares = tasks.moments(Z), tasks.sums(Z * r[:, None]), tasks.sums(r**2).sum()
        trust = len(G) / (len(G) + n_effects)
        for _ in range(n_iter):
            shrink = np.linalg.inv(noise * np.eye(n_effects) + G @ prior)
            spread = noise * prior @ shrink
            effect = (spread @ h[:, :, None])[:, :, 0] / noise
            second = (spread.sum(0) + effect.T @ effect) / len(G)
            prior = trust * second + (1 - trust) * np.diag(np.diag(second))
            prior = (prior + prior.T) / 2
            fitted = ((G @ effect[:, :, None])[:, :, 0] - 2 * h) * effect
            noise = max(float(squares + fitted.sum() + (G * spread).sum()) / len(r), 1e-8)
        self.prior, self.noise = prior, noise
        return self

    def effects(self, Z, F, y, code, n_tasks):
        """(n_tasks, p) posterior means, in units of the target; 0 for a task without rows."""
        tasks = Segments(code)
        G, h = tasks.moments(Z), tasks.sums(Z * ((y - F[:, 0]) / self.scale)[:, None])
        shrunk = np.linalg.solve(self.noise * np.eye(Z.shape[1]) + G @ self.prior, h[:, :, None])[:, :, 0]
        out = np.zeros((n_tasks, Z.shape[1]))
        out[tasks.codes] = self.scale * shrunk @ self.prior
        return out

    def answer(self, support, query, n_tasks):
        effects = self.effects(*support, n_tasks)
        Z, F, code = query
        return F + (Z * effects[code]).sum(1, keepdims=True)


class LogitEffects:
    """Effects on the log odds: a logistic mixed model around any common classifier.

    ``log p_c = log F_c + Z b_c + const`` with ``b_c ~ N(0, diag(s0^2, s1^2, ..., s1^2))``. The posterior mode is found
    by bounded Newton steps (Boehning's bound on the curvature of the softmax), which decouple the classes; ``s0`` and
    ``s1`` are those that foretell hidden rows of the tasks best.

    Parameters
    ----------
    spreads : (float, float) or None
        ``(s0, s1)``; None has ``fit`` find them.
    n_iter : int
    random_state : int
    """

    def __init__(self, spreads=None, n_iter=20, random_state=0):
        self.spreads, self.n_iter, self.random_state = spreads, n_iter, random_state

    def fit(self, Z, F, y, code, start=None):
        """Find the spreads; ``start`` is a fit to much the same rows, whose spreads will do."""
        if start is not None:
            self.spreads = start.spreads
            return self
        support, query, n_tasks = self._hide_rows(Z, F, y, code)
        self.spreads = (0.0, 0.0)
        best = self._loss(support, query, n_tasks, (0.0, 0.0))
        constant = (support[0][:, :1], *support[1:]), (query[0][:, :1], *query[1:])
        for s0 in (0.25, 0.5, 0.8, 1.3, 2.0):
            loss = self._loss(*constant, n_tasks, (s0, 0.0))
            if loss < best:
                best, self.spreads = loss, (s0, 0.0)
        if Z.shape[1] > 1:
            s0 = max(self.spreads[0], 0.25)
            for s1 in (0.1, 0.2, 0.4, 0.8):
                loss = self._loss(support, query, n_tasks, (s0, s1))
                if loss < best:
                    best, self.spreads = loss, (s0, s1)
        return self

    def _hide_rows(self, Z, F, y, code):
        """Each task's rows cut at a random place: small supports and large ones."""
        rng = np.random.default_rng(self.random_state)
        names, code, size = np.unique(code, return_inverse=True, return_counts=True)
        rank = random_ranks(code, size, rng)
        shots = np.floor(np.exp(rng.uniform(0, np.log(np.maximum(size, 2))))).astype(int)
        is_support = rank < np.minimum(shots, size - 1)[code]
        s, q = np.flatnonzero(is_support), np.flatnonzero(~is_support)
        q = q[rank[q] < size[code[q]].clip(max=200)]  # enough to judge by
        return (Z[s], F[s], y[s], code[s]), (Z[q], F[q], code[q], y[q]), len(names)

    def _loss(self, support, query, n_tasks, spreads):
        Z, F, code, y = query
        p = LogitEffects(spreads, self.n_iter).answer(support, (Z, F, code), n_tasks)
        return -np.log(p[np.arange(len(y)), y]).mean()

    def effects(self, Z, F, y, code, n_tasks):
        """(n_tasks, C, p) posterior modes; with two classes those of the second against the first, (n_tasks, 1, p)."""
        s0, s1 = self.spreads
        two = F.shape[1] == 2
        n_free, n_effects = 1 if two else F.shape[1], Z.shape[1]
        out = np.zeros((n_tasks, n_free, n_effects))
        if s0 == 0 or not len(y):
            return out
        tasks = Segments(code)
        precision = np.r_[s0**-2.0, np.full(n_effects - 1, max(s1, 1e-3) ** -2.0)]
        bound = 0.5
        if two:  # the difference of two effects has twice the variance, and a curvature of at most 1/4
            precision, bound = precision / 2, 0.25
        offset = _logits(F)
        target = y[:, None].astype(np.float64) if two else np.eye(n_free)[y]
        step = np.linalg.inv(bound * tasks.moments(Z) + np.diag(precision))
        theta = np.zeros((len(tasks.codes), n_free, n_effects))
        for _ in range(self.n_iter):
            error = target - _shares(offset + _products(theta[tasks.of_row], Z))
            gradient = tasks.sums(error[:, :, None] * Z[:, None, :]) - theta * precision
            theta += gradient @ step
        out[tasks.codes] = theta
        return out

    def answer(self, support, query, n_tasks):
        theta = self.effects(*support, n_tasks)
        Z, F, code = query
        p = _shares(_logits(F) + _products(theta[code], Z))
        p = np.hstack([1 - p, p]) if F.shape[1] == 2 else p
        return p.clip(1e-9)


def _logits(F):
    """(n, C) log probabilities; for two classes (n, 1) log odds."""
    log_p = np.log(F)
    return log_p[:, 1:] - log_p[:, :1] if F.shape[1] == 2 else log_p


def _shares(logits):
    if logits.shape[1] == 1:
        return expit(logits)
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _products(theta, Z):
    return (theta @ Z[:, :, None])[:, :, 0]


class Segments:
    """Sums over the rows of each task, where ``code`` is sorted; only tasks that have rows count."""

    def __init__(self, code):
        is_first = np.ones(len(code), dtype=bool)
        is_first[1:] = code[1:] != code[:-1]
        self.first = np.flatnonzero(is_first)
        self.codes = code[self.first]
        self.of_row = np.cumsum(is_first) - 1

    def sums(self, values):
        """(N, ...) to (tasks, ...)."""
        if not len(self.first):
            return np.zeros((0, *values.shape[1:]))
        return np.add.reduceat(values, self.first, axis=0)

    def moments(self, Z):
        """(tasks, p, p) of Z'Z, a bounded number of rows at once."""
        out = np.zeros((len(self.first), Z.shape[1], Z.shape[1]))
        for i in range(0, len(Z), _ROWS_AT_ONCE):
            block = Z[i : i + _ROWS_AT_ONCE]
            part = Segments(self.of_row[i : i + _ROWS_AT_ONCE])
            out[part.codes] += part.sums(block[:, :, None] * block[:, None, :])
        return out


def random_ranks(code, size, rng):
    """Each row's place in a random order of its task's rows; ``code`` is sorted."""
    shuffled = rng.permutation(len(code))
    order = shuffled[np.argsort(code[shuffled], kind="stable")]
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(np.cumsum(size) - size, size)
    return rank
