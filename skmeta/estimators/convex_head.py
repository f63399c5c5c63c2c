"""Convex heads on a learned body as scikit-learn estimators."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.convex_head import ConvexHead


class MetaOptNetClassifier(MetaClassifier):
    """A linear classifier per task, fitted to the end, on features learned for it.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows to features, to which a constant is added; None is a small :class:`~skmeta.nets.MLP`.
    head : {"ridge", "svm", "logistic"}, default="ridge"
        The classifier: ridge regression of one-hot labels in closed form (R2D2), a multi-class support vector machine
        (MetaOptNet), or logistic regression.
    l2 : float or "learn", default="learn"
        Its regularisation.
    scale : float or "learn", default="learn"
        What its scores are multiplied with to give logits.

    References
    ----------
    K. Lee, S. Maji, A. Ravichandran, S. Soatto. "Meta-Learning with Differentiable Convex Optimization". CVPR 2019.

    L. Bertinetto, J. Henriques, P. Torr, A. Vedaldi. "Meta-learning with differentiable closed-form solvers".
    ICLR 2019.

    Examples
    --------
    >>> from skmeta import MetaOptNetClassifier
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = MetaOptNetClassifier(head="svm", max_epochs=2, random_state=0).fit(tasks[:19])
    >>> new = tasks[19]
    >>> meta.adapt(new.X, new.y).predict_proba(new.X_query).shape
    (45, 3)
    """

    head: str = "ridge"
    l2: float | str = "learn"
    scale: float | str = "learn"

    _learner_class = ConvexHead
    _default_module_parameters = {"activate_output": True, "carry_input": True}


class MetaOptNetRegressor(MetaRegressor):
    """Ridge regression per task, in closed form, on features learned for it.

    The head is pulled towards a start that is learned too, and answers before a task's first row. See
    :class:`BayesianHeadRegressor` for one that also says how sure it is.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows to features, to which a constant is added; None is a small :class:`~skmeta.nets.MLP`.
    l2 : float or "learn", default="learn"
        Regularisation of the head.

    References
    ----------
    L. Bertinetto, J. Henriques, P. Torr, A. Vedaldi. "Meta-learning with differentiable closed-form solvers".
    ICLR 2019.

    Examples
    --------
    {examples}
    """

    l2: float | str = "learn"

    _learner_class = ConvexHead
    _default_module_parameters = {"activate_output": True}
