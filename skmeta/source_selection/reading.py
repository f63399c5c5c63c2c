"""Sources and targets are read as numbers, checked labels, and points of the space they are compared in."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.labels import infer_label_regime
from skmeta.estimators.base.rows import explain, place_of_row
from skmeta.estimators.base.targets import Targets
from skmeta.tasks import TaskSet
from skmeta.tasks.rows import readable


def numbers(X, tasks=None):
    """Rows as numbers; what are none is named."""
    try:
        return check_array(readable(X), dtype=np.float64, input_name="X")
    except (ValueError, TypeError) as error:
        raise explain(error, X, tasks) from error


def comparable_sources(X, tasks, are_classes):
    """Make sources of rows, with labels as families compare them, and refuse one without a label."""
    labelled = np.bincount(tasks.task_of_row[tasks.is_labelled_row], minlength=len(tasks))
    if (labelled == 0).any():
        raise ValueError(f"Source task {tasks.called(int(labelled.argmin()))} has no labelled row.")
    y, rows = tasks.pooled[1], np.flatnonzero(tasks.is_labelled_row)
    codec = Classes if are_classes else Targets
    codec.check(y[rows], "SourceSelector", lambda i: place_of_row(rows[i], tasks))
    y = comparable(y, are_classes)
    return TaskSet.from_pool(X, y, tasks.n_support, tasks.n_query, tasks.query_labelled, tasks.names)


def comparable(y, are_classes):
    """Turn labels into what families compare: numbers into decimals, and classes written as decimals into integers."""
    if not are_classes:
        return y.astype(np.float64)
    return y.astype(np.int64) if y.dtype.kind == "f" else y


def kind_of_classes(tasks, regime="auto"):
    """Say whether classes are each source's own ("task") or "shared", and which are shared; labels tell by "auto"."""
    (X, y), labelled = tasks.pooled, tasks.is_labelled_row
    if regime == "auto":
        regime = infer_label_regime(X[labelled], y[labelled], tasks.task_of_row[labelled], len(tasks), from_long=False)
    return regime, np.unique(y[labelled]) if regime == "shared" else None


def embedded(X, embedding):
    """Rows in the space of a fitted estimator or of a function; without one, as they are."""
    if embedding is None:
        return X
    if isinstance(embedding, BaseEstimator):
        check_is_fitted(embedding)
        return embedding.served_.embed(embedding.rows_.read(embedding, X))
    points = np.asarray(embedding(X), dtype=np.float64)
    if points.ndim != 2 or len(points) != len(X):
        raise ValueError(
            f"embedding must give a row of numbers for each of the {len(X)} rows, got an array of shape {points.shape}."
        )
    return points
