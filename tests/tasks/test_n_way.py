"""N-way tasks of one table: sizes, and that support and query never share a row."""

import numpy as np
import pandas as pd
import pytest

from skmeta.tasks import NWayTasks


@pytest.fixture(scope="module")
def table():
    y = np.repeat(["a", "b", "c", "d"], [10, 6, 3, 1])
    return np.arange(20.0)[:, None], y


def test_a_task_asks_about_rows_of_its_classes_that_it_has_not_shown(table):
    X, y = table
    for task in NWayTasks(X, y, n_ways=2, n_shots=2, n_query=3).sample(50, random_state=0):
        assert len(set(task.y)) == 2 and sorted(np.unique(task.y, return_counts=True)[1]) == [2, 2]
        assert set(task.y_query) == set(task.y)
        assert not set(task.X[:, 0]) & set(task.X_query[:, 0])
        np.testing.assert_array_equal(y[task.X_query[:, 0].astype(int)], task.y_query)
        n_of_c = np.sum(task.y_query == "c")
        assert n_of_c in (0, 1)  # three rows, of which two are shown
        assert np.sum(task.y_query != "c") == 6 - 3 * (n_of_c > 0)


def test_classes_without_a_row_to_ask_about_are_left_out(table):
    asked = {label for task in NWayTasks(*table, n_ways=2, n_shots=1).sample(60, random_state=0) for label in task.y}
    assert asked == {"a", "b", "c"}
    with pytest.raises(ValueError, match="y has 2"):
        NWayTasks(*table, n_ways=3, n_shots=5)


def test_the_seed_decides_and_data_frames_stay_data_frames(table):
    X, y = table
    source = NWayTasks(pd.DataFrame(X, columns=["x"]), y, n_ways=3)
    first, again, other = (source.sample(5, random_state=seed) for seed in (0, 0, 1))
    assert list(first[0].X.columns) == ["x"]
    pd.testing.assert_frame_equal(first.pooled[0], again.pooled[0])
    assert not first.pooled[0].equals(other.pooled[0])


def test_what_cannot_be_drawn_is_refused(table):
    X, y = table
    with pytest.raises(ValueError, match="one class for each"):
        NWayTasks(X, y[:-1])
    with pytest.raises(ValueError, match="n_shots must be one number"):
        NWayTasks(X, y, n_ways=2, n_shots=(1, 5))
    with pytest.raises(ValueError, match="n_ways"):
        NWayTasks(X, y, n_ways=1)
