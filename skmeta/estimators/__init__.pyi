"""scikit-learn's face of the learners. Written by ``python -m tools.stubs``."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import Module

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import LearnedSpace
from skmeta.estimators.base.learned_space import Neighbours
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.estimators.base.regressor import ProbabilisticRegressor
from skmeta.estimators.baselines import PerTaskBaseline as PerTaskBaseline
from skmeta.estimators.baselines import PooledBaseline as PooledBaseline
from skmeta.estimators.few_shot import FewShotClassifier as FewShotClassifier
from skmeta.estimators.few_shot import FewShotRegressor as FewShotRegressor
from skmeta.estimators.fine_tune import _FineTuneTransfer
from skmeta.estimators.hyper_net import _HyperNet
from skmeta.estimators.in_context import _InContext
from skmeta.estimators.learned_optimizer import _LearnedOptimizer
from skmeta.estimators.maml import _MAML
from skmeta.estimators.multi_task import _MultiTask
from skmeta.estimators.neighbours import _MetaKNeighbors
from skmeta.estimators.recurrent import _Recurrent
from skmeta.estimators.reptile import _Reptile
from skmeta.estimators.weight_average import _WeightAverage

__all__ = [
    "BayesianHeadRegressor",
    "FewShotClassifier",
    "FewShotRegressor",
    "FineTuneTransfer",
    "FineTuneTransferRegressor",
    "HyperNetClassifier",
    "HyperNetRegressor",
    "InContextClassifier",
    "InContextRegressor",
    "LearnedOptimizerClassifier",
    "LearnedOptimizerRegressor",
    "MAMLClassifier",
    "MAMLRegressor",
    "MANNClassifier",
    "MatchingNetClassifier",
    "MetaKNeighborsClassifier",
    "MetaKNeighborsRegressor",
    "MetaOptNetClassifier",
    "MetaOptNetRegressor",
    "MultiTaskClassifier",
    "MultiTaskRegressor",
    "NeuralProcessRegressor",
    "PerTaskBaseline",
    "PooledBaseline",
    "ProtoNetClassifier",
    "RecurrentClassifier",
    "RecurrentRegressor",
    "RelationNetClassifier",
    "ReptileClassifier",
    "ReptileRegressor",
    "SiameseNetClassifier",
    "SimpleShotClassifier",
    "TripletNetClassifier",
    "WeightAverageTransfer",
    "WeightAverageTransferRegressor",
]

class BayesianHeadRegressor(ProbabilisticRegressor):
    """Bayesian linear regression on learned features, with a prior learned over tasks.

    A deep mixed-effects model: features and the prior of their weights are common to all tasks, the posterior is each
    task's own and exact. Training starts from the mixed-effects model of the untrained features, found in closed form;
    by default the inputs themselves are among them, so that it begins as the linear mixed model and what the network
    adds. It says how sure it is (``return_std``), answers before a task's first row (``adapt()``), and
    ``partial_fit`` costs the same however many rows came before.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows to features, to which a constant is added; None is a small :class:`~skmeta.nets.MLP`
        beside the standardised rows themselves.
        ``torch.nn.Identity`` makes it a linear mixed-effects model with correlated random slopes.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(0, 10)
        Support rows of a training episode; with zeros among them, the answer before the first row is trained too.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    noise_std_ : ndarray of shape (n_targets,)
        Standard deviation of the targets' noise.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    J. Harrison, A. Sharma, M. Pavone. "Meta-Learning Priors for Efficient Online Bayesian Regression". WAFR 2018.

    Examples
    --------
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.tasks.families import LinearFamily
    >>> tasks = LinearFamily(n_features=4).sample(40, random_state=0)
    >>> meta = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(tasks[:39])
    >>> new = tasks[39]
    >>> _, before = meta.adapt().predict(new.X_query, return_std=True)
    >>> _, after = meta.partial_fit(new.X, new.y).predict(new.X_query, return_std=True)
    >>> bool((after < before).all())
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (0, 10),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class FineTuneTransfer(_FineTuneTransfer, MetaClassifier):
    """Pretrain on the source tasks, transfer, fine-tune on a new task.

    All source tasks are learned together, by supervised learning with a shared trunk. A new task, with any number of
    classes, starts from there; a regressor, with the mean of the tasks' heads. On one table, ``fit(X, y)`` is an
    ordinary multi-layer perceptron.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows, with linear heads put on it. None is a small :class:`~skmeta.nets.MLP`.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining: one for each task, or one for all of them (over the union of their
        classes). "auto" shares where classes are shared by all tasks, or have names that come in several tasks; in
        regression it gives each task its own where there are several.
    freeze : {"trunk", "none", "gradual"}, default="trunk"
        What a new task leaves as pretrained: the trunk, with a new head fitted to the optimum of its convex loss;
        nothing; or the lower layers at first, which thaw one by one, from the head down.
    inner_steps : int, default=50
        Steps of fine-tuning by full-batch Adam, unless the trunk is frozen.
    inner_lr : float, default=0.01
        Their rate, for the head.
    layer_decay : float, default=0.7
        Each layer's rate relative to that of the layer above it.
    l2_sp : float, default=1.0
        Pull of the weights back to where they start, counted in rows: it fades as the support grows.
    early_stopping : bool, default=True
        Whether a task with at least 40 rows holds out a fifth of them to find its number of steps (then taken on all
        rows).
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic of fine-tuning is done; results are equal. ``engine_`` says which one runs.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution and every task is to have a head of its own.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    heads_ : {"task", "shared"}
        Which kind of heads the source tasks were given.
    fine_tuned_ : bool
        False after a fit on one table: its answers are those of the pretrained weights as they are.
    engine_ : str
        "native", "closed_form", "any_module" or "naive".
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    X. Li, Y. Grandvalet, F. Davoine. "Explicit Inductive Bias for Transfer Learning with Convolutional Networks".
    ICML 2018.

    J. Howard, S. Ruder. "Universal Language Model Fine-tuning for Text Classification". ACL 2018.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import FineTuneTransfer
    >>> X, y = load_iris(return_X_y=True)
    >>> FineTuneTransfer(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = FineTuneTransfer(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        heads: str = 'auto',
        freeze: str = 'trunk',
        inner_steps: int = 50,
        inner_lr: float = 0.01,
        layer_decay: float = 0.7,
        l2_sp: float = 1.0,
        early_stopping: bool = True,
        engine: str = 'auto',
        n_sources: int = 256,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class FineTuneTransferRegressor(_FineTuneTransfer, MetaRegressor):
    """Pretrain on the source tasks, transfer, fine-tune on a new task.

    All source tasks are learned together, by supervised learning with a shared trunk. A new task, with any number of
    classes, starts from there; a regressor, with the mean of the tasks' heads. On one table, ``fit(X, y)`` is an
    ordinary multi-layer perceptron.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows, with linear heads put on it. None is a small :class:`~skmeta.nets.MLP`.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining: one for each task, or one for all of them (over the union of their
        classes). "auto" shares where classes are shared by all tasks, or have names that come in several tasks; in
        regression it gives each task its own where there are several.
    freeze : {"trunk", "none", "gradual"}, default="trunk"
        What a new task leaves as pretrained: the trunk, with a new head fitted to the optimum of its convex loss;
        nothing; or the lower layers at first, which thaw one by one, from the head down.
    inner_steps : int, default=50
        Steps of fine-tuning by full-batch Adam, unless the trunk is frozen.
    inner_lr : float, default=0.01
        Their rate, for the head.
    layer_decay : float, default=0.7
        Each layer's rate relative to that of the layer above it.
    l2_sp : float, default=0.1
        Pull of the weights back to where they start, counted in rows: it fades as the support grows.
    early_stopping : bool, default=True
        Whether a task with at least 40 rows holds out a fifth of them to find its number of steps (then taken on all
        rows).
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic of fine-tuning is done; results are equal. ``engine_`` says which one runs.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution and every task is to have a head of its own.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    heads_ : {"task", "shared"}
        Which kind of heads the source tasks were given.
    fine_tuned_ : bool
        False after a fit on one table: its answers are those of the pretrained weights as they are.
    engine_ : str
        "native", "closed_form", "any_module" or "naive".
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    X. Li, Y. Grandvalet, F. Davoine. "Explicit Inductive Bias for Transfer Learning with Convolutional Networks".
    ICML 2018.

    J. Howard, S. Ruder. "Universal Language Model Fine-tuning for Text Classification". ACL 2018.

    Examples
    --------
    >>> from skmeta import FineTuneTransferRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = FineTuneTransferRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        heads: str = 'auto',
        freeze: str = 'trunk',
        inner_steps: int = 50,
        inner_lr: float = 0.01,
        layer_decay: float = 0.7,
        l2_sp: float = 0.1,
        early_stopping: bool = True,
        engine: str = 'auto',
        n_sources: int = 256,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class HyperNetClassifier(_HyperNet, MetaClassifier):
    """A network that reads a task's rows and writes the small network that answers.

    Adapting is one forward pass, predicting one through a multi-layer perceptron of ``target_hidden`` units. What it
    writes for classes begins as their means, that is, as a nearest centroid.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds the support rows that the network is generated from; None is a small :class:`~skmeta.nets.MLP`. Query
        rows do not go through it.
    target_hidden : int, default=32
        Width of the generated network's hidden layers.
    target_layers : int, default=2
        Number of its hidden layers.
    rank : int, default=8
        A generated hidden layer is one common to all tasks plus one of this rank.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    D. Ha, A. Dai, Q. V. Le. "HyperNetworks". ICLR 2017.
    A. Mueller, C. Curino, R. Ramakrishnan. "MotherNet: Fast Training and Inference via Hyper-Network Transformers".
    ICLR 2025.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import HyperNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> HyperNetClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = HyperNetClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        target_hidden: int = 32,
        target_layers: int = 2,
        rank: int = 8,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class HyperNetRegressor(_HyperNet, MetaRegressor):
    """A network that reads a task's rows and writes the small network that answers.

    Adapting is one forward pass, predicting one through a multi-layer perceptron of ``target_hidden`` units. What it
    writes for classes begins as their means, that is, as a nearest centroid.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds the support rows that the network is generated from; None is a small :class:`~skmeta.nets.MLP`. Query
        rows do not go through it.
    target_hidden : int, default=32
        Width of the generated network's hidden layers.
    target_layers : int, default=2
        Number of its hidden layers.
    rank : int, default=8
        A generated hidden layer is one common to all tasks plus one of this rank.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    D. Ha, A. Dai, Q. V. Le. "HyperNetworks". ICLR 2017.
    A. Mueller, C. Curino, R. Ramakrishnan. "MotherNet: Fast Training and Inference via Hyper-Network Transformers".
    ICLR 2025.

    Examples
    --------
    >>> from skmeta import HyperNetRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = HyperNetRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        target_hidden: int = 32,
        target_layers: int = 2,
        rank: int = 8,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class InContextClassifier(_InContext, MetaClassifier):
    """Answers from the labelled rows in one forward pass of a network trained on synthetic tables.

    ``fit(X, y)`` trains nothing: the support is encoded once, and a prediction costs the queries only. Under the
    network lie closed-form kernel machines; their leave-one-out scores on the support tell it whom to trust. Columns
    may hold numbers, strings, categories and missing values.

    Of more than 1,024 rows, two parts of 512 to 768 are encoded, and trees that grow on all rows take part: each
    is believed as far as its answers about rows that it has not seen are right.

    ``partial_fit`` appends few further rows to an encoded support: the kernel machines are updated exactly for the
    metric they have learned, keys and values of the new rows are added, and what was measured on all rows together
    (means, ranks, the relevance of columns, trust in each machine) stays. Answers are close to those of a fit on all
    rows, not equal. When the support has grown by more than a quarter since, when it has 64 rows or fewer, when trees
    take part, or when a new class or category comes, or a number farther outside the range of its encoded column (or
    of the targets) than that range is wide, it is encoded anew, and answers are those of a fit on all rows.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows before they are read; None reads the columns as they are.
    pretrained : bool or path, default=True
        Start from the weights that ship with the package, from a file that ``tools/pretraining`` (repository) made,
        or (False) from random ones; then ``fit(X, y)`` trains on episodes of the table.
    categorical_features : "from_dtype", None, or array-like, default="from_dtype"
        Columns that hold categories: those of strings, categories and mixed objects, none, or a mask, positions or
        names. A category that no labelled row has shown is taken as missing, and told of.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.0003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    columns_ : object
        Which columns are categorical, and their categories.
    n_rows_encoded_ : int
        Rows of the current task that the last encoding has seen; ``partial_fit`` appended those after them.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    N. Hollmann, S. Müller, K. Eggensperger, F. Hutter. "TabPFN: A Transformer That Solves Small Tabular Classification
    Problems in a Second". ICLR 2023.
    A. Radhakrishnan, D. Beaglehole, P. Pandit, M. Belkin. "Mechanism for feature learning in neural networks and
    backpropagation-free machine learning models". Science 383, 2024.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_wine
    >>> from skmeta import InContextClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> clf = InContextClassifier().fit(X[::2], y[::2])
    >>> bool(clf.score(X[1::2], y[1::2]) > 0.95)
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        pretrained: bool | str = True,
        categorical_features: str | list | None = 'from_dtype',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.0003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class InContextRegressor(_InContext, ProbabilisticRegressor):
    """Answers with a predictive distribution in one forward pass of a network trained on synthetic tables.

    As :class:`InContextClassifier`; the answer is a mixture of Gaussians around the mean of closed-form kernel
    machines. Several targets are answered one by one. Of more than 1,024 rows one part is encoded, beside the trees.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows before they are read; None reads the columns as they are.
    pretrained : bool or path, default=True
        Start from the weights that ship with the package, from a file that ``tools/pretraining`` (repository) made,
        or (False) from random ones; then ``fit(X, y)`` trains on episodes of the table.
    categorical_features : "from_dtype", None, or array-like, default="from_dtype"
        Columns that hold categories: those of strings, categories and mixed objects, none, or a mask, positions or
        names. A category that no labelled row has shown is taken as missing, and told of.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.0003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    columns_ : object
        Which columns are categorical, and their categories.
    n_rows_encoded_ : int
        Rows of the current task that the last encoding has seen; ``partial_fit`` appended those after them.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    S. Müller, N. Hollmann, S. Pineda Arango, J. Grabocka, F. Hutter. "Transformers Can Do Bayesian Inference".
    ICLR 2022.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skmeta import InContextRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = InContextRegressor().fit(X[:200], y[:200])
    >>> low, high = reg.predict(X[200:], quantiles=[0.1, 0.9]).T
    >>> bool(0.7 < ((low < y[200:]) & (y[200:] < high)).mean() < 0.9)
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        pretrained: bool | str = True,
        categorical_features: str | list | None = 'from_dtype',
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.0003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class LearnedOptimizerClassifier(_LearnedOptimizer, MetaClassifier):
    """Learning to learn by gradient descent by gradient descent: a recurrent network is the optimizer.

    On every task a small LSTM, the same for every weight of the module, turns gradients into updates. It is trained,
    with the start it sets out from, so that few steps on the support rows serve the query rows.
    ``optimizer_`` is that network, and ``optimizer_.as_optimizer(parameters)`` an optimizer for modules of your own.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a :class:`~skmeta.nets.MLP` of width 16, for the network
        runs once for every weight, or, for rows of more than 32 columns whose classes are each task's own, a
        :class:`~skmeta.nets.ResidualMLP`.
    inner_steps : int, default=5
        Steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ. Can be set on a fitted estimator.
    unroll : int, default=20
        Steps that are differentiated through together.
    inner_lr : float, "auto" or None, default='auto'
        Rate, to begin with, of the plain gradient step that the network's output is added to; it is learned, and
        cannot be set on a fitted estimator. None leaves the step to the network alone; "auto" (classes) begins at what
        a task's rows allow.
    n_hidden : int, default=8
        Size of the LSTM's state.
    n_layers : int, default=1
        Its layers.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the inner gradients are computed; results are equal.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=5
        Epochs of meta-training.
    lr : float, default=0.01
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    optimizer_ : LearnedOptimizer
        The network that was learned.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    M. Andrychowicz et al. "Learning to learn by gradient descent by gradient descent". NeurIPS 2016.
    S. Ravi, H. Larochelle. "Optimization as a Model for Few-Shot Learning". ICLR 2017.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import LearnedOptimizerClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> LearnedOptimizerClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = LearnedOptimizerClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_steps: int = 5,
        adapt_steps: int | None = None,
        unroll: int = 20,
        inner_lr: float | str | None = 'auto',
        n_hidden: int = 8,
        n_layers: int = 1,
        engine: str = 'auto',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 5,
        lr: float = 0.01,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class LearnedOptimizerRegressor(_LearnedOptimizer, MetaRegressor):
    """Learning to learn by gradient descent by gradient descent: a recurrent network is the optimizer.

    On every task a small LSTM, the same for every weight of the module, turns gradients into updates. It is trained,
    with the start it sets out from, so that few steps on the support rows serve the query rows.
    ``optimizer_`` is that network, and ``optimizer_.as_optimizer(parameters)`` an optimizer for modules of your own.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a :class:`~skmeta.nets.MLP` of width 16, for the network
        runs once for every weight, or, for rows of more than 32 columns whose classes are each task's own, a
        :class:`~skmeta.nets.ResidualMLP`.
    inner_steps : int, default=5
        Steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ. Can be set on a fitted estimator.
    unroll : int, default=20
        Steps that are differentiated through together.
    inner_lr : float, "auto" or None, default=0.05
        Rate, to begin with, of the plain gradient step that the network's output is added to; it is learned, and
        cannot be set on a fitted estimator. None leaves the step to the network alone; "auto" (classes) begins at what
        a task's rows allow.
    n_hidden : int, default=8
        Size of the LSTM's state.
    n_layers : int, default=1
        Its layers.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the inner gradients are computed; results are equal.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=5
        Epochs of meta-training.
    lr : float, default=0.01
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    optimizer_ : LearnedOptimizer
        The network that was learned.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    M. Andrychowicz et al. "Learning to learn by gradient descent by gradient descent". NeurIPS 2016.
    S. Ravi, H. Larochelle. "Optimization as a Model for Few-Shot Learning". ICLR 2017.

    Examples
    --------
    >>> from skmeta import LearnedOptimizerRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = LearnedOptimizerRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_steps: int = 5,
        adapt_steps: int | None = None,
        unroll: int = 20,
        inner_lr: float | str | None = 0.05,
        n_hidden: int = 8,
        n_layers: int = 1,
        engine: str = 'auto',
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 5,
        lr: float = 0.01,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MAMLClassifier(_MAML, MetaClassifier):
    """A start from which a few gradient steps learn a new task.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float, "auto", "learn" or "learn-step", default='auto'
        Step size of the inner loop; a number can be set on a fitted estimator. "auto" (classes): what a task's rows
        allow, one over how steep their loss can be. "learn": one for every weight,
        meta-learned (Meta-SGD). "learn-step": one for every step and layer.
    inner_steps : int, default=5
        Gradient steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ. Can be set on a fitted estimator.
    adapt_params : {"all", "head", "body"}, default="all"
        What the inner loop changes: all weights (MAML), the head (ANIL) or the body (BOIL).
    multi_step_loss : bool, default=False
        Let the answers after every inner step count in meta-training, not only the last (MAML++).
    gradient : {"unrolled", "first-order", "implicit"}, default="unrolled"
        How meta-training differentiates the inner loop: through its steps, the same without second derivatives
        (cheaper, usually a little worse), or implicitly, at its last point alone (iMAML), so that memory does
        not grow with ``inner_steps``, of which ten or more suit it; the inner loop is then held to its start by a
        proximal term.
    proximal : float, default=1.0
        Strength of the proximal term of ``gradient="implicit"``.
    cg_steps : int, default=2
        Conjugate gradient steps of ``gradient="implicit"``. More of them trust how the loss bends at a point that so
        few inner steps have not made a minimum.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic is done; results are equal. ``engine_`` says which one runs; "native" only where
        skmeta was built with its kernel (``skmeta.show_versions()``).
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    engine_ : str
        "native", "closed_form", "any_module" or "naive".
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    C. Finn, P. Abbeel, S. Levine. "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks". ICML 2017.
    A. Rajeswaran, C. Finn, S. Kakade, S. Levine. "Meta-Learning with Implicit Gradients". NeurIPS 2019.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MAMLClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MAMLClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = MAMLClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_lr: float | str = 'auto',
        inner_steps: int = 5,
        adapt_steps: int | None = None,
        adapt_params: str = 'all',
        multi_step_loss: bool = False,
        gradient: str = 'unrolled',
        proximal: float = 1.0,
        cg_steps: int = 2,
        engine: str = 'auto',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MAMLRegressor(_MAML, MetaRegressor):
    """A start from which a few gradient steps learn a new task.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float, "auto", "learn" or "learn-step", default=0.05
        Step size of the inner loop; a number can be set on a fitted estimator. "auto" (classes): what a task's rows
        allow, one over how steep their loss can be. "learn": one for every weight,
        meta-learned (Meta-SGD). "learn-step": one for every step and layer.
    inner_steps : int, default=5
        Gradient steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ. Can be set on a fitted estimator.
    adapt_params : {"all", "head", "body"}, default="all"
        What the inner loop changes: all weights (MAML), the head (ANIL) or the body (BOIL).
    multi_step_loss : bool, default=False
        Let the answers after every inner step count in meta-training, not only the last (MAML++).
    gradient : {"unrolled", "first-order", "implicit"}, default="unrolled"
        How meta-training differentiates the inner loop: through its steps, the same without second derivatives
        (cheaper, usually a little worse), or implicitly, at its last point alone (iMAML), so that memory does
        not grow with ``inner_steps``, of which ten or more suit it; the inner loop is then held to its start by a
        proximal term.
    proximal : float, default=1.0
        Strength of the proximal term of ``gradient="implicit"``.
    cg_steps : int, default=2
        Conjugate gradient steps of ``gradient="implicit"``. More of them trust how the loss bends at a point that so
        few inner steps have not made a minimum.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic is done; results are equal. ``engine_`` says which one runs; "native" only where
        skmeta was built with its kernel (``skmeta.show_versions()``).
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    engine_ : str
        "native", "closed_form", "any_module" or "naive".
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    C. Finn, P. Abbeel, S. Levine. "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks". ICML 2017.
    A. Rajeswaran, C. Finn, S. Kakade, S. Levine. "Meta-Learning with Implicit Gradients". NeurIPS 2019.

    Examples
    --------
    >>> from skmeta import MAMLRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = MAMLRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_lr: float | str = 0.05,
        inner_steps: int = 5,
        adapt_steps: int | None = None,
        adapt_params: str = 'all',
        multi_step_loss: bool = False,
        gradient: str = 'unrolled',
        proximal: float = 1.0,
        cg_steps: int = 2,
        engine: str = 'auto',
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MANNClassifier(MetaClassifier):
    """A memory-augmented neural network: a recurrent controller that stores rows in a memory and finds them again.

    The memory is read by content and written where it was used least, so that a class shown once can be recognised at
    its second showing. Adapting is reading the rows, in several fixed pseudo-random orders whose answers are averaged.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows for the controller; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the rows.
    n_hidden : int, default=64
        Size of the controller's state.
    n_slots, slot_size : int, default=32 and 24
        Slots of the memory, and the size of a slot's key and of the note beside it.
    n_reads : int, default=2
        Read heads.
    decay : float, default=0.95
        Share of a slot's usage that is left after a step.
    n_permutations : int, default=4
        Orders in which a task's rows are read after meta-training. Can be set on a fitted estimator.
    max_rows : int, default=256
        Rows read in each of the orders; of a larger task every order reads others, chosen by their place alone.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=4
        Epochs of meta-training.
    lr : float, default=0.002
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    Notes
    -----
    The network has no output per class: it reads the rows once for every class, with the same weights and a memory
    for each, and so takes any number of classes.

    Other than in the paper, a slot keeps what was told of a row beside the key that it is found by, and keys see the
    row itself besides the controller's state: one vector for all of that took tens of thousands of tasks to learn.

    References
    ----------
    A. Santoro, S. Bartunov, M. Botvinick, D. Wierstra, T. Lillicrap. "Meta-Learning with Memory-Augmented Neural
    Networks". ICML 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MANNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MANNClassifier(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        n_hidden: int = 64,
        n_slots: int = 32,
        slot_size: int = 24,
        n_reads: int = 2,
        decay: float = 0.95,
        n_permutations: int = 4,
        max_rows: int = 256,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 4,
        lr: float = 0.002,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MatchingNetClassifier(Neighbours, MetaClassifier):
    """Attention over a task's rows in a learned embedding.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    metric : {"cosine", "l2"}, default="cosine"
        What attention depends on: cosines, or squared distances.
    scale : float or "learn", default="learn"
        Inverse temperature of the attention.
    full_context : bool, default=False
        Whether rows are embedded in the light of the whole support, which then is read in the order of its rows.
    reading_steps : int, default=3
        Rounds in which a query row reads the support; only with ``full_context``.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu, D. Wierstra. "Matching Networks for One Shot Learning".
    NeurIPS 2016.

    Examples
    --------
    >>> from skmeta import MatchingNetClassifier
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = MatchingNetClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> new = tasks[19]
    >>> distances, rows = meta.adapt(new.X, new.y).kneighbors(new.X_query, n_neighbors=4)
    >>> rows.shape
    (45, 4)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        metric: str = 'cosine',
        scale: float | str = 'learn',
        full_context: bool = False,
        reading_steps: int = 3,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MetaKNeighborsClassifier(_MetaKNeighbors, MetaClassifier):
    """``KNeighborsClassifier`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    With a number of neighbours and without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is
    scikit-learn's.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows into the space; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    n_neighbors : int or "auto", default="auto"
        How many rows vote. "auto": all of them, the more the nearer they lie, as in training; of one table's classes
        the votes are as sure as they are right about rows left out. That needs ``weights="uniform"`` and a metric that
        can be learned; five neighbours vote otherwise. Of a number, a task with fewer rows takes all of them; one that
        shows few rows of its classes, no more than its rarest class has rows.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        None is "uniform".
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
    leaf_size : int, default=30
    p : float, default=2
    metric : str or callable, default="minkowski"
        Metrics that cannot be differentiated here are learned for as if they were Euclidean.
    metric_params : dict, default=None
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsClassifier`'s own.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    outputs_2d_ : bool
        False.
    n_samples_fit_ : int
        Support rows of the current task.
    effective_metric_ : str or callable
    effective_metric_params_ : dict
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov. "Neighbourhood Components Analysis". NeurIPS 2004.

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

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        n_neighbors: int | str = 'auto',
        weights: str | Callable[..., Any] | None = 'uniform',
        algorithm: str = 'auto',
        leaf_size: int = 30,
        p: float = 2,
        metric: str | Callable[..., Any] = 'minkowski',
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MetaKNeighborsRegressor(_MetaKNeighbors, MetaRegressor):
    """``KNeighborsRegressor`` in a space learned over tasks, by stochastic gradient on soft neighbours.

    With a number of neighbours and without learning (``max_epochs=0``, ``module=torch.nn.Identity``) it is
    scikit-learn's.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Maps rows into the space; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    n_neighbors : int or "auto", default="auto"
        How many rows count. "auto": all of them, the more the nearer they lie, as in training; what one table's rows
        say is heard as far as it is right about rows left out, beside a ridge regression. That needs
        ``weights="uniform"`` and a metric that can be learned; five neighbours count otherwise. Of a number, a task
        with fewer rows takes all of them.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        None is "uniform".
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
    leaf_size : int, default=30
    p : float, default=2
    metric : str or callable, default="minkowski"
        Metrics that cannot be differentiated here are learned for as if they were Euclidean.
    metric_params : dict, default=None
    n_jobs : int, default=None
        These are :class:`sklearn.neighbors.KNeighborsRegressor`'s own.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    n_samples_fit_ : int
        Support rows of the current task.
    effective_metric_ : str or callable
    effective_metric_params_ : dict
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov. "Neighbourhood Components Analysis". NeurIPS 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skmeta import MetaKNeighborsRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MetaKNeighborsRegressor(weights="distance", random_state=0).fit(X, y).predict(X[:1]).round(2)
    array([151.])
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        n_neighbors: int | str = 'auto',
        weights: str | Callable[..., Any] | None = 'uniform',
        algorithm: str = 'auto',
        leaf_size: int = 30,
        p: float = 2,
        metric: str | Callable[..., Any] = 'minkowski',
        metric_params: dict | None = None,
        n_jobs: int | None = None,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

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
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

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

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        head: str = 'ridge',
        l2: float | str = 'learn',
        scale: float | str = 'learn',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

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
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    L. Bertinetto, J. Henriques, P. Torr, A. Vedaldi. "Meta-learning with differentiable closed-form solvers".
    ICLR 2019.

    Examples
    --------
    >>> from skmeta import MetaOptNetRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = MetaOptNetRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        l2: float | str = 'learn',
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MultiTaskClassifier(_MultiTask, MetaClassifier):
    """A shared trunk with a linear head for each task, learned together; a new task gets a new head.

    The head of a new task, with any number of classes, is fitted on the frozen trunk to the optimum of its convex
    loss. That of targets, or of classes that all tasks share, is pulled towards the mean of the source tasks' heads. On
    one table, ``fit(X, y)`` is an ordinary multi-layer perceptron.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    l2_sp : float, default=1.0
        Pull of a new head towards its start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Each goes over the rows of all tasks once, and takes at least 10 steps.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    See Also
    --------
    FineTuneTransfer, FineTuneTransferRegressor : Can share one head, and fine-tune more than the head.

    References
    ----------
    R. Caruana. "Multitask Learning". Machine Learning 28, 1997.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MultiTaskClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MultiTaskClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = MultiTaskClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        l2_sp: float = 1.0,
        n_sources: int = 256,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class MultiTaskRegressor(_MultiTask, MetaRegressor):
    """A shared trunk with a linear head for each task, learned together; a new task gets a new head.

    The head of a new task, with any number of classes, is fitted on the frozen trunk to the optimum of its convex
    loss. That of targets, or of classes that all tasks share, is pulled towards the mean of the source tasks' heads. On
    one table, ``fit(X, y)`` is an ordinary multi-layer perceptron.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    l2_sp : float, default=0.1
        Pull of a new head towards its start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Each goes over the rows of all tasks once, and takes at least 10 steps.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    See Also
    --------
    FineTuneTransfer, FineTuneTransferRegressor : Can share one head, and fine-tune more than the head.

    References
    ----------
    R. Caruana. "Multitask Learning". Machine Learning 28, 1997.

    Examples
    --------
    >>> from skmeta import MultiTaskRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = MultiTaskRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        l2_sp: float = 0.1,
        n_sources: int = 256,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class NeuralProcessRegressor(ProbabilisticRegressor):
    """A network that has learned to condition: rows in, predictive mean and standard deviation out.

    What a Gaussian process does by a kernel, learned from tasks: adapting is one forward pass, and ``predict`` takes
    ``return_std=True``. It answers before a task's first row (``adapt()``).

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a small :class:`~skmeta.nets.MLP`.
    attention : bool, default=True
        Whether each query row attends to the support rows (attentive neural process) or all see their mean
        (conditional neural process).
    n_hidden : int, default=64
        Size of the codes of rows.
    n_heads : int, default=4
        Heads of the attention.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(0, 10)
        Support rows of a training episode. Over a range, the answers after few rows and after many are trained.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    M. Garnelo et al. "Conditional Neural Processes". ICML 2018.
    H. Kim et al. "Attentive Neural Processes". ICLR 2019.

    Examples
    --------
    >>> from skmeta import NeuralProcessRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = NeuralProcessRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> mean, std = meta.adapt(task.X, task.y).predict(task.X_query, return_std=True)
    >>> mean.shape == std.shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        attention: bool = True,
        n_hidden: int = 64,
        n_heads: int = 4,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (0, 10),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class ProtoNetClassifier(LearnedSpace, MetaClassifier):
    """Nearest class mean in a learned embedding.

    ``transform`` gives the embedding itself, to any other estimator.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    scale : float or "learn", default="learn"
        What squared distances are multiplied with to give logits.
    priors : "auto" or bool, default="auto"
        Whether a class's share of the support counts as its prior probability; "auto": where all tasks share their
        classes (so that shares mean something), not in N-way episodes.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    J. Snell, K. Swersky, R. Zemel. "Prototypical Networks for Few-shot Learning". NeurIPS 2017.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import ProtoNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> ProtoNetClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        scale: float | str = 'learn',
        priors: str | bool = 'auto',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class RecurrentClassifier(_Recurrent, MetaClassifier):
    """An LSTM or GRU that reads a task's rows, each with the label or target of the row before, and then answers.

    Adapting is reading: no gradient step, no search. The rows are read in several fixed pseudo-random orders, whose
    answers are averaged.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows for the recurrent cell; None is a small :class:`~skmeta.nets.MLP` or, where classes are each task's
        own, a :class:`~skmeta.nets.ResidualMLP`.
    cell : {"lstm", "gru"}, default="lstm"
    n_hidden : int, default=64
        Size of the cell's state.
    n_permutations : int, default=4
        Orders in which a task's rows are read after meta-training. Can be set on a fitted estimator.
    max_rows : int, default=256
        Rows read in each of the orders; of a larger task every order reads others, chosen by their place alone.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    Notes
    -----
    A classifier has no output per class: it reads the rows once for every class, with the same weights, and so takes
    any number of classes.

    Other than in the paper, the network is told not only the label or target of the row before but that row times it
    as well, and its answer is read from its state and from that times the row asked about: products that gates alone
    take thousands of tasks to learn. Of classes, these compare the row with those of each before any training;
    where classes are each task's own, the network begins by saying next to nothing, beside a nearest class mean.

    References
    ----------
    S. Hochreiter, A. S. Younger, P. R. Conwell. "Learning to Learn Using Gradient Descent". ICANN 2001.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import RecurrentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> RecurrentClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = RecurrentClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        cell: str = 'lstm',
        n_hidden: int = 64,
        n_permutations: int = 4,
        max_rows: int = 256,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class RecurrentRegressor(_Recurrent, MetaRegressor):
    """An LSTM or GRU that reads a task's rows, each with the label or target of the row before, and then answers.

    Adapting is reading: no gradient step, no search. The rows are read in several fixed pseudo-random orders, whose
    answers are averaged.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows for the recurrent cell; None is a small :class:`~skmeta.nets.MLP` or, where classes are each task's
        own, a :class:`~skmeta.nets.ResidualMLP`.
    cell : {"lstm", "gru"}, default="lstm"
    n_hidden : int, default=64
        Size of the cell's state.
    n_permutations : int, default=4
        Orders in which a task's rows are read after meta-training. Can be set on a fitted estimator.
    max_rows : int, default=256
        Rows read in each of the orders; of a larger task every order reads others, chosen by their place alone.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    Notes
    -----
    A classifier has no output per class: it reads the rows once for every class, with the same weights, and so takes
    any number of classes.

    Other than in the paper, the network is told not only the label or target of the row before but that row times it
    as well, and its answer is read from its state and from that times the row asked about: products that gates alone
    take thousands of tasks to learn. Of classes, these compare the row with those of each before any training;
    where classes are each task's own, the network begins by saying next to nothing, beside a nearest class mean.

    References
    ----------
    S. Hochreiter, A. S. Younger, P. R. Conwell. "Learning to Learn Using Gradient Descent". ICANN 2001.

    Examples
    --------
    >>> from skmeta import RecurrentRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = RecurrentRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        cell: str = 'lstm',
        n_hidden: int = 64,
        n_permutations: int = 4,
        max_rows: int = 256,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class RelationNetClassifier(Neighbours, MetaClassifier):
    """A learned comparison of rows with classes, in a learned embedding.

    It begins as the distance to the mean of a class and learns what a network says beyond that.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    relation_loss : {"cross_entropy", "mse"}, default="cross_entropy"
        What it is trained by: ``criterion`` on its logits, or, as in the paper, squared errors of its relations.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    F. Sung, Y. Yang, L. Zhang, T. Xiang, P. Torr, T. Hospedales. "Learning to Compare: Relation Network for Few-Shot
    Learning". CVPR 2018.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import RelationNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> RelationNetClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = RelationNetClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        relation_loss: str = 'cross_entropy',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class ReptileClassifier(_Reptile, MetaClassifier):
    """A start moved towards where training on each task leads: meta-learning without second derivatives.

    Every task of a batch trains for ``inner_steps`` steps from the common start; the outer optimizer then steps along
    the mean displacement. With the default, plain gradient descent, ``lr`` is the share of that way.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float or "auto", default='auto'
        Step size of the inner loop; "auto" (classes): what a task's rows allow. Can be set on a
        fitted estimator, as can the two following.
    inner_steps : int, default=10
        Gradient steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ.
    inner_batch_size : int or None, default=None
        Rows of each inner step in meta-training; None takes all. Later, all rows are taken.
    inner_optimizer : {"sgd", "adam"}, default="sgd"
        "adam" is without momentum.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic is done; results are equal.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.5
        Share of the mean displacement that the start moves by.
    optimizer : torch optimizer class, default=torch.optim.SGD
        Takes the mean displacement for a gradient; with ``torch.optim.Adam`` use a smaller ``lr``.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    A. Nichol, J. Achiam, J. Schulman. "On First-Order Meta-Learning Algorithms". 2018.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import ReptileClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> ReptileClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = ReptileClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_lr: float | str = 'auto',
        inner_steps: int = 10,
        adapt_steps: int | None = None,
        inner_batch_size: int | None = None,
        inner_optimizer: str = 'sgd',
        engine: str = 'auto',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.5,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class ReptileRegressor(_Reptile, MetaRegressor):
    """A start moved towards where training on each task leads: meta-learning without second derivatives.

    Every task of a batch trains for ``inner_steps`` steps from the common start; the outer optimizer then steps along
    the mean displacement. With the default, plain gradient descent, ``lr`` is the share of that way.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float or "auto", default=0.05
        Step size of the inner loop; "auto" (classes): what a task's rows allow. Can be set on a
        fitted estimator, as can the two following.
    inner_steps : int, default=10
        Gradient steps on a task's support rows.
    adapt_steps : int or None, default=None
        Steps after meta-training, where they should differ.
    inner_batch_size : int or None, default=None
        Rows of each inner step in meta-training; None takes all. Later, all rows are taken.
    inner_optimizer : {"sgd", "adam"}, default="sgd"
        "adam" is without momentum.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic is done; results are equal.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.5
        Share of the mean displacement that the start moves by.
    optimizer : torch optimizer class, default=torch.optim.SGD
        Takes the mean displacement for a gradient; with ``torch.optim.Adam`` use a smaller ``lr``.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    A. Nichol, J. Achiam, J. Schulman. "On First-Order Meta-Learning Algorithms". 2018.

    Examples
    --------
    >>> from skmeta import ReptileRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> sinusoids = Sinusoids(n_shots=10)
    >>> meta = ReptileRegressor(max_epochs=1, random_state=0).fit(sinusoids)
    >>> task = sinusoids.sample(1, random_state=1)[0]
    >>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        inner_lr: float | str = 0.05,
        inner_steps: int = 10,
        adapt_steps: int | None = None,
        inner_batch_size: int | None = None,
        inner_optimizer: str = 'sgd',
        engine: str = 'auto',
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.5,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class SiameseNetClassifier(LearnedSpace, Neighbours, MetaClassifier):
    """A space in which pairs of rows tell whether they are of one class; new rows go with their neighbours there.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    loss : {"binary_cross_entropy", "contrastive"}, default="binary_cross_entropy"
        How a pair is judged: by the probability of being of one class, from weighted absolute differences; or by its
        Euclidean distance, small within a class and beyond a margin between two. Of the pairs of two classes, those
        of a row with its nearest strangers count, as many as it has friends.
    margin : float, default=1.0
        Of the contrastive loss, in units of the root of the embedding's size.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    G. Koch, R. Zemel, R. Salakhutdinov. "Siamese Neural Networks for One-shot Image Recognition". 2015.

    R. Hadsell, S. Chopra, Y. LeCun. "Dimensionality Reduction by Learning an Invariant Mapping". CVPR 2006.

    Examples
    --------
    >>> from skmeta import SiameseNetClassifier
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = SiameseNetClassifier(max_epochs=2, random_state=0).fit(tasks)
    >>> meta.transform(tasks[0].X).shape
    (15, 20)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        loss: str = 'binary_cross_entropy',
        margin: float = 1.0,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class SimpleShotClassifier(LearnedSpace, MetaClassifier):
    """Nearest class mean among embeddings that have been centred and scaled to unit length.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    scale : float or "learn", default="learn"
        Factor of the squared distances that give logits.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    Y. Wang, W.-L. Chao, K. Q. Weinberger, L. van der Maaten. "SimpleShot: Revisiting Nearest-Neighbor Classification
    for Few-Shot Learning". 2019.

    Examples
    --------
    In the place of ``KNeighborsClassifier``:

    >>> from sklearn.datasets import load_iris
    >>> from skmeta import SimpleShotClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> SimpleShotClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])

    Over many tasks, then adapted to a new one:

    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = SimpleShotClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (45,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        scale: float | str = 'learn',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class TripletNetClassifier(LearnedSpace, Neighbours, MetaClassifier):
    """A space in which every row lies nearer to its class than to any other; new rows go with their neighbours there.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the
        standardised rows themselves.
    mining : {"semi-hard", "batch-hard"}, default="semi-hard"
        Which triplets of an episode count: for each pair of one class the nearest stranger beyond, or each row's
        farthest friend and nearest stranger.
    margin : float or "soft", default="soft"
        By how much strangers are to be farther than friends, in units of the root of the embedding's size; "soft"
        has no end to it.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch.
    max_epochs : int, default=10
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    F. Schroff, D. Kalenichenko, J. Philbin. "FaceNet: A Unified Embedding for Face Recognition and Clustering".
    CVPR 2015.

    A. Hermans, L. Beyer, B. Leibe. "In Defense of the Triplet Loss for Person Re-Identification". 2017.

    Examples
    --------
    >>> from skmeta import TripletNetClassifier
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = TripletNetClassifier(max_epochs=2, random_state=0).fit(tasks)
    >>> meta.transform(tasks[0].X).shape
    (15, 20)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        mining: str = 'semi-hard',
        margin: float | str = 'soft',
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class WeightAverageTransfer(_WeightAverage, MetaClassifier):
    """A new task's weights as a mixture of the weights fine-tuned on each source task.

    All source tasks are first learned together, with a shared trunk. From there each source is fine-tuned on its own.
    The trunk of a new task is the average of theirs, ``W = sum_i alpha_i W_i``, and its head is fitted on that trunk;
    a regressor's is pulled towards the average of their heads.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    weighting : {"similarity", "learn", "uniform"}, default="similarity"
        Where the shares come from: how well each source's weights (or, where classes are each task's own, its rows)
        fit the support; from there, descent on the support's loss, for several times the time; or all alike.
    temperature : float, default=0.5
        Small values trust the most similar sources alone.
    source_steps : int, default=20
        Steps of fine-tuning on each source.
    source_lr : float, default=0.003
        Their rate.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining, as in :class:`FineTuneTransfer`.
    l2_sp : float, default=1.0
        Pull of fine-tuned weights and fitted heads towards where they start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
        plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
        in others.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=(1, 5)
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    lr : float, default=0.001
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    alpha_ : ndarray of shape (n_sources,)
        Shares of the source tasks in the current task's average.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``.

    References
    ----------
    M. Wortsman et al. "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". ICML 2022.

    Examples
    --------
    >>> from skmeta import WeightAverageTransfer
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = WeightAverageTransfer(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> new = tasks[19]
    >>> meta.adapt(new.X, new.y).score(new.X_query, new.y_query) > 0.5
    True
    >>> meta.alpha_.shape, round(float(meta.alpha_.sum()), 6)
    ((19,), 1.0)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        weighting: str = 'similarity',
        temperature: float = 0.5,
        source_steps: int = 20,
        source_lr: float = 0.003,
        heads: str = 'auto',
        l2_sp: float = 1.0,
        n_sources: int = 256,
        labels: str = 'auto',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = (1, 5),
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.001,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...

class WeightAverageTransferRegressor(_WeightAverage, MetaRegressor):
    """A new task's weights as a mixture of the weights fine-tuned on each source task.

    All source tasks are first learned together, with a shared trunk. From there each source is fine-tuned on its own.
    The trunk of a new task is the average of theirs, ``W = sum_i alpha_i W_i``, and its head is fitted on that trunk;
    a regressor's is pulled towards the average of their heads.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    weighting : {"similarity", "learn", "uniform"}, default="similarity"
        Where the shares come from: how well each source's weights (or, where classes are each task's own, its rows)
        fit the support; from there, descent on the support's loss, for several times the time; or all alike.
    temperature : float, default=0.5
        Small values trust the most similar sources alone.
    source_steps : int, default=20
        Steps of fine-tuning on each source.
    source_lr : float, default=0.003
        Their rate.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining, as in :class:`FineTuneTransfer`.
    l2_sp : float, default=0.1
        Pull of fine-tuned weights and fitted heads towards where they start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units.
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default=5
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default=10
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    lr : float, default=0.003
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over.

    Attributes
    ----------
    alpha_ : ndarray of shape (n_sources,)
        Shares of the source tasks in the current task's average.
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format.
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with.

    References
    ----------
    M. Wortsman et al. "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". ICML 2022.

    Examples
    --------
    >>> from skmeta import WeightAverageTransferRegressor
    >>> from skmeta.tasks import LinearFamily
    >>> tasks = LinearFamily().sample(20, random_state=0)
    >>> meta = WeightAverageTransferRegressor(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (10,)
    """

    def __init__(
        self,
        module: type[Module] | Module | None = None,
        *,
        weighting: str = 'similarity',
        temperature: float = 0.5,
        source_steps: int = 20,
        source_lr: float = 0.003,
        heads: str = 'auto',
        l2_sp: float = 0.1,
        n_sources: int = 256,
        target_scaling: str | None = 'pooled',
        n_ways: int | tuple[int, int] | None = None,
        n_shots: int | tuple[int, int] = 5,
        n_query: int | tuple[int, int] = 10,
        steps_per_epoch: int | None = None,
        batch_size: int = 16,
        max_epochs: int = 10,
        lr: float = 0.003,
        optimizer: type = ...,
        criterion: type | None = None,
        validation_fraction: float | None = None,
        augment: Callable[..., Any] | None = None,
        callbacks: list | None = None,
        iterator_train: type = ...,
        warm_start: bool = False,
        task: str | list[str] | None = None,
        verbose: int = 0,
        device: str = 'cpu',
        random_state: int | np.random.RandomState | None = None,
        **module__kwargs: Any,
    ) -> None: ...
    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float: ...
