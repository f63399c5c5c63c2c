"""SimpleShot as a scikit-learn classifier."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import LearnedSpace
from skmeta.learners.simple_shot import SimpleShot
from skmeta.nets import ResidualMLP


class SimpleShotClassifier(LearnedSpace, MetaClassifier):
    """Nearest class mean among embeddings that have been centred and scaled to unit length.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the standardised rows themselves.
    scale : float or "learn", default="learn"
        Factor of the squared distances that give logits.
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    References
    ----------
    Y. Wang, W.-L. Chao, K. Q. Weinberger, L. van der Maaten. "SimpleShot: Revisiting Nearest-Neighbor Classification
    for Few-Shot Learning". 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmeta import SimpleShotClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> SimpleShotClassifier(random_state=0).fit(X, y).predict(X[::50])
    array([0, 1, 2])
    """

    scale: float | str = "learn"

    _learner_class = SimpleShot
    _default_module = ResidualMLP
