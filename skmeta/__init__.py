"""Learning to learn for scikit-learn."""

from skmeta.estimators.maml import MAMLClassifier, MAMLRegressor
from skmeta.estimators.prototypes import ProtoNetClassifier
from skmeta.exceptions import NotAdaptedError
from skmeta.tasks import Task, TaskSet
from skmeta.tasks.splitting import split_tasks

__version__ = "0.1.0.dev0"

__all__ = ["MAMLClassifier", "MAMLRegressor", "NotAdaptedError", "ProtoNetClassifier", "Task", "TaskSet", "split_tasks"]
