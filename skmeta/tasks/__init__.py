"""Tasks: small tables, sets of them, episodes drawn from them."""

from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet, as_taskset, is_tasks

__all__ = ["Task", "TaskSet", "as_taskset", "is_tasks"]
