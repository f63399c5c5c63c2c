"""Tasks: small tables, sets of them, distributions to draw them from, episodes made of them."""

from skmeta.tasks.augmentation import (
    AugmentationChain,
    AugmentedTasks,
    FeatureDropout,
    FeatureNoise,
    TaskAugmentation,
)
from skmeta.tasks.clusters import GaussianClusters
from skmeta.tasks.distributions import (
    BaseTaskDistribution,
    TaskDistribution,
    TaskFamilyMixture,
)
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.families import LinearFamily, QuadraticFamily, Sinusoids
from skmeta.tasks.given import as_taskset, is_task_distribution, is_tasks
from skmeta.tasks.mixing import ClassMixing, LabelPermutation, TaskMixUp
from skmeta.tasks.n_way import NWayTasks
from skmeta.tasks.pseudo import PseudoTasks, pseudo_tasks
from skmeta.tasks.splitting import split_tasks
from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet

__all__ = [
    "AugmentationChain",
    "AugmentedTasks",
    "BaseTaskDistribution",
    "ClassMixing",
    "EpisodeLoader",
    "FeatureDropout",
    "FeatureNoise",
    "GaussianClusters",
    "LabelPermutation",
    "LinearFamily",
    "NWayTasks",
    "PseudoTasks",
    "QuadraticFamily",
    "Sinusoids",
    "Task",
    "TaskAugmentation",
    "TaskDistribution",
    "TaskFamilyMixture",
    "TaskMixUp",
    "TaskSet",
    "as_taskset",
    "is_task_distribution",
    "is_tasks",
    "pseudo_tasks",
    "split_tasks",
]
