"""k nearest neighbours in a space learned over tasks."""

from skmeta.estimators._classifier import MetaClassifier
from skmeta.estimators._hard_neighbours import HardNeighboursClassifierMixin, HardNeighboursRegressorMixin
from skmeta.estimators._regressor import MetaRegressor
from skmeta.learners.soft_neighbours import SoftNeighbours
from skmeta.nets import ResidualMLP


class _MetaKNeighbors:
    """What the classifier and the regressor share.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows into the space; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    weights : {"uniform", "distance"} or callable, default="uniform"
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

    _learner_class = SoftNeighbours
    _default_module = ResidualMLP

    def __init__(
        self,
        module=None,
        *,
        n_neighbors=5,
        weights="uniform",
        algorithm="auto",
        leaf_size=30,
        p=2,
        metric="minkowski",
        metric_params=None,
        n_jobs=None,
        **params,
    ):
        super().__init__(module, **params)
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs


class MetaKNeighborsClassifier(_MetaKNeighbors, HardNeighboursClassifierMixin, MetaClassifier):
    """``KNeighborsClassifier`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    Without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is scikit-learn's.

    Parameters
    ----------
    n_neighbors : int, default=5
        A task with fewer rows takes all of them; one whose classes are its own, no more than its
        rarest class has rows.
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsClassifier`'s own.
    {meta_parameters}

    Attributes
    ----------
    outputs_2d_ : bool
        False.
    {meta_attributes}

    References
    ----------
    {references}

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

    def __init__(self, module=None, **params):
        super().__init__(module, **params)


class MetaKNeighborsRegressor(_MetaKNeighbors, HardNeighboursRegressorMixin, MetaRegressor):
    """``KNeighborsRegressor`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    Without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is scikit-learn's.

    Parameters
    ----------
    n_neighbors : int, default=5
        A task with fewer rows takes all of them.
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsRegressor`'s own.
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skmeta import MetaKNeighborsRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MetaKNeighborsRegressor(weights="distance", random_state=0).fit(X, y).predict(X[:1]).round(2)
    array([151.])
    """

    def __init__(self, module=None, **params):
        super().__init__(module, **params)
