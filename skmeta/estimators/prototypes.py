"""Prototypical networks as a scikit-learn classifier."""

from skmeta.estimators._classifier import MetaClassifier
from skmeta.learners.prototypes import Prototypes


class ProtoNetClassifier(MetaClassifier):
    """Nearest class mean in a learned embedding.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows; None is a small :class:`~skmeta.nets.MLP` that standardises its inputs.
    scale : float or "learn", default="learn"
        What squared distances are multiplied with to give logits.
    priors : "auto" or bool, default="auto"
        Whether a class's share of the support counts as its prior probability; "auto": where all tasks share their
        classes (so that shares mean something), not in N-way episodes.
    """

    _learner_class = Prototypes
    _learner_parameters = ("scale",)

    def __init__(self, module=None, *, scale="learn", priors="auto", **params):
        super().__init__(module, **params)
        self.scale = scale
        self.priors = priors

    def _learner_settings(self):
        priors = self.labels_ == "shared" if self.priors == "auto" else self.priors
        return super()._learner_settings() | {"priors": priors}
