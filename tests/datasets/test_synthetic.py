"""Made-up tasks, related tables and class splits."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skmeta.datasets import (
    make_few_shot_classification,
    make_few_shot_regression,
    make_related_tables,
    split_classes,
)
from skmeta.tasks.taskset import TaskSet


def test_few_shot_classification_tasks_have_the_sizes_asked_for():
    tasks = make_few_shot_classification(7, n_ways=3, n_shots=2, n_query=4, n_features=6, random_state=0)
    assert len(tasks) == 7 and tasks.n_features == 6
    assert all(np.bincount(task.y).tolist() == [2] * 3 for task in tasks)
    assert all(np.bincount(task.y_query).tolist() == [4] * 3 for task in tasks)


@pytest.mark.parametrize("family", ["sinusoid", "linear", "quadratic"])
def test_few_shot_regression_tasks_have_the_sizes_asked_for(family):
    tasks = make_few_shot_regression(7, family=family, n_shots=(2, 3), n_query=4, random_state=0)
    assert len(tasks) == 7
    assert all(2 <= len(task.X) <= 3 and len(task.X_query) == 4 for task in tasks)


def test_options_reach_the_family():
    tasks = make_few_shot_regression(3, family="linear", n_features=7, n_latent=3, random_state=0)
    assert tasks.n_features == 7


def test_an_unknown_family_is_refused():
    with pytest.raises(ValueError, match="family must be one of .* got 'cubic'"):
        make_few_shot_regression(family="cubic")


@pytest.mark.parametrize(
    "make",
    [
        make_few_shot_classification,
        make_few_shot_regression,
        lambda n, random_state: [make_related_tables(n, random_state=random_state)],
    ],
)
def test_a_seed_repeats_the_data_and_another_does_not(make):
    def rows(seed):
        made = make(5, random_state=seed)
        return made.pooled[0] if isinstance(made, TaskSet) else made[0][0]

    np.testing.assert_array_equal(rows(0), rows(0))
    assert rows(0).shape != rows(1).shape or not np.array_equal(rows(0), rows(1))


def test_related_tables_have_the_sizes_asked_for():
    X, y, task = make_related_tables(9, n_rows=(5, 8), n_features=4, n_classes=3, random_state=0)
    sizes = np.bincount(task)
    assert len(sizes) == 9 and sizes.min() >= 5 and sizes.max() <= 8
    assert X.shape == (len(y), 4) and set(y) == {0, 1, 2}


def accuracy_of_foreign_rows(relatedness):
    """Accuracy of a rule learned on one half of the tables for the rows of the other half."""
    X, y, task = make_related_tables(40, n_rows=100, relatedness=relatedness, noise=0.1, random_state=0)
    train = task < 20
    return LogisticRegression().fit(X[train], y[train]).score(X[~train], y[~train])


def test_relatedness_decides_what_one_table_says_about_another():
    assert accuracy_of_foreign_rows(1.0) > 0.93
    assert 0.6 < accuracy_of_foreign_rows(0.5) < 0.9
    assert accuracy_of_foreign_rows(0.0) < 0.65


def test_the_rules_of_two_tables_correlate_as_relatedness_says():
    X, y, task = make_related_tables(
        60, n_rows=200, n_features=30, task_type="regression", relatedness=0.6, noise=0.0, random_state=0
    )
    rules = np.stack([Ridge(alpha=1e-6).fit(X[task == t], y[task == t]).coef_ for t in range(60)])
    cosine = rules @ rules.T / np.outer(*[np.linalg.norm(rules, axis=1)] * 2)
    assert cosine[~np.eye(60, dtype=bool)].mean() == pytest.approx(0.6, abs=0.15)


def test_a_frame_has_categories_and_missing_cells():
    X, y, task = make_related_tables(
        20, n_features=4, n_categorical=2, missing_share=0.1, as_frame=True, random_state=0
    )
    assert isinstance(y, pd.Series) and task.name == "task"
    assert list(X.columns) == ["x0", "x1", "x2", "x3"]
    assert X["x0"].dtype == "category" and set(X["x1"].cat.categories) == {"low", "middle", "high"}
    assert X["x2"].dtype == float
    assert X.isna().to_numpy().mean() == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task_type": "ranking"}, "task_type must be .* got 'ranking'"),
        ({"relatedness": 1.1}, "relatedness must lie between 0 and 1, got 1.1"),
        ({"missing_share": -0.1}, "missing_share must lie"),
        ({"n_categorical": 9, "as_frame": True}, "n_features=8, got 9"),
        ({"n_categorical": 1}, "as_frame=True"),
        ({"n_classes": 1}, "n_classes must be at least 2"),
        ({"n_rows": 0}, "n_rows must"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_related_tables(**options)


# ---------------------------------------------------------------- splitting by classes


X = np.arange(20.0).reshape(10, 2)
y = np.array(["a", "b", "c", "d", "e"] * 2)


def test_every_row_goes_to_one_side_with_its_whole_class():
    train, test = split_classes(X, y, test_size=2, random_state=0)
    assert set(train[0].y) | set(test[0].y) == set(y)
    assert not set(train[0].y) & set(test[0].y)
    assert len(set(test[0].y)) == 2
    rows = np.concatenate([train[0].X, test[0].X])
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], X)
    assert train[0].name == "meta-train" and test[0].name == "meta-test"
    for side in (train[0], test[0]):
        np.testing.assert_array_equal(y[(side.X[:, 0] / 2).astype(int)], side.y)


@pytest.mark.parametrize(("test_size", "n_test"), [(0.25, 2), (0.2, 1), (0.6, 3), (1, 1)])
def test_a_share_is_rounded_up_and_an_int_is_a_number(test_size, n_test):
    assert len(set(split_classes(X, y, test_size, random_state=0)[1][0].y)) == n_test


def test_the_test_classes_may_be_named():
    assert set(split_classes(X, y, test_size=["b", "e"])[1][0].y) == {"b", "e"}


def test_the_split_is_decided_by_the_seed():
    picked = {tuple(np.unique(split_classes(X, y, 2, random_state=seed)[1][0].y)) for seed in range(20)}
    assert len(picked) > 3
    again = [tuple(np.unique(split_classes(X, y, 2, random_state=3)[1][0].y)) for _ in range(2)]
    assert again[0] == again[1]


def test_frames_and_images_are_split_as_they_are():
    frame = pd.DataFrame(X, columns=["u", "v"])
    assert list(split_classes(frame, y, 2, random_state=0)[0][0].X.columns) == ["u", "v"]
    images = np.zeros((10, 3, 3))
    assert split_classes(images, y, 2, random_state=0)[1][0].X.shape == (4, 3, 3)


@pytest.mark.parametrize(
    ("test_size", "message"),
    [(0, "gives 0 test classes"), (5, "gives 5 test classes"), (1.0, "gives 5"), (["z"], r"does not have: \['z'\]")],
)
def test_both_sides_need_a_class(test_size, message):
    with pytest.raises(ValueError, match=message):
        split_classes(X, y, test_size)


def test_one_class_a_row_is_required():
    with pytest.raises(ValueError, match="each of the 10 rows"):
        split_classes(X, y[:5])
