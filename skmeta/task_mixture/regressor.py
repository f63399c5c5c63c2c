"""Which of pooled, per-task and meta-learned regressors to trust, by how much a task has shown."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from skmeta.mixed_models import LeaveOneOutRidge, MixedRidge, PowerLaw
from skmeta.task_mixture.base import DOC, TaskMixture


class TaskMixtureRegressor(RegressorMixin, TaskMixture):
    __doc__ = DOC.format(
        about="For numbers. Effects of tasks are Gaussian, their spread learned over tasks.",
        pooled="""pooled : regressor, list of regressors or "default", default="default"
        Models of all rows together; "default" is ridge regression, the fixed effects of a linear mixed model, ridge on
        splines of every column, histogram gradient boosting - also with the task as a feature, and as a correction of
        the others that sees what a task has shown - and, where all targets are positive, a product of powers of the
        positive columns. The mean is always among them. Around each of them, random intercepts, slopes and smooth
        curves of the tasks are estimated; around the product they are factors.""",
        per_task="""per_task : regressor, "default" or None, default="default"
        Fitted to each task's rows alone; "default" is a ridge regression for tasks of 8 rows and more.""",
        attributes="",
        reference='L. Breiman. "Stacked regressions". Machine Learning 24, 1996.',
        example=""">>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmeta import TaskMixtureRegressor
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(20), 10)
    >>> X = rng.normal(size=(200, 2))
    >>> y = X[:, 0] + rng.normal(size=20)[site] + 0.1 * rng.normal(size=200)
    >>> mixture = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, y, task=site)
    >>> bool(mixture.score(X, y, task=site) > 0.95 > mixture.score(X, y))
    True
    """,
    )

    _n_outputs = 1

    def _learn_targets(self, y):
        y = self._finite(y)
        # by a power of two, which rounds nothing: squares of targets stay within what a float can hold
        self._unit = 2.0 ** np.frexp(np.abs(y).max())[1].clip(-1000, 1000)
        y = y / self._unit
        self._is_positive = y.min() > 0
        return y

    def _coded_targets(self, y):
        return self._finite(y) / self._unit

    def _finite(self, y):
        if y.dtype.kind not in "biuf":
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{type(self).__name__} needs numeric targets: {error}") from error
        y = np.asarray(y, dtype=np.float64)
        if not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity.")
        return y

    def _default_members(self):
        trees = HistGradientBoostingRegressor()
        pooled = [
            make_pipeline(StandardScaler(), LeaveOneOutRidge(np.logspace(-3, 3, 7))),
            MixedRidge(),
            make_pipeline(
                StandardScaler(),
                SplineTransformer(6, extrapolation="constant"),
                LeaveOneOutRidge(np.logspace(-4, 2, 7)),
            ),
            trees,
        ]
        pooled += [PowerLaw()] if self._is_positive else []
        return pooled, [trees], HistGradientBoostingRegressor(max_iter=50, max_leaf_nodes=15)

    def predict(self, X, *, task=None):
        """Targets of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; a task never seen gets the answer for tasks without rows. None: the task
            without a name.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        return self._answers(X, task)[:, 0] * self._unit

    def score(self, X, y, sample_weight=None, *, task=None):
        """R2 of ``predict(X, task=task)``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), str or list of str, default=None

        Returns
        -------
        score : float
        """
        return r2_score(y, self.predict(X, task=task), sample_weight=sample_weight)
