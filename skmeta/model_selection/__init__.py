"""Scorers, curves and splitters where the samples are tasks."""

from skmeta.model_selection.compare import compare
from skmeta.model_selection.few_shot_curve import FewShotCurve, few_shot_curve
from skmeta.model_selection.splitters import KShotSplit, TaskKFold
from skmeta.model_selection.task_scorer import task_scorer

__all__ = ["FewShotCurve", "KShotSplit", "TaskKFold", "compare", "few_shot_curve", "task_scorer"]
