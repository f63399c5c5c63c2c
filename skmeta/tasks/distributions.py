"""Where tasks come from without end: the protocol, its base class, and the mixture of several families."""

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from skmeta.tasks.given import is_task_distribution
from skmeta.tasks.randomness import as_generator
from skmeta.tasks.rows import stack_labels, stack_rows
from skmeta.tasks.taskset import TaskSet


@runtime_checkable
class TaskDistribution(Protocol):
    """Anything that tasks can be drawn from.

    Meta-training takes such an object in place of a fixed set of tasks and draws fresh ones for every step. Any
    class with this one method will do; it need not inherit from anything.

    Methods
    -------
    sample(n_tasks, random_state=None)
        A ``TaskSet`` of ``n_tasks`` new tasks, all decided by ``random_state`` (None: fresh entropy).

    See Also
    --------
    BaseTaskDistribution : Takes care of the random state for those who inherit.
    is_task_distribution : The stricter question; a DataFrame, too, has a method called ``sample``.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks import Task, TaskSet
    >>> from skmeta.tasks.distributions import TaskDistribution
    >>> class Coins:
    ...     def sample(self, n_tasks, random_state=None):
    ...         rng = np.random.default_rng(random_state)
    ...         return TaskSet([Task(rng.normal(size=(4, 1)), [0, 1, 0, 1]) for _ in range(n_tasks)])
    >>> isinstance(Coins(), TaskDistribution)
    True
    >>> Coins().sample(3, random_state=0)
    TaskSet(3 tasks, 1 feature, 4 rows each)
    """

    def sample(self, n_tasks, random_state=None) -> TaskSet:
        """Draw new tasks from the distribution.

        Parameters
        ----------
        n_tasks : int
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        tasks : TaskSet
        """
        ...


class BaseTaskDistribution:
    """Base class for task distributions: subclasses write ``_draw`` and get ``sample`` from here.

    ``_draw(n_tasks, rng)`` returns the tasks and a dict of arrays with one entry per task that says what made
    each of them (an amplitude, a family, ...).

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks import TaskSet
    >>> from skmeta.tasks.distributions import BaseTaskDistribution
    >>> class Slopes(BaseTaskDistribution):
    ...     def _draw(self, n_tasks, rng):
    ...         slope = rng.normal(size=n_tasks)
    ...         X = rng.normal(size=(5 * n_tasks, 1))
    ...         y = np.repeat(slope, 5) * X[:, 0]
    ...         return TaskSet.from_pool(X, y, np.full(n_tasks, 5)), {"slope": slope}
    >>> tasks, made_of = Slopes().sample_with_parameters(3, random_state=0)
    >>> bool(np.allclose(tasks[2].y, made_of["slope"][2] * tasks[2].X[:, 0]))
    True
    """

    def sample(self, n_tasks, random_state=None):
        """Draw new tasks from the distribution.

        Parameters
        ----------
        n_tasks : int
        random_state : int, RandomState, Generator or None, default=None
            Decides everything; the global random state of numpy is never touched.

        Returns
        -------
        tasks : TaskSet
        """
        return self.sample_with_parameters(n_tasks, random_state)[0]

    def sample_with_parameters(self, n_tasks, random_state=None):
        """Draw tasks together with what made them, for oracles and tests.

        Parameters
        ----------
        n_tasks : int
        random_state : int, RandomState, Generator or None, default=None

        Returns
        -------
        tasks : TaskSet
            The same tasks that ``sample`` draws with this random state.
        parameters : dict of ndarray of shape (n_tasks, ...)
        """
        if not isinstance(n_tasks, numbers.Integral) or n_tasks < 1:
            raise ValueError(f"n_tasks must be an int of at least 1, got {n_tasks!r}.")
        return self._draw(int(n_tasks), as_generator(random_state))

    def _draw(self, n_tasks, rng):
        raise NotImplementedError(f"{type(self).__name__} must say how tasks are drawn: write _draw.")


