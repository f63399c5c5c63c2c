"""Answers of many tasks as one array, and their scores: of rows, of whole tasks, and of tasks known by their ids."""

import numpy as np

from skmeta.estimators.base.rows import check_weight
from skmeta.tasks import TaskSet, is_tasks
from skmeta.tasks.ids import factorize
from skmeta.tasks.rows import take_rows
from skmeta.tasks.splitting import tasks_to_score

N_SHOTS = 5  # that tasks without query rows show, where no parameter says how many


def object_array(arrays):
    """An object array of shape (n_tasks,): what scikit-learn can concatenate and re-order."""
    out = np.empty(len(arrays), dtype=object)
    out[:] = arrays
    return out


def score(estimator, codec, X, y, sample_weight=None, task=None, n_shots=N_SHOTS, per_class=None):
    """The codec's metric of answers to rows, or over many tasks; by default shots count as episodes count them."""
    if is_tasks(X):
        if sample_weight is not None:
            raise ValueError(
                "sample_weight is of rows and cannot be used where X holds tasks, whose rows count alike in the score: "
                "leave it out, or score the rows of one task: score(X, y, sample_weight)."
            )
        tasks = tasks_to_score(X, n_shots, codec.counts_by_class if per_class is None else per_class)
        return codec.score_tasks(estimator.predict(tasks), tasks)
    return codec.metric(y, estimator.predict(X, task=task), sample_weight=weight_of_score(sample_weight, y))


def weight_of_score(sample_weight, y):
    """Row weights as shares of the largest, whatever their unit; None stays None."""
    if sample_weight is None:
        return None
    weight = check_weight(sample_weight, len(y))
    if not weight.any():
        raise ValueError("Every sample_weight is 0, which leaves no row to score.")
    return weight / weight.max()


def score_long(estimator, codec, X, y, sample_weight, ids):
    """The metric over rows of known tasks and over the query part of tasks never seen."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    names, code = factorize(ids)
    supports = estimator.known_tasks_.supports if "known_tasks_" in vars(estimator) else ()
    known = np.array([name in supports for name in names], dtype=bool)[code]
    truth, answer = [], []
    if known.any():
        rows = np.flatnonzero(known)
        truth.append(y[rows])
        answer.append(estimator.predict(take_rows(X, rows), task=ids[rows]))
    if not known.all():
        if sample_weight is not None:
            raise ValueError("sample_weight cannot be used with tasks that were never seen: they are split first.")
        rows = np.flatnonzero(~known)
        tasks = TaskSet.from_long(take_rows(X, rows), y[rows], ids[rows])
        tasks = tasks_to_score(tasks, estimator.n_shots, codec.counts_by_class)
        truth += [t.y_query for t in tasks]
        answer += list(estimator.predict(tasks))
    return codec.metric(np.concatenate(truth), np.concatenate(answer), sample_weight=sample_weight)
