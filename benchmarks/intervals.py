"""Means with 95% intervals."""

import numpy as np
from scipy import stats


def mean_and_interval(values):
    """Mean and the half-width of its 95% interval, over tasks (or runs) taken as independent."""
    values = np.asarray(values, dtype=float)
    return values.mean(), 1.96 * values.std(ddof=1) / np.sqrt(len(values))


def mean_of_seeds(values):
    """The same over a handful of seeds, by Student's t."""
    values = np.asarray(values, dtype=float)
    return values.mean(), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)


def mse_of_tasks(answers, tasks):
    """Mean squared error of each task's query rows."""
    return np.array([np.mean((answer - task.y_query) ** 2) for answer, task in zip(answers, tasks)])
