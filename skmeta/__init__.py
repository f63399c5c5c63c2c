"""Learning to learn for scikit-learn.

A *task* is a small table; a *learner* is a torch module that adapts to a batch of tasks; an *estimator* is the
scikit-learn face of a learner; skorch trains it over many tasks.
"""

try:
    import skorch  # noqa: F401
except AttributeError as error:  # it puts its docstrings together as it is imported
    raise ImportError("skorch, which trains, cannot be imported without docstrings: say -O in place of -OO.") from error

from skmeta import estimators
from skmeta.estimators import *  # noqa: F403 - all of them, as they are listed there
from skmeta.exceptions import NotAdaptedError
from skmeta.model_selection import KShotSplit, TaskKFold, few_shot_curve, task_scorer
from skmeta.preprocessing import PerTask, TableEncoder
from skmeta.saving import load, save
from skmeta.serving import export_onnx, trusted_types
from skmeta.source_selection import SourceSelector
from skmeta.task_mixture import TaskMixtureClassifier, TaskMixtureRegressor
from skmeta.tasks import Task, TaskSet, pseudo_tasks, split_tasks
from skmeta.versions import show_versions

__version__ = "0.1.0.dev0"

__all__ = [
    "KShotSplit",
    "NotAdaptedError",
    "PerTask",
    "SourceSelector",
    "TableEncoder",
    "Task",
    "TaskKFold",
    "TaskMixtureClassifier",
    "TaskMixtureRegressor",
    "TaskSet",
    "export_onnx",
    "few_shot_curve",
    "load",
    "pseudo_tasks",
    "save",
    "show_versions",
    "split_tasks",
    "task_scorer",
    "trusted_types",
]
__all__ += estimators.__all__
