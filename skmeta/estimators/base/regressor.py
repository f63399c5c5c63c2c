"""The regressors' kind: numbers in the user's units, and how sure they are."""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Bunch

from skmeta.estimators.base.arrays import object_array
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.support_effects import explain_targets
from skmeta.estimators.base.targets import Targets
from skmeta.tasks import is_tasks


class MetaRegressor(RegressorMixin, MetaEstimator):
    """Base of the regressors.

    Targets are standardised inside, over the rows of all tasks (``target_scaling="pooled"``) or by each support
    (``"task"``), and predictions come back in the user's units.
    """

    target_scaling: str | None = "pooled"

    lr = 0.003  # squared errors of standardised targets bear a larger rate than cross-entropy does
    _codec_class = Targets
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

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Targets of rows of the current task, or of the query rows of many tasks.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
        """
        answers, _ = self._answers(X, task)
        return object_array(answers) if is_tasks(X) else answers

    def explain(self, X: Any) -> Bunch:
        """Say which labelled rows of the current task carried the answers.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        explanation : Bunch
            ``support`` : ndarray of shape (n_rows, n_support) - by how much the prediction falls when the row of the
            support is left out. Several targets have one more axis at the end.
        """
        return explain_targets(self, X)


class GaussianMetaRegressor(MetaRegressor):
    """Base of the regressors over a :class:`~skmeta.learners.gaussian.GaussianLearner`: ``return_std``, likelihood."""

    def _learner_settings(self):
        # a criterion of the user's own judges the means; without one the likelihood judges the distribution
        return super()._learner_settings() | {"likelihood": self.criterion is None}

    def predict(  # type: ignore[override]
        self, X: Any, return_std: bool = False, *, task: Any = None
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Targets of rows of the current task, or of the query rows of many tasks, and how sure they are.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        return_std : bool, default=False
            Whether to return standard deviations too; the noise of the targets is part of them.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
        std : like y
            Only with ``return_std``.
        """
        if not return_std:
            return super().predict(X, task=task)
        moments, _ = self._answers(X, task, ask="predict_moments", decode=lambda out, _: out)
        if is_tasks(X):
            means, stds = zip(*map(self.codec_.decode_moments, moments))
            return object_array(means), object_array(stds)
        return self.codec_.decode_moments(moments)
