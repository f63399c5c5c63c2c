"""Rows later than the table are answered by those who foretold its last rows."""

from copy import deepcopy
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss

import skmeta
from skmeta import TaskMixtureClassifier, TaskMixtureRegressor
from skmeta.task_mixture import learning_sample
from skmeta.task_mixture.calendar import Calendar

N_TASKS, N_TIMES, KNOWN_TIMES, NOISE = 25, 12, 9, 0.3
TASK, TIME = np.repeat(np.arange(N_TASKS), N_TIMES), np.tile(np.arange(float(N_TIMES)), N_TASKS)
KNOWN = TIME < KNOWN_TIMES


def lines(seed):
    """Every task grows by a line of its own."""
    level, growth = np.random.default_rng(seed).normal(size=(2, N_TASKS))
    return 3 * level[TASK] + (1 + 0.3 * growth[TASK]) * TIME + noise(seed)


def slower_and_slower(seed):
    level, growth = np.random.default_rng(seed).normal(size=(2, N_TASKS))
    return 3 * level[TASK] + (8 + 2.4 * growth[TASK]) * np.sqrt(TIME) + noise(seed)


def seasonal(seed):
    level, height = np.random.default_rng(seed).normal(size=(2, N_TASKS))
    return level[TASK] + (2 + 0.6 * height[TASK]) * np.sin(2 * np.pi * TIME / 6) + noise(seed)


def returning(seed):
    """Every task strays from its level, and returns."""
    rng = np.random.default_rng(seed)
    level, away = rng.normal(size=N_TASKS), np.zeros((N_TASKS, N_TIMES))
    for k in range(1, N_TIMES):
        away[:, k] = 0.8 * away[:, k - 1] + rng.normal(size=N_TASKS)
    return level[TASK] + away.ravel()


def noise(seed):
    return NOISE * np.random.default_rng([seed, 1]).normal(size=len(TASK))


