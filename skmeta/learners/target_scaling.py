"""Regression targets standardised by each task's own support."""

import torch

from skmeta.learners.base import Learner
from skmeta.learners.gaussian import GaussianLearner

#: standard deviations from 0 at which chance takes a task's mean once in a thousand times
_FARTHEST = 3.3


class PerTaskTargets(Learner):
    """Any regression learner, fed with targets that each support has standardised, answering in the old units.

    Few rows say little about a task's scale, so its variance is shrunk towards the meta-training rows' 1 as if
    ``n_prior`` such rows had been seen too, and its mean towards 0 as far as that variance leaves it open. A task whose
    targets vary so little that chance does not explain it (once in a thousand tasks) is on a scale of its own, and is
    shrunk to the smallest variance that chance would explain; one whose mean is farther from 0 than that has a place of
    its own, and its mean is hardly shrunk.

    Parameters
    ----------
    learner : Learner
    n_prior : float, default=1.0
    """

    task_type = "regression"
    cold_start = True

    def __init__(self, learner, n_prior=1.0):
        torch.nn.Module.__init__(self)
        self.learner, self.n_prior = learner, n_prior
        self.n_embedding, self.n_outputs = learner.n_embedding, learner.n_outputs
        self.loss_by_tasks, self.loss_in_parts = learner.loss_by_tasks, learner.loss_in_parts

    @classmethod
    def around(cls, learner_class):
        """A constructor like ``learner_class``'s own, whose result is wrapped."""
        gaussian = isinstance(learner_class, type) and issubclass(learner_class, GaussianLearner)
        return _Around(PerTaskGaussian if gaussian else cls, learner_class)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Flat answers in the old units; then what the loss takes: the learner's own, and mean and scale, flat."""
        mean, scale = self._moments(support_y, support_weight)
        inner = self.learner(support_X, (support_y - mean) / scale, query_X, support_weight)
        mean, scale = (part.expand(-1, query_X.shape[1], -1).flatten(0, 1) for part in (mean, scale))
        answers = inner[0] if isinstance(inner, tuple) else inner
        return answers * scale + mean, inner, mean, scale

    def training_loss(self, criterion, answers, inner, mean, scale, y):
        """The learner's loss, on targets standardised like those it adapted to: every task counts the same."""
        y = (y.to(mean.device) - mean) / scale
        if isinstance(inner, tuple):
            return self.learner.training_loss(criterion, *inner, y)
        return criterion(inner, y)

    def _moments(self, support_y, support_weight):
        """Shrunken mean and scale (T, 1, k) of each support's targets."""
        weight = torch.ones_like(support_y[..., :1]) if support_weight is None else support_weight[..., None]
        n_rows, total = (weight > 0).sum(1, keepdim=True), weight.sum(1, keepdim=True)
        share = weight / torch.where(total > 0, total, 1.0)
        support_y = torch.where(weight > 0, support_y, 0.0)  # what stands in a padded row is no number of ours
        mean = (share * support_y).sum(1, keepdim=True)
        varies = (share * (support_y - mean) ** 2).sum(1, keepdim=True)
        # a sum of n squares about their mean falls below 1 / c of its expectation about once in c^((n - 1) / 2) times
        chance = 10.0 ** (6.0 / (n_rows - 1).clamp(min=1))
        prior = torch.where(varies > 0, (chance * varies).clamp(max=1.0), 1.0)
        variance = (total * varies + self.n_prior * prior) / (total + self.n_prior)
        of_means = (mean / _FARTHEST).square().clamp(min=1.0)  # the variance of tasks' means that explains this one
        return mean * total / (total + self.n_prior * variance.clamp(max=1.0) / of_means), variance.sqrt()

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The inner learner's state, with the scale and mean (T, 1, k) that undo the standardisation."""
        mean, scale = self._moments(support_y, support_weight)
        state = self.learner.adapt(support_X, (support_y - mean) / scale, support_weight)
        return state, mean, scale

    def configured(self, **settings):
        view = super().configured()
        vars(view)["_modules"] = self._modules | {"learner": self.learner.configured(**settings)}
        return view

    def predict(self, state, query_X):
        inner, mean, scale = state
        return self.learner.predict(inner, query_X) * scale + mean


class PerTaskGaussian(GaussianLearner, PerTaskTargets):
    """The same for a learner that answers with a distribution."""

    def __init__(self, learner, n_prior=1.0):
        PerTaskTargets.__init__(self, learner, n_prior)
        self.likelihood = learner.likelihood

    def predict_gaussian(self, state, query_X):
        inner, shift, scale = state
        mean, variance = self.learner.predict_gaussian(inner, query_X)
        return mean * scale + shift, variance * scale**2

    def predict(self, state, query_X):
        return PerTaskTargets.predict(self, state, query_X)


class _Around:
    """A picklable constructor."""

    def __init__(self, wrapper, learner_class):
        self.wrapper, self.learner_class = wrapper, learner_class

    def __call__(self, body, **kwargs):
        return self.wrapper(self.learner_class(body, **kwargs))
