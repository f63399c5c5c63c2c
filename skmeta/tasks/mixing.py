"""Augmentations that look at labels: permuting them, and mixing classes and tasks."""

from dataclasses import dataclass

import numpy as np

from skmeta.tasks.augmentation import TaskAugmentation
from skmeta.tasks.numeric_columns import split_numeric
from skmeta.tasks.taskset import TaskSet


@dataclass(frozen=True)
class LabelPermutation(TaskAugmentation):
    """The classes of each task exchange their labels.

    Of use where all tasks name their classes alike and a learner might memorise the names, as [1]_ discusses; where
    every episode relabels its classes anyway it changes nothing.

    References
    ----------
    .. [1] J. Rajendran, A. Irpan, E. Jang. Meta-Learning Requires Meta-Augmentation. NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.mixing import LabelPermutation
    >>> LabelPermutation()([(np.zeros((4, 1)), ["a", "a", "b", "c"])], random_state=0)[0].y.tolist()
    ['c', 'c', 'a', 'b']
    """

    def _augment(self, tasks, rng):
        X, y = tasks.pooled
        refuse_targets(y, "Labels can only be permuted")
        y = y.copy()
        for rows in _rows_of_tasks(tasks):
            classes, code = np.unique(y[rows], return_inverse=True)
            y[rows] = rng.permutation(classes)[code]
        return _with_labels(tasks, X, y)


@dataclass(frozen=True)
class ClassMixing(TaskAugmentation):
    """New classes between the classes of a task.

    Each class is paired with another one of its task. All its rows move towards random rows of the partner by one
    share, which is drawn once for the class: x becomes l x + (1 - l) x' with l in [1/2, 1]. The task keeps its number
    of classes, but none of them was there before.

    Parameters
    ----------
    alpha : float, default=1.0
        l is the larger of a Beta(alpha, alpha) number and its complement. Small values stay close to the old classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.mixing import ClassMixing
    >>> task = (np.array([[0.0], [0.0], [1.0]]), np.array(["a", "a", "b"]))
    >>> mixed = ClassMixing()([task], random_state=0)[0].X.ravel()
    >>> bool(0 < mixed[0] == mixed[1] <= 0.5 <= mixed[2] < 1)
    True
    """

    alpha: float = 1.0

    def __post_init__(self):
        check_alpha(self.alpha)

    def _augment(self, tasks, rng):
        X, y = tasks.pooled
        refuse_targets(y, "Classes can only be mixed")
        refuse_unlabelled(tasks)
        values, rebuild = split_numeric(X)
        mixed = values.copy()
        for support, query in _parts_of_tasks(tasks):
            rows = np.concatenate([support, query])
            classes, code = np.unique(y[rows], return_inverse=True)
            if len(classes) < 2:
                continue
            circle = rng.permutation(len(classes))  # everyone's partner is the next one on a random circle
            partner = np.empty_like(circle)
            partner[circle] = np.roll(circle, -1)
            beta = rng.beta(self.alpha, self.alpha, size=len(classes))
            keep = np.maximum(beta, 1 - beta)
            for part, own in ((support, code[: len(support)]), (query, code[len(support) :])):
                for c in range(len(classes)):
                    here = part[own == c]
                    others = part[own == partner[c]]
                    if not len(others):  # the query part may lack a class
                        others = rows[code == partner[c]]
                    other = rng.choice(others, size=len(here))
                    mixed[here] = keep[c] * values[here] + (1 - keep[c]) * values[other]
        return tasks.with_rows(rebuild(mixed))


