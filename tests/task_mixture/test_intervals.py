"""How sure TaskMixtureRegressor is: held-out rows lie in its intervals as often as these say."""

import copy
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

from skmeta import Task, TaskMixtureRegressor
from skmeta.task_mixture.uncertainty import Uncertainty


def sites(n_tasks, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), 15)
    X = rng.normal(size=(len(task), 2))
    y = (1 + 0.5 * rng.normal(size=n_tasks))[task] * X[:, 0] + 2 * rng.normal(size=n_tasks)[task]
    return X, y + noise * rng.normal(size=len(task)), task


def linear(seed=0):
    return TaskMixtureRegressor(LinearRegression(), cv=3, random_state=seed)


@pytest.mark.parametrize("n_tasks", [8, 40])
def test_nine_in_ten_rows_lie_in_ninety_percent_intervals(n_tasks):
    inside = {"known": [], 0: [], 2: []}
    for seed in range(6):
        X, y, task = sites(n_tasks + 20, seed=seed)
        is_new, hidden = task >= n_tasks, np.tile(np.arange(15) >= 11, n_tasks + 20)
        shown = ~is_new & ~hidden
        model = linear(seed).fit(X[shown], y[shown], task=task[shown])
        for what, found in inside.items():
            asked, mine = copy.copy(model), hidden & (is_new if what != "known" else ~is_new)
            if what == 2:
                few = is_new & np.tile(np.arange(15) < 2, n_tasks + 20)
                asked.partial_fit(X[few], y[few], task=task[few])
            low, high = asked.predict(X[mine], quantiles=[0.05, 0.95], task=task[mine]).T
            found.append(np.mean((low <= y[mine]) & (y[mine] <= high)))
    for what, found in inside.items():
        assert 0.82 < np.mean(found) < 0.97, what


def test_the_more_a_task_has_shown_the_surer_are_its_answers():
    X, y, task = sites(30)
    model = linear().fit(X, y, task=task)
    _, cold = model.predict(X[:15], return_std=True, task=[99] * 15)
    _, warm = model.partial_fit(X[:8], y[:8], task=[99] * 8).predict(X[:15], return_std=True, task=[99] * 15)
    assert warm.mean() < 0.5 * cold.mean()


def test_a_known_task_of_more_noise_has_wider_intervals():
    X, y, task = sites(20)
    y[task == 3] += 5 * np.random.default_rng(1).normal(size=15)
    _, std = linear().fit(X, y, task=task).predict(X, return_std=True, task=task)
    assert std[task == 3].mean() > 2 * std[task != 3].mean()


def growing(seed):
    """Every site grows from nothing by a rate of its own; in numbers of ten binary digits."""
    rng = np.random.default_rng(seed)
    site, week = np.repeat(np.arange(20), 12), np.tile(np.arange(12.0), 20)
    y = np.exp(0.4 * rng.normal(size=20))[site] * week + 0.1 * rng.normal(size=240)
    return week[:, None], np.round(1024 * y) / 1024, site


@pytest.fixture(scope="module")
def asked_of_growth():
    """Quantiles of rows between others and of rows ahead, of a site of the table and of one never seen, by a shift."""
    week, y, site = growing(0)

    @cache
    def quantiles(shift):
        model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(week, y + shift, task=site)
        rows = np.concatenate([week[:12] + 0.5, week[:12] + 12])
        asked = [model.predict(rows, quantiles=[0.05, 0.5, 0.95], task=[name] * 24) for name in (3, 99)]
        return np.concatenate(asked) - shift

    return quantiles


@pytest.mark.parametrize("shift", [1e3, -1e4, 1e6, 1e9])
def test_intervals_move_with_the_targets_and_are_as_wide_wherever_these_lie(asked_of_growth, shift):
    assert_allclose(asked_of_growth(shift), asked_of_growth(0.0), rtol=1e-5, atol=1e-5)


def test_errors_that_grow_with_the_answer_have_intervals_that_do_wherever_targets_lie():
    week, y, site = growing(0)
    _, asked, _ = growing(100)
    model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(week, y + 2.0**20, task=site)
    low, high = model.predict(week, quantiles=[0.05, 0.95], task=["new"] * 240).T - 2.0**20
    held, width = (low <= asked) & (asked <= high), high - low
    for mine in (week[:, 0] < 3, week[:, 0] > 8):
        assert held[mine].mean() > 0.7
    assert width[week[:, 0] == 11].mean() > 3 * width[week[:, 0] == 1].mean()


