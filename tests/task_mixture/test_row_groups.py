"""Rows of a task that belong together are held out together, so that trust is honest."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

from skmeta import TaskMixtureRegressor
from skmeta.task_mixture.hiding import Hiding


def visits(n_tasks=10, n_visits=6, n_rows=4, seed=0):
    """Patients whose visits differ by noise alone, and the rows of a visit next to nothing."""
    rng = np.random.default_rng(seed)
    visit = np.repeat(np.arange(n_tasks * n_visits), n_rows)
    X = rng.normal(size=(n_tasks * n_visits, 2))[visit] + 1e-3 * rng.normal(size=(len(visit), 2))
    y = X[:, 0] + rng.normal(size=n_tasks * n_visits)[visit] + 1e-3 * rng.normal(size=len(visit))
    return X, y, visit // n_visits, visit % n_visits


def fitted(X, y, patient, **groups):
    model = TaskMixtureRegressor(
        LinearRegression(), per_task=DecisionTreeRegressor(random_state=0), cv=3, random_state=0
    )
    return model.fit(X, y, task=patient, **groups)


def test_repeated_measures_do_not_make_what_follows_a_tasks_own_rows_seem_good():
    X, y, patient, visit = visits()
    fooled, honest = fitted(X, y, patient), fitted(X, y, patient, groups=[f"visit {name}" for name in visit])
    own, curves = "task's own model", "LinearRegression + task curves"
    assert fooled.weights_known_[own].min() > 0.6 and honest.weights_known_[own].max() < 0.2
    assert fooled.weights_new_[curves].iloc[-1] > 0.6 and honest.weights_new_[curves].iloc[-1] < 0.2
    rng = np.random.default_rng(5)  # further visits of the same patients
    X = rng.normal(size=X.shape)
    y = X[:, 0] + rng.normal(size=len(y))
    missed, inside = [], []
    for model in (fooled, honest):
        missed.append(np.mean((model.predict(X, task=patient) - y) ** 2))
        low, high = model.predict(X, quantiles=[0.05, 0.95], task=patient).T
        inside.append(np.mean((low < y) & (y < high)))
    assert missed[1] < 0.7 * missed[0]
    assert inside[0] < 0.3 and inside[1] > 0.8


def test_no_group_is_both_shown_and_asked_about():
    code = np.repeat([0, 1, 2], [9, 6, 5])
    unit = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 1, 1, 0, 1, 2, 3, 4])
    hiding = Hiding(code, 3, unit, 2, np.random.default_rng(0))
    fold = hiding.folds_of_rows()
    for task in range(3):
        for name in np.unique(unit[code == task]):
            assert len(set(fold[(code == task) & (unit == name)])) == 1
    sizes = set()
    for shots, is_shown, is_asked in hiding.draws():
        sizes.add(shots)
        for task in range(3):
            mine = code == task
            if is_asked[mine].any():
                assert is_shown[mine].sum() == shots
            else:
                assert not is_shown[mine].any()
            assert not set(unit[mine & is_shown]) & set(unit[mine & is_asked])
    assert sizes == {0, 1, 2, 5}


def test_groups_of_single_rows_are_no_groups():
    X, y, patient, visit = visits(n_rows=1)
    alone, none = fitted(X, y, patient, groups=visit), fitted(X, y, patient)
    assert_array_equal(alone.predict(X, task=patient), none.predict(X, task=patient))


def test_groups_that_are_whole_tasks_leave_nothing_to_trust_in():
    X, y, patient, _ = visits()
    model = fitted(X, y, patient, groups=patient)
    assert np.isfinite(model.predict(X, task=patient)).all()
    assert model.weights_known_["task's own model"].max() < 0.5


@pytest.mark.parametrize(
    "groups, said",
    [([1, 2], r"each of the 240 rows which others of its task it belongs with, got an array of shape \(2,\)"),
     (np.r_[np.nan, np.zeros(239)], "groups holds missing values"),
     (pd.array([pd.NA, *["a"] * 239], dtype="string"), "groups holds missing values")],
)  # fmt: skip
def test_groups_that_name_nothing_are_refused(groups, said):
    X, y, patient, _ = visits()
    for weight in (None, np.arange(240) % 3):
        with pytest.raises(ValueError, match=said):
            fitted(X, y, patient, groups=groups, sample_weight=weight)
