"""Labels and codes: classes that are each task's own, or shared by all tasks."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Real

import numpy as np
import torch
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import check_classification_targets

from skmeta.estimators.base.labels import infer_label_regime, local_codes, some_task_has_two
from skmeta.exceptions import warn_caller
from skmeta.tasks.rows import is_missing, refuse_missing_labels
from skmeta.tasks.store import TaskStore, as_rows

_WRITTEN_OTHERWISE = (
    "All tasks share the classes of meta-training: write labels as they were written there. Ensembles of scikit-learn "
    "number classes before their members see them: number them before meta-training too, or meta-train with "
    "labels='task'."
)
MANY_CLASSES = 300  # that rows share; of more, a fit takes minutes


@dataclass(frozen=True)
class TaskClasses:
    """The classes of one task, in the order of the learner's outputs.

    Parameters
    ----------
    order : ndarray
        The class of each output.
    exists : ndarray of bool
        Which outputs can be answered. Shared classes keep the places that a head has learned, also where a task has
        classes of its own.
    """

    order: np.ndarray
    exists: np.ndarray
    names: np.ndarray

    @cached_property
    def columns(self):
        """The output of each of ``names``; those are sorted."""
        return self.codes(self.names)

    def codes(self, y):
        """Outputs of labels; -1 for a label that is no class of the task."""
        if self.order is self.names:  # sorted
            return codes_among(y, self.order)
        position = np.argsort(self.order, kind="stable")
        place = codes_among(y, self.order[position])
        return np.where(place >= 0, position[place], -1) if len(position) else place


class Classes:
    """The labels of classifiers as codes, and logits as answers about classes.

    Parameters
    ----------
    regime : {"task", "shared"}
        Whether classes are each task's own or mean the same in all.
    shared : ndarray, default=None
        The classes that all tasks share, sorted.
    """

    task_type = "classification"
    criterion = torch.nn.CrossEntropyLoss
    validation = {}
    metric = staticmethod(accuracy_score)
    counts_by_class = True  # shots
    least_rows = 2  # of each of two classes, for a table to learn from

    def __init__(self, regime, shared=None):
        self.regime, self.shared = regime, shared

    # ------------------------------------------------------------------ from data

    @staticmethod
    def check(y, name, place):
        """Refuse what cannot be labels; ``place`` names a row."""
        if y.ndim != 1:
            raise ValueError(f"{name} takes one label per row, got an array of shape {y.shape}.")
        refuse_missing_labels(y, place)
        if y.dtype == object:
            is_text = np.array([not isinstance(label, Real) for label in y], dtype=bool)
            if is_text.any() and not is_text.all():
                i, j = sorted([int(is_text.argmax()), int((~is_text).argmax())])
                raise ValueError(
                    f"Labels must be all numbers or all text, got {y[i]!r} in {place(i)} and {y[j]!r} in {place(j)}."
                )
        check_classification_targets(y)

    @classmethod
    def of_tasks(cls, estimator, tasks, X, y, from_long):
        """The codec of many tasks."""
        rows, regime = tasks.is_labelled_row, said_regime(estimator)
        if regime == "auto":
            regime = infer_label_regime(X[rows], y[rows], tasks.task_of_row[rows], len(tasks), from_long)
        if regime == "shared" and len(np.unique(y[rows])) < 2 or regime == "task" and not some_task_has_two(tasks, y):
            raise ValueError(
                f"{type(estimator).__name__} needs tasks with at least 2 classes, but every task has only 1 class, "
                f"such as {y[rows][:1].tolist()[0]!r}."
            )
        return cls._of_shared(estimator, y[rows], "All tasks share") if regime == "shared" else cls("task")

    @classmethod
    def of_table(cls, estimator, y):
        """The codec of one table; its classes are shared by the episodes drawn from it, unless these are N-way."""
        return cls("task") if said_regime(estimator) == "task" else cls._of_shared(estimator, y, "The table has")

    @classmethod
    def _of_shared(cls, estimator, y, who_has):
        """Make the codec of labels that mean the same everywhere, and warn where they are too many for a quick fit."""
        classes = np.unique(y)
        if len(classes) > MANY_CLASSES:
            warn_caller(
                f"{who_has} {len(classes)} classes, and {type(estimator).__name__} compares every row with each of "
                "them: time and memory grow with rows times classes. scikit-learn's KNeighborsClassifier or "
                "LogisticRegression may be as good, and far quicker."
            )
        return cls("shared", classes)

    @classmethod
    def of_untrained(cls, estimator, y):
        """The codec of an estimator that has seen no task but this one."""
        return cls("task")

    def following(self, before):
        """The codec to go on with after an earlier one; weights serve the classes they were trained for alone."""
        known, now = (None if codec.shared is None else codec.shared.tolist() for codec in (before, self))
        if known is not None and now is not None and set(now) <= set(known):
            return before
        if known != now:
            raise ValueError(
                f"warm_start=True goes on with the shared classes {known}, but these tasks have {now} (None: classes "
                "of their own). Say labels='task' or 'shared', or fit with warm_start=False."
            )
        return self

    # ------------------------------------------------------------------ what the learner is built with

    @property
    def n_outputs(self):
        return None if self.shared is None else len(self.shared)

    def starts_cold(self, learner_class):
        """Whether a task can be answered before its first row."""
        return self.regime == "shared" and learner_class.cold_start

    def no_labels(self):
        return self.shared[:0]

    def can_learn(self, y):
        """Whether episodes can be drawn from a table."""
        return (np.unique(y, return_counts=True)[1] >= self.least_rows).sum() >= 2

    def with_scale(self, y):
        """None: labels have no scale."""
        return

    def strata(self, y):
        """Labels that a split of rows is stratified by."""
        return y

    # ------------------------------------------------------------------ labels to codes

    def task_classes(self, y, declared=None):
        """The classes of a task that has shown labels ``y``, and of which the user may have declared all.

        A class is answered if the task has shown it or it is declared, or if all that the task has shown are among
        the shared ones. One class that meta-training never saw makes the task's classes its own.
        """
        meta, seen = y[:0] if self.shared is None else self.shared, np.unique(y)
        refuse_other_kind(meta, y, _WRITTEN_OTHERWISE)
        refuse_undeclared(seen, declared)
        if declared is None and (not len(meta) or (codes_among(seen, meta) >= 0).all()):
            names = meta if len(meta) else seen
            return TaskClasses(names, np.ones(len(names), dtype=bool), names)
        names = seen if declared is None else declared
        order = np.concatenate([meta, np.setdiff1d(names, meta)]) if len(meta) else names
        exists = np.isin(order, names)
        if declared is not None:  # a shared class can be answered before it has a row; one of the task's own cannot
            exists &= np.isin(order, np.concatenate([meta, seen]))
        return TaskClasses(order, exists, names)

    def shaped(self, y):
        """Validated labels, as they are."""
        return y

    def about(self, tasks):
        """The classes of each of many tasks."""
        return self._encode_tasks(tasks, tasks.pooled[1])[2]

    def encode(self, y, about):
        """Labels of one task as what the learner takes."""
        return about.codes(y)

    def store(self, tasks, dtype=torch.float32, weight=None, device="cpu"):
        """Tasks as a store of codes, and the classes of each."""
        X, y = tasks.pooled
        codes, exists, about = self._encode_tasks(tasks, y)
        store = TaskStore(
            as_rows(X, dtype),
            codes,
            tasks.n_support,
            tasks.n_query,
            n_classes=[len(one.order) for one in about],
            shared_labels=self.regime == "shared",
            weight=weight,
            device=device,
            exists=exists,
        )
        return store, about

    def _encode_tasks(self, tasks, y):
        """Codes of pooled labels, (n_tasks, C) which classes exist (None: all), and each task's classes."""
        labelled, task = tasks.is_labelled_row, tasks.task_of_row
        if self.regime == "task":
            codes, classes = local_codes(y, tasks.is_support_row, task)
            all_exist = np.ones(max(map(len, classes), default=0), dtype=bool)
            about = [TaskClasses(names, all_exist[: len(names)], names) for names in classes]
            return np.where(labelled, codes, -1), None, about
        meta = self.shared
        refuse_other_kind(meta, y[labelled], _WRITTEN_OTHERWISE)
        codes = codes_among(y, meta)
        is_new = labelled & tasks.is_support_row & (codes < 0)
        if not is_new.any():
            one = TaskClasses(meta, np.ones(len(meta), dtype=bool), meta)
            return np.where(labelled, codes, -1), None, [one] * len(tasks)
        others = np.flatnonzero(codes < 0)
        own, new = local_codes(y[others], is_new[others], task[others])
        new += [meta[:0]] * (len(tasks) - len(new))
        codes[others] = np.where(own >= 0, len(meta) + own, -1)
        exists = np.zeros((len(tasks), len(meta) + max(map(len, new))), dtype=bool)
        shown = labelled & tasks.is_support_row
        exists[task[shown], codes[shown]] = True
        exists[np.array([not len(names) for names in new]), : len(meta)] = True
        codes = np.where(labelled & exists[task, codes] & (codes >= 0), codes, -1)
        about = []
        for names, there in zip(new, exists):
            order = np.concatenate([meta, names])
            there = there[: len(order)]
            about.append(TaskClasses(order, there, np.sort(order[there])))
        return codes, exists, about

    # ------------------------------------------------------------------ logits to answers

    def decode(self, logits, about):
        """Logits (n, C) of the task's classes, which are sorted."""
        if about.order is about.names:
            return logits[:, : len(about.order)]
        columns = about.columns
        return logits if np.array_equal(columns, np.arange(logits.shape[1])) else logits[:, columns]

    def decode_tasks(self, outputs, about):
        """Logits of each of several tasks."""
        return [self.decode(logits, one) for logits, one in zip(outputs, about)]

    def answer(self, logits, classes):
        """The likeliest of the classes - of a task's, or of the sorted names of several tasks'."""
        return getattr(classes, "names", classes)[logits.argmax(1)]

    def known_classes(self, known):
        """The classes that are answered about rows of known tasks: the shared ones, and all that tasks have shown."""
        return known.labels if self.shared is None else np.union1d(self.shared, known.labels)

    def joined(self, answers, about, rows, known):
        """Answers of several tasks as one array, and the classes that any known task can have, whichever is asked."""
        names = self.known_classes(known)
        logits = np.full((sum(map(len, rows)), len(names)), -np.inf)
        for z, one, where in zip(answers, about, rows):
            logits[np.ix_(where, codes_among(one.names, names))] = z
        return logits, names

    @staticmethod
    def score_tasks(answers, tasks):
        """Accuracy, the mean over tasks."""
        return float(np.mean([np.mean(answer == one.y_query) for answer, one in zip(answers, tasks)]))


