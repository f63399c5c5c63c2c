"""Sources and targets are read as numbers, checked labels, and points of the space they are compared in."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.labels import infer_label_regime
from skmeta.estimators.base.rows import explain, place_of_row
from skmeta.tasks.rows import readable


def numbers(X, tasks=None):
    """Rows as numbers; what are none is named."""
    try:
        return check_array(readable(X), dtype=np.float64, input_name="X")
    except (ValueError, TypeError) as error:
        raise explain(error, X, tasks) from error


def check_labels(tasks):
    """Refuse a source without a label, and labels that are neither classes nor numbers."""
    labelled = np.bincount(tasks.task_of_row[tasks.is_labelled_row], minlength=len(tasks))
    if (labelled == 0).any():
        raise ValueError(f"Source task {tasks.names[int(labelled.argmin())]!r} has no labelled row.")
    y, rows = tasks.pooled[1], np.flatnonzero(tasks.is_labelled_row)
    if y.dtype.kind != "f":
        Classes.check(y[rows], "SourceSelector", lambda i: place_of_row(rows[i], tasks))


def kind_of_labels(X, tasks):
    """Whether classes are each source's own ("task") or "shared", and the shared ones; None twice for numbers."""
    y, labelled = tasks.pooled[1], tasks.is_labelled_row
    if y.dtype.kind == "f":
        return None, None
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
