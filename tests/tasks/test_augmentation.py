"""Augmentations that change features, their chain, and the endless source made of them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skmeta.tasks import is_task_distribution
from skmeta.tasks.augmentation import (
    AugmentationChain,
    AugmentedTasks,
    FeatureDropout,
    FeatureNoise,
    TaskAugmentation,
)
from skmeta.tasks.clusters import GaussianClusters
from skmeta.tasks.families import Sinusoids
from skmeta.tasks.mixing import ClassMixing, LabelPermutation, TaskMixUp
from skmeta.tasks.task import Task
from skmeta.tasks.taskset import TaskSet

ALL = [
    FeatureNoise(),
    FeatureDropout(),
    LabelPermutation(),
    ClassMixing(),
    TaskMixUp(),
    AugmentationChain([FeatureNoise(), TaskMixUp(), LabelPermutation()]),
]


def ragged_tasks(seed=0):
    return GaussianClusters((2, 4), (1, 3), (0, 2), n_features=4).sample(6, seed)


def mixed_frame(n_rows=40, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 10, n_rows),
            "colour": pd.Categorical(rng.choice(["red", "green"], n_rows)),
            "member": rng.random(n_rows) < 0.5,
            "visits": rng.integers(0, 9, n_rows),
        }
    )


@pytest.mark.parametrize("augmentation", ALL, ids=repr)
def test_sizes_order_and_names_of_tasks_stay(augmentation):
    X, y, names = np.eye(6), [0, 1, 0, 1, 0, 1], ["b", "a", "c"]
    tasks = TaskSet([Task(X[:4], y[:4], X[4:], y[4:], name=name) for name in names])
    augmented = augmentation(tasks, random_state=0)
    assert list(augmented.names) == names
    for got, task in zip(augmented, tasks):
        assert got.X.shape == task.X.shape and got.X_query.shape == task.X_query.shape
        assert set(got.y) == set(task.y)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), augmentation=st.sampled_from(ALL))
def test_every_augmentation_of_ragged_tasks_is_finite_and_reproducible(seed, augmentation):
    tasks = ragged_tasks(seed)
    before = tasks.pooled[0].copy(), tasks.pooled[1].copy()
    first, again = augmentation(tasks, seed), augmentation(tasks, seed)
    np.testing.assert_array_equal(first.pooled[0], again.pooled[0])
    np.testing.assert_array_equal(first.pooled[1], again.pooled[1])
    assert np.isfinite(first.pooled[0]).all()
    np.testing.assert_array_equal(first.n_support, tasks.n_support)
    np.testing.assert_array_equal(first.n_query, tasks.n_query)
    # the tasks handed in are never changed
    np.testing.assert_array_equal(tasks.pooled[0], before[0])
    np.testing.assert_array_equal(tasks.pooled[1], before[1])


@pytest.mark.parametrize("augmentation", ALL, ids=repr)
def test_the_global_generator_is_left_as_found(augmentation, global_rng_untouched):
    augmentation(ragged_tasks())


@pytest.mark.parametrize("augmentation", ALL, ids=repr)
def test_they_pickle_so_that_workers_can_have_them(augmentation):
    tasks = ragged_tasks()
    copy = pickle.loads(pickle.dumps(augmentation))
    np.testing.assert_array_equal(copy(tasks, 0).pooled[0], augmentation(tasks, 0).pooled[0])


@pytest.mark.parametrize("augmentation", ALL, ids=repr)
def test_dataframes_keep_their_columns_and_what_is_not_numeric_keeps_its_dtype(augmentation):
    X = mixed_frame()
    tasks = TaskSet.from_long(X, np.arange(40) % 2, task=np.arange(40) % 4)
    rows = augmentation(tasks, random_state=0).pooled[0]
    assert list(rows.columns) == list(X.columns)
    assert rows["colour"].dtype == X["colour"].dtype and rows["member"].dtype == bool


def test_noise_has_the_scale_asked_for_in_units_of_each_feature():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 2)) * [1.0, 50.0]
    tasks = TaskSet([Task(X, np.zeros(len(X), dtype=int))])
    added = FeatureNoise(0.2)(tasks, random_state=0).pooled[0] - X
    np.testing.assert_allclose(added.std(axis=0), 0.2 * X.std(axis=0), rtol=0.03)
    np.testing.assert_allclose(added.mean(axis=0) / X.std(axis=0), 0, atol=0.01)


def test_noise_keeps_missing_values_missing_and_constant_features_constant():
    X = np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, 5.0]])
    noisy = FeatureNoise()(TaskSet([Task(X, [0, 1, 0])]), random_state=0).pooled[0]
    np.testing.assert_array_equal(np.isnan(noisy), np.isnan(X))
    np.testing.assert_array_equal(noisy[:, 1], 5.0)


def test_noise_keeps_float32():
    tasks = TaskSet([Task(np.eye(3, dtype=np.float32), [0, 1, 0])])
    assert FeatureNoise()(tasks, 0).pooled[0].dtype == np.float32


def test_dropped_features_are_constant_within_a_task_and_the_others_untouched():
    tasks = GaussianClusters(n_features=10).sample(400, random_state=0)
    dropped = FeatureDropout(0.3)(tasks, random_state=0)
    silent = []
    for got, task in zip(dropped, tasks):
        rows, before = np.concatenate([got.X, got.X_query]), np.concatenate([task.X, task.X_query])
        constant = (rows == rows[0]).all(axis=0)
        silent.append(constant)
        np.testing.assert_array_equal(rows[:, ~constant], before[:, ~constant])
    assert np.mean(silent) == pytest.approx(0.3, abs=0.03)  # 4,000 coins: standard error 0.007
    assert len(np.unique(silent, axis=0)) > 50  # every task loses others


def test_at_least_one_feature_keeps_speaking():
    tasks = GaussianClusters(n_features=3).sample(50, random_state=0)
    for task in FeatureDropout(1.0)(tasks, random_state=0):
        assert (np.ptp(task.X, axis=0) == 0).sum() == 2


def test_a_chain_applies_its_steps_in_order():
    double = lambda tasks, rng: tasks.with_rows(2 * tasks.pooled[0])  # noqa: E731
    add_one = lambda tasks, rng: tasks.with_rows(tasks.pooled[0] + 1)  # noqa: E731
    tasks = TaskSet([Task([[1.0]], [0])])
    assert AugmentationChain([double, add_one])(tasks).pooled[0].item() == 3.0
    assert AugmentationChain([add_one, double])(tasks).pooled[0].item() == 4.0


def test_lists_of_pairs_are_accepted():
    assert len(FeatureNoise()([(np.eye(2), [0, 1]), (np.eye(2), [0, 1])])) == 2


def test_a_base_without_augment_says_what_to_write():
    with pytest.raises(NotImplementedError, match="write _augment"):
        TaskAugmentation()(ragged_tasks())


# ---------------------------------------------------------------- the endless source


def test_a_share_of_the_tasks_is_augmented_and_the_others_are_the_originals():
    few = TaskSet([Task([[float(i)]], [0], name=i) for i in range(5)])
    source = AugmentedTasks(few, lambda tasks, rng: tasks.with_rows(tasks.pooled[0] + 100), share=0.25)
    tasks, made_of = source.sample_with_parameters(2000, random_state=0)
    changed = np.array([task.X.item() >= 100 for task in tasks])
    np.testing.assert_array_equal(changed, made_of["augmented"])
    assert changed.mean() == pytest.approx(0.25, abs=0.04)  # four standard errors
    assert all(task.X.item() % 100 == task.name for task in tasks)


def test_no_task_comes_twice_before_all_have_come():
    few = TaskSet([Task([[float(i)]], [0], name=i) for i in range(5)])
    names = AugmentedTasks(few, FeatureNoise()).sample(12, random_state=0).names
    assert sorted(names[:5]) == sorted(names[5:10]) == [0, 1, 2, 3, 4]


def test_a_distribution_may_be_the_source_and_one_task_may_be_asked_for():
    source = AugmentedTasks(Sinusoids(), TaskMixUp(), share=1.0)
    assert is_task_distribution(source)
    assert source.task_type == "regression" and source.n_features == 1
    assert len(source.sample(1, random_state=0)) == 1
    np.testing.assert_array_equal(source.sample(4, 0).pooled[1], source.sample(4, 0).pooled[1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureNoise(-1), "scale must not be negative, got -1"),
        (lambda: FeatureDropout(1.5), "share must be a probability .* got 1.5"),
        (lambda: AugmentationChain(["noise"]), "must be callable .* got 'noise'"),
        (lambda: AugmentedTasks(ragged_tasks(), "noise"), "must be callable"),
        (lambda: AugmentedTasks(ragged_tasks(), FeatureNoise(), share=2), "got 2"),
        (lambda: FeatureNoise()([(sparse.csr_matrix(np.eye(2)), [0, 1])]), "sparse"),
        (lambda: FeatureNoise()([(np.array([["a"], ["b"]]), [0, 1])]), "not numbers"),
    ],
)
def test_what_cannot_work_is_said_with_the_value(make, message):
    with pytest.raises(ValueError, match=message):
        make()
