"""Baselines are given odd tasks: frames, columns of other names, nothing to ask, nothing shown."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import PerTaskBaseline, PooledBaseline, Task
from skmeta.tasks import LinearFamily

BOTH = pytest.mark.parametrize("cls", [PerTaskBaseline, PooledBaseline])
TASKS = LinearFamily(n_features=2, n_shots=8, n_query=4).sample(4, random_state=0)


def as_frames(tasks, names=("a", "b")):
    def frame(X):
        return pd.DataFrame(X, columns=["a", "b"])[list(names)]

    return [Task(frame(one.X), one.y, frame(one.X_query), one.y_query) for one in tasks]


@BOTH
def test_tasks_of_frames_are_answered_as_those_of_arrays(cls):
    plain, framed = cls(Ridge()).fit(TASKS), cls(Ridge()).fit(as_frames(TASKS))
    np.testing.assert_allclose(np.stack(framed.predict(as_frames(TASKS))), np.stack(plain.predict(TASKS)))


@BOTH
def test_tasks_of_other_columns_are_refused(cls):
    with pytest.raises(ValueError, match="X has 1 features, but .* is expecting 2 features"):
        cls(Ridge()).fit(TASKS).predict([Task(one.X[:, :1], one.y, one.X_query[:, :1]) for one in TASKS])
    with pytest.raises(ValueError, match="Feature names must be in the same order"):
        cls(Ridge()).fit(as_frames(TASKS)).predict(as_frames(TASKS, ["b", "a"]))


def test_an_estimator_that_asks_for_columns_by_name_has_them_of_each_task():
    by_name = make_pipeline(ColumnTransformer([("n", StandardScaler(), ["b"])]), Ridge())
    assert np.isfinite(PerTaskBaseline(by_name).fit(as_frames(TASKS)).score(as_frames(TASKS)))


@BOTH
def test_a_task_that_asks_nothing_is_answered_by_nothing(cls):
    one = TASKS[0]
    answers = cls(Ridge()).fit(TASKS).predict([Task(one.X, one.y, one.X_query[:0]), one])
    assert [answer.shape for answer in answers] == [(0,), (4,)]


def test_a_task_that_has_shown_nothing_is_answered_from_the_pool_or_refused_by_name():
    one = TASKS[0]
    cold = [one, Task(one.X[:0], one.y[:0], one.X_query)]
    pooled = PooledBaseline(Ridge()).fit(TASKS)
    np.testing.assert_allclose(pooled.predict(cold)[1], pooled.pooled_estimator_.predict(one.X_query))
    with pytest.raises(ValueError, match="Task 1 has no support rows"):
        PerTaskBaseline(Ridge()).fit(TASKS).predict(cold)


@BOTH
def test_an_empty_list_of_tasks_is_called_so(cls):
    with pytest.raises(ValueError, match="an empty list of tasks: give at least one"):
        cls(Ridge()).fit([])


@BOTH
def test_rows_of_another_number_of_targets_are_refused(cls):
    one = TASKS[0]
    baseline = cls(Ridge()).fit(TASKS).adapt(one.X, one.y)
    with pytest.raises(ValueError, match="y has 2 targets, but the rows before have 1"):
        baseline.partial_fit(one.X, np.stack([one.y, one.y], axis=1))
    assert baseline.partial_fit(one.X, one.y[:, None]).predict(one.X_query).shape == (4,)  # a column is no other number
