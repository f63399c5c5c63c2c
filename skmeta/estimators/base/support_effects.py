"""Which of the task's rows carried an answer: the task is adapted to once more without each of them, all at once."""

import numpy as np
from scipy.special import log_softmax
from sklearn.utils import Bunch

from skmeta.estimators.base.current_task import answers_without_rows, task_of
from skmeta.tasks import TaskSet

_ROWS_AT_ONCE = 65536
_LEAST = np.log(1e-6)  # the log-probability of a class that is gone with its only row


def support_effects(estimator, X):
    """By how much the answer to each row falls without each row of the support."""
    X, _ = estimator._take_ids(X, None)
    support, rows = task_of(estimator).rows, estimator.rows_.read(estimator, X)
    n_support, needed = len(support.y), 1 if answers_without_rows(estimator) else 2
    if n_support < needed:
        raise ValueError(
            f"{type(estimator).__name__} explains an answer by leaving rows of the task out: it needs {needed} or "
            f"more, and the task has shown {n_support}."
        )
    at_once = max(1, _ROWS_AT_ONCE // (n_support + len(rows)))
    blocks = [range(i, min(i + at_once, n_support)) for i in range(0, n_support, at_once)]
    outputs, about = estimator._answers(X, exact=True)
    chosen = estimator.codec_.answer(outputs, about)
    answer, left = _strength(outputs, about, chosen), []
    for block in blocks:
        tasks, weight = _tasks_without(support, block, rows)
        for outputs, about in zip(*estimator._answers_of_tasks(tasks, weight)):
            left.append(_strength(estimator.codec_.decode(outputs, about), about, chosen))
    return Bunch(support=np.stack([answer - one for one in left], axis=1))


def _strength(outputs, about, chosen):
    """Log-probabilities of the chosen classes, a class that is not there among them; targets as they are."""
    if about is None:
        return outputs
    of_chosen = np.where(about.names == chosen[:, None], log_softmax(outputs, axis=1), -np.inf)
    return of_chosen.max(1, initial=-np.inf).clip(_LEAST)


def _tasks_without(support, left_out, rows):
    """The task as it would be without each of some rows, asked about the same query rows; and row weights."""
    keep = [np.delete(np.arange(len(support.y)), i) for i in left_out]
    some_y = np.repeat(support.y[:1], len(rows), axis=0)
    tasks = TaskSet.from_pool(
        np.concatenate([part for kept in keep for part in (support.X[kept], rows)]),
        np.concatenate([part for kept in keep for part in (support.y[kept], some_y)]),
        [len(kept) for kept in keep],
        [len(rows)] * len(keep),
        labelled=np.zeros(len(keep), dtype=bool),
    )
    weight = np.concatenate([part for kept in keep for part in (support.counts[kept], np.ones(len(rows)))])
    return tasks, weight
