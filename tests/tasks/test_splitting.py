"""Support and query: disjoint, exhaustive, reproducible, of the size asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmeta import Task, TaskSet, split_tasks
from tests.tasks.strategies import ragged_tasks


def test_shots_of_every_class_become_support():
    tasks = TaskSet([Task(np.arange(10.0)[:, None], list("aaaaabbbbb"))])
    task = split_tasks(tasks, n_shots=2, random_state=0)[0]
    assert sorted(task.y) == ["a", "a", "b", "b"]
    assert sorted(task.y_query) == ["a"] * 3 + ["b"] * 3


def test_shots_of_the_whole_task():
    tasks = TaskSet([Task(np.arange(10.0)[:, None], np.arange(10.0))])
    task = split_tasks(tasks, n_shots=3, per_class=False, random_state=0)[0]
    assert (len(task.y), len(task.y_query)) == (3, 7)


def test_a_small_class_gives_half_of_its_rows_but_at_least_one():
    tasks = TaskSet([Task(np.arange(6.0)[:, None], list("aaabbc"))])
    task = split_tasks(tasks, n_shots=5, random_state=0)[0]
    assert sorted(task.y) == ["a", "b", "c"]
    assert sorted(task.y_query) == ["a", "a", "b"]


def test_of_a_range_the_upper_end_is_taken():
    tasks = TaskSet([Task(np.arange(20.0)[:, None], [0] * 10 + [1] * 10)])
    assert len(split_tasks(tasks, (1, 4), random_state=0)[0].y) == 8


def test_a_query_part_is_pooled_first():
    tasks = TaskSet([Task([[0.0], [1.0]], [0, 1], [[2.0], [3.0]], [0, 1])])
    task = split_tasks(tasks, 1, random_state=0)[0]
    assert sorted(np.concatenate([task.X, task.X_query]).ravel()) == [0, 1, 2, 3]
    assert (sorted(task.y), sorted(task.y_query)) == ([0, 1], [0, 1])


def test_strict_refuses_to_leave_a_class_without_query_rows():
    tasks = TaskSet([Task(np.arange(6.0)[:, None], list("aaaabb"), name="site 7")])
    with pytest.raises(ValueError, match="n_shots=2 leaves no query row: class 'b' of task 'site 7' has 2 rows"):
        split_tasks(tasks, 2, strict=True)
    with pytest.raises(ValueError, match="n_shots=6 leaves no query row: task 'site 7' has 6 rows"):
        split_tasks(tasks, 6, strict=True, per_class=False)


def test_frames_are_split_as_frames(frame_tasks):
    task = split_tasks(frame_tasks, 2, random_state=0)[1]
    assert list(task.X_query["colour"].cat.categories) == ["red", "green", "blue"]
    assert len(task.X) + len(task.X_query) == 12


@given(ragged_tasks(), st.integers(1, 6), st.booleans(), st.integers(0, 100))
def test_every_row_once_with_its_own_label(tasks, n_shots, per_class, seed):
    label_of = dict(zip(*[np.ravel(a) for a in (tasks.pooled[0][:, 0], tasks.pooled[1])]))
    split = split_tasks(tasks, n_shots, random_state=seed, per_class=per_class)
    for before, after in zip(tasks, split):
        rows = before.X if before.X_query is None else np.concatenate([before.X, before.X_query])
        cells = np.concatenate([after.X, after.X_query])[:, 0]
        np.testing.assert_array_equal(np.sort(cells), np.sort(rows[:, 0]))
        assert len(np.unique(cells)) == len(cells)  # support and query are disjoint
        labels = np.concatenate([after.y, after.y_query])
        assert [label_of[cell] for cell in cells] == labels.tolist()
        if per_class:
            for label in np.unique(labels):
                total = (labels == label).sum()
                assert (after.y == label).sum() == min(n_shots, max(total // 2, 1))
        assert before.name == after.name


def test_the_seed_decides():
    tasks = TaskSet([Task(np.arange(40.0)[:, None], [0, 1] * 20)])
    one, same, other = (split_tasks(tasks, 5, random_state=seed)[0].X.ravel() for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert set(one) != set(other)


def test_without_a_seed_the_global_generator_is_the_one_scikit_learn_uses():
    tasks = TaskSet([Task(np.arange(40.0)[:, None], [0, 1] * 20)])
    np.random.seed(0)  # noqa: NPY002
    one = split_tasks(tasks, 5)[0].X.ravel()
    np.random.seed(0)  # noqa: NPY002
    np.testing.assert_array_equal(one, split_tasks(tasks, 5)[0].X.ravel())


def test_every_row_is_as_likely_support_as_any_other():
    tasks = TaskSet([Task(np.arange(8.0)[:, None], [0, 0, 0, 0, 1, 1, 1, 1])] * 2000)
    split = split_tasks(tasks, 1, random_state=0)
    support = np.concatenate([task.X.ravel() for task in split]).astype(int)
    # 2000 draws of one in four: a count is 500 give or take 19.4, so 5 standard deviations are 97
    assert np.abs(np.bincount(support) - 500).max() < 97
