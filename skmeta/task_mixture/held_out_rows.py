"""Held-out rows say how far each member of a mixture is to be trusted, and how far its answers are off."""

import numpy as np

from skmeta.task_mixture.pooled_model import best_temperature
from skmeta.task_mixture.trust import SizeWeights, that_occur, weights_without_own_task
from skmeta.task_mixture.uncertainty import Uncertainty


def trusted(kind, sizes, answers, y, n_shown, task, weight, of_these_tasks=False):
    """The weights that held-out rows speak for and, of numbers, how far answers were from these rows."""
    sizes = that_occur(sizes, n_shown)
    weights = SizeWeights(sizes, kind).fit(answers, y, n_shown, task, weight)
    if kind == "classification":  # a linear blend of chances that are right is not sure enough of itself
        weights.temperature = best_temperature(weights.blend(weights(n_shown), answers), y, weight)
        return weights, None
    without = weights_without_own_task(weights, answers, y, n_shown, task, weight)
    answers = answers[:, :, 0]
    blend = (without * answers).sum(1)
    return weights, Uncertainty(sizes, of_these_tasks).fit(blend, answers, without, y, n_shown, task, weight)


def errors_of_few(kind, weights, answers, rows):
    """How far pooled models are off, where there are too few tasks to say more of a new one."""
    if kind == "classification":
        return None
    answers, no_rows = answers[:, :, 0], np.zeros(len(rows))
    weights = weights(no_rows)
    blend = (weights * answers).sum(1)
    return Uncertainty([0]).fit(blend, answers, weights, rows.y, no_rows, rows.code, rows.weight)
