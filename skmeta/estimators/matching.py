"""Matching networks as a scikit-learn classifier."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import Neighbours
from skmeta.learners.matching import MatchingNet
from skmeta.nets import ResidualMLP


class MatchingNetClassifier(Neighbours, MetaClassifier):
    """Attention over a task's rows in a learned embedding.

    Parameters
    ----------
    metric : {"cosine", "l2"}, default="cosine"
        What attention depends on: cosines, or squared distances.
    scale : float or "learn", default="learn"
        Inverse temperature of the attention.
    full_context : bool, default=False
        Whether rows are embedded in the light of the whole support, which then is read in the order of its rows.
    reading_steps : int, default=3
        Rounds in which a query row reads the support; only with ``full_context``.

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

    metric: str = "cosine"
    scale: float | str = "learn"
    full_context: bool = False
    reading_steps: int = 3

    _learner_class = MatchingNet
    _default_module = ResidualMLP
