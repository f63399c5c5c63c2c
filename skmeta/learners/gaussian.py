"""Regression learners that answer with a distribution: a mean and a variance for every query row."""

import math

import torch

from skmeta.learners.base import Learner
from skmeta.tasks.store import is_answered

_LOG_2_PI = math.log(2 * math.pi)


class GaussianLearner(Learner):
    """A regression learner whose answer is a Gaussian; it trains by the likelihood of the query rows.

    A subclass gives ``adapt`` and ``predict_gaussian``.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    likelihood : bool, default=True
        Whether training minimises the negative log-likelihood; False leaves the net's criterion to judge the means.
    """

    task_type = "regression"

    def __init__(self, body, n_features_in, n_outputs=None, *, likelihood=True):
        super().__init__(body, n_features_in, n_outputs)
        self.likelihood = likelihood

    def predict_gaussian(self, state, query_X):
        """Mean and variance, each (T, m, k), of the targets of query rows; the noise of a target is included."""
        raise NotImplementedError

    def predict(self, state, query_X):
        return self.predict_gaussian(state, query_X)[0]

    def predict_moments(self, state, query_X):
        """(T, m, 2k): means, then standard deviations."""
        mean, variance = self.predict_gaussian(state, query_X)
        return torch.cat([mean, variance.sqrt()], dim=-1)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Flat means and variances, each (T * m, k)."""
        state = self.adapt(support_X, support_y, support_weight, class_mask)
        mean, variance = self.predict_gaussian(state, query_X)
        return mean.flatten(0, 1), variance.flatten(0, 1)

    def training_loss(self, criterion, mean, variance, y):
        if not self.likelihood:
            return criterion(mean, y)
        y = y.to(mean.device)
        rows = is_answered(y)
        return gaussian_nll(mean[rows], variance[rows], y[rows])


def gaussian_nll(mean, variance, y):
    """Mean over rows and targets of ``-log N(y; mean, variance)``."""
    return 0.5 * (_LOG_2_PI + variance.log() + (y - mean) ** 2 / variance).mean()
