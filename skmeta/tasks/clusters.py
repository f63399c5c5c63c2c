"""Synthetic classification tasks: Gaussian clusters, new classes in every task, one shared geometry."""

from dataclasses import dataclass

import numpy as np

from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.randomness import check_size_range, draw_sizes, structure_generator
from skmeta.tasks.taskset import TaskSet


@dataclass(frozen=True)
class ClassLayout:
    """Which row belongs to which class of which task, for many ragged N-way K-shot tasks at once.

    Rows are in the order of a ``TaskSet``: task after task, support before query, classes shuffled within each.

    Attributes
    ----------
    task, label, position : ndarray of shape (n_rows,)
        Task of a row, its class within the task (0 to n_ways - 1), its number within the class.
    n_support, n_query : ndarray of shape (n_tasks,)
    class_start : ndarray of shape (n_tasks,)
        Where a task's classes begin when the classes of all tasks are numbered through.
    """

    task: np.ndarray
    label: np.ndarray
    position: np.ndarray
    n_support: np.ndarray
    n_query: np.ndarray
    class_start: np.ndarray

    @property
    def class_index(self):
        """Class of each row when the classes of all tasks are numbered through."""
        return self.class_start[self.task] + self.label

    @classmethod
    def draw(cls, n_ways, n_shots, n_query, rng):
        """A layout from sizes (n_tasks,): ways of each task, support and query rows of each of its classes."""
        class_start = np.cumsum(n_ways) - n_ways
        task_of_class = np.repeat(np.arange(len(n_ways)), n_ways)
        label_of_class = np.arange(len(task_of_class)) - class_start[task_of_class]
        rows_of_class = (n_shots + n_query)[task_of_class]
        row_class = np.repeat(np.arange(len(task_of_class)), rows_of_class)
        position = np.arange(len(row_class)) - (np.cumsum(rows_of_class) - rows_of_class)[row_class]
        task = task_of_class[row_class]
        is_query = position >= n_shots[task]
        order = np.lexsort((rng.random(len(task)), is_query, task))
        return cls(
            task=task[order],
            label=label_of_class[row_class][order],
            position=position[order],
            n_support=n_ways * n_shots,
            n_query=np.where(n_query == 0, -1, n_ways * n_query),
            class_start=class_start,
        )


@dataclass(frozen=True)
class GaussianClusters(BaseTaskDistribution):
    """N-way classification of Gaussian clusters, with new classes in every task.

    Class centres are drawn in a subspace that all tasks share; rows scatter around their centre in every relevant
    feature, and irrelevant features hold noise alone. A learner that has found the subspace over many tasks can
    tell classes apart from one row each, where distances in the raw features drown in the noise.

    Parameters
    ----------
    n_ways : int or (low, high), default=5
        Classes of a task. Here and below, a pair is drawn from uniformly for each task, both ends included.
    n_shots : int or (low, high), default=5
        Support rows of each class.
    n_query : int or (low, high), default=15
        Query rows of each class.
    n_features : int, default=20
        All features, the irrelevant ones included.
    separation : float, default=4.0
        Root mean square distance between two class centres, in units of ``scale``.
    scale : float, default=1.0
        Standard deviation of the rows around their centre in each relevant feature.
    n_latent : int, default=None
        Dimension of the shared subspace of the centres. None: all relevant features.
    n_irrelevant : int, default=0
        Features that say nothing about the class; which ones they are is the same in all tasks.
    irrelevant_scale : float, default=1.0
        Standard deviation of the irrelevant features.
    structure_seed : int, default=0
        Decides what the tasks share: the subspace and which features are irrelevant.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> clusters = GaussianClusters(n_ways=3, n_shots=(1, 5), n_features=10, n_latent=2, n_irrelevant=4)
    >>> clusters.sample(50, random_state=0)
    TaskSet(50 tasks, 10 features, 3-15 support and 45 query rows each)
    >>> np.bincount(clusters.sample(1, random_state=0)[0].y_query)
    array([15, 15, 15])
    """

    n_ways: int | tuple = 5
    n_shots: int | tuple = 5
    n_query: int | tuple = 15
    n_features: int = 20
    separation: float = 4.0
    scale: float = 1.0
    n_latent: int | None = None
    n_irrelevant: int = 0
    irrelevant_scale: float = 1.0
    structure_seed: int = 0

    task_type = "classification"

    def __post_init__(self):
        check_size_range(self.n_ways, "n_ways", minimum=2)
        check_size_range(self.n_shots, "n_shots", minimum=1)
        check_size_range(self.n_query, "n_query", minimum=0)
        if not 0 <= self.n_irrelevant < self.n_features:
            raise ValueError(
                f"n_irrelevant must lie between 0 and n_features - 1 = {self.n_features - 1}, "
                f"got {self.n_irrelevant!r}."
            )
        if self.n_latent is not None and not 1 <= self.n_latent <= self.n_features - self.n_irrelevant:
            raise ValueError(
                f"n_latent must lie between 1 and the {self.n_features - self.n_irrelevant} relevant features, "
                f"got {self.n_latent!r}."
            )
        for name in ("separation", "scale", "irrelevant_scale"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)!r}.")

    @property
    def relevant_(self):
        """Mask (n_features,) of the features that say something about the class."""
        relevant = np.ones(self.n_features, dtype=bool)
        shuffled = structure_generator(self.structure_seed, 0).permutation(self.n_features)
        relevant[shuffled[: self.n_irrelevant]] = False
        return relevant

    @property
    def directions_(self):
        """Orthonormal directions (n_latent, n_features) that span the centres' subspace."""
        n_relevant = self.n_features - self.n_irrelevant
        directions = np.zeros((self.n_latent or n_relevant, self.n_features))
        rng = structure_generator(self.structure_seed, 1)
        normal = rng.standard_normal((n_relevant, len(directions)))
        directions[:, self.relevant_] = np.linalg.qr(normal)[0].T
        return directions

    def _draw(self, n_tasks, rng):
        n_ways = draw_sizes(self.n_ways, n_tasks, rng)
        n_shots = draw_sizes(self.n_shots, n_tasks, rng)
        n_query = draw_sizes(self.n_query, n_tasks, rng, minimum=0)
        directions = self.directions_
        # two centres differ by sqrt(2 n_latent) standard deviations of one coordinate (root mean square)
        spread = self.separation * self.scale / np.sqrt(2 * len(directions))
        centres = spread * rng.standard_normal((n_ways.sum(), len(directions))) @ directions
        layout = ClassLayout.draw(n_ways, n_shots, n_query, rng)
        X = np.where(self.relevant_, self.scale, self.irrelevant_scale) * rng.standard_normal(
            (len(layout.task), self.n_features)
        )
        X += centres[layout.class_index]
        tasks = TaskSet.from_pool(X, layout.label, layout.n_support, layout.n_query)
        # a dict of one entry per task, also when tasks differ in their number of classes
        by_task = np.empty(n_tasks, dtype=object)
        by_task[:] = np.split(centres, layout.class_start[1:])
        return tasks, {"n_ways": n_ways, "centres": by_task}
