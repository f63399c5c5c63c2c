"""scikit-learn's face of the learners."""

from skmeta.estimators.base import format_1  # noqa: F401 - makes itself known to load
from skmeta.estimators.baselines import PerTaskBaseline, PooledBaseline
from skmeta.estimators.bayesian_head import BayesianHeadRegressor
from skmeta.estimators.convex_head import MetaOptNetClassifier, MetaOptNetRegressor
from skmeta.estimators.few_shot import FewShotClassifier, FewShotRegressor
from skmeta.estimators.fine_tune import FineTuneTransfer, FineTuneTransferRegressor
from skmeta.estimators.hyper_net import HyperNetClassifier, HyperNetRegressor
from skmeta.estimators.in_context import InContextClassifier, InContextRegressor
from skmeta.estimators.learned_optimizer import LearnedOptimizerClassifier, LearnedOptimizerRegressor
from skmeta.estimators.maml import MAMLClassifier, MAMLRegressor
from skmeta.estimators.matching import MatchingNetClassifier
from skmeta.estimators.multi_task import MultiTaskClassifier, MultiTaskRegressor
from skmeta.estimators.neighbours import MetaKNeighborsClassifier, MetaKNeighborsRegressor
from skmeta.estimators.neural_process import NeuralProcessRegressor
from skmeta.estimators.pairs import SiameseNetClassifier, TripletNetClassifier
from skmeta.estimators.prototypes import ProtoNetClassifier
from skmeta.estimators.recurrent import MANNClassifier, RecurrentClassifier, RecurrentRegressor
from skmeta.estimators.relation import RelationNetClassifier
from skmeta.estimators.reptile import ReptileClassifier, ReptileRegressor
from skmeta.estimators.simple_shot import SimpleShotClassifier
from skmeta.estimators.weight_average import WeightAverageTransfer, WeightAverageTransferRegressor

__all__ = [
    "BayesianHeadRegressor",
    "FewShotClassifier",
    "FewShotRegressor",
    "FineTuneTransfer",
    "FineTuneTransferRegressor",
    "HyperNetClassifier",
    "HyperNetRegressor",
    "InContextClassifier",
    "InContextRegressor",
    "LearnedOptimizerClassifier",
    "LearnedOptimizerRegressor",
    "MAMLClassifier",
    "MAMLRegressor",
    "MANNClassifier",
    "MatchingNetClassifier",
    "MetaKNeighborsClassifier",
    "MetaKNeighborsRegressor",
    "MetaOptNetClassifier",
    "MetaOptNetRegressor",
    "MultiTaskClassifier",
    "MultiTaskRegressor",
    "NeuralProcessRegressor",
    "PerTaskBaseline",
    "PooledBaseline",
    "ProtoNetClassifier",
    "RecurrentClassifier",
    "RecurrentRegressor",
    "RelationNetClassifier",
    "ReptileClassifier",
    "ReptileRegressor",
    "SiameseNetClassifier",
    "SimpleShotClassifier",
    "TripletNetClassifier",
    "WeightAverageTransfer",
    "WeightAverageTransferRegressor",
]
