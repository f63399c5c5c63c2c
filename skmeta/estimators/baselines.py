"""Models without meta-learning behind the interface of the learners: what a table of results should begin with."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import validate_data

from skmeta.documentation import documented
from skmeta.estimators.base.current_task import Support
from skmeta.estimators.base.wrapped import WrappedEstimator
from skmeta.tasks.splitting import refuse_no_support


@documented
class PerTaskBaseline(WrappedEstimator):
    """Any estimator, fitted on each task's own rows alone: what there is to gain without other tasks.

    Examples
    --------
    >>> from skmeta import PerTaskBaseline
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> baseline = PerTaskBaseline().fit(tasks[:19])
    >>> new = tasks[19]
    >>> baseline.adapt(new.X, new.y).predict(new.X_query).shape == new.y_query.shape
    True
    """

    def _learn(self, tasks):
        pass  # other tasks are of no use to it

    def _classes_beside(self, own):
        return own

    def _checked(self, tasks):
        """Tasks in the containers they come in, for an estimator may ask for columns by their names."""
        refuse_no_support(tasks)
        validate_data(self, tasks.pooled[0], reset=False, skip_check_array=True)
        return tasks

    def _fitted_for(self, support):
        if is_classifier(self) and len(np.unique(support.y[support.weight > 0])) == 1:
            return _OneClass(support.y[support.weight > 0][:1])
        return self._fitted(*support.parts)


@documented
class PooledBaseline(WrappedEstimator):
    """Any estimator, fitted on the rows of all tasks and of the current one together: one model for everything.

    Labels have to mean the same in all tasks for this to make sense. Where a classifier's new task shows other
    classes, its answers are among those of all tasks.

    Parameters
    ----------
    refit : bool, default=True
        Whether the estimator is fitted anew on the rows of all tasks and of the current one, whenever those change.
        False answers every task by the model fitted once, in ``fit``.

    Attributes
    ----------
    pooled_estimator_ : estimator
        Fitted on the rows of all tasks; only there after a fit on tasks.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skmeta import PooledBaseline
    >>> from skmeta.tasks import LinearFamily
    >>> tasks = LinearFamily(spread=0.1).sample(20, random_state=0)
    >>> PooledBaseline(Ridge()).fit(tasks[:10]).score(tasks[10:]) > 0.5
    True
    """

    def __init__(self, estimator=None, *, n_shots=5, refit=True, task=None):
        super().__init__(estimator, n_shots=n_shots, task=task)
        self.refit = refit

    def _learn(self, tasks):
        X, y = tasks.pooled
        rows = tasks.is_labelled_row
        self.pool_ = Support(X[rows], y[rows], np.ones(int(rows.sum())))
        self.pooled_estimator_ = self._fitted(*self.pool_.parts)

    def _classes_beside(self, own):
        if "pool_" not in vars(self):
            return own
        return np.union1d(self.pooled_estimator_.classes_, own) if self.refit else self.pooled_estimator_.classes_

    def _checked(self, tasks):
        """Tasks whose rows are arrays, as those of the pool are."""
        return tasks.with_rows(self._read(tasks.pooled[0]))

    def _fitted_for(self, support):
        pool = vars(self).get("pool_")
        if pool is None:
            return self._fitted(*support.parts)
        if not self.refit:
            return self.pooled_estimator_
        return self._fitted(*pool.extended(support).parts)


class _OneClass:
    """What can be said of a task that has shown one class only."""

    def __init__(self, classes):
        self.classes_ = classes

    def predict(self, X):
        return np.repeat(self.classes_, X.shape[0])

    def predict_proba(self, X):
        return np.ones((X.shape[0], 1))

    def decision_function(self, X):
        return np.zeros(X.shape[0])
