"""Where a Bayesian head starts: as the mixed-effects model of its untrained features."""

import numpy as np
import torch

from skmeta.mixed_models.mixed_ridge import mixed_effects
from skmeta.mixed_models.segments import Segments, rows_of_some_tasks

_FEWEST_TASKS = 4
_FEWEST_ROWS = 20
_MOST_LINES = 20  # features that may have correlated effects; the others share one variance
_LEAST_NOISE = 1e-4


@torch.no_grad()
def start_from_mixed_model(learner, store):
    """Set prior mean, prior covariance and noise to what makes the training tasks likeliest as they are.

    In closed form, where gradient steps would need thousands. Features of few columns, and the inputs that the body
    hands on, have correlated effects: a linear mixed model. The others' effects are independent and of one variance,
    which makes them a Gaussian process: curves of each task's own.
    """
    code = np.repeat(np.arange(len(store)), sum(store.sizes))
    labelled = ~store.y.isnan().any(1).cpu().numpy()
    rows = np.flatnonzero(labelled)
    rows = rows[rows_of_some_tasks(code[rows])]
    if len(np.unique(code[rows])) < _FEWEST_TASKS or len(rows) < _FEWEST_ROWS:
        return
    features = learner.features(store.X[rows][None])[0]
    order = _constant_and_lines_first(learner)
    W, y = features.double().cpu().numpy()[:, order], store.y[rows].double().cpu().numpy()
    n_tied = len(order) - 1 - _n_lines(learner)
    tasks, everything = Segments(code[rows]), np.arange(len(order))
    fits = [mixed_effects(W, one, tasks, everything, n_tied) for one in y.T]
    noise = np.array([max(prior.noise, _LEAST_NOISE) for _, prior in fits])
    covariance = np.mean([prior.covariance / n for (_, prior), n in zip(fits, noise)], axis=0)
    back = np.argsort(order)
    factor = np.linalg.cholesky(covariance[np.ix_(back, back)] + 1e-6 * np.eye(len(order)))
    for parameter, value in (
        (learner.prior_mean, np.stack([beta[back] for beta, _ in fits], axis=1)),
        (learner.log_diagonal, np.log(np.diag(factor))),
        (learner.below_diagonal, np.tril(factor, -1)),
        (learner.log_noise, 0.5 * np.log(noise)),
    ):
        parameter.copy_(torch.as_tensor(value))


def _n_lines(learner):
    kept = getattr(learner.body, "n_kept", 0)
    return kept if kept else learner.n_embedding if learner.n_embedding <= _MOST_LINES else 0


def _constant_and_lines_first(learner):
    """The order of the learner's features in which a mixed model has them; the learner has the constant last."""
    n, n_lines = learner.n_embedding, _n_lines(learner)
    return np.r_[n, np.arange(n - n_lines, n), np.arange(n - n_lines)]
