"""Siamese and triplet networks as scikit-learn classifiers and transformers."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import LearnedSpace, Neighbours
from skmeta.learners.pairs import SiameseNet, TripletNet
from skmeta.nets import ResidualMLP


class SiameseNetClassifier(LearnedSpace, Neighbours, MetaClassifier):
    """A space in which pairs of rows tell whether they are of one class; new rows go with their neighbours there.

    Parameters
    ----------
    loss : {"binary_cross_entropy", "contrastive"}, default="binary_cross_entropy"
        How a pair is judged: by the probability of being of one class, from weighted absolute differences; or by its
        Euclidean distance, small within a class and beyond a margin between two. Of the pairs of two classes, those
        of a row with its nearest strangers count, as many as it has friends.
    margin : float, default=1.0
        Of the contrastive loss, in units of the root of the embedding's size.

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

    loss: str = "binary_cross_entropy"
    margin: float = 1.0

    _learner_class = SiameseNet
    _default_module = ResidualMLP


class TripletNetClassifier(LearnedSpace, Neighbours, MetaClassifier):
    """A space in which every row lies nearer to its class than to any other; new rows go with their neighbours there.

    Parameters
    ----------
    mining : {"semi-hard", "batch-hard"}, default="semi-hard"
        Which triplets of an episode count: for each pair of one class the nearest stranger beyond, or each row's
        farthest friend and nearest stranger.
    margin : float or "soft", default="soft"
        By how much strangers are to be farther than friends, in units of the root of the embedding's size; "soft"
        has no end to it.

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

    mining: str = "semi-hard"
    margin: float | str = "soft"

    _learner_class = TripletNet
    _default_module = ResidualMLP
