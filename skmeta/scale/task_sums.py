"""Tasks as sums over the rows they have shown: what a stream keeps of tasks with many rows."""

from dataclasses import dataclass

import numpy as np

from skmeta.tasks.store import rows_at_once, similar_size_chunks

_ROWS_AT_ONCE = 16384


@dataclass(frozen=True)
class TaskSums:
    """What a learner has to know of a task's rows, in a size that does not grow with their number.

    Parameters
    ----------
    classes : ndarray or None
        The classes that the task has shown, sorted; None in regression.
    parts : list of ndarrays
        A learner's ``sums``: of each of the classes, (C, ...).
    """

    classes: np.ndarray
    parts: list

    def __add__(self, other):
        """The sums of both tasks' rows."""
        if self.classes is None or np.array_equal(self.classes, other.classes):
            return TaskSums(self.classes, [a + b for a, b in zip(self.parts, other.parts)])
        if (self.classes.dtype.kind in "biuf") != (other.classes.dtype.kind in "biuf"):
            raise ValueError(
                f"Labels must be all numbers or all text, got {other.classes.tolist()[0]!r} beside "
                f"{self.classes.tolist()[0]!r} from before."
            )
        classes = np.union1d(self.classes, other.classes)
        pairs = zip(*(one.placed(len(classes), np.searchsorted(classes, one.classes)) for one in (self, other)))
        return TaskSums(classes, [a + b for a, b in pairs])

    def placed(self, n_classes, places):
        """The parts with the classes at some places of many, the others empty."""
        found = []
        for part in self.parts:
            whole = np.zeros((n_classes, *part.shape[1:]))
            whole[places] = part
            found.append(whole)
        return found


def numbers_a_class(estimator):
    """How many numbers an estimator's learner keeps of a class's rows, in regression of all rows of a task.

    None where it needs the rows themselves, as all do that answer by something else than a learner of ours.
    """
    served = vars(estimator).get("served_")
    return None if served is None else served.numbers_a_class(estimator.n_features_in_)


def sums_of_tasks(estimator, tasks):
    """The :class:`TaskSums` of each of many tasks' support rows.

    Parameters
    ----------
    estimator : estimator
        One for which :func:`numbers_a_class` is a number.
    tasks : TaskSet
        Without query rows.
    """
    served, codec = estimator.served_, estimator.codec_
    tasks = estimator._read_tasks(tasks, need_query=False)
    store, about = codec.store(tasks, dtype=served.dtype, device=served.device)
    found = [None] * len(tasks)
    for chunk in similar_size_chunks(
        tasks.n_support, np.zeros(len(tasks), dtype=int), rows_at_once(store.X, _ROWS_AT_ONCE)
    ):
        batch, _ = store.whole_tasks(chunk, with_query=False)
        for i, *parts in zip(chunk.tolist(), *served.sums(batch)):
            shown = None
            if about[i] is not None:
                shown = np.unique(tasks[i].y)
                parts = [part[about[i].codes(shown)] for part in parts]
            found[i] = TaskSums(shown, parts)
    return found


def answers_by_sums(estimator, sums, X, n_query):
    """Answers to the query rows of tasks that are known by sums.

    Parameters
    ----------
    estimator : estimator
    sums : list of TaskSums
    X : array-like or DataFrame
        The query rows of all tasks, task after task.
    n_query : ndarray of int

    Returns
    -------
    answers : list of ndarrays
    """
    served, codec, settings = estimator.served_, estimator.codec_, estimator._settings()
    X, start = estimator.rows_.read(estimator, X), np.cumsum(n_query) - n_query
    found = [None] * len(sums)
    for chunk in similar_size_chunks(np.zeros(len(sums), dtype=int), n_query, rows_at_once(X, _ROWS_AT_ONCE)):
        tasks = [sums[i] for i in chunk]
        about = [None if one.classes is None else codec.task_classes(one.classes) for one in tasks]
        padded = np.minimum(start[chunk, None] + np.arange(n_query[chunk].max()), len(X) - 1)
        answers = served.answer_sums(*_batch(tasks, about), X[padded], settings)
        for i, answer, one in zip(chunk.tolist(), answers, about):
            found[i] = codec.answer(codec.decode(answer[: n_query[i]], one), one)
    return found


def _batch(tasks, about):
    """The sums of several tasks as arrays, and which classes exist (T, C); None in regression."""
    if about[0] is None:
        return [np.stack(parts) for parts in zip(*(one.parts for one in tasks))], None
    n_classes = max(len(one.order) for one in about)
    exists = np.zeros((len(tasks), n_classes), dtype=bool)
    for row, one in zip(exists, about):
        row[: len(one.order)] = one.exists
    placed = [one.placed(n_classes, classes.codes(one.classes)) for one, classes in zip(tasks, about)]
    return [np.stack(parts) for parts in zip(*placed)], exists
