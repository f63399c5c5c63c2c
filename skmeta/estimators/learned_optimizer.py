"""Adaptation by a learned optimizer as scikit-learn estimators."""

from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind, number_or
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.learned_optimizers.descent import LearnedDescent
from skmeta.nets import ResidualMLP
from skmeta.nets.mlp import MOST_CARRIED


class _LearnedOptimizer:
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
    inner_lr : float, "auto" or None, default={}
        Rate, to begin with, of the plain gradient step that the network's output is added to; it is learned, and
        cannot be set on a fitted estimator. None leaves the step to the network alone; "auto" (classes) begins at what
        a task's rows allow.
    n_hidden : int, default=8
        Size of the LSTM's state.
    n_layers : int, default=1
        Its layers.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}, default="auto"
        How the inner gradients are computed; results are equal.
    max_epochs : int, default=5
        Epochs of meta-training.

    Attributes
    ----------
    optimizer_ : LearnedOptimizer
        The network that was learned.

    References
    ----------
    M. Andrychowicz et al. "Learning to learn by gradient descent by gradient descent". NeurIPS 2016.
    S. Ravi, H. Larochelle. "Optimization as a Model for Few-Shot Learning". ICLR 2017.

    Examples
    --------
    {examples}
    """

    inner_steps: int = 5
    adapt_steps: int | None = None
    unroll: int = 20
    inner_lr: float | str | None = ByKind(classifier="auto", regressor=0.05)
    n_hidden: int = 8
    n_layers: int = 1
    engine: str = "auto"
    max_epochs = 5
    lr = 0.01

    _learner_class = LearnedDescent
    _rules = {"inner_lr": number_or("auto", None, positive=True)}
    _adaptation_parameters = ("inner_steps", "adapt_steps", "inner_lr")
    _default_module_parameters = {"activate_output": True, "n_hidden": 16}

    @property
    def optimizer_(self):
        """The network that was learned."""
        check_is_fitted(self)
        return self.served_.bare.optimizer


class LearnedOptimizerClassifier(_LearnedOptimizer, MetaClassifier):
    _default_module_parameters = _LearnedOptimizer._default_module_parameters | {"keep_input": True}
    _module_of_own_classes = ResidualMLP, {"n_hidden": 16}, MOST_CARRIED + 1


class LearnedOptimizerRegressor(_LearnedOptimizer, MetaRegressor):
    pass
