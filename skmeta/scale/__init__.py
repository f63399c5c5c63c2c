"""More tasks than one process can take: training over processes, answers on the engines that people already run."""

from skmeta.scale.task_answerer import task_answerer
from skmeta.training.processes import training_processes

__all__ = ["task_answerer", "training_processes"]
