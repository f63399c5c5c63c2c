"""Which of pooled, per-task and meta-learned regressors to trust, by how much a task has shown."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from skmeta.documentation import documented, documented_like
from skmeta.estimators.base.answers import object_array
from skmeta.estimators.base.regressor import ProbabilisticRegressor
from skmeta.estimators.base.rows import far_means, place_of_row
from skmeta.estimators.base.targets import Targets, quantile_levels
from skmeta.mixed_models import LeaveOneOutRidge, MixedRidge, PowerLaw
from skmeta.task_mixture.answers import answers_to_rows, answers_to_tasks
from skmeta.task_mixture.base import TaskMixture
from skmeta.tasks import is_tasks


@documented
class TaskMixtureRegressor(RegressorMixin, TaskMixture):
    """Pooled models, per-task models and what tasks add to the common model, trusted by what held-out tasks say.

    For numbers. Effects of tasks are Gaussian, their spread learned over tasks.

    Parameters
    ----------
    pooled : regressor, list of regressors or "default", default="default"
        Models of all rows together; "default" is the fixed effects of a linear mixed model, ridge regression on splines
        of every column, histogram gradient boosting - also with the task as a feature - and, where all targets
        are positive, a product of powers of the positive columns. The mean is always among them. Around each of them,
        random intercepts, slopes and smooth curves of the tasks are estimated; around the product they are factors.
    per_task : regressor or None, default=None
        Fitted to each task's rows alone, as one more member.

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    N. M. Laird, J. H. Ware. "Random-effects models for longitudinal data". Biometrics 38, 1982.
    L. Breiman. "Stacked regressions". Machine Learning 24, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmeta import TaskMixtureRegressor
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(20), 10)
    >>> X = rng.normal(size=(200, 2))
    >>> y = X[:, 0] + rng.normal(size=20)[site] + 0.1 * rng.normal(size=200)
    >>> mixture = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, y, task=site)
    >>> bool(mixture.score(X, y, task=site) > 0.95 > mixture.score(X, y))
    True
    """

    _codec_class = Targets
    _n_outputs = 1
    score = TaskMixture.score  # scikit-learn's mixin has one too, which knows rows only

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _shaped_targets(self, y, reset):
        """(n_rows, n_targets) finite numbers."""
        name = type(self).__name__
        if y.dtype == object:
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name} needs numeric targets: {error}") from error
        Targets.check(y, name, place_of_row)
        y = np.asarray(y, dtype=np.float64)
        if reset:
            self.n_targets_ = 0 if y.ndim == 1 else y.shape[1]  # 0: they are no columns
        y = y.reshape(len(y), -1)
        if y.shape[1] != max(self.n_targets_, 1):
            raise ValueError(f"y has {y.shape[1]} targets, but fit saw {max(self.n_targets_, 1)}.")
        return y

    def _learn_targets(self, y):
        # by a power of two, which rounds nothing: squares of targets stay within what a float can hold
        self.target_units_ = _powers_of_two(y)
        coded = y / self.target_units_
        self.target_shift_ = self.target_units_ * far_means(coded)
        if self.target_shift_.any():
            self.target_units_ = _powers_of_two(y - self.target_shift_)
        return self._coded_targets(y)

    def _coded_targets(self, y):
        return (y - self._target_shift) / self.target_units_

    @property
    def _target_shift(self):
        return vars(self).get("target_shift_", np.zeros(len(self.target_units_)))  # which older files do not have

    def _default_members(self, y):
        trees = HistGradientBoostingRegressor()
        pooled = [
            MixedRidge(),
            make_pipeline(
                StandardScaler(),
                SplineTransformer(6, extrapolation="constant"),
                LeaveOneOutRidge(np.logspace(-4, 2, 7)),
            ),
            trees,
        ]
        pooled += [PowerLaw()] if y.min() > 0 else []
        return pooled, [trees]

    @documented_like(ProbabilisticRegressor.predict)
    def predict(self, X, return_std=False, quantiles=None, *, task=None):
        """Targets of rows, or of the query rows of many tasks, and how sure they are.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or collection of tasks
            Tasks are answered given their support rows; the estimator stays as it is.
        return_std : bool, default=False
            Whether to return standard deviations too: by what held-out rows were missed, at as many rows shown.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; a task never seen gets the answer for tasks without rows. None looks for the
            column named in ``fit``; where there is none, rows belong to the current task, which has no name.
        """
        levels = quantile_levels(quantiles, return_std)
        how_sure = "std" if return_std else levels
        if is_tasks(X):
            made = [self._in_units(answers, return_std, quantiles) for answers in answers_to_tasks(self, X, how_sure)]
            return tuple(map(object_array, zip(*made))) if return_std else object_array(made)
        return self._in_units(answers_to_rows(self, X, task, how_sure), return_std, quantiles)

    def _in_units(self, answers, return_std, quantiles):
        """Answers to each target (n_rows, C) in its units; those of one target given as such are no columns."""
        y = np.stack(answers, axis=1) * self.target_units_[:, None]
        y[..., : 1 if return_std else None] += self._target_shift[:, None]
        y = y if self.n_targets_ else y[:, 0]
        if quantiles is not None:
            return y
        return (y[..., 0], y[..., 1]) if return_std else y[..., 0]


def _powers_of_two(y):
    return 2.0 ** np.frexp(np.abs(y).max(0))[1].clip(-1000, 1000)
