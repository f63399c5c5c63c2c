"""The stream of synthetic tables: a task distribution, and plain arrays for long training runs."""

from dataclasses import dataclass

import numpy as np

from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.prior.disguise import (
    classes_from_latent,
    disguise_columns,
    swap_labels,
    target_from_latent,
)
from skmeta.tasks.prior.functions import standardise
from skmeta.tasks.prior.predictability import PROBE_ROWS, chance_to_keep, predictability
from skmeta.tasks.prior.tables import causal_graph, direct_function, labelled_clusters
from skmeta.tasks.taskset import TaskSet


@dataclass(frozen=True)
class TablePrior(BaseTaskDistribution):
    """Synthetic tables as varied as real ones, without end.

    A table comes from a random graph of causes, from a random function of independent columns, or (classification)
    from clusters that belong to classes. Functions are linear, networks, trees, smooth, piecewise constant or
    products; columns are then warped, discretised, turned into categories, censored, punched with holes or replaced
    by noise. Tables that cannot be predicted are mostly thrown away.

    Parameters
    ----------
    task_type : {"classification", "regression"}, default="classification"
    n_features : int, default=8
        Columns of every table of one sample.
    n_support, n_query : int, default=50, 20
        Rows of every task.
    max_classes : int, default=10
        Classes are between 2 and this; half of the tables have 2.
    missing : bool, default=False
        Whether some cells are NaN. Only few learners take them.

    References
    ----------
    Hollmann et al. (2023), TabPFN; den Breejen et al. (2024), TabForestPFN; Qu et al. (2025), TabICL.

    Examples
    --------
    >>> from skmeta.tasks.prior import TablePrior
    >>> tasks = TablePrior(n_features=3, n_support=10, n_query=5).sample(4, random_state=0)
    >>> tasks
    TaskSet(4 tasks, 3 features, 10 support and 5 query rows each)
    """

    task_type: str = "classification"
    n_features: int = 8
    n_support: int = 50
    n_query: int = 20
    max_classes: int = 10
    missing: bool = False

    def __post_init__(self):
        if self.task_type not in ("classification", "regression"):
            raise ValueError(f"task_type must be 'classification' or 'regression', got {self.task_type!r}.")

    def _draw(self, n_tasks, rng):
        batch = self.sample_batch(n_tasks, rng)
        X = batch["X"]
        if not self.missing:
            X = np.nan_to_num(X, nan=0.0)
        rows = self.n_support + self.n_query
        pool = X.reshape(n_tasks * rows, -1).astype(np.float64), batch["y"].reshape(n_tasks * rows)
        n_support, n_query = np.full(n_tasks, self.n_support), np.full(n_tasks, self.n_query)
        tasks = TaskSet.from_pool(*pool, n_support, n_query)
        return tasks, {"categorical": batch["categorical"]}

    def sample_batch(self, n_tasks, rng, n_support=None, n_query=None, n_features=None):
        """Tasks of one size as plain arrays, support rows first.

        Every table gives two tasks with disjoint rows.

        Returns
        -------
        batch : dict of ndarray
            ``X`` (T, n, d) float32 with NaN for missing cells and codes for categories, the most frequent category
            of the support first; ``categorical`` (T, d) bool; ``y`` (T, n), ints from 0 or float64.
        """
        n_support = n_support or self.n_support
        rows, d = n_support + (n_query or self.n_query), n_features or self.n_features
        picked = []
        while len(picked) < n_tasks:
            X, y, categorical = self.draw_table(rng, max(2 * rows, PROBE_ROWS), d)
            order = rng.permutation(len(X))
            for half in (order[:rows], order[rows : 2 * rows]):
                task = self._split(rng, X[half], y[half], categorical, n_support)
                if task is not None and len(picked) < n_tasks:
                    picked.append(task)
        return {key: np.stack([task[key] for task in picked]) for key in ("X", "categorical", "y")}

    def _split(self, rng, X, y, categorical, n_support):
        """One task with its own order of columns; None if its support holds a single target."""
        if self.task_type == "classification":
            y = np.unique(y, return_inverse=True)[1]
        if np.ptp(y[:n_support]) < 1e-5:
            return None
        columns = rng.permutation(X.shape[1])
        X, categorical = X[:, columns], categorical[columns]
        for j in np.nonzero(categorical)[0]:
            X[:, j] = recode_by_frequency(X[:, j], n_support)
        return {"X": X.astype(np.float32), "categorical": categorical, "y": y}

    def draw_table(self, rng, n, d):
        """One table that can be predicted: X (n, d), y (n,), categorical (d,)."""
        while True:
            with np.errstate(all="ignore"):
                X, y, categorical = self._draw_any_table(rng, n, d)
            if self._usable(X, y):
                r2 = predictability(X, y, categorical, self.task_type == "classification")
                if rng.random() < chance_to_keep(r2):
                    return X, y, categorical

    def _draw_any_table(self, rng, n, d):
        kind = rng.random()
        if self.task_type == "classification":
            n_classes = 2 if rng.random() < 0.45 else int(rng.integers(2, self.max_classes + 1))
            if kind < 0.15:
                X, y, codes = labelled_clusters(rng, n, d, n_classes)
            else:
                X, latent, codes = (causal_graph if kind < 0.65 else direct_function)(rng, n, d)
                y = classes_from_latent(rng, standardise(latent), n_classes)
            y = swap_labels(rng, np.unique(y, return_inverse=True)[1])
        else:
            X, latent, codes = (causal_graph if kind < 0.55 else direct_function)(rng, n, d)
            y = target_from_latent(rng, latent)
        return X_and_flags(rng, X, codes, y)

    def _usable(self, X, y):
        if np.isinf(X).any() or (np.abs(X) > 1e12).any() or not np.isfinite(y).all():
            return False
        if self.task_type == "classification":
            counts = np.bincount(y)
            return (counts > 0).sum() > 1 and counts.max() <= 0.97 * len(y)
        return y.std() > 1e-6


def X_and_flags(rng, X, codes, y):
    X, categorical = disguise_columns(rng, X, codes)
    return X, y, categorical


def recode_by_frequency(codes, n_support):
    """Number categories by how often the support has them; those it never has become missing."""
    there = ~np.isnan(codes)
    integers = np.where(there, codes, 0).astype(np.int64)
    counts = np.bincount(integers[:n_support][there[:n_support]], minlength=integers.max() + 1)
    number = np.empty(len(counts))
    number[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    number[counts == 0] = np.nan
    return np.where(there, number[integers], np.nan)