@dataclass(frozen=True)
class TaskMixUp(TaskAugmentation):
    """New tasks between two tasks: their rows, and for regression their targets, are interpolated.

    Task interpolation as MLTI [1]_ does it, in the space of the features. Each task i meets a random other task j and
    one l from Beta(alpha, alpha): a row x of i becomes l x + (1 - l) x' with x' a random row of j. In classification
    x' comes from the class of j that is paired with the class of x; in regression y becomes l y + (1 - l) y' as well.
    Support rows meet support rows and query rows meet query rows.

    Parameters
    ----------
    alpha : float, default=0.5
    pairing : {"auto", "random", "same", "targets"}, default="auto"
        ``"random"`` pairs each class of i with a random class of j (every task has classes of its own); ``"same"``
        with the class of the same label, and leaves rows of a class that j lacks as they are (all tasks share their
        labels); ``"targets"`` is regression. ``"auto"`` takes ``"targets"`` for float targets that are not all
        whole numbers, otherwise ``"random"``.

    References
    ----------
    .. [1] H. Yao, L. Zhang, C. Finn. Meta-Learning with Fewer Tasks through Task Interpolation. ICLR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.mixing import TaskMixUp
    >>> flat, steep = (np.ones((3, 1)), np.full(3, 0.5)), (np.ones((2, 1)), np.full(2, 2.5))
    >>> mixed = TaskMixUp()([flat, steep], random_state=0)
    >>> bool(np.ptp(mixed[0].y) == 0 and 0.5 < mixed[0].y[0] < 2.5)
    True
    """

    alpha: float = 0.5
    pairing: str = "auto"

    def __post_init__(self):
        check_alpha(self.alpha)
        if self.pairing not in ("auto", "random", "same", "targets"):
            raise ValueError(f"pairing must be 'auto', 'random', 'same' or 'targets', got {self.pairing!r}.")

    def _augment(self, tasks, rng):
        if len(tasks) < 2:
            raise ValueError("Mixing tasks needs at least two of them, got 1.")
        X, y = tasks.pooled
        refuse_unlabelled(tasks)
        pairing = self.pairing
        if pairing == "auto":
            pairing = "targets" if are_targets(y) else "random"
        elif pairing != "targets":
            refuse_targets(y, f"pairing={pairing!r} pairs classes, so tasks can only be mixed")
        values, rebuild = split_numeric(X)
        keep = rng.beta(self.alpha, self.alpha, size=len(tasks))
        partner = (np.arange(len(tasks)) + rng.integers(1, len(tasks), size=len(tasks))) % len(tasks)
        parts = list(_parts_of_tasks(tasks))
        other = np.empty(len(values), dtype=np.int64)
        for (support, query), theirs in zip(parts, (parts[j] for j in partner)):
            match = _match_rows if pairing == "targets" else _match_classes(y, support, theirs, pairing, rng)
            other[support] = match(support, theirs[0], theirs[0], rng)
            other[query] = match(query, theirs[1], np.concatenate(theirs), rng)
        row_keep = np.repeat(keep, tasks.n_rows)[:, None].astype(values.dtype)
        X = rebuild(row_keep * values + (1 - row_keep) * values[other])
        if pairing == "targets":
            row_keep = np.repeat(keep, tasks.n_rows).reshape(-1, *[1] * (y.ndim - 1))
            y = row_keep * y + (1 - row_keep) * y[other]
        return _with_labels(tasks, X, y)


def _match_rows(rows, candidates, fallback, rng):
    """A random candidate for each row, none twice as long as there are enough of them."""
    candidates = candidates if len(candidates) else fallback
    if len(candidates) >= len(rows):
        return rng.permutation(candidates)[: len(rows)]
    return rng.choice(candidates, size=len(rows))


def _match_classes(y, support, theirs, pairing, rng):
    """How rows find partners when each class of one task is paired with a class of the other."""
    ours, others = np.unique(y[support]), np.unique(y[np.concatenate(theirs)])
    if pairing == "same":
        pair = {label: label for label in ours}
    else:
        # every class gets a partner of its own as long as the other task has enough of them
        rounds = -(-len(ours) // len(others))
        partners = np.concatenate([rng.permutation(others) for _ in range(rounds)])
        pair = dict(zip(ours, partners))

    def match(rows, candidates, fallback, rng):
        found = rows.copy()  # a row without partner meets itself and stays as it is
        for label, partner in pair.items():
            here = y[rows] == label
            pool = candidates[y[candidates] == partner]
            pool = pool if len(pool) else fallback[y[fallback] == partner]
            if len(pool) and here.any():
                found[here] = _match_rows(rows[here], pool, pool, rng)
        return found

    return match


def _parts_of_tasks(tasks):
    """Pooled row numbers (support, query) of each task."""
    end = np.cumsum(tasks.n_rows)
    start = end - tasks.n_rows
    for first, middle, last in zip(start, start + tasks.n_support, end):
        yield np.arange(first, middle), np.arange(middle, last)


def _rows_of_tasks(tasks):
    return (np.concatenate(parts) for parts in _parts_of_tasks(tasks))


def _with_labels(tasks, X, y):
    return TaskSet.from_pool(X, y, tasks.n_support, tasks.n_query, tasks.query_labelled, tasks.names)


def are_targets(y):
    """Whether labels are numbers to regress on: several outputs, or floats that are not all whole."""
    return y.ndim > 1 or (y.dtype.kind == "f" and bool((y != np.round(y)).any()))


def refuse_targets(y, what):
    if are_targets(y):
        raise ValueError(f"{what} in classification tasks, but these have numeric targets such as {y.ravel()[0]!r}.")


def refuse_unlabelled(tasks):
    unlabelled = np.flatnonzero((tasks.n_query > 0) & ~tasks.query_labelled)
    if len(unlabelled):
        name = tasks.called(int(unlabelled[0]))
        raise ValueError(f"Mixing needs the labels of query rows, but task {name} has none for its query rows.")


def check_alpha(alpha):
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, got {alpha!r}.")
