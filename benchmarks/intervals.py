"""Means with 95% intervals."""

import numpy as np


def mean_and_interval(values):
    """Mean and the half-width of its 95% interval, over tasks (or runs) taken as independent."""
    values = np.asarray(values, dtype=float)
    return values.mean(), 1.96 * values.std(ddof=1) / np.sqrt(len(values))


def mse_of_tasks(answers, tasks):
    """Mean squared error of each task's query rows."""
    return np.array([np.mean((answer - task.y_query) ** 2) for answer, task in zip(answers, tasks)])
