"""Scores over tasks: those that have query rows, those that are split, and those known by their ids."""

import numpy as np

from skmeta.tasks import TaskSet, as_taskset
from skmeta.tasks.ids import factorize
from skmeta.tasks.rows import take_rows
from skmeta.tasks.splitting import split_tasks, with_query_rows


def score_long(estimator, X, y, sample_weight, ids):
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
        tasks = tasks_to_score(estimator, TaskSet.from_long(take_rows(X, rows), y[rows], ids[rows]))
        truth += [t.y_query for t in tasks]
        answer += list(estimator.predict(tasks))
    return estimator._codec_class.metric(np.concatenate(truth), np.concatenate(answer), sample_weight=sample_weight)


def tasks_to_score(estimator, tasks):
    """Tasks with labelled query rows: as given, or split, always the same way, into support and query."""
    tasks = as_taskset(tasks)
    if (tasks.n_query < 0).all():
        # shots are counted per class, as task_scorer and few_shot_curve count them
        per_class = estimator._codec_class.task_type == "classification"
        tasks = split_tasks(tasks, estimator.n_shots, random_state=0, per_class=per_class)
    elif not tasks.query_labelled.all():
        name = tasks.called(np.flatnonzero(~tasks.query_labelled)[0])
        raise ValueError(
            "score needs labelled query rows in every task, or query rows in none so that all are split: task "
            f"{name} has no y_query."
        )
    return with_query_rows(tasks)
