"""N-way K-shot tasks out of one table with many classes: what few-shot accuracies are usually measured on."""

import numpy as np

from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.randomness import check_size_range
from skmeta.tasks.rows import take_rows
from skmeta.tasks.taskset import TaskSet


class NWayTasks(BaseTaskDistribution):
    """An endless source of tasks, each to tell apart a few random classes of one table.

    Meta-training draws such episodes by itself from any table; this source is for the test, where all learners should
    be asked the same questions.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
    y : array-like of shape (n_rows,)
        Their classes. One with fewer than ``n_shots + 1`` rows is never asked about.
    n_ways : int, default=5
        Classes of a task.
    n_shots : int, default=1
        Support rows of each class.
    n_query : int, default=15
        Query rows of each class, or all the others where it has fewer.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmeta.tasks import NWayTasks
    >>> source = NWayTasks(*load_digits(return_X_y=True), n_ways=5, n_shots=1)
    >>> source.sample(100, random_state=0)
    TaskSet(100 tasks, 64 features, 5 support and 75 query rows each)
    """

    task_type = "classification"

    def __init__(self, X, y, n_ways=5, n_shots=1, n_query=15):
        self.X = X if hasattr(X, "shape") else np.asarray(X)
        self.y = np.asarray(y)
        self.n_ways, self.n_shots, self.n_query = n_ways, n_shots, n_query
        for name, minimum in (("n_ways", 2), ("n_shots", 1), ("n_query", 1)):
            if check_size_range(getattr(self, name), name, minimum=minimum)[0] != getattr(self, name):
                raise ValueError(f"{name} must be one number, got {getattr(self, name)!r}.")
        if self.y.shape != (self.X.shape[0],):
            raise ValueError(f"y must hold one class for each of the {self.X.shape[0]} rows, got shape {self.y.shape}.")
        code = np.unique(self.y, return_inverse=True)[1]
        rows = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
        self._rows = [of_class for of_class in rows if len(of_class) > n_shots]
        if len(self._rows) < n_ways:
            raise ValueError(
                f"Tasks of {n_ways} ways with {n_shots} support rows each need as many classes of {n_shots + 1} rows "
                f"or more, but y has {len(self._rows)}."
            )

    @property
    def n_features(self):
        """Columns of the tasks that are drawn."""
        return self.X.shape[1]

    def _draw(self, n_tasks, rng):
        support, query = [], []
        for _ in range(n_tasks):
            classes = rng.choice(len(self._rows), self.n_ways, replace=False)
            drawn = [rng.permutation(self._rows[c])[: self.n_shots + self.n_query] for c in classes]
            support.append(np.concatenate([rows[: self.n_shots] for rows in drawn]))
            query.append(np.concatenate([rows[self.n_shots :] for rows in drawn]))
        rows = np.concatenate([part for task in zip(support, query) for part in task])
        sizes = [len(part) for part in support], [len(part) for part in query]
        return TaskSet.from_pool(take_rows(self.X, rows), self.y[rows], *sizes), {}

    def __repr__(self):
        return f"NWayTasks({len(self._rows)} classes, {self.n_ways} ways, {self.n_shots} shots, {self.n_query} queries)"
