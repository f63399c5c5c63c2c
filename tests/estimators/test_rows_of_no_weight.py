"""Rows of weight 0 are not there to learn from, and are checked as all others."""

import numpy as np
import pytest

from skmeta.estimators.base.classifier import MetaClassifier
from tests.campaign.subjects import BY_ROWS, ESTIMATORS, PUBLIC, fitted, quiet, rows_for


def of_other_width(X, y):
    return X[:, :2], y


def of_other_length(X, y):
    return X[:-1], y


def without_a_label(X, y):
    y = y.astype(object)
    y[1] = None
    return X, y


def said(call, X, y, weight):
    """What is wrong with rows, by the error's first line; the estimator stays as it is."""
    with quiet(), pytest.raises((TypeError, ValueError)) as error:
        call(X, y, sample_weight=weight)
    return str(error.value).split("\n")[0]


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if hasattr(PUBLIC[name], "partial_fit")])
def test_rows_of_no_weight_are_refused_as_others_are(name):
    estimator = fitted(name)
    for spoil in (of_other_width, of_other_length, without_a_label):
        X, y = spoil(*rows_for(name)[:2])
        for call in [getattr(estimator, way) for way in ("adapt", "partial_fit") if hasattr(estimator, way)]:
            one, none = (said(call, X, y, weight(len(y))) for weight in (np.ones, np.zeros))
            assert one == none and "sample_weight" not in one


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in BY_ROWS])
def test_a_task_of_which_no_row_counts_is_refused_and_further_such_rows_change_nothing(name):
    X, y, asked = rows_for(name)
    none, new = np.zeros(len(y)), np.full(len(y), 99)
    with quiet():
        estimator = fitted(name)
        answers = estimator.predict(asked)
        with pytest.raises(ValueError, match="Every sample_weight is 0, which leaves no row"):
            estimator.adapt(X, y, sample_weight=none)
        np.testing.assert_array_equal(estimator.predict(asked), answers)
        if hasattr(estimator, "partial_fit") and name != "SourceSelector":
            np.testing.assert_array_equal(estimator.partial_fit(X, y, sample_weight=none).predict(asked), answers)
            with pytest.raises(ValueError, match="Every sample_weight is 0, which leaves no row"):
                estimator.partial_fit(X, y, sample_weight=none, task=new)
            new[:2] = 98
            estimator.partial_fit(X, y, sample_weight=np.where(new == 98, 0, 1), task=new)
            known = estimator.known_ if name.endswith("Baseline") else estimator.adapted_tasks_
            assert 99 in known and 98 not in known


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if issubclass(PUBLIC[name], MetaClassifier)])
def test_labels_of_no_weight_are_among_the_declared_classes(name):
    X, y, _ = rows_for(name)
    weight = np.where(y == 0, 0.0, 1.0)
    with quiet(), pytest.raises(ValueError, match=r"Labels \[0\] are not among the declared classes \[1, 2\]"):
        fitted(name).adapt(X, y, classes=[1, 2], sample_weight=weight)
