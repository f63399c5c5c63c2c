"""Augmentations that look at labels, on numbers worked out by hand."""

import numpy as np
import pytest

from skmeta.tasks.clusters import GaussianClusters
from skmeta.tasks.families import LinearFamily
from skmeta.tasks.mixing import ClassMixing, LabelPermutation, TaskMixUp, are_targets
from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet


def test_permuted_labels_keep_the_grouping_of_rows_in_support_and_query():
    tasks = GaussianClusters(n_ways=4).sample(30, random_state=0)
    moved = 0
    for got, task in zip(LabelPermutation()(tasks, random_state=0), tasks):
        np.testing.assert_array_equal(got.X, task.X)
        renaming = set(zip(task.y, got.y)) | set(zip(task.y_query, got.y_query))
        assert len(renaming) == 4  # one renaming, and the same one in both parts
        assert {new for _, new in renaming} == {0, 1, 2, 3}
        moved += any(old != new for old, new in renaming)
    assert moved > 20


def test_rows_of_two_opposite_classes_meet_at_the_share_drawn():
    # classes at 0 and 1: class 0 moves to 1 - l0, class 1 to l1, with l at least one half
    task = Task([[0.0], [0.0], [1.0], [1.0]], ["a", "a", "b", "b"], [[0.0], [1.0]], ["a", "b"])
    mixed = ClassMixing()(TaskSet([task]), random_state=0)[0]
    assert mixed.X[0, 0] == mixed.X[1, 0] == mixed.X_query[0, 0]
    assert mixed.X[2, 0] == mixed.X[3, 0] == mixed.X_query[1, 0]
    assert 0 < mixed.X[0, 0] <= 0.5 <= mixed.X[2, 0] < 1
    assert mixed.y.tolist() == ["a", "a", "b", "b"]


def test_every_class_is_mixed_with_another_one_of_its_task():
    tasks = TaskSet([Task(np.eye(4), [0, 1, 2, 3])] * 20)
    for task in ClassMixing()(tasks, random_state=0):
        # each row has its own coordinate at l >= 1/2 and exactly one other at 1 - l
        assert (np.diag(task.X) >= 0.5).all()
        assert ((task.X > 0).sum(axis=1) == 2).all()
        np.testing.assert_allclose(task.X.sum(axis=1), 1.0)
        assert ((task.X - np.diag(np.diag(task.X)) > 0).sum(axis=0) == 1).all()  # everyone is a partner once


def test_a_task_of_one_class_has_nothing_to_mix_with_and_stays():
    task = Task(np.eye(2), [5, 5])
    np.testing.assert_array_equal(ClassMixing()(TaskSet([task]), 0)[0].X, np.eye(2))


def test_a_class_that_the_query_lacks_lends_its_support_rows():
    task = Task([[0.0], [1.0]], [0, 1], [[0.0]], [0])
    mixed = ClassMixing()(TaskSet([task]), random_state=1)[0]
    assert mixed.X_query[0, 0] == mixed.X[0, 0] > 0


def test_regression_tasks_mix_rows_and_targets_by_one_share():
    # task a is (1, 2.5) everywhere, task b is (3, 18.5): with a share l the mix is (3 - 2l, 18.5 - 16l)
    a = Task(np.ones((4, 1)), np.full(4, 2.5), np.ones((2, 1)), np.full(2, 2.5))
    b = Task(np.full((3, 1), 3.0), np.full(3, 18.5), np.full((5, 1), 3.0), np.full(5, 18.5))
    for mixed in TaskMixUp()(TaskSet([a, b]), random_state=0):
        share = (3 - np.concatenate([mixed.X, mixed.X_query])[:, 0]) / 2
        assert np.ptp(share) < 1e-12 and 0 <= share[0] <= 1
        np.testing.assert_allclose(np.concatenate([mixed.y, mixed.y_query]), 18.5 - 16 * share)


