"""Targets and their scale: standardised inside, answered in the user's units."""

import numpy as np
import torch
from scipy import sparse
from sklearn.metrics import r2_score

from skmeta.tasks.rows import refuse_missing_labels
from skmeta.tasks.store import TaskStore, as_rows

_FARTHEST = 1e30  # in units of meta-training's targets: sums of such have a number in single precision


class Targets:
    """The targets of regressors as standardised numbers, and outputs as answers in the user's units.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_targets,)
    is_flat : bool
        Whether the user's targets are an array of one dimension.
    """

    task_type = "regression"
    criterion = torch.nn.MSELoss
    validation = {"multi_output": True, "y_numeric": True}
    metric = staticmethod(r2_score)
    counts_by_class = False  # shots
    least_rows = 4  # for a table to learn from
    shared = None

    def __init__(self, mean, scale, is_flat):
        self.mean, self.scale, self.is_flat = mean, scale, is_flat

    # ------------------------------------------------------------------ from data

    @staticmethod
    def check(y, name, place):
        """Refuse what cannot be targets; ``place`` names a row."""
        if sparse.issparse(y):
            raise ValueError(f"{name} takes targets as an array, got a sparse matrix: give y.toarray().")
        refuse_missing_labels(y, place)
        if y.dtype.kind not in "biuf":
            raise ValueError(
                f"{name} needs numeric targets, got an array of dtype {y.dtype} that holds "
                f"{y.ravel()[:1].tolist()[0]!r}. A classifier takes labels of any kind."
            )
        if not np.isfinite(y).all():
            row = int(np.flatnonzero(~np.isfinite(as_columns(y)).all(1))[0])
            raise ValueError(f"Input y contains NaN or infinity: {y[row]} in {place(row)}. Leave such rows out.")

    @classmethod
    def of_tasks(cls, estimator, tasks, X, y, from_long):
        """The codec of many tasks."""
        return cls.of_table(estimator, y[tasks.is_labelled_row])

    @classmethod
    def of_table(cls, estimator, y):
        """The codec of one table's targets."""
        columns = as_columns(y)
        if estimator.target_scaling is None:
            return cls(np.zeros(columns.shape[1]), np.ones(columns.shape[1]), y.ndim == 1)
        # measured in units of the largest, for the squares of very large and of very small targets have no number
        largest = np.abs(columns).max(0, initial=0.0)
        unit = np.where(largest > 1e-300, largest, 1.0)
        deviation = (columns / unit).std(0)
        varies = deviation * unit > 1e-12 * np.maximum(largest, 1e-300)
        scale = np.where(varies, deviation * unit, np.minimum(unit, 1.0))
        return cls((columns / unit).mean(0) * unit, scale, y.ndim == 1)

    of_untrained = of_table

    @property
    def is_raw(self):
        """Whether targets are taken as they are."""
        return bool((self.mean == 0).all() and (self.scale == 1).all())

    def following(self, before):
        """The codec to go on with after an earlier one: the scale stays what the weights were trained for."""
        if (self.is_raw, before.is_raw) in ((True, False), (False, True)):
            raise ValueError(
                "warm_start goes on with the scale of targets that the weights were trained for, but target_scaling is "
                "now another: set it back, or warm_start=False to start over."
            )
        if len(self.mean) != len(before.mean):
            raise ValueError(f"y has {len(self.mean)} targets, but {len(before.mean)} were meta-trained.")
        return before

    # ------------------------------------------------------------------ what the learner is built with

    @property
    def n_outputs(self):
        return len(self.mean)

    def starts_cold(self, learner_class):
        """Whether a task can be answered before its first row."""
        return learner_class.cold_start

    def no_labels(self):
        return np.empty(0 if self.is_flat else (0, len(self.mean)))

    def can_learn(self, y):
        """Whether episodes can be drawn from a table."""
        return len(y) >= self.least_rows

    def strata(self, y):
        """None: a split of rows is stratified by nothing."""
        return

    # ------------------------------------------------------------------ targets to numbers, and back

    def shaped(self, y):
        """Validated targets in the shape of those of meta-training."""
        self.scaled(y)  # refuses another number of targets than meta-training had
        return y.reshape(len(y)) if self.is_flat else as_columns(y)

    def with_scale(self, y):
        """Targets (n_rows, n_targets) if it matters on which scale they are, else None."""
        return as_columns(y)

    def scaled(self, y):
        columns = as_columns(y)
        if columns.shape[1] != len(self.mean):
            raise ValueError(f"y has {columns.shape[1]} targets, but {len(self.mean)} were meta-trained.")
        with np.errstate(over="ignore"):
            scaled = (columns - self.mean) / self.scale
        if (np.abs(scaled) > _FARTHEST).any():  # False for the missing targets of rows without any
            row, target = np.argwhere(np.abs(scaled) > _FARTHEST)[0]
            raise ValueError(
                f"y holds {columns[row, target]:.3g}, more than {_FARTHEST:g} times the scale of the targets of "
                f"meta-training, {self.scale[target]:.3g}: rescale it, or fit on tasks with targets of its size."
            )
        return scaled

    def task_classes(self, y, declared=None):
        return None

    def about(self, tasks):
        return [None] * len(tasks)

    def encode(self, y, about=None):
        """Targets of one task as what the learner takes."""
        return self.scaled(y)

    def store(self, tasks, dtype=torch.float32, weight=None, device="cpu"):
        """Tasks as a store of standardised targets."""
        X, y = tasks.pooled
        targets = np.where(tasks.is_labelled_row[:, None], self.scaled(y), np.nan)
        store = TaskStore(
            as_rows(X, dtype),
            torch.as_tensor(targets, dtype=dtype),
            tasks.n_support,
            tasks.n_query,
            weight=weight,
            device=device,
        )
        return store, [None] * len(tasks)

    @property
    def of_outputs(self):
        """The (mean, scale) that make targets in the user's units of outputs."""
        return self.mean, self.scale

    def decode(self, outputs, about=None):
        """Answers in the user's units."""
        mean, scale = self.of_outputs
        return self.in_shape(outputs * scale + mean)

    def decode_tasks(self, outputs, about=None):
        """Answers of each of several tasks: of many small ones a call for each would take most of the time."""
        if not outputs:
            return []
        ends = np.cumsum([len(out) for out in outputs]).tolist()
        answers = self.decode(np.concatenate(outputs))
        return [answers[first:last] for first, last in zip([0, *ends], ends)]

    def answer(self, targets, about=None):
        """Decoded targets are what a regressor answers."""
        return targets

    def decode_moments(self, moments):
        """Means and standard deviations, which lie side by side, in the user's units."""
        mean, std = np.split(moments, 2, axis=1)
        return self.decode(mean), self.in_shape(std * self.scale)

    def in_shape(self, columns):
        return columns[..., 0] if self.is_flat else columns

    def joined(self, answers, about, rows, known=None):
        """Answers of several tasks as one array."""
        together = np.empty((sum(map(len, rows)), *answers[0].shape[1:]))
        for answer, where in zip(answers, rows):
            together[where] = answer
        return together, None

    @staticmethod
    def score_tasks(answers, tasks):
        """R2 over tasks; see :func:`r2_over_tasks`."""
        return r2_over_tasks(answers, tasks)


def r2_over_tasks(answers, tasks):
    """1 - (squared errors of all tasks) / (squared deviations from each task's own mean), averaged over targets.

    As in scikit-learn's R2, a target that varies in no task counts 1 where it is met, else 0.
    """
    errors = sum(np.square(one.y_query - answer).sum(0) for answer, one in zip(answers, tasks))
    deviations = sum(np.square(one.y_query - one.y_query.mean(0)).sum(0) for one in tasks)
    varies = deviations > 0
    explained = 1 - errors / np.where(varies, deviations, 1)
    return float(np.mean(np.where(varies, explained, errors == 0)))


def quantile_levels(quantiles, return_std=False):
    """Levels of the quantiles that are asked for, as an array; None where none are."""
    if quantiles is None:
        return None
    if return_std:
        raise ValueError("return_std and quantiles cannot be asked for together.")
    levels = np.asarray(quantiles, dtype=np.float64)
    if levels.ndim != 1 or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"quantiles must be numbers strictly between 0 and 1, got {levels.tolist()}.")
    return levels


def as_columns(y):
    y = np.asarray(y, dtype=np.float64)
    return y[:, None] if y.ndim == 1 else y
