"""Regressors that answer with a distribution."""

import numpy as np

from skmeta.estimators._answers import object_array
from skmeta.estimators._regressor import MetaRegressor
from skmeta.tasks import is_tasks


class GaussianMetaRegressor(MetaRegressor):
    """Base of the regressors over a :class:`~skmeta.learners.gaussian.GaussianLearner`: ``return_std``, likelihood."""

    def _learner_settings(self):
        # a criterion of the user's own judges the means; without one the likelihood judges the distribution
        return super()._learner_settings() | {"likelihood": self.criterion is None}

    def predict(self, X, return_std=False, *, task=None):
        """Targets of rows of the current task, or of the query rows of many tasks, and how sure they are.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        return_std : bool, default=False
            Whether to return standard deviations too; the noise of the targets is part of them.
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
        std : like y
            Only with ``return_std``.
        """
        if not return_std:
            return super().predict(X, task=task)
        if is_tasks(X):
            moments = self._outputs_of_tasks(self._validated_tasks(X), ask="predict_moments")
            means, stds = zip(*map(self._mean_and_std, moments))
            return object_array(means), object_array(stds)
        if task is not None:
            return self._mean_and_std(self._outputs_long(X, task, ask="predict_moments"))
        return self._mean_and_std(self._outputs(X, ask="predict_moments"))

    def _mean_and_std(self, moments):
        mean, std = np.split(moments, 2, axis=1)
        std = std * self.target_scale_
        return self._unscaled(mean), std[:, 0] if self._targets_1d else std