def test_errors_that_were_stored_before_that_are_told_from_zero_as_they_were():
    none, answers, weights = np.zeros(2), np.zeros((2, 1)), np.ones((2, 1))
    errors = Uncertainty([0]).fit(none, answers, weights, np.array([1.0, 2.0]), none, none)
    del errors.ends
    errors.coef = np.array([[1.0, 0.0, 0.5]])
    blend = np.array([-2.0, 4.0])
    assert_allclose(errors.scale(blend, blend[:, None], weights, none, none), [2.0, 3.0])


def test_quantiles_and_deviations_come_in_the_shapes_and_units_asked_for():
    X, y, task = sites(8)
    model = linear().fit(X, y, task=task)
    mean, std = model.predict(X, return_std=True, task=task)
    assert_allclose(mean, model.predict(X, task=task))
    quantiles = model.predict(X, quantiles=[0.1, 0.5, 0.9], task=task)
    assert quantiles.shape == (120, 3) and (np.diff(quantiles, axis=1) >= 0).all() and (std > 0).all()
    wide = linear().fit(X, 1024 * y, task=task)
    assert_allclose(wide.predict(X, quantiles=[0.1, 0.9], task=task), 1024 * quantiles[:, ::2])
    both = linear().fit(X, np.column_stack([y, 1024 * y]), task=task)
    assert_allclose(both.predict(X, return_std=True, task=task)[1][:, 1], 1024 * std)
    assert both.predict(X, quantiles=[0.5], task=task).shape == (120, 2, 1)
    tasks = [Task(X[:5], y[:5], X[5:9]), Task(X[20:23], y[20:23], X[23:25])]
    means, stds = model.predict(tasks, return_std=True)
    assert [len(s) for s in stds] == [4, 2] and model.predict(tasks, quantiles=[0.2, 0.8])[1].shape == (2, 2)
    for wrong in ([0.0], [1.2], [[0.5]]):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            model.predict(X, quantiles=wrong, task=task)
    with pytest.raises(ValueError, match="together"):
        model.predict(X, return_std=True, quantiles=[0.5], task=task)


def test_errors_that_agree_within_tasks_tell_of_fewer():
    rng = np.random.default_rng(0)
    task, n_shown = np.repeat(np.arange(6), 50), np.zeros(300)
    answers, weights = np.zeros((300, 1)), np.ones((300, 1))

    def width(y):
        errors = Uncertainty([0]).fit(answers[:, 0], answers, weights, y, n_shown, task)
        return np.ptp(errors.quantiles(np.zeros(1), np.ones(1), np.zeros(1), [0.05, 0.95])) * errors.coef[0, 0]

    apart = rng.normal(size=300)
    alike = rng.permutation(apart)[task]
    assert width(alike) / np.ptp(np.quantile(alike, [0.05, 0.95])) > 1.2 * width(apart) / np.ptp(
        np.quantile(apart, [0.05, 0.95])
    )


@pytest.mark.parametrize("shift", [0.0, 0.6, 1.0])
def test_two_origins_make_intervals_of_a_third_neither_too_narrow_nor_absurdly_wide(shift):
    rng, held, widths, n = np.random.default_rng(0), [], [], 40
    task, origin = np.tile(np.arange(n), 2), np.repeat([0, 1], n)
    answers, weights, n_shown, distance = np.zeros((2 * n, 1)), np.ones((2 * n, 1)), np.full(2 * n, 9), np.ones(2 * n)
    for _ in range(150):  # all tasks went another way than was foretold, a new one behind each origin
        y = shift * rng.normal(size=3)[np.r_[origin, np.full(n, 2)]] + rng.normal(size=3 * n)
        errors = Uncertainty([9]).fit(
            answers[:, 0], answers, weights, y[: 2 * n], n_shown, task, None, distance, origin
        )
        unit = errors.scale(answers[:1, 0], answers[:1], weights[:1], n_shown[:1], task[:1], distance[:1])
        low, high = errors.quantiles(np.zeros(1), unit, n_shown[:1], [0.05, 0.95])[0]
        held.append(np.mean((low < y[2 * n :]) & (y[2 * n :] < high)))
        widths.append(high - low)
    assert 0.86 < np.mean(held) < 0.95
    assert max(widths) < 2.5 * 3.29 * np.hypot(shift, 1)


def test_one_task_two_tasks_and_constant_targets_have_intervals():
    X, y, task = sites(2)
    for targets, ids in ((y, task), (y, None), (np.ones(30), task)):
        low, high = linear().fit(X, targets, task=ids).predict(X, quantiles=[0.05, 0.95], task=ids).T
        assert np.isfinite(low).all() and (low <= high).all()
