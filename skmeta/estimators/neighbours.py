"""k nearest neighbours in a space learned over tasks."""

from collections.abc import Callable

import numpy as np
from sklearn.base import TransformerMixin

from skmeta.documentation import documented_like
from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.current_task import task_of
from skmeta.estimators.base.learned_space import LearnedSpace
from skmeta.estimators.base.neighbours_in_space import LEARNED_METRICS, NeighboursInSpace, TargetsAsGiven
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.soft_neighbours import SoftNeighbours
from skmeta.nets import ResidualMLP


class _MetaKNeighbors(TransformerMixin, auto_wrap_output_keys=None):
    """The neighbours' classifier and regressor share these parameters and ways to ask for neighbours.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows into the space; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        None is "uniform".
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
    leaf_size : int, default=30
    p : float, default=2
    metric : str or callable, default="minkowski"
        Metrics that cannot be differentiated here are learned for as if they were Euclidean.
    metric_params : dict, default=None

    Attributes
    ----------
    n_samples_fit_ : int
        Support rows of the current task.
    effective_metric_ : str or callable
    effective_metric_params_ : dict

    References
    ----------
    J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov. "Neighbourhood Components Analysis". NeurIPS 2004.
    """

    n_neighbors: int | str = "auto"
    weights: str | Callable | None = "uniform"
    algorithm: str = "auto"
    leaf_size: int = 30
    p: float = 2
    metric: str | Callable = "minkowski"
    metric_params: dict | None = None
    n_jobs: int | None = None

    _learner_class = SoftNeighbours
    _default_module = ResidualMLP
    _serving_class = NeighboursInSpace
    _adaptation_parameters = (
        "n_neighbors",
        "weights",
        "algorithm",
        "leaf_size",
        "p",
        "metric",
        "metric_params",
        "n_jobs",
    )

    transform = LearnedSpace.transform
    get_feature_names_out, _n_features_out = LearnedSpace.get_feature_names_out, LearnedSpace._n_features_out

    def _learner_settings(self):
        metric = LEARNED_METRICS.get(self.metric, "euclidean") if isinstance(self.metric, str) else "euclidean"
        return super()._learner_settings() | {"metric": metric}

    @property
    def _votes(self):
        """The number of neighbours, "auto" only where the learner's own votes are those of the parameters."""
        if self.n_neighbors != "auto":
            return self.n_neighbors
        is_learned = isinstance(self.metric, str) and self.metric in {"euclidean", "l2", *LEARNED_METRICS}
        return "auto" if is_learned and self.weights in ("uniform", None) else 5

    @property
    def _is_calibrated(self):
        return self._votes == "auto"  # what a few neighbours say is what it is

    def _settings(self):
        return super()._settings() | {"n_neighbors": self._votes}

    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """The nearest rows of the current task's support in the learned space.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
            None: the support rows themselves, none of which then is its own neighbour.
        n_neighbors : int, default=None
            None: the parameter of that name, or as many as there are.
        return_distance : bool, default=True

        Returns
        -------
        distances : ndarray of shape (n_rows, n_neighbors)
            Only with ``return_distance``.
        indices : ndarray of shape (n_rows, n_neighbors)
            Positions of the rows in the order in which the task has shown them.
        """
        fitted, points, n_neighbors = self._asked(X, n_neighbors)
        return fitted.kneighbors(points, n_neighbors, return_distance)

    def kneighbors_graph(self, X=None, n_neighbors=None, mode="connectivity"):
        """The neighbours of :meth:`kneighbors` as a sparse matrix.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
        n_neighbors : int, default=None
        mode : {"connectivity", "distance"}, default="connectivity"

        Returns
        -------
        graph : sparse matrix of shape (n_rows, n_support_rows)
        """
        fitted, points, n_neighbors = self._asked(X, n_neighbors)
        return fitted.kneighbors_graph(points, n_neighbors, mode)

    def _asked(self, X, n_neighbors):
        fitted = task_of(self).state.estimator
        if n_neighbors is None:
            n_neighbors = min(fitted.n_neighbors, fitted.n_samples_fit_ - (X is None))
        return (
            fitted,
            None if X is None else self.served_.embed(self.rows_.read(self, self._take_ids(X, None)[0])),
            n_neighbors,
        )

    @property
    def n_samples_fit_(self):
        """Support rows of the current task."""
        return self._fitted_neighbours.n_samples_fit_

    @property
    def effective_metric_(self):
        """The metric used."""
        return self._fitted_neighbours.effective_metric_

    @property
    def effective_metric_params_(self):
        """The parameters of the metric."""
        return self._fitted_neighbours.effective_metric_params_

    @property
    def _fitted_neighbours(self):
        if "task_" not in vars(self):
            raise AttributeError("There are no neighbours before a task is adapted.")
        return self.task_.state.estimator


class MetaKNeighborsClassifier(_MetaKNeighbors, MetaClassifier):
    """``KNeighborsClassifier`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    With a number of neighbours and without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is
    scikit-learn's.

    Parameters
    ----------
    n_neighbors : int or "auto", default="auto"
        How many rows vote. "auto": all of them, the more the nearer they lie, as in training; of one table's classes
        the votes are as sure as they are right about rows left out. That needs ``weights="uniform"`` and a metric that
        can be learned; five neighbours vote otherwise. Of a number, a task with fewer rows takes all of them; one that
        shows few rows of its classes, no more than its rarest class has rows.
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsClassifier`'s own.

    Attributes
    ----------
    outputs_2d_ : bool
        False.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MetaKNeighborsClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> knn = MetaKNeighborsClassifier(n_neighbors=7, random_state=0).fit(X, y)
    >>> knn.predict(X[::50])
    array([0, 1, 2])
    >>> knn.kneighbors(X[:2], return_distance=False).shape
    (2, 7)
    """

    outputs_2d_ = False

    def _settings(self):
        return super()._settings() | {"classes_are_own": self.labels_ == "task"}

    @documented_like(MetaClassifier.decision_function)
    def decision_function(self, X, *, task=None):
        """Logarithms of the chances; of votes' shares with half a vote more for each class, so that they are finite."""
        if self._votes == "auto":
            return super().decision_function(X, task=task)
        shares = self.predict_proba(X, task=task)
        k = self._fitted_neighbours.n_neighbors if "task_" in vars(self) else self._votes
        scores = np.log(shares + 0.5 / k)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores


class MetaKNeighborsRegressor(_MetaKNeighbors, MetaRegressor):
    """``KNeighborsRegressor`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    With a number of neighbours and without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is
    scikit-learn's.

    Parameters
    ----------
    n_neighbors : int or "auto", default="auto"
        How many rows count. "auto": all of them, the more the nearer they lie, as in training; what one table's rows
        say is heard as far as it is right about rows left out, beside a ridge regression. That needs
        ``weights="uniform"`` and a metric that can be learned; five neighbours count otherwise. Of a number, a task
        with fewer rows takes all of them.
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsRegressor`'s own.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skmeta import MetaKNeighborsRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MetaKNeighborsRegressor(weights="distance", random_state=0).fit(X, y).predict(X[:1]).round(2)
    array([151.])
    """

    _codec_class = TargetsAsGiven
