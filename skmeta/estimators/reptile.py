"""Reptile as scikit-learn estimators."""

import torch

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind, number_or
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.reptile import Reptile
from skmeta.nets import ResidualMLP
from skmeta.nets.mlp import MOST_CARRIED


class _Reptile:
    """A start moved towards where training on each task leads: meta-learning without second derivatives.

    Every task of a batch trains for ``inner_steps`` steps from the common start; the outer optimizer then steps along
    the mean displacement. With the default, plain gradient descent, ``lr`` is the share of that way.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float or "auto", default={}
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
    lr : float, default=0.5
        Share of the mean displacement that the start moves by.
    optimizer : torch optimizer class, default=torch.optim.SGD
        Takes the mean displacement for a gradient; with ``torch.optim.Adam`` use a smaller ``lr``.

    References
    ----------
    A. Nichol, J. Achiam, J. Schulman. "On First-Order Meta-Learning Algorithms". 2018.

    Examples
    --------
    {examples}
    """

    inner_lr: float | str = ByKind(classifier="auto", regressor=0.05)
    inner_steps: int = 10
    adapt_steps: int | None = None
    inner_batch_size: int | None = None
    inner_optimizer: str = "sgd"
    engine: str = "auto"
    lr = 0.5
    optimizer = torch.optim.SGD

    _learner_class = Reptile
    _rules = {"inner_lr": number_or("auto")}
    _adaptation_parameters = ("inner_lr", "inner_steps", "adapt_steps")
    _default_module_parameters = {"activate_output": True}


class ReptileClassifier(_Reptile, MetaClassifier):
    _default_module_parameters = _Reptile._default_module_parameters | {"carry_input": True}
    _module_of_own_classes = ResidualMLP, {"n_hidden": 64}, MOST_CARRIED + 1

    def _learner_settings(self):
        return super()._learner_settings() | {"bend": 0.5}


class ReptileRegressor(_Reptile, MetaRegressor):
    pass
