"""A mixture of pooled models, per-task models and what tasks add to the common model."""

from skmeta.task_mixture.classifier import TaskMixtureClassifier
from skmeta.task_mixture.regressor import TaskMixtureRegressor

__all__ = ["TaskMixtureClassifier", "TaskMixtureRegressor"]
