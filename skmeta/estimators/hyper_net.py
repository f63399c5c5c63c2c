"""Hypernetworks as scikit-learn estimators."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.hyper_net import HyperNet


class _HyperNet:
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

    References
    ----------
    D. Ha, A. Dai, Q. V. Le. "HyperNetworks". ICLR 2017.
    A. Mueller, C. Curino, R. Ramakrishnan. "MotherNet: Fast Training and Inference via Hyper-Network Transformers".
    ICLR 2025.

    Examples
    --------
    {examples}
    """

    target_hidden: int = 32
    target_layers: int = 2
    rank: int = 8
    lr = 0.001

    _learner_class = HyperNet


class HyperNetClassifier(_HyperNet, MetaClassifier):
    pass


class HyperNetRegressor(_HyperNet, MetaRegressor):
    pass
