"""One task: what it holds, what it refuses, and that scikit-learn takes it for one sample."""

import pickle

import numpy as np
import pytest

from skmeta import Task


def test_keeps_rows_and_labels_as_given():
    task = Task([[1.0, 2.0], [3.0, 4.0]], ["a", "b"], [[5.0, 6.0]], ["a"], name="site 7")
    np.testing.assert_array_equal(task.X, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(task.y, ["a", "b"])
    np.testing.assert_array_equal(task.X_query, [[5, 6]])
    np.testing.assert_array_equal(task.y_query, ["a"])
    assert task.n_features == 2


def test_a_frame_stays_the_frame_it_is():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"size": [1.0, np.nan], "colour": pd.Categorical(["red", "green"])})
    assert Task(frame, [0, 1]).X is frame


def test_repr_counts_rows_and_features():
    assert repr(Task([[1.0]], [0])) == "Task(1 support row, 1 feature)"
    named = Task(np.zeros((3, 2)), [0, 1, 1], np.zeros((2, 2)), name="site 7")
    assert repr(named) == "Task('site 7', 3 support rows, 2 query rows, 2 features)"


def test_numpy_sees_one_object_not_a_table():
    tasks = [Task(np.zeros((3, 2)), [0, 1, 1]), Task(np.zeros((3, 2)), [0, 1, 1])]
    assert np.array(tasks, dtype=object).shape == (2,)
    with pytest.raises(TypeError):
        len(tasks[0])
    with pytest.raises(TypeError):
        iter(tasks[0])


def test_survives_pickling():
    task = pickle.loads(pickle.dumps(Task([[1.0], [2.0]], [0, 1], [[3.0]], name=3)))
    assert repr(task) == "Task(3, 2 support rows, 1 query row, 1 feature)"
    assert task.y_query is None


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"X": [1.0, 2.0], "y": [0, 1], "name": "a"}, ["X of task 'a'", "shape (2,)", "reshape(-1, 1)"]),
        ({"X": 3.0, "y": [0]}, ["X of a task", "shape ()"]),
        ({"X": [[1.0]], "y": [0], "X_query": [1.0]}, ["X_query of a task", "(1,)"]),
        ({"X": [[1.0], [2.0]], "y": [0], "name": 7}, ["task 7", "2 rows", "y has 1 rows"]),
        ({"X": [[1.0]], "y": 0}, ["y has no rows"]),
        ({"X": [[1.0]], "y": [0], "y_query": [0]}, ["y_query but no X_query"]),
        (
            {"X": [[1.0]], "y": [0], "X_query": [[1.0, 2.0]], "name": "a"},
            ["task 'a'", "1 features in X", "2 in X_query"],
        ),
        ({"X": [[1.0]], "y": [0], "X_query": [[1.0]], "y_query": [0, 1]}, ["X_query has 1 rows", "y_query has 2 rows"]),
    ],
)
def test_what_does_not_fit_together_is_said(arguments, words):
    with pytest.raises(ValueError) as error:
        Task(**arguments)
    for word in words:
        assert word in str(error.value)
