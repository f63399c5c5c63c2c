"""What a task adds to a common classifier: random effects on the log odds."""

import numpy as np
from scipy.special import expit

from skmeta.mixed_models.segments import Segments, random_ranks


class LogitEffects:
    """Effects on the log odds: a logistic mixed model around any common classifier.

    ``log p_c = log F_c + Z b_c + const`` with ``b_c ~ N(0, diag(s0^2, s1^2, ..., s2^2, ...))``: spreads of the
    intercept, of slopes and of curves. The posterior mode is found by bounded Newton steps (Boehning's bound on the
    curvature of the softmax), which decouple the classes; the spreads are those that foretell hidden rows of the tasks
    best.

    Parameters
    ----------
    spreads : (float, float, float) or None
        ``(s0, s1, s2)``; None has ``fit`` find them.
    n_iter : int
    n_tied : int
        How many of the effects, the last ones, are those of curves.
    random_state : int
    """

    def __init__(self, spreads=None, n_iter=20, n_tied=0, random_state=0):
        self.spreads, self.n_iter, self.n_tied, self.random_state = spreads, n_iter, n_tied, random_state

    stretches = True  # whether tasks may stretch the common model's answers

    @staticmethod
    def as_feature(F):
        """Class odds stay as they are."""
        return F[:, :0]

    def fit(self, Z, F, y, code, weight=None, start=None, lines=None):
        """Find the spreads; ``start`` is a fit to much the same rows, whose spreads will do.

        ``lines`` is a fit to the same rows without the curves, to which only their spread is to be added.
        """
        if start is not None:
            self.spreads = start.spreads
            return self
        support, query, n_tasks = self._hide_rows(Z, F, y, code, np.ones(len(y)) if weight is None else weight)
        self.spreads, self.fitness = (0.0, 0.0, 0.0), -np.inf

        def attempt(spreads, n_columns, n_tied=0):
            """Take the spreads if they foretell the hidden rows better, looking at the first columns alone."""
            shown, asked = ((part[0][:, :n_columns], *part[1:]) for part in (support, query))
            fitness = -LogitEffects(spreads, self.n_iter, n_tied)._loss(shown, asked, n_tasks)
            if fitness > self.fitness:
                self.spreads, self.fitness = spreads, fitness

        if lines is None:
            n_lines = Z.shape[1] - self.n_tied
            for s0 in (0.0, 0.25, 0.5, 0.8, 1.3, 2.0):
                attempt((s0, 0.0, 0.0), 1)
            s0 = max(self.spreads[0], 0.25)
            for s1 in (0.1, 0.2, 0.4, 0.8) if n_lines > 1 else ():
                attempt((s0, s1, 0.0), n_lines)
        else:
            self.spreads, self.fitness = lines.spreads, lines.fitness
        s0, s1, _ = self.spreads
        for s2 in (0.3, 0.8) if self.n_tied else ():
            attempt((max(s0, 0.25), s1, s2), Z.shape[1], self.n_tied)
        return self

    def _hide_rows(self, Z, F, y, code, weight):
        """Each task's rows cut at a random place: small supports and large ones."""
        rng = np.random.default_rng(self.random_state)
        names, code, size = np.unique(code, return_inverse=True, return_counts=True)
        rank = random_ranks(code, size, rng)
        shots = np.floor(np.exp(rng.uniform(0, np.log(np.maximum(size, 2))))).astype(int)
        is_support = rank < np.minimum(shots, size - 1)[code]
        s, q = np.flatnonzero(is_support), np.flatnonzero(~is_support)
        q = q[rank[q] < size[code[q]].clip(max=200)]  # enough to judge by
        return (Z[s], F[s], y[s], code[s], weight[s]), (Z[q], F[q], code[q], y[q], weight[q]), len(names)

    def _loss(self, support, query, n_tasks):
        Z, F, code, y, weight = query
        p = self.answer(support, (Z, F, code), n_tasks)
        return -np.average(np.log(p[np.arange(len(y)), y]), weights=weight)

    def effects(self, Z, F, y, code, n_tasks, weight=None):
        """(n_tasks, C, p) posterior modes; with two classes those of the second against the first, (n_tasks, 1, p)."""
        s0, s1, s2 = self.spreads
        two = F.shape[1] == 2
        n_free, n_effects = 1 if two else F.shape[1], Z.shape[1]
        out = np.zeros((n_tasks, n_free, n_effects))
        if s0 == 0 or not len(y):
            return out
        tasks = Segments(code, weight)
        n_each = [1, n_effects - 1 - self.n_tied, self.n_tied]
        precision = np.repeat(np.maximum([s0, s1, s2], 1e-3) ** -2.0, n_each)
        bound = 0.5
        if two:  # the difference of two effects has twice the variance, and a curvature of at most 1/4
            precision, bound = precision / 2, 0.25
        offset = _logits(F)
        target = y[:, None].astype(np.float64) if two else np.eye(n_free)[y]
        step = np.linalg.inv(bound * tasks.moments(Z) + np.diag(precision))
        apart = tasks.block_diagonal(Z)
        theta = np.zeros((len(tasks.codes), n_effects, n_free))
        for _ in range(self.n_iter):
            error = target - _shares(offset + apart @ theta.reshape(-1, n_free))
            error = error if weight is None else error * weight[:, None]
            gradient = (apart.T @ error).reshape(theta.shape) - theta * precision[:, None]
            theta += step @ gradient
        out[tasks.codes] = theta.transpose(0, 2, 1)
        return out

    def answer(self, support, query, n_tasks):
        *rows, weight = support
        theta = self.effects(*rows, n_tasks, weight)
        Z, F, code = query
        p = _shares(_logits(F) + np.einsum("ncp,np->nc", theta[code], Z))
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
