"""What a task adds to a common regressor: random effects whose spread over tasks is learned from many of them.

Effects (Gaussian here, factors in ``power_law``, on the log odds in ``logit_effects``) answer in the long format, all
tasks at once: support rows ``(Z, F, y, code, weight)`` and query rows ``(Z, F, code)``, where ``F`` is the common
model's answer, ``Z`` a :class:`~.design.Design` of the features and ``code`` a task's position. Rows are sorted by
``code``; the ``weight`` of None is 1.
"""

import copy

import numpy as np

from skmeta.mixed_models.effects_prior import SETTLED, EffectsPrior
from skmeta.mixed_models.segments import Segments

_MANY_TASKS = 100  # of so many, leaving out a few changes next to nothing


class GaussianEffects:
    """Bayesian linear regression of each task's residuals, with the prior that makes all tasks likeliest.

    ``y = F + Z b + noise`` with ``b ~ N(0, D)`` for each task: a linear mixed model around any common model.

    Parameters
    ----------
    n_tied : int
        How many of the effects, the last ones, share one variance.
    random_state : ignored
    """

    def __init__(self, n_tied=0, random_state=None):
        self.n_tied = n_tied

    stretches = True  # whether tasks may stretch the common model's answers

    @staticmethod
    def as_feature(F):
        """What the design sees of the common model's answers."""
        return F

    def fit(self, Z, F, y, code, weight=None, start=None, lines=None):
        """Learn the prior; ``start`` is a fit to much the same rows, from which a few more iterations are enough.

        ``lines`` is a fit to the same rows without the curves, from which they take the prior of intercept and slopes.
        """
        tasks = Segments(code, weight)
        if start is not None:
            self.scale, self.prior = start.scale, copy.copy(start.prior)
            n_iter = 8 if len(tasks.codes) < _MANY_TASKS else 2
        elif lines is not None and len(lines.prior.covariance) == Z.shape[1] - self.n_tied:
            self.scale, self.prior, n_iter = lines.scale, lines.prior.with_tied_effects(self.n_tied), 10
        else:
            self.scale = max(float(np.sqrt(tasks.mean((y - F[:, 0]) ** 2))), 1e-12)
            self.prior, n_iter = EffectsPrior(Z.shape[1], self.n_tied), 15 if self.n_tied else 50
        r = (y - F[:, 0]) / self.scale
        n_rows = tasks.mass.sum()
        moments = tasks.moments(Z), tasks.sums(Z * r[:, None]), n_rows * tasks.mean(r**2), n_rows
        for _ in range(n_iter):
            if self.prior.step(*moments) < SETTLED:
                break
        self.fitness = self.prior.log_likelihood(*moments)
        return self

    def effects(self, Z, F, y, code, n_tasks, weight=None):
        """(n_tasks, p) posterior means, in units of the target; 0 for a task without rows."""
        tasks, G, h = self.moments(Z, F, y, code, weight)
        out = np.zeros((n_tasks, Z.shape[1]))
        out[tasks.codes] = self.scale * self.prior.posterior_means(G, h)
        return out

    def moments(self, Z, F, y, code, weight):
        """The tasks that have rows, and of each Z'Z and Z'r, in units of the common model's error."""
        tasks = Segments(code, weight)
        return tasks, tasks.moments(Z), tasks.sums(Z * ((y - F[:, 0]) / self.scale)[:, None])

    def answer(self, support, query, n_tasks):
        *rows, weight = support
        effects = self.effects(*rows, n_tasks, weight)
        Z, F, code = query
        return F + (Z * effects[code]).sum(1, keepdims=True)