def test_targets_of_several_outputs_are_mixed_too():
    a = Task(np.zeros((2, 1)), np.zeros((2, 3)))
    b = Task(np.ones((2, 1)), np.ones((2, 3)))
    mixed = TaskMixUp()(TaskSet([a, b]), random_state=0)[0]
    np.testing.assert_allclose(mixed.y, np.repeat(mixed.X, 3, axis=1))


def test_random_pairing_gives_each_class_one_partner_class_in_support_and_query():
    # task 0 has classes at 0; the classes of task 1 sit at 10, 20, 30: the mix tells which one was met
    centres = np.array([10.0, 20.0, 30.0])[:, None]
    a = Task(np.zeros((6, 1)), [0, 1, 2] * 2, np.zeros((3, 1)), [0, 1, 2])
    b = Task(np.tile(centres, (2, 1)), [0, 1, 2] * 2, centres, [0, 1, 2])
    mixed = TaskMixUp(pairing="random")(TaskSet([a, b]), random_state=3)[0]
    met = {}
    for x, label in zip(np.concatenate([mixed.X, mixed.X_query])[:, 0], np.concatenate([mixed.y, mixed.y_query])):
        met.setdefault(label, set()).add(round(x, 9))
    assert all(len(values) == 1 for values in met.values())
    values = sorted(v for values in met.values() for v in values)
    np.testing.assert_allclose(np.array(values) / values[0], [1, 2, 3])  # three different partners


def test_same_pairing_mixes_like_with_like_and_leaves_unknown_labels_alone():
    a = Task([[0.0], [0.0], [0.0]], ["x", "y", "only here"])
    b = Task([[10.0], [20.0]], ["x", "y"])
    mixed = TaskMixUp(pairing="same")(TaskSet([a, b]), random_state=0)[0].X[:, 0]
    assert mixed[2] == 0.0
    assert mixed[1] == pytest.approx(2 * mixed[0]) and mixed[0] > 0


def test_a_partner_with_fewer_classes_serves_several():
    a, b = Task(np.zeros((3, 1)), [0, 1, 2]), Task(np.ones((1, 1)), [0])
    mixed = TaskMixUp()(TaskSet([a, b]), random_state=0)[0].X[:, 0]
    assert (mixed == mixed[0]).all() and mixed[0] > 0


def test_no_task_is_its_own_partner():
    tasks = TaskSet([Task(np.full((2, 1), float(10**i)), [0, 1]) for i in range(4)])
    mixed = TaskMixUp(alpha=50.0)(tasks, random_state=0)  # l is near one half: staying as it was would show
    assert all(not np.allclose(got.X, task.X, rtol=0.05) for got, task in zip(mixed, tasks))


def test_whole_numbered_floats_are_classes_and_others_targets():
    assert not are_targets(np.array([0.0, 1.0])) and not are_targets(np.array(["a"]))
    assert are_targets(np.array([0.5, 1.0])) and are_targets(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("augment", "tasks", "message"),
    [
        (LabelPermutation(), LinearFamily().sample(2, 0), "numeric targets such as"),
        (ClassMixing(), LinearFamily().sample(2, 0), "numeric targets such as"),
        (TaskMixUp(pairing="same"), LinearFamily().sample(2, 0), "numeric targets such as"),
        (TaskMixUp(), GaussianClusters().sample(1, 0), "at least two"),
        (ClassMixing(), TaskSet([Task(np.eye(2), [0, 1], np.eye(2), name="s7")]), "task 's7' has none"),
        (TaskMixUp(), TaskSet([Task(np.eye(2), [0, 1], np.eye(2))] * 2), "task 0 has none"),
    ],
)
def test_what_cannot_be_mixed_is_said_with_the_reason(augment, tasks, message):
    with pytest.raises(ValueError, match=message):
        augment(tasks)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ClassMixing(alpha=0), "alpha must be positive, got 0"),
        (lambda: TaskMixUp(alpha=-1), "alpha must be positive, got -1"),
        (lambda: TaskMixUp(pairing="all"), "pairing must be .* got 'all'"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_at_once(make, message):
    with pytest.raises(ValueError, match=message):
        make()
