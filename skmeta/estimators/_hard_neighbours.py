"""scikit-learn's k nearest neighbours in a learned space, task by task."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._neighbours import LearnedSpaceMixin

#: names of scikit-learn's metrics whose distances can be learned as they are; others are learned for as Euclidean
LEARNED_METRICS = {
    "cityblock": "manhattan",
    "l1": "manhattan",
    "manhattan": "manhattan",
    "chebyshev": "chebyshev",
    "cosine": "cosine",
    "minkowski": "minkowski",
    "p": "minkowski",
}


class HardNeighboursMixin(LearnedSpaceMixin):
    """Training learns the space by soft neighbours; answers are those of scikit-learn's own estimator in it.

    A task's state is that estimator, fitted to its points, with the rows' labels and, where they differ, weights.
    """

    _learner_parameters = ()
    _neighbour_parameters = (
        "n_neighbors",
        "weights",
        "algorithm",
        "leaf_size",
        "p",
        "metric",
        "metric_params",
        "n_jobs",
    )

    def _learner_settings(self):
        metric = LEARNED_METRICS.get(self.metric, "euclidean") if isinstance(self.metric, str) else "euclidean"
        return super()._learner_settings() | {"metric": metric, "p": self.p}

    def _neighbours(self, points, y, weight):
        """The state of one task."""
        counts = weight > 0
        points, y, weight = points[counts], y[counts], weight[counts]
        settings = {name: getattr(self, name) for name in self._neighbour_parameters}
        settings["n_neighbors"] = self._enough_neighbours(y, len(points))
        fitted = self._neighbours_class(**settings).fit(points, y)
        return fitted, y, None if (weight == weight[0]).all() else weight

    def _enough_neighbours(self, y, n_rows):
        """A task may have fewer rows than neighbours are asked for."""
        return min(self.n_neighbors, n_rows)

    def _adapt_to(self, support):
        super()._adapt_to(support)
        self._state = self._neighbours(self._embedded(support.X), support.y, support.weight)

    def _of_tasks(self, tasks, weight):
        """``(state, query points)`` of each of many tasks."""
        check_is_fitted(self)
        _, y = tasks.pooled
        points = self._embedded(tasks.pooled[0])
        weight = np.ones(len(y)) if weight is None else weight
        starts = np.cumsum(tasks.n_rows) - tasks.n_rows
        for start, n_support, n_rows in zip(starts, tasks.n_support, tasks.n_rows):
            rows, asked = slice(start, start + n_support), slice(start + n_support, start + n_rows)
            yield self._neighbours(points[rows], y[rows], weight[rows]), points[asked]

    # ------------------------------------------------------------------ what scikit-learn's estimators have

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
        fitted, *_ = self._adapted()
        if n_neighbors is None:
            n_neighbors = min(fitted.n_neighbors, fitted.n_samples_fit_ - (X is None))
        return fitted, None if X is None else self._points(X), n_neighbors

    def _points(self, X):
        """Rows of the current task, validated, as points."""
        return self._embedded(self._validate_X(X, reset=False))

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
        """Its parameters."""
        return self._fitted_neighbours.effective_metric_params_

    @property
    def _fitted_neighbours(self):
        if "_state" not in vars(self):
            raise AttributeError("There are no neighbours before a task is adapted.")
        return self._state[0]


class HardNeighboursClassifierMixin(HardNeighboursMixin):
    """Votes."""

    _neighbours_class = KNeighborsClassifier
    outputs_2d_ = False

    def _enough_neighbours(self, y, n_rows):
        """No more neighbours than the rarest class has rows, where a task shows a few rows of classes of its own.

        With one row of each of five classes, five neighbours would always be a tie.
        """
        most = np.unique(y, return_counts=True)[1].min() if self.labels_ == "task" else n_rows
        return min(self.n_neighbors, int(most))

    def _logits(self, X, exact=True):
        return _log(_votes(self._adapted(), self._points(X), self.classes_))

    def _logits_of_tasks(self, tasks, weight=None):
        answers = zip(self._of_tasks(tasks, weight), self.task_classes(tasks))
        return [(_log(_votes(state, asked, classes)), classes) for (state, asked), classes in answers]


class HardNeighboursRegressorMixin(HardNeighboursMixin):
    """Means, of targets as the user gave them."""

    _neighbours_class = KNeighborsRegressor

    def _outputs(self, X, ask="predict"):
        return _means(self._adapted(), self._points(X))

    def _outputs_of_tasks(self, tasks, weight=None, ask="predict", finish=None):
        means = [_means(state, asked) for state, asked in self._of_tasks(tasks, weight)]
        return means if finish is None else [finish(one) for one in means]

    def _unscaled(self, outputs):
        return outputs[:, 0] if self._targets_1d else outputs


def _votes(state, points, classes):
    """Shares (m, C) of the classes among the neighbours' votes."""
    fitted, y, row_weight = state
    shares = np.zeros((len(points), len(classes)))
    if not len(points):
        return shares
    if row_weight is None:
        shares[:, np.searchsorted(classes, fitted.classes_)] = fitted.predict_proba(points)
        return shares
    vote, neighbours = _weighted(fitted, points, row_weight)
    np.add.at(shares, (np.arange(len(points))[:, None], np.searchsorted(classes, y)[neighbours]), vote)
    return shares / shares.sum(1, keepdims=True)


def _means(state, points):
    fitted, y, row_weight = state
    y = y[:, None] if y.ndim == 1 else y
    if not len(points):
        return np.zeros((0, y.shape[1]))
    if row_weight is None:
        return fitted.predict(points).reshape(len(points), -1)
    vote, neighbours = _weighted(fitted, points, row_weight)
    return (y[neighbours] * vote[..., None]).sum(1) / vote.sum(1, keepdims=True)


def _weighted(fitted, points, row_weight):
    """Votes (m, k), by distance as ``weights`` says and by the rows' own weights, and the neighbours' positions."""
    distances, neighbours = fitted.kneighbors(points)
    if fitted.weights == "distance":
        with np.errstate(divide="ignore"):
            vote = 1 / distances
        # a row at distance 0 outvotes all that are not
        same = np.isinf(vote)
        vote = np.where(same.any(1, keepdims=True), same, vote)
    elif callable(fitted.weights):
        vote = fitted.weights(distances)
    else:
        vote = np.ones_like(distances)
    return vote * row_weight[neighbours], neighbours


def _log(shares):
    with np.errstate(divide="ignore"):
        return np.log(shares)
