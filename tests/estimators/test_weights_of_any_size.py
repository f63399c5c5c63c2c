"""Weights of rows say how rows compare, in whatever unit they come."""

import numpy as np
import pytest

from tests.campaign.subjects import BY_ROWS, ESTIMATORS, fitted, quiet, rows_for, tasks_for
from tests.estimators.contract import answers, every_estimator, one_task, trained

UNEVEN = 1.0 + 2 * (np.arange(12) % 2)


def answered(cls, way, weight, X, y, asked):
    """What is said of rows by an estimator that was shown others of such weights, in one of three ways."""
    estimator, n = trained(cls), len(y)
    if way == "known by its id":
        estimator.partial_fit(X, y, sample_weight=weight, task=np.full(n, 7))
        ask = estimator.predict_proba if hasattr(estimator, "predict_proba") else estimator.predict
        return ask(asked, task=np.full(len(asked), 7))
    parts = [slice(n)] if way == "at once" else [slice(n // 2), slice(n // 2, n)]
    for rows in parts:
        estimator.partial_fit(X[rows], y[rows], sample_weight=weight[rows])
    return answers(estimator, asked)


@pytest.mark.parametrize("way", ["at once", "in two portions", "known by its id"])
@every_estimator
def test_weights_that_add_up_to_less_than_the_rows_say_how_rows_compare_and_no_more(cls, way):
    task = one_task(cls)
    X, y, asked = task.X, task.y, task.X_query
    uneven = np.resize(UNEVEN, len(y))
    for like, units in ((np.ones(len(y)), (1e-310,)), (uneven * len(y) / uneven.sum(), (1e-3, 1e-20, 1e-310))):
        expected = answered(cls, way, like, X, y, asked)
        for unit in units:
            found = answered(cls, way, like * unit, X, y, asked)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["at once", "in two portions", "known by its id"])
@every_estimator
def test_weights_of_any_size_leave_answers_finite(cls, way):
    task = one_task(cls)
    X, y, asked = task.X, task.y, task.X_query
    odd = np.arange(len(y)) % 2 > 0
    for large, small in ((1e306, 1.0), (1.7e308, 1.7e308), (1.0, 1e-310), (1e306, 0.0), (1e-310, 0.0), (1e306, 1e-310)):
        assert np.isfinite(answered(cls, way, np.where(odd, large, small), X, y, asked)).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_of_a_score_are_shares_in_whatever_unit(name):
    X, y, _ = rows_for(name)
    with quiet():
        estimator = fitted(name) if name in BY_ROWS else fitted(name).adapt(X, y)
    asked, weight = X + 1, np.resize(UNEVEN, len(y))
    expected = estimator.score(asked, y, sample_weight=weight)
    for unit in (1e-310, 1e306, 5e307):
        assert estimator.score(asked, y, sample_weight=weight * unit) == pytest.approx(expected)
    with pytest.raises(ValueError, match="Every sample_weight is 0, which leaves no row to score"):
        estimator.score(asked, y, sample_weight=np.zeros(len(y)))


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in BY_ROWS])
def test_a_score_of_whole_tasks_refuses_weights_of_rows_instead_of_forgetting_them(name):
    with quiet():
        estimator, tasks = fitted(name), tasks_for(name)
        assert np.isfinite(estimator.score(tasks))
        for weight in (np.ones(len(tasks)), [1.0, 2.0]):
            with pytest.raises(ValueError, match="sample_weight is of rows and cannot be used where X holds tasks"):
                estimator.score(tasks, sample_weight=weight)
