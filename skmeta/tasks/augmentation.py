"""More tasks out of few: small random changes that leave a task a task.

An augmentation is a callable: a ``TaskSet`` and a random state in, a ``TaskSet`` of the same size out. Everything
that looks like this can be chained (``AugmentationChain``) and turned into an endless source of tasks for meta-training
(``AugmentedTasks``). Here are those that change features alone; ``mixing`` has those that look at labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmeta.tasks.distributions import BaseTaskDistribution, concatenate_tasksets
from skmeta.tasks.given import as_taskset, is_task_distribution
from skmeta.tasks.numeric_columns import replace_rows, split_numeric
from skmeta.tasks.randomness import as_generator
from skmeta.tasks.taskset import TaskSet


class TaskAugmentation:
    """Base class: subclasses write ``_augment(tasks, rng)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks import TaskSet
    >>> from skmeta.tasks.augmentation import TaskAugmentation
    >>> class Mirror(TaskAugmentation):
    ...     def _augment(self, tasks, rng):
    ...         return tasks.with_rows(-tasks.pooled[0])
    >>> Mirror()([(np.array([[1.0], [2.0]]), [0, 1])]).pooled[0].ravel()
    array([-1., -2.])
    """

    def __call__(self, tasks, random_state=None):
        """Changed copies of the tasks.

        Parameters
        ----------
        tasks : TaskSet or sequence of tasks
        random_state : int, RandomState, Generator or None, default=None

        Returns
        -------
        augmented : TaskSet
            As many tasks of the same sizes, in the same order, under the same names.
        """
        return self._augment(as_taskset(tasks), as_generator(random_state))

    def _augment(self, tasks, rng):
        raise NotImplementedError(f"{type(self).__name__} must say how tasks are changed: write _augment.")


@dataclass(frozen=True)
class FeatureNoise(TaskAugmentation):
    """Gaussian noise on every numeric feature of every row.

    Parameters
    ----------
    scale : float, default=0.1
        Standard deviation of the noise, in units of each feature's standard deviation over all rows.

    Examples
    --------
    >>> from skmeta.tasks.augmentation import FeatureNoise
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> tasks = GaussianClusters().sample(3, random_state=0)
    >>> FeatureNoise(0.05)(tasks, random_state=0)
    TaskSet(3 tasks, 20 features, 25 support and 75 query rows each)
    """

    scale: float = 0.1

    def __post_init__(self):
        if not self.scale >= 0:
            raise ValueError(f"scale must not be negative, got {self.scale!r}.")

    def _augment(self, tasks, rng):
        values, rebuild = split_numeric(tasks.pooled[0])
        if values.shape[1]:
            spread = np.nanstd(values, axis=0)
            noise = rng.standard_normal(values.shape, dtype=np.float32) * np.nan_to_num(spread)
            values = values + self.scale * noise
        return tasks.with_rows(rebuild(values))


@dataclass(frozen=True)
class FeatureDropout(TaskAugmentation):
    """Whole features of a task fall silent: all its rows get one and the same value there.

    The value is that of a random row of the whole set, so it is a possible one for features of any kind. At least one
    feature of a task keeps speaking.

    Parameters
    ----------
    share : float, default=0.2
        Probability of each feature, in each task, to be dropped.

    Examples
    --------
    >>> from skmeta.tasks.augmentation import FeatureDropout
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> task = FeatureDropout(0.5)(GaussianClusters(n_features=8).sample(1, random_state=0), random_state=0)[0]
    >>> (task.X == task.X[0]).all(axis=0)
    array([False,  True,  True,  True, False, False, False, False])
    """

    share: float = 0.2

    def __post_init__(self):
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must be a probability between 0 and 1, got {self.share!r}.")

    def _augment(self, tasks, rng):
        X = tasks.pooled[0]
        dropped = rng.random((len(tasks), tasks.n_features)) < self.share
        dropped[np.arange(len(tasks)), rng.integers(tasks.n_features, size=len(tasks))] &= ~dropped.all(axis=1)
        donor = rng.integers(X.shape[0], size=dropped.shape)
        task = np.repeat(np.arange(len(tasks)), tasks.n_rows)
        return tasks.with_rows(replace_rows(X, np.arange(X.shape[0]), donor[task], dropped[task]))


@dataclass(frozen=True)
class AugmentationChain(TaskAugmentation):
    """One augmentation after the other.

    Parameters
    ----------
    steps : sequence of callables
        Each takes ``(tasks, random_state)`` and returns tasks.

    Examples
    --------
    >>> from skmeta.tasks.augmentation import AugmentationChain, FeatureDropout, FeatureNoise
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> chain = AugmentationChain([FeatureNoise(), FeatureDropout()])
    >>> chain(GaussianClusters().sample(3, random_state=0), random_state=0)
    TaskSet(3 tasks, 20 features, 25 support and 75 query rows each)
    """

    steps: Any

    def __post_init__(self):
        for step in self.steps:
            if not callable(step):
                raise ValueError(f"Every step must be callable with (tasks, random_state), got {step!r}.")

    def _augment(self, tasks, rng):
        for step in self.steps:  # one generator for all: no two steps see the same random numbers
            tasks = step(tasks, rng)
        return tasks


class AugmentedTasks(BaseTaskDistribution):
    """An endless source of tasks: those of a set or a distribution, some of them augmented afresh every time.

    Parameters
    ----------
    source : TaskSet, sequence of tasks or task distribution
        A fixed set is gone through in random order, again and again, before any task comes twice.
    augmentation : callable
        Takes ``(tasks, random_state)`` and returns as many tasks.
    share : float, default=0.5
        Probability of a task to be augmented; the others are handed out as they are.

    Examples
    --------
    >>> from skmeta.tasks.augmentation import AugmentedTasks
    >>> from skmeta.tasks.clusters import GaussianClusters
    >>> from skmeta.tasks.mixing import TaskMixUp
    >>> few = GaussianClusters().sample(8, random_state=0)
    >>> AugmentedTasks(few, TaskMixUp()).sample(100, random_state=0)
    TaskSet(100 tasks, 20 features, 25 support and 75 query rows each)
    """

    def __init__(self, source, augmentation, share=0.5):
        if not callable(augmentation):
            raise ValueError(f"augmentation must be callable with (tasks, random_state), got {augmentation!r}.")
        if not 0 <= share <= 1:
            raise ValueError(f"share must be a probability between 0 and 1, got {share!r}.")
        self.source = source if is_task_distribution(source) else as_taskset(source)
        self.augmentation = augmentation
        self.share = share

    @property
    def task_type(self):
        """The kind of task that is drawn, where it is known."""
        return getattr(self.source, "task_type", None)

    @property
    def n_features(self):
        """Columns of the tasks that are drawn."""
        return getattr(self.source, "n_features", None)

    def _draw(self, n_tasks, rng):
        plain = self._plain(max(n_tasks, 2), rng)  # two at least: mixing tasks needs a partner
        changed = self.augmentation(plain, rng)
        augmented = rng.random(len(plain)) < self.share
        # both versions side by side, then one of each: partners in a mix may be tasks that stay as they are
        both = concatenate_tasksets([plain, changed])
        chosen = np.arange(len(plain)) + len(plain) * augmented
        return both[chosen[:n_tasks]], {"augmented": augmented[:n_tasks]}

    def _plain(self, n_tasks, rng):
        if not isinstance(self.source, TaskSet):
            return self.source.sample(n_tasks, rng)
        rounds = -(-n_tasks // len(self.source))
        order = np.concatenate([rng.permutation(len(self.source)) for _ in range(rounds)])
        return self.source[order[:n_tasks]]

    def __repr__(self):
        return f"AugmentedTasks({self.source!r}, {self.augmentation!r}, share={self.share})"