def walks(seed):
    """Nobody knows where a task goes from where it is."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(N_TASKS, N_TIMES)).cumsum(axis=1).ravel() + 0.1 * noise(seed)


def fitted(y, mixture=None, time=TIME, **params):
    mixture = TaskMixtureRegressor(cv=2, random_state=0) if mixture is None else mixture
    return mixture.fit(time[KNOWN, None], y[KNOWN], task=TASK[KNOWN], **params)


def without_looking_ahead(y, time=TIME):
    with patch.object(Calendar, "of", return_value=None):
        return fitted(y, time=time)


def error_ahead(model, y, time=TIME):
    return rmse(model.predict(time[~KNOWN, None], task=TASK[~KNOWN]), y)


def rmse(answers, y):
    return np.sqrt(np.mean((answers - y[~KNOWN]) ** 2))


def as_those_who_know_how_lines_are_made(y):
    """The answers of a mixed model with the true variances."""
    out, spread = np.empty((~KNOWN).sum()), np.diag([9.0, 0.09])
    Z, rest = np.column_stack([np.ones(len(TIME)), TIME]), y - TIME
    for task in range(N_TASKS):
        mine = task == TASK
        seen, asked = KNOWN & mine, ~KNOWN & mine
        covariance = Z[seen] @ spread @ Z[seen].T + NOISE**2 * np.eye(seen.sum())
        own = spread @ Z[seen].T @ np.linalg.solve(covariance, rest[seen])
        out[mine[~KNOWN]] = TIME[asked] + Z[asked] @ own
    return out


def test_growth_is_foretold_by_those_who_foretold_the_last_rows():
    y = slower_and_slower(0)
    assert error_ahead(fitted(y), y) < 0.5 * error_ahead(without_looking_ahead(y), y)


def test_lines_go_on_beyond_the_table():
    y = lines(0)
    assert error_ahead(fitted(y), y) < 1.1 * rmse(as_those_who_know_how_lines_are_made(y), y)


OWN_TIMES = {"each its own": TIME + 0.37 * TASK, "counted down": -TIME}


@pytest.mark.parametrize("time", OWN_TIMES.values(), ids=OWN_TIMES)
def test_so_is_growth_by_a_time_of_each_task_and_by_one_that_counts_down(time):
    y = slower_and_slower(0)
    assert error_ahead(fitted(y, time=time), y, time) < 0.6 * error_ahead(without_looking_ahead(y, time), y, time)


def test_walks_are_foretold_from_where_they_are():
    y = walks(0)
    model, last = fitted(y), y[TIME == KNOWN_TIMES - 1][TASK[~KNOWN]]
    assert error_ahead(model, y) < 1.03 * rmse(last, y)
    trusted = model.weights_ahead_.iloc[-1]
    assert trusted[trusted.index.str.endswith("from the last row")].sum() > 0.4


def test_intervals_of_walks_widen_with_the_distance():
    inside, width = np.mean([by_distance(walks(seed)) for seed in range(4)], axis=0)
    assert 1.25 < width[2] / width[0] < 2.2  # the root of 3 is 1.73
    assert np.ptp(inside) < 0.1 and abs(inside.mean() - 0.9) < 0.06


def test_intervals_of_tasks_of_two_rows_widen_with_the_distance_where_each_has_times_of_its_own():
    held = np.mean([share_in_intervals_of_short_tasks(seed) for seed in range(4)], axis=0)
    assert (held > 0.6).all() and (held < 0.98).all()


def share_in_intervals_of_short_tasks(seed, n_long=20, n_short=20, n_rows=12, n_few=2):
    """Shares in 90% intervals, of one and two, of three and four, and of five and six times after the last row."""
    rng = np.random.default_rng(seed)
    level, growth = rng.normal(size=(2, n_long + n_short)) * [[2], [0.5]] + [[0], [1]]
    first = rng.integers(0, 400, size=n_long + n_short)
    task, age = np.repeat(np.arange(n_long + n_short), n_rows), np.tile(np.arange(n_rows), n_long + n_short)
    y = level[task] + growth[task] * age + NOISE * rng.normal(size=len(task))
    time, is_short = (first[task] + age)[:, None], task >= n_long
    shown, asked = ~is_short | (age < n_few), is_short & (age >= n_few) & (age < n_few + 6)
    model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0)
    model.fit(time[shown], y[shown], task=task[shown])
    low, high = model.predict(time[asked], task=task[asked], quantiles=[0.05, 0.95]).T
    return ((low < y[asked]) & (y[asked] < high)).reshape(n_short, 3, 2).mean(axis=(0, 2))


def by_distance(y):
    """Shares in 90% intervals and widths of these, one, two and three times after the last row."""
    low, high = fitted(y).predict(TIME[~KNOWN, None], task=TASK[~KNOWN], quantiles=[0.05, 0.95]).T
    inside, width = (low < y[~KNOWN]) & (y[~KNOWN] < high), high - low
    return [[values[TIME[~KNOWN] == t].mean() for t in range(KNOWN_TIMES, N_TIMES)] for values in (inside, width)]


def test_tasks_that_were_not_learned_from_look_ahead_as_others_do(monkeypatch):
    monkeypatch.setattr(learning_sample, "MOST_ROWS", 120)
    monkeypatch.setattr(learning_sample, "_ENOUGH_TASKS", 12)
    y = slower_and_slower(0)
    model, other = fitted(y), without_looking_ahead(y)
    n_learned = model.mixtures_[0].shown.n_fitted
    place = np.array([model.places_.place[task] for task in TASK[~KNOWN].tolist()])
    assert 10 < n_learned < 15
    for mine in (place < n_learned, place >= n_learned):
        errors = [
            np.square(one.predict(TIME[~KNOWN, None], task=TASK[~KNOWN]) - y[~KNOWN])[mine] for one in (model, other)
        ]
        assert np.sqrt(np.mean(errors[0]) / np.mean(errors[1])) < 0.6


def test_tasks_that_open_later_are_answered_as_if_nobody_had_looked_ahead():
    y, first = slower_and_slower(0), TASK < N_TASKS - 1
    answers = []
    for model in (fitted(y), without_looking_ahead(y)):
        model.partial_fit(TIME[KNOWN & first, None], y[KNOWN & first], task=100 + TASK[KNOWN & first])
        answers.append(model.predict(TIME[~KNOWN, None], task=100 + TASK[~KNOWN]))
    assert_array_equal(*answers)


@pytest.mark.parametrize("panel", [seasonal, returning])
def test_where_lines_do_not_go_on_nothing_is_lost_by_looking_ahead(panel):
    y = panel(0)
    assert error_ahead(fitted(y), y) < 1.01 * error_ahead(without_looking_ahead(y), y)


def test_rows_of_the_table_and_new_tasks_are_answered_as_if_nobody_had_looked_ahead():
    y = lines(0)
    model, other = fitted(y), without_looking_ahead(y)
    between = np.linspace(0, KNOWN_TIMES - 1, len(TASK))[:, None]
    assert_array_equal(model.predict(between, task=TASK), other.predict(between, task=TASK))
    few = slice(3)
    shown = [one.adapt(TIME[few, None], y[few]) for one in (model, other)]
    assert_array_equal(*(one.predict(TIME[:, None]) for one in shown))


# where rows behind an origin have nothing in common, two origins cannot say so, and intervals are a little too wide
@pytest.mark.parametrize("panel, off", [(lines, 0.07), (slower_and_slower, 0.1)])
def test_intervals_are_as_wide_as_errors_ahead(panel, off):
    held = [share_in_intervals(fitted(y), y) for y in map(panel, range(4))]
    assert abs(np.mean(held) - 0.9) < off


def test_intervals_of_rows_between_others_are_too_narrow_ahead():
    held = [share_in_intervals(without_looking_ahead(y), y) for y in map(slower_and_slower, range(4))]
    assert np.mean(held) < 0.75


def test_so_are_they_where_a_task_ends_before_others():
    held = []
    for seed in range(3):
        y, is_known = walks(seed), (TASK % 2 == 0) | KNOWN
        model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0)
        model.fit(TIME[is_known, None], y[is_known], task=TASK[is_known])
        low, high = model.predict(TIME[~is_known, None], task=TASK[~is_known], quantiles=[0.05, 0.95]).T
        held.append(np.mean((low < y[~is_known]) & (y[~is_known] < high)))
    assert np.mean(held) > 0.85


def share_in_intervals(model, y):
    low, high = model.predict(TIME[~KNOWN, None], task=TASK[~KNOWN], quantiles=[0.05, 0.95]).T
    return np.mean((low < y[~KNOWN]) & (y[~KNOWN] < high))


def test_chances_go_on_beyond_the_table():
    losses = np.mean([losses_of_chances(seed) for seed in range(3)], axis=0)
    assert losses[0] < 0.96 * losses[1]


def losses_of_chances(seed):
    """The log losses of chances ahead, and of those where nobody has looked ahead."""
    y = np.where(lines(seed) - TIME.mean() > 1.5 * noise(seed + 5), "grown", "small")
    models = [fitted(y, TaskMixtureClassifier(cv=2, random_state=0))]
    with patch.object(Calendar, "of", return_value=None):
        models.append(fitted(y, TaskMixtureClassifier(cv=2, random_state=0)))
    return [log_loss(y[~KNOWN], one.predict_proba(TIME[~KNOWN, None], task=TASK[~KNOWN])) for one in models]


def test_what_is_ahead_of_a_task_moves_with_what_it_has_shown():
    y, asked = lines(0), np.full(2, float(KNOWN_TIMES))
    model, task = fitted(y), np.array([0, 1])
    new = (TASK == 0) & ~KNOWN
    answers = {}
    nowhere = np.zeros(2, dtype=bool), np.zeros(2)
    for name, find in (("ahead", Calendar.beyond), ("between", lambda self, query, shown: nowhere)):
        with patch.object(Calendar, "beyond", find):
            shown = deepcopy(model).partial_fit(TIME[new, None], y[new], task=TASK[new])
            answers[name] = shown.predict(asked[:, None], task=task)
    assert answers["ahead"][0] == answers["between"][0]
    assert answers["ahead"][1] != answers["between"][1]
    assert answers["ahead"][1] == model.predict(asked[:, None], task=task)[1]


def test_dates_are_a_time():
    y, dates = lines(0), pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * TIME, unit="D")
    table = pd.DataFrame({"week": dates, "store": TASK})
    model = TaskMixtureRegressor(LinearRegression(), cv=2, task="store", random_state=0).fit(table[KNOWN], y[KNOWN])
    assert_allclose(model.weights_ahead_.sum(axis=1), 1)
    assert list(model.weights_ahead_)[-2:] == ["mean from the last row", "LinearRegression from the last row"]


def test_without_a_time_there_is_no_trust_ahead():
    y, measured = lines(0), np.random.default_rng(0).normal(size=(len(TASK), 1))
    model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(measured, y, task=TASK)
    with pytest.raises(AttributeError, match="no column that tells the time"):
        model.weights_ahead_  # noqa: B018


def test_a_stored_mixture_looks_ahead_as_before(tmp_path):
    y = lines(0)
    model = fitted(y, TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0))
    model.save(tmp_path / "model")
    asked = {"X": TIME[:, None], "task": TASK}
    assert_array_equal(skmeta.load(tmp_path / "model").predict(**asked), model.predict(**asked))


def test_groups_that_tasks_are_nested_in_do_not_look_ahead():
    y = lines(0)
    nested = np.column_stack([TASK // 5, TASK])
    model = fitted_nested(y, nested)
    assert [one.ahead is None for one in (model.mixtures_[0], model.group_mixtures_[0])] == [False, True]


def fitted_nested(y, nested):
    table = pd.DataFrame({"region": nested[:, 0], "store": nested[:, 1], "week": TIME})
    mixture = TaskMixtureRegressor(LinearRegression(), cv=2, task=["region", "store"], random_state=0)
    return mixture.fit(table[KNOWN], y[KNOWN])
