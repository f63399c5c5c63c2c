"""Multi-task learning: a trunk for all, a head for each; the honest baseline of everything that learns to learn."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind
from skmeta.estimators.base.pretraining import Pretrained
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.fine_tune import FineTune
from skmeta.tasks.row_batches import RowLoader


class _MultiTask(Pretrained):
    """What the classifier and the regressor share.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    l2_sp : float, default={}
        Pull of a new head towards its start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Training goes over rows: ``iterator_train__rows`` of them in a batch, by
        default between 16 and 128.
    max_epochs : int, default=10
        Each goes over the rows of all tasks once, and takes at least 10 steps.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together.

    References
    ----------
    R. Caruana. "Multitask Learning". Machine Learning 28, 1997.
    """

    l2_sp: float = ByKind(classifier=1.0, regressor=0.1)
    n_sources: int = 256
    iterator_train = RowLoader

    heads = "task"
    _learner_class = FineTune
    _default_module_parameters = {"activate_output": True}


class MultiTaskClassifier(_MultiTask, MetaClassifier):
    """A shared trunk with a linear head for each task, learned together; a new task gets a new head.

    The head of a new task, with any number of classes, is fitted on the frozen trunk to the optimum of its convex
    loss. Where classes are shared by all tasks it is pulled towards the mean of the source tasks' heads. On one table,
    ``fit(X, y)`` is an ordinary multi-layer perceptron.

    Parameters
    ----------
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    See Also
    --------
    FineTuneTransfer : Can share one head, and fine-tune more than the head.

    References
    ----------
    {references}

    Examples
    --------
    >>> from skmeta import MultiTaskClassifier
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = MultiTaskClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> new = tasks[19]
    >>> meta.adapt(new.X, new.y).score(new.X_query, new.y_query) > 0.5
    True
    """

    _default_module_parameters = _MultiTask._default_module_parameters | {"carry_input": True}


class MultiTaskRegressor(_MultiTask, MetaRegressor):
    """A shared trunk with a linear head for each task, learned together; a new task gets a new head.

    The head of a new task is fitted on the frozen trunk by ridge regression, pulled towards the mean of the source
    tasks' heads. On one table, ``fit(X, y)`` is an ordinary multi-layer perceptron.

    Parameters
    ----------
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    See Also
    --------
    FineTuneTransferRegressor : Can share one head, and fine-tune more than the head.

    References
    ----------
    {references}

    Examples
    --------
    >>> from skmeta import MultiTaskRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = MultiTaskRegressor(n_sources=50, max_epochs=3, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """
