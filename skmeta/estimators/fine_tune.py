"""Transfer: pretraining on source tasks, fine-tuning on a new one."""

from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind
from skmeta.estimators.base.pretraining import Pretrained
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.fine_tune import FineTune
from skmeta.tasks.row_batches import RowLoader


class _FineTuneTransfer(Pretrained):
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
    l2_sp : float, default={}
        Pull of the weights back to where they start, counted in rows: it fades as the support grows.
    early_stopping : bool, default=True
        Whether a task with at least 40 rows holds out a fifth of them to find its number of steps (then taken on all
        rows).
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the arithmetic of fine-tuning is done; results are equal. ``engine_`` says which one runs.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution and every task is to have a head of its own.

    Attributes
    ----------
    heads_ : {"task", "shared"}
        Which kind of heads the source tasks were given.
    fine_tuned_ : bool
        False after a fit on one table: its answers are those of the pretrained weights as they are.
    engine_ : str
        "native", "closed_form", "any_module" or "naive".

    References
    ----------
    X. Li, Y. Grandvalet, F. Davoine. "Explicit Inductive Bias for Transfer Learning with Convolutional Networks".
    ICML 2018.

    J. Howard, S. Ruder. "Universal Language Model Fine-tuning for Text Classification". ACL 2018.

    Examples
    --------
    {examples}
    """

    heads: str = "auto"
    freeze: str = "trunk"
    inner_steps: int = 50
    inner_lr: float = 0.01
    layer_decay: float = 0.7
    l2_sp: float = ByKind(classifier=1.0, regressor=0.1)
    early_stopping: bool = True
    engine: str = "auto"
    n_sources: int = 256
    iterator_train = RowLoader

    _learner_class = FineTune
    _adaptation_parameters = ("freeze", "inner_steps", "inner_lr", "layer_decay", "l2_sp", "early_stopping")
    _default_module_parameters = {"activate_output": True}

    @property
    def engine_(self):
        """The path that the arithmetic takes: "native", "closed_form", "any_module" or "naive"."""
        check_is_fitted(self)
        return self.served_.bare.engine.name


class FineTuneTransfer(_FineTuneTransfer, MetaClassifier):
    _default_module_parameters = _FineTuneTransfer._default_module_parameters | {"carry_input": True}


class FineTuneTransferRegressor(_FineTuneTransfer, MetaRegressor):
    pass
