"""SimpleShot as a scikit-learn classifier."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import LearnedSpace
from skmeta.learners.simple_shot import SimpleShot
from skmeta.nets import ResidualMLP


class SimpleShotClassifier(LearnedSpace, MetaClassifier):
    """Nearest class mean among embeddings that have been centred and scaled to unit length.

    Parameters
    ----------
    scale : float or "learn", default="learn"
        Factor of the squared distances that give logits.

    References
    ----------
    Y. Wang, W.-L. Chao, K. Q. Weinberger, L. van der Maaten. "SimpleShot: Revisiting Nearest-Neighbor Classification
    for Few-Shot Learning". 2019.

    Examples
    --------
    {examples}
    """

    scale: float | str = "learn"

    _learner_class = SimpleShot
    _default_module = ResidualMLP
