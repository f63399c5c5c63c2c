"""Ridge regression whose fixed effects are those of a linear mixed model."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmeta.mixed_models.design import Design
from skmeta.mixed_models.effects_prior import SETTLED, EffectsPrior
from skmeta.mixed_models.segments import Segments


class MixedRidge(RegressorMixin, BaseEstimator):
    """A line through all rows that does not mistake differences between tasks for effects of the features.

    ``y = W beta + Z b + noise`` with random effects ``b ~ N(0, D)`` for each task: an intercept, and slopes of the
    columns that vary most within tasks. ``beta``, under a ridge penalty, ``D`` and the noise are estimated together,
    ``beta`` by generalised least squares. ``predict`` answers ``W beta``: what is known of a task without rows.

    Parameters
    ----------
    n_slopes : int
        Columns whose slopes may differ from task to task.
    alpha : float
        One over the prior variance of the effects of standardised columns on the standardised target. (In units of
        the noise, as ridge regression has it, the penalty would drown what tasks of differing slopes say of the mean.)
    n_iter : int
    """

    def __init__(self, n_slopes=8, alpha=1.0, n_iter=30):
        self.n_slopes, self.alpha, self.n_iter = n_slopes, alpha, n_iter

    def fit(self, X, y, task=None, sample_weight=None):
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        code = np.zeros(len(y), dtype=np.int64) if task is None else np.asarray(task)
        order = np.argsort(code, kind="stable")
        self.design_ = Design("slopes", max_columns=60).fit(X, sample_weight)
        W = self.design_(X[order])
        tasks = Segments(code[order], None if sample_weight is None else np.asarray(sample_weight)[order])
        self.center_ = tasks.mean(y[order])
        self.scale_ = max(float(np.sqrt(tasks.mean((y[order] - self.center_) ** 2))), 1e-12)
        target = (y[order] - self.center_) / self.scale_
        random = _vary_most_within(tasks.moments(W), self.n_slopes)
        self.coef_, _ = mixed_effects(W, target, tasks, random, 0, self.alpha, self.n_iter, SETTLED)
        return self

    def predict(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.center_ + self.scale_ * (self.design_(X) @ self.coef_)


def mixed_effects(W, y, tasks, random, n_tied=0, alpha=1.0, n_iter=30, settled=0.0):
    """Fixed effects of all columns, the first a constant, and the prior of the random effects of some of them.

    Everything needed of the rows is each task's moments. The fixed effects are those of generalised least squares with
    a prior of variance ``1 / alpha``; the random effects' covariance and the noise come by expectation-maximisation.
    """
    A, b = tasks.moments(W), tasks.sums(W * y[:, None])
    n_rows = tasks.mass.sum()
    A_all, b_all, squares = A.sum(0), b.sum(0), n_rows * tasks.mean(y**2)
    cross, G, h0 = A[:, random], A[:, random][:, :, random], b[:, random]
    penalty = alpha * np.eye(W.shape[1])
    penalty[0, 0] = 1e-6
    prior = EffectsPrior(len(random), n_tied)
    for _ in range(n_iter):
        # the rows' covariance is noise (I + Z D Z' / noise); its inverse by Woodbury's identity
        root, inverse = whitened = prior.whitened_inverse(G)
        explained = cross.transpose(0, 2, 1) @ (root @ inverse @ root.T)
        gram = A_all - (explained @ cross).sum(0)
        moment = b_all - (explained @ h0[:, :, None]).sum(0)[:, 0]
        beta = np.linalg.solve(gram + prior.noise * penalty, moment)
        rest = squares - 2 * beta @ b_all + beta @ A_all @ beta
        if prior.step(G, h0 - cross @ beta, rest, n_rows, whitened) < settled:
            break
    return beta, prior


def _vary_most_within(A, n_slopes):
    """The constant, and the columns that vary most within tasks."""
    n_rows = A[:, 0, 0][:, None]
    within = (np.einsum("tii->ti", A) - A[:, :, 0] ** 2 / n_rows).sum(0)[1:]
    return np.r_[0, 1 + np.sort(np.argsort(-within, kind="stable")[:n_slopes])]