@dataclass(frozen=True)
class TaskFamilyMixture(BaseTaskDistribution):
    """Draws each task from one of several families and remembers which.

    A task is named ``"<family>/<position>"``, so the family stays readable wherever the task goes;
    ``sample_with_parameters`` also gives it as an array.

    Parameters
    ----------
    families : mapping or sequence of task distributions
        They must agree in the number of features and in the kind of task. A sequence is numbered from 0.
    weights : sequence of float, default=None
        How often each family is drawn, in the order of ``families``; None draws all equally often.

    Examples
    --------
    >>> from skmeta.tasks.distributions import TaskFamilyMixture
    >>> from skmeta.tasks.families import QuadraticFamily, Sinusoids
    >>> mixture = TaskFamilyMixture({"sine": Sinusoids(), "parabola": QuadraticFamily(n_features=1)})
    >>> tasks, made_of = mixture.sample_with_parameters(4, random_state=0)
    >>> made_of["family"].tolist()
    ['parabola', 'parabola', 'parabola', 'sine']
    >>> tasks[0]
    Task('parabola/0', 10 support rows, 10 query rows, 1 feature)
    """

    families: Any
    weights: Any = None

    def __post_init__(self):
        if not isinstance(self.families, (Mapping, list, tuple)) or not self.families:
            raise ValueError(
                f"families must be a non-empty mapping or sequence of task distributions, got {self.families!r}."
            )
        for name, family in zip(self._names, self._members):
            if not is_task_distribution(family):
                raise ValueError(f"Family {name!r} is not a task distribution: {family!r} has no sample(n_tasks).")
        for attribute in ("task_type", "n_features"):
            known = {
                name: getattr(family, attribute)
                for name, family in zip(self._names, self._members)
                if getattr(family, attribute, None) is not None
            }
            if len(set(known.values())) > 1:
                raise ValueError(f"All families must have the same {attribute}, got {known}.")
        if self.weights is not None:
            weights = np.asarray(self.weights, dtype=float)
            if weights.shape != (len(self._members),) or (weights < 0).any() or not weights.sum() > 0:
                raise ValueError(
                    f"weights must hold one non-negative number for each of the {len(self._members)} families, "
                    f"got {self.weights!r}."
                )

    @property
    def _names(self):
        return list(self.families) if isinstance(self.families, Mapping) else list(range(len(self.families)))

    @property
    def _members(self):
        return list(self.families.values() if isinstance(self.families, Mapping) else self.families)

    @property
    def task_type(self):
        """The kind of task that is drawn, where it is known."""
        return next((kind for f in self._members if (kind := getattr(f, "task_type", None))), None)

    @property
    def n_features(self):
        """Columns of the tasks that are drawn."""
        return next((n for f in self._members if (n := getattr(f, "n_features", None))), None)

    def _draw(self, n_tasks, rng):
        share = None if self.weights is None else np.asarray(self.weights, float) / np.sum(self.weights)
        chosen = rng.choice(len(self._members), size=n_tasks, p=share)
        drawn = [
            self._members[family].sample(int(count), rng) for family, count in enumerate(np.bincount(chosen)) if count
        ]
        together = concatenate_tasksets(drawn)
        # the tasks lie family after family; put each where its family was drawn
        place = np.empty(n_tasks, dtype=np.int64)
        place[np.argsort(chosen, kind="stable")] = np.arange(n_tasks)
        names = [f"{self._names[family]}/{position}" for position, family in enumerate(chosen)]
        tasks = rename_tasks(together[place], names)
        return tasks, {"family": np.asarray(self._names)[chosen]}


def concatenate_tasksets(tasksets):
    """Several sets as one, in order."""
    if len(tasksets) == 1:
        return tasksets[0]
    return TaskSet.from_pool(
        stack_rows([tasks.pooled[0] for tasks in tasksets]),
        stack_labels([tasks.pooled[1] for tasks in tasksets]),
        np.concatenate([tasks.n_support for tasks in tasksets]),
        np.concatenate([tasks.n_query for tasks in tasksets]),
        np.concatenate([tasks.query_labelled for tasks in tasksets]),
        np.concatenate([tasks.names for tasks in tasksets]),
    )


def rename_tasks(tasks, names):
    """The same tasks under other names."""
    X, y = tasks.pooled
    return TaskSet.from_pool(X, y, tasks.n_support, tasks.n_query, tasks.query_labelled, names)
