"""Relation networks as a scikit-learn classifier."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.learned_space import Neighbours
from skmeta.learners.relation import RelationNet
from skmeta.nets import ResidualMLP


class RelationNetClassifier(Neighbours, MetaClassifier):
    """A learned comparison of rows with classes, in a learned embedding.

    It begins as the distance to the mean of a class and learns what a network says beyond that.

    Parameters
    ----------
    relation_loss : {"cross_entropy", "mse"}, default="cross_entropy"
        What it is trained by: ``criterion`` on its logits, or, as in the paper, squared errors of its relations.

    References
    ----------
    F. Sung, Y. Yang, L. Zhang, T. Xiang, P. Torr, T. Hospedales. "Learning to Compare: Relation Network for Few-Shot
    Learning". CVPR 2018.

    Examples
    --------
    {examples}
    """

    relation_loss: str = "cross_entropy"

    _learner_class = RelationNet
    _default_module = ResidualMLP

    def _learner_settings(self):
        return super()._learner_settings() | {"loss": self.relation_loss}
