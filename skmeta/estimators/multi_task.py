"""Multi-task learning: a trunk for all, a head for each; the honest baseline of everything that learns to learn."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind
from skmeta.estimators.base.pretraining import Pretrained
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.fine_tune import FineTune
from skmeta.tasks.row_batches import RowLoader


class _MultiTask(Pretrained):
    """A shared trunk with a linear head for each task, learned together; a new task gets a new head.

    The head of a new task, with any number of classes, is fitted on the frozen trunk to the optimum of its convex
    loss. That of targets, or of classes that all tasks share, is pulled towards the mean of the source tasks' heads. On
    one table, ``fit(X, y)`` is an ordinary multi-layer perceptron.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    l2_sp : float, default={}
        Pull of a new head towards its start, counted in rows.
    max_epochs : int, default=10
        Each goes over the rows of all tasks once, and takes at least 10 steps.

    See Also
    --------
    FineTuneTransfer, FineTuneTransferRegressor : Can share one head, and fine-tune more than the head.

    References
    ----------
    R. Caruana. "Multitask Learning". Machine Learning 28, 1997.

    Examples
    --------
    {examples}
    """

    l2_sp: float = ByKind(classifier=1.0, regressor=0.1)
    n_sources: int = 256
    iterator_train = RowLoader

    heads = "task"
    _learner_class = FineTune
    _default_module_parameters = {"activate_output": True}


class MultiTaskClassifier(_MultiTask, MetaClassifier):
    _default_module_parameters = _MultiTask._default_module_parameters | {"carry_input": True}


class MultiTaskRegressor(_MultiTask, MetaRegressor):
    pass
