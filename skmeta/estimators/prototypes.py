"""Prototypical networks as a scikit-learn classifier."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import LearnedSpace
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import ResidualMLP


class ProtoNetClassifier(LearnedSpace, MetaClassifier):
    """Nearest class mean in a learned embedding.

    ``transform`` gives the embedding itself, to any other estimator.

    Parameters
    ----------
    scale : float or "learn", default="learn"
        What squared distances are multiplied with to give logits.
    priors : "auto" or bool, default="auto"
        Whether a class's share of the support counts as its prior probability; "auto": where all tasks share their
        classes (so that shares mean something), not in N-way episodes.

    References
    ----------
    J. Snell, K. Swersky, R. Zemel. "Prototypical Networks for Few-shot Learning". NeurIPS 2017.

    Examples
    --------
    {examples}
    """

    scale: float | str = "learn"
    priors: str | bool = "auto"

    _learner_class = Prototypes
    _default_module = ResidualMLP
