"""Numbers that single precision cannot tell apart, and numbers it cannot hold."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skmeta import MAMLRegressor, ProtoNetClassifier, Task
from tests.estimators.contract import cheap, every_estimator, tasks_for

X, y = load_iris(return_X_y=True)


def test_columns_far_from_zero_keep_their_digits():
    near = ProtoNetClassifier(max_epochs=2, random_state=0).fit(X, y)
    far = ProtoNetClassifier(max_epochs=2, random_state=0).fit(X - 1e11, y)
    np.testing.assert_allclose(far.predict_proba(X - 1e11), near.predict_proba(X), atol=1e-3)


def rounded(values):
    """Numbers of few digits, so that none is lost where they are added to large ones."""
    return np.round(1024 * values) / 1024


def moved(tasks, columns, targets):
    """The same tasks elsewhere."""
    return [
        Task(
            rounded(task.X) + columns,
            rounded(task.y) + targets if task.y.dtype.kind == "f" else task.y,
            rounded(task.X_query) + columns,
            rounded(task.y_query) + targets if task.y.dtype.kind == "f" else task.y_query,
        )
        for task in tasks
    ]


@every_estimator
def test_tasks_that_lie_far_from_zero_are_answered_as_near_ones(cls):
    def answered(columns, targets):
        tasks = moved(tasks_for(cls), columns, targets)
        meta = cheap(cls).fit(tasks[:8])
        answers = meta.predict_proba(tasks[8:]) if hasattr(meta, "predict_proba") else meta.predict(tasks[8:]) - targets
        return np.concatenate(list(answers))

    near, far = answered(0.0, 0.0), answered([2.0**30, -(2.0**20), 0, 0], 2.0**30)
    np.testing.assert_allclose(far, near, atol=0.01 * np.abs(near).max())


def test_a_column_far_from_zero_keeps_its_digits_in_regression_and_after_partial_fit():
    far = X + [0, 1e9, 0, 0]
    one = MAMLRegressor(max_epochs=1, random_state=0).fit(far[:100], X[:100, 0]).partial_fit(far[100:], X[100:, 0])
    two = MAMLRegressor(max_epochs=1, random_state=0).fit(X[:100], X[:100, 0]).partial_fit(X[100:], X[100:, 0])
    np.testing.assert_allclose(one.predict(far), two.predict(X), atol=1e-3)


def test_values_beyond_single_precision_are_refused():
    with pytest.raises(ValueError, match=r"7.9e\+39.*rescale"):
        ProtoNetClassifier().fit(X * 1e39, y)
