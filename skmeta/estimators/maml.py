"""Model-agnostic meta-learning as scikit-learn estimators."""

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind, number_or
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.exceptions import warn_caller
from skmeta.learners.base import innermost
from skmeta.learners.maml import MAML
from skmeta.nets import ResidualMLP
from skmeta.nets.mlp import MOST_CARRIED
from skmeta.tasks.store import TaskStore

#: rows on which a regressor's inner steps are tried before training, and of how many these are the extreme ones
_N_TRIED, _N_SEEN = 256, 4096


class _MAML:
    """A start from which a few gradient steps learn a new task.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows, with a linear head put on it; None is a small :class:`~skmeta.nets.MLP` or,
        for rows of more than 32 columns whose classes are each task's own, a small :class:`~skmeta.nets.ResidualMLP`.
    inner_lr : float, "auto", "learn" or "learn-step", default={}
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

    Attributes
    ----------
    engine_ : str
        "native", "closed_form", "any_module" or "naive".

    References
    ----------
    C. Finn, P. Abbeel, S. Levine. "Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks". ICML 2017.
    A. Rajeswaran, C. Finn, S. Kakade, S. Levine. "Meta-Learning with Implicit Gradients". NeurIPS 2019.

    Examples
    --------
    {examples}
    """

    inner_lr: float | str = ByKind(classifier="auto", regressor=0.05)
    inner_steps: int = 5
    adapt_steps: int | None = None
    adapt_params: str = "all"
    multi_step_loss: bool = False
    gradient: str = "unrolled"
    proximal: float = 1.0
    cg_steps: int = 2
    engine: str = "auto"

    _learner_class = MAML
    _rules = {"inner_lr": number_or("auto", "learn", "learn-step")}
    _adaptation_parameters = ("inner_lr", "inner_steps", "adapt_steps")
    _default_module_parameters = {"activate_output": True}

    @property
    def engine_(self):
        """The path that the arithmetic takes: "native", "closed_form", "any_module" or "naive"."""
        check_is_fitted(self)
        return self.served_.bare.engine.name


class MAMLClassifier(_MAML, MetaClassifier):
    _default_module_parameters = _MAML._default_module_parameters | {"carry_input": True}
    _module_of_own_classes = ResidualMLP, {"n_hidden": 64}, MOST_CARRIED + 1

    def _learner_settings(self):
        return super()._learner_settings() | {"bend": 1.0}


class MAMLRegressor(_MAML, MetaRegressor):
    def _start(self, learner, train):
        """Inner steps that do not explode on the training tasks' extreme rows, where a squared loss is steepest."""
        rows = torch.nonzero(~train.y.isnan().any(1)).ravel() if isinstance(train, TaskStore) else ()
        if not len(rows):
            return
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _N_SEEN)).astype(int)]
        learner = innermost(learner)
        with torch.no_grad():
            length = learner.embed(train.X[rows][None])[0].norm(dim=1)
        rows = rows[length.argsort(descending=True)[:_N_TRIED]]
        pace = learner.find_pace(train.X[rows], train.y[rows])
        if pace < 1:
            warn_caller(
                f"The inner steps of inner_lr={self.inner_lr!r} explode on rows of these tasks: they are made "
                f"{1 / pace:.0f} times smaller. Scale columns with extreme values (QuantileTransformer, say), or set a "
                "smaller inner_lr.",
                ConvergenceWarning,
            )
