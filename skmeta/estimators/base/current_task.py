"""A task is known by its labelled rows, and by the state that the learner has made of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classes import refuse_other_kind
from skmeta.estimators.base.rows import as_counts, refuse_no_rows
from skmeta.exceptions import NotAdaptedError, warn_caller
from skmeta.tasks.rows import stack_labels, stack_rows
from skmeta.transaction import copy_of


@dataclass(frozen=True)
class Support:
    """The rows a task has shown so far, validated; labels are the user's own."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, X, y, weight=None):
        """A copy, for the user's arrays may change. Rows of weight 0 are as good as not there."""
        if weight is None:
            return cls(X.copy(), y.copy(), np.ones(len(y)))
        counts = weight > 0
        if counts.all():
            return cls(X.copy(), y.copy(), weight.copy())
        return cls(X[counts], y[counts], weight[counts])

    def extended(self, other):
        """These rows and further ones."""
        refuse_other_kind(self.y, other.y)
        before, further = (1 if y.ndim == 1 else y.shape[1] for y in (self.y, other.y))
        if further != before:
            raise ValueError(f"y has {further} targets, but the rows before have {before}.")
        y = np.concatenate([self.y, other.y.reshape(-1, *self.y.shape[1:])])
        X = stack_rows([self.X, other.X])  # of a baseline they may be sparse
        return Support(X, y, np.concatenate([self.weight, other.weight]))

    def between(self, first, last=None):
        """Some of the rows, by their positions."""
        return Support(*(part[first:last] for part in self.parts))

    @property
    def parts(self):
        return self.X, self.y, self.weight

    @property
    def counts(self):
        """The weights as learners take them, see :func:`as_counts`."""
        return as_counts(self.weight)


def pooled(supports):
    """Many tasks' rows, by name, as ``(names, sizes, one Support)``."""
    supports_ = list(supports.values())
    one = Support(
        np.concatenate([support.X for support in supports_]),
        stack_labels([support.y for support in supports_]),
        np.concatenate([support.weight for support in supports_]),
    )
    return list(supports), np.array([len(support.y) for support in supports_]), one


def unpooled(names, sizes, one):
    """Take apart the rows that :func:`pooled` has put together."""
    ends = np.cumsum(sizes)
    return {name: one.between(end - size, end) for name, size, end in zip(names, sizes, ends)}


@dataclass(frozen=True)
class CurrentTask:
    """The task that rows are answered for.

    Parameters
    ----------
    rows : Support
    state : nest of tensors
        What the learner made of the rows; None in a copy on disk, which is made anew.
    classes : TaskClasses or None
        The classes that can be answered; None in regression.
    declared : ndarray or None
        Classes that the user has declared.
    n_encoded : int
        Rows that the last whole adaptation has seen; those after them were added to its state.
    settings : dict or None
        Settings of adaptation that were in force then.
    """

    rows: Support
    state: Any
    classes: Any = None
    declared: Any = None
    n_encoded: int = 0
    settings: Any = None


def task_of(estimator):
    """The task that an estimator answers rows for; where it knows tasks by ids alone, one that has shown nothing."""
    if "task_" in vars(estimator):
        return estimator.task_
    check_is_fitted(estimator)
    name = type(estimator).__name__
    if "known_tasks_" in vars(estimator) and answers_without_rows(estimator):
        warn_caller(
            f"This {name} knows tasks by their ids but is asked without them: it answers as for a task never seen. "
            "Give it task=ids, or the table with its task column.",
            UserWarning,
        )
        draft = copy_of(estimator)
        adapt_to(draft, no_rows(draft))
        return draft.task_
    raise NotAdaptedError(
        f"This {name} is meta-trained but has no task yet: show it some labelled rows with partial_fit(X, y) or "
        "adapt(X, y), or ask for predict(tasks)."
    )


def answers_without_rows(estimator):
    """Whether a fitted estimator can answer for a task of which it has seen no row."""
    return estimator.codec_.starts_cold(estimator._learner_class)


def show(estimator, new, declared=None):
    """Adapt to further rows of the current task, or to the first of a new one."""
    current = vars(estimator).get("task_")
    if current is not None:
        extend_task(estimator, current, new, declared)
    else:
        refuse_no_rows(new.weight)
        adapt_to(estimator, new, declared)


def adapt_to(estimator, support, declared=None, n_encoded=None, settings=None):
    """Adapt to a task's rows; ``n_encoded`` of them, the first, where the state shall know no more."""
    codec = estimator.codec_
    about = codec.task_classes(support.y, declared)
    exists = None if about is None else about.exists
    encoded = support if n_encoded is None else support.between(0, n_encoded)
    settings = estimator._settings() if settings is None else settings
    state = estimator.served_.adapt(encoded, codec.encode(encoded.y, about), exists, settings)
    estimator.task_ = CurrentTask(support, state, about, declared, len(encoded.y), settings)


def extend_task(estimator, current, new, declared):
    """Adapt to further rows. A learner that can update its state need not look at the old ones again."""
    support = current.rows.extended(new)
    about = estimator.codec_.task_classes(support.y, declared)
    before = current.classes
    if about is None or np.array_equal(about.order, before.order) and np.array_equal(about.exists, before.exists):
        y = estimator.codec_.encode(new.y, about)
        state = estimator.served_.extended(current.state, current.rows, new, y, estimator._settings())
        if state is not None:
            estimator.task_ = CurrentTask(support, state, about, declared, current.n_encoded, current.settings)
            return
    adapt_to(estimator, support, declared)


def adapt_again(estimator):
    """Make the state of the current task anew from its rows, as it came about."""
    rows, n, settings = estimator.task_.rows, estimator.task_.n_encoded, estimator.task_.settings
    adapt_to(estimator, rows, estimator.task_.declared, n, settings)
    if 0 < n < len(rows.y):
        rest, task = rows.between(n), estimator.task_
        y = estimator.codec_.encode(rest.y, task.classes)
        state = estimator.served_.extended(task.state, rows.between(0, n), rest, y, settings)
        estimator.task_ = replace(task, state=state)


def no_rows(estimator):
    """The support of a task that has shown nothing, if that can be answered."""
    if not answers_without_rows(estimator):
        raise ValueError(
            f"{type(estimator).__name__} cannot answer for a task of which it has seen no row: give adapt(X, y) some."
        )
    return Support(np.empty((0, estimator.n_features_in_)), estimator.codec_.no_labels(), np.empty(0))