def codes_among(y, classes):
    """Positions of labels in the sorted ``classes``; -1 for a label that is not among them."""
    if not len(classes):
        return np.full(len(y), -1)
    place = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return np.where(classes[place] == y, place, -1)


def refuse_other_kind(known, new, remedy="Use adapt to begin another task."):
    """Text beside numbers: numpy would turn the numbers into text without a word."""
    if len(known) and len(new) and (known.dtype.kind in "biuf") != (new.dtype.kind in "biuf"):
        raise ValueError(
            f"Labels must be all numbers or all text, got {new.tolist()[0]!r} beside {known.tolist()[0]!r} from "
            f"before. {remedy}"
        )


def declared_classes(current, classes):
    """All classes that a task can ever show, where the user has said so now or before."""
    declared = None if current is None else current.declared
    if classes is None:
        return declared
    if np.ndim(classes) != 1:
        raise ValueError(f"classes must be a list of all classes that the task can show, got {classes!r}.")
    listed = list(classes)
    if any(map(is_missing, listed)):
        raise ValueError(f"classes={listed} holds a missing label: leave it out.")
    classes = np.unique(classes)
    if declared is not None and not np.array_equal(declared, classes):
        raise ValueError(
            f"`classes={classes.tolist()}` is not the same as on an earlier call: {declared.tolist()}. "
            "Use adapt to begin another task."
        )
    return classes


def refuse_undeclared(y, declared):
    """Refuse labels that are not among those which the user has declared to be all, if any are declared."""
    if declared is not None and len(unknown := np.setdiff1d(y, declared)):
        raise ValueError(
            f"Labels {unknown.tolist()} are not among the declared classes {declared.tolist()}. Use adapt to begin "
            "another task, or declare all classes of this one."
        )


def said_regime(estimator):
    """Return what an estimator is told of labels: "auto", "shared", or "task", which N-way episodes imply."""
    labels = getattr(estimator, "labels", "auto")
    return "task" if labels == "auto" and getattr(estimator, "n_ways", None) is not None else labels
