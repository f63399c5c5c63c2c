"""Columns of DataFrames belong together by their names, whichever library they are of."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skmeta import MAMLRegressor, ProtoNetClassifier, Task, TaskSet
from skmeta.tasks import GaussianClusters

NAMES = list("abcd")
TASKS = GaussianClusters(n_ways=2, n_shots=4, n_query=6, n_features=4).sample(8, random_state=0)


def of_pandas(X):
    return pd.DataFrame(X, columns=NAMES)


def of_polars(X):
    return pytest.importorskip("polars").DataFrame(X, schema=NAMES)


def of_arrow(X):
    return pytest.importorskip("pyarrow").table(dict(zip(NAMES, np.asarray(X).T)))


every_library = pytest.mark.parametrize("frame", [of_pandas, of_polars, of_arrow])


def turned(frame):
    """The same columns in another order."""
    return take(frame, NAMES[::-1])


def take(frame, names):
    return frame.select(names) if hasattr(frame, "select") else frame[names]


def tasks_of(frame, turn=lambda one: one):
    return [Task(frame(t.X), t.y, turn(frame(t.X_query)), t.y_query) for t in TASKS]


@every_library
def test_query_columns_are_those_of_the_support_by_name(frame):
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks_of(frame))
    plain, other = meta.predict(tasks_of(frame)), meta.predict(tasks_of(frame, turned))
    for a, b in zip(plain, other):
        assert_array_equal(a, b)


@every_library
def test_tasks_that_know_the_same_columns_are_put_in_one_order(frame):
    first, *others = tasks_of(frame)
    mixed = TaskSet([first, *[Task(turned(t.X), t.y, t.X_query, t.y_query) for t in others]])
    assert_array_equal(np.asarray(mixed.pooled[0]), np.asarray(TaskSet([first, *others]).pooled[0]))


@every_library
def test_rows_keep_their_container_and_come_back_by_position(frame):
    tasks = TaskSet(tasks_of(frame))
    again = tasks[np.array([3, 1])][1]
    assert type(again.X) is type(frame(TASKS[0].X))
    assert_array_equal(np.asarray(again.X), TASKS[1].X)


@every_library
def test_names_on_one_side_only_are_refused(frame):
    one = TASKS[0]
    with pytest.raises(ValueError, match="X has columns with names .* but X_query has none"):
        Task(frame(one.X), one.y, one.X_query, one.y_query)
    with pytest.raises(ValueError, match="X_query has columns with names .* but X has none"):
        Task(one.X, one.y, frame(one.X_query), one.y_query)
    with pytest.raises(ValueError, match="all of one kind"):
        TaskSet([Task(frame(one.X), one.y), Task(one.X, one.y)])


@every_library
def test_other_columns_are_refused(frame):
    one = TASKS[0]
    two, others = take(frame(one.X), NAMES[:2]), take(frame(one.X), NAMES[2:])
    with pytest.raises(ValueError, match="different columns: 'c', 'd' and 'a', 'b'"):
        Task(two, one.y, others)


def test_tables_of_polars_go_all_the_way():
    polars = pytest.importorskip("polars")
    X = np.random.default_rng(0).normal(size=(40, 4))
    table, y, site = polars.DataFrame(X, schema=NAMES), X[:, 0], np.arange(40) % 5
    meta = MAMLRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(table, y, task=site)
    plain = MAMLRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(X, y, task=site)
    assert_array_equal(meta.predict(table, task=site), plain.predict(X, task=site))
    with pytest.raises(ValueError, match="feature names"):
        meta.predict(table.select(NAMES[::-1]), task=site)
    named = table.with_columns(polars.Series("site", site))
    by_name = MAMLRegressor(task="site", max_epochs=1, steps_per_epoch=2, random_state=0).fit(named, y)
    assert_array_equal(by_name.predict(named), plain.predict(X, task=site))
