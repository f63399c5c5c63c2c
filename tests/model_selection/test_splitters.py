"""Splitters over tasks: who is in which fold, and how many rows are shown."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmeta.model_selection import KShotSplit, TaskKFold

TASK = np.repeat(["a", "b", "c", "d"], [3, 5, 2, 4])
X = np.arange(len(TASK), dtype=float)[:, None]


def shown(task, rows):
    names, counts = np.unique(task[rows], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist()))


def test_task_folds_test_every_row_once_and_split_no_task():
    tested = []
    for train, test in TaskKFold(2, random_state=0).split(X, groups=TASK):
        assert not set(TASK[train]) & set(TASK[test])
        assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(TASK)))
        tested.append(test)
    assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(TASK)))


def test_task_folds_show_so_many_rows_of_each_test_task():
    for train, test in TaskKFold(2, n_shots=1, random_state=0).split(X, groups=TASK):
        assert all(shown(TASK, train)[name] == 1 for name in set(TASK[test]))


def test_k_shots_of_every_task_are_training_rows():
    for train, test in KShotSplit(n_shots=3, n_splits=4, random_state=0).split(X, groups=TASK):
        assert shown(TASK, train) == {"a": 3, "b": 3, "c": 2, "d": 3}
        assert shown(TASK, test) == {"b": 2, "d": 1}


def test_training_tasks_are_given_whole():
    for train, test in KShotSplit(1, 3, n_train_tasks=2, random_state=0).split(X, groups=TASK):
        whole = {"a": 3, "b": 5, "c": 2, "d": 4}
        given = shown(TASK, train)
        assert sum(given[name] == n for name, n in whole.items()) == 2
        assert len(shown(TASK, test)) == 2


def test_a_share_of_the_tasks_is_as_good_as_their_number():
    number = next(KShotSplit(1, n_train_tasks=2, random_state=3).split(X, groups=TASK))
    share = next(KShotSplit(1, n_train_tasks=np.float32(0.5), random_state=3).split(X, groups=TASK))
    assert_array_equal(number[1], share[1])


def test_tasks_to_test_may_show_nothing_where_others_are_whole():
    train, test = next(KShotSplit(0, n_train_tasks=2, random_state=0).split(X, groups=TASK))
    assert len(set(TASK[train])) == 2 and not set(TASK[train]) & set(TASK[test])


@pytest.mark.parametrize("splitter", [TaskKFold(2, n_shots=1, random_state=1), KShotSplit(1, 2, random_state=1)])
def test_a_seed_decides_the_split(splitter):
    first, second = (list(splitter.split(X, groups=TASK)) for _ in range(2))
    for (train, test), (train_again, test_again) in zip(first, second):
        assert_array_equal(train, train_again)
        assert_array_equal(test, test_again)


def test_groups_may_be_columns_of_the_table():
    table = pd.DataFrame({"x": X[:, 0], "site": TASK})
    by_name = next(KShotSplit(1, random_state=0).split(table, groups="site"))
    by_ids = next(KShotSplit(1, random_state=0).split(X, groups=TASK))
    assert_array_equal(by_name[0], by_ids[0])


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=8),
    n_shots=st.integers(1, 5),
    seed=st.integers(0, 10),
)
@settings(deadline=None, max_examples=40)
def test_rows_are_never_on_both_sides(sizes, n_shots, seed):
    task = np.repeat(np.arange(len(sizes)), sizes)
    splitter = KShotSplit(n_shots, 1, random_state=seed)
    if max(sizes) <= n_shots:
        with pytest.raises(ValueError, match="leaves no test row"):
            next(splitter.split(task, groups=task))
        return
    train, test = next(splitter.split(task, groups=task))
    assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(task)))
    assert_array_equal(np.bincount(task[train], minlength=len(sizes)), np.minimum(sizes, n_shots))


@pytest.mark.parametrize(
    "splitter, message",
    [
        (TaskKFold(5), "n_splits=5 folds need as many tasks, but there are 4"),
        (TaskKFold(2, n_shots=9), "n_shots=9 leaves no test row in fold"),
        (TaskKFold(1), "n_splits must be a whole number of at least 2, got 1"),
        (KShotSplit(5), "n_shots=5 leaves no test row: the largest task has 5 rows"),
        (KShotSplit(1, n_train_tasks=4), "n_train_tasks=4 of 4 tasks leaves none to test"),
        (KShotSplit(1.5), "n_shots must be a whole number"),
        (KShotSplit(True), "n_shots must be a whole number"),
        (KShotSplit(0), "n_shots=0 leaves no training row"),
        (KShotSplit(1, n_train_tasks=True), "n_train_tasks must be a whole number"),
        (KShotSplit(1, n_train_tasks="half"), "n_train_tasks must be a whole number"),
        (KShotSplit(1, n_train_tasks=0.1), "n_train_tasks=0.1 of 4 tasks is no whole task"),
        (KShotSplit(1, n_train_tasks=1.0), "must lie between 0 and 1"),
        (KShotSplit(1, n_train_tasks=np.nan), "must lie between 0 and 1"),
    ],
)
def test_what_cannot_be_split_is_said(splitter, message):
    with pytest.raises(ValueError, match=message):
        list(splitter.split(X, groups=TASK))


def test_without_groups_there_is_nothing_to_split_by():
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        list(TaskKFold(2).split(X))


def test_scikit_learns_tools_take_the_splitters():
    y = X[:, 0]
    assert cross_val_score(Ridge(), X, y, groups=TASK, cv=TaskKFold(2)).shape == (2,)
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=KShotSplit(1, 2)).fit(X, y, groups=TASK)
    assert search.n_splits_ == 2


def test_groups_are_routed_to_the_splitter_without_being_requested():
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=TaskKFold(2)).fit(X, X[:, 0], groups=TASK)
    assert search.n_splits_ == 2
