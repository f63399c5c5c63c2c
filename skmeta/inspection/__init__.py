"""What tasks do to a common model, and pictures of it."""

from skmeta.inspection.comparison import ComparisonDisplay
from skmeta.inspection.curve_displays import AdaptationCurveDisplay, ShotCurveDisplay
from skmeta.inspection.mixture_displays import ShrinkageDisplay, TrustDisplay
from skmeta.inspection.task_answers import explain_adaptation, task_embedding, task_shift, task_similarity
from skmeta.inspection.task_map import TaskMapDisplay

__all__ = [
    "AdaptationCurveDisplay",
    "ComparisonDisplay",
    "ShotCurveDisplay",
    "ShrinkageDisplay",
    "TaskMapDisplay",
    "TrustDisplay",
    "explain_adaptation",
    "task_embedding",
    "task_shift",
    "task_similarity",
]
