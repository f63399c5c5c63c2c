"""The regressors' kind: numbers in the user's units, and how sure they are."""

from typing import Any

import numpy as np
from scipy.special import ndtri
from sklearn.base import RegressorMixin

from skmeta.documentation import documented_like
from skmeta.estimators.base.answers import object_array
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.targets import Targets, quantile_levels
from skmeta.tasks import is_tasks


class MetaRegressor(RegressorMixin, MetaEstimator):
    """Base of the regressors.

    Targets are standardised inside, over the rows of all tasks (``target_scaling="pooled"``) or by each support
    (``"task"``), and predictions come back in the user's units.
    """

    target_scaling: str | None = "pooled"

    lr = 0.003  # squared errors of standardised targets bear a larger rate than cross-entropy does
    _codec_class = Targets
    _is_calibrated = True
    score = MetaEstimator.score  # scikit-learn's mixin has one too, which knows rows only

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @property
    def target_mean_(self) -> np.ndarray:
        """(n_targets,) what targets are standardised with."""
        return self.codec_.mean

    @property
    def target_scale_(self) -> np.ndarray:
        """(n_targets,) what targets are standardised with."""
        return self.codec_.scale


class ProbabilisticRegressor(MetaRegressor):
    """Base of the regressors that answer with a distribution: ``return_std``, ``quantiles``, training by likelihood.

    By default the learner is a :class:`~skmeta.learners.gaussian.GaussianLearner`.
    """

    _ask_distribution = "predict_moments"  # the learner's method that gives parameters of a distribution

    def _learner_settings(self):
        # a criterion of the user's own judges the means; without one the likelihood judges the distribution
        return super()._learner_settings() | {"likelihood": self.criterion is None}

    @documented_like(MetaEstimator.predict)
    def predict(  # type: ignore[override]
        self, X: Any, return_std: bool = False, quantiles: Any = None, *, task: Any = None
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Targets of rows of the current task, or of the query rows of many tasks, and how sure they are.

        Parameters
        ----------
        return_std : bool, default=False
            Whether to return standard deviations too; the noise of the targets is part of them.
        quantiles : array-like of floats in (0, 1), default=None
            Return these quantiles instead of the means.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
            With ``quantiles``, one more axis at the end.
        std : like y
            Only with ``return_std``.
        """
        levels = quantile_levels(quantiles, return_std)
        if not return_std and levels is None:
            return super().predict(X, task=task)
        distribution, _ = self._answers(X, task, ask=self._ask_distribution, decode=lambda out, _: out)
        if is_tasks(X):
            answers = [self._of_distribution(one, levels) for one in distribution]
            return tuple(map(object_array, zip(*answers))) if return_std else object_array(answers)
        return self._of_distribution(distribution, levels)

    def _of_distribution(self, distribution, levels):
        """Means and standard deviations, or quantiles, in the user's units."""
        mean, std = self.codec_.decode_moments(distribution)
        return (mean, std) if levels is None else mean[..., None] + std[..., None] * ndtri(levels)
