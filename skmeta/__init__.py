"""Learning to learn for scikit-learn."""

from skmeta.tasks import Task, TaskSet

__version__ = "0.1.0.dev0"

__all__ = ["Task", "TaskSet"]
