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
from skmeta.task_mixture.ahead import Calendar
from skmeta.task_mixture.rows import Rows
from skmeta.task_mixture.shown_rows import ShownRows

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


def fitted(y, mixture=None, **params):
    mixture = TaskMixtureRegressor(cv=2, random_state=0) if mixture is None else mixture
    return mixture.fit(TIME[KNOWN, None], y[KNOWN], task=TASK[KNOWN], **params)


def without_looking_ahead(y):
    with patch.object(Calendar, "of", return_value=None):
        return fitted(y)


def error_ahead(model, y):
    return rmse(model.predict(TIME[~KNOWN, None], task=TASK[~KNOWN]), y)


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


@pytest.mark.parametrize("panel, off", [(lines, 0.04), (slower_and_slower, 0.1)])
def test_intervals_are_as_wide_as_errors_ahead(panel, off):
    held = [share_in_intervals(fitted(y), y) for y in map(panel, range(4))]
    assert abs(np.mean(held) - 0.9) < off


def test_intervals_of_rows_between_others_are_too_narrow_ahead():
    held = [share_in_intervals(without_looking_ahead(y), y) for y in map(slower_and_slower, range(4))]
    assert np.mean(held) < 0.75


def share_in_intervals(model, y):
    low, high = model.predict(TIME[~KNOWN, None], task=TASK[~KNOWN], quantiles=[0.05, 0.95]).T
    return np.mean((low < y[~KNOWN]) & (y[~KNOWN] < high))


def test_chances_go_on_beyond_the_table():
    y = np.where(lines(0) - TIME.mean() > 1.5 * noise(5), "grown", "small")
    models = [fitted(y, TaskMixtureClassifier(cv=2, random_state=0))]
    with patch.object(Calendar, "of", return_value=None):
        models.append(fitted(y, TaskMixtureClassifier(cv=2, random_state=0)))
    losses = [log_loss(y[~KNOWN], one.predict_proba(TIME[~KNOWN, None], task=TASK[~KNOWN])) for one in models]
    assert losses[0] < losses[1]


def test_the_time_is_the_column_that_most_tasks_have_most_of():
    rng = np.random.default_rng(0)
    order = rng.permutation(len(TASK))  # rows may come in any order
    columns = {
        "measured": rng.normal(size=len(TASK)),
        "grade": rng.integers(6, size=len(TASK)),
        "of the task": np.arange(N_TASKS)[TASK],
        "week": TIME,
        "own time": TIME + 20 * TASK,
    }
    X = np.column_stack(list(columns.values())).astype(float)[order]

    def found(*names):
        at = [list(columns).index(name) for name in names]
        rows, _ = Rows.in_order(X[:, at], np.zeros(len(X)), TASK[order])
        calendar = Calendar.of(rows, N_TASKS)
        return None if calendar is None else names[calendar.columns[0]]

    assert found(*columns) == "week"
    assert found("measured", "of the task", "own time") is None


def calendar_of(*columns, task=TASK):
    rows, _ = Rows.in_order(np.column_stack(columns).astype(float), np.zeros(len(task)), task)
    return Calendar.of(rows, task.max() + 1)


FROM_WEEKS = {"an angle": lambda t: np.sin(t / 3.3), "days": lambda t: 0.7 * t + 7, "a square": np.square}


@pytest.mark.parametrize("other", FROM_WEEKS.values(), ids=FROM_WEEKS)
def test_what_is_ahead_does_not_depend_on_the_order_of_columns(other):
    asked = np.array([-1.0, 0.0, N_TIMES - 1, N_TIMES + 0.5, N_TIMES + 9])
    for order in ([0, 1], [1, 0]):
        calendar = calendar_of(*np.stack([TIME, other(TIME)])[order])
        X = np.column_stack([asked, other(asked)])[:, order]
        assert_array_equal(is_ahead(calendar, X), asked > N_TIMES - 1)


def test_of_columns_in_opposite_orders_none_is_a_time():
    assert [calendar_of(TIME, 30 - TIME), calendar_of(30 - TIME, TIME)] == [None, None]


def test_of_several_times_in_one_order_any_says_what_is_ahead():
    calendar = calendar_of(TIME, 7 * TIME)
    assert_array_equal(is_ahead(calendar, [[11.0, 77.0], [12.0, 77.0], [11.0, 84.0]]), [False, True, True])


def test_a_time_comes_before_an_attribute_of_more_values():
    rng = np.random.default_rng(0)
    task, year, size = np.repeat(np.arange(30), 30), np.tile(np.arange(30) % 10, 30), rng.integers(21, size=900)
    for columns in ((year, size), (size, year)):
        assert_array_equal(calendar_of(*columns, task=task).times, np.arange(10))


def is_ahead(calendar, X):
    no_rows = ShownRows(Rows(np.zeros((0, 1)), np.zeros(0), TASK[:0], np.zeros(0)), [np.zeros((0, 1))], N_TASKS)
    X = np.asarray(X, dtype=float)
    return calendar.is_ahead(Rows(X, np.zeros(len(X)), np.zeros(len(X), dtype=int), np.ones(len(X))), no_rows)


def test_what_is_ahead_of_a_task_moves_with_what_it_has_shown():
    y, asked = lines(0), np.full(2, float(KNOWN_TIMES))
    model, task = fitted(y), np.array([0, 1])
    new = (TASK == 0) & ~KNOWN
    answers = {}
    for name, find in (("ahead", Calendar.is_ahead), ("between", lambda self, query, shown: np.zeros(2, dtype=bool))):
        with patch.object(Calendar, "is_ahead", find):
            shown = deepcopy(model).partial_fit(TIME[new, None], y[new], task=TASK[new])
            answers[name] = shown.predict(asked[:, None], task=task)
    assert answers["ahead"][0] == answers["between"][0]
    assert answers["ahead"][1] != answers["between"][1]
    assert answers["ahead"][1] == model.predict(asked[:, None], task=task)[1]


def test_the_last_times_are_hidden_once_and_those_before_them_once_more():
    rows, _ = Rows.in_order(TIME[:, None], np.zeros(len(TIME)), TASK)
    calendar = Calendar.of(rows, N_TASKS)
    times = [tuple(np.unique(TIME[some]).tolist() for some in side) for side in calendar.origins(rows)]
    early = [float(t) for t in range(8)]
    assert times == [([*early, 8.0, 9.0], [10.0, 11.0]), (early, [8.0, 9.0])]
    assert_array_equal(is_ahead(calendar, [[11.0], [11.5]]), [False, True])


def test_dates_are_a_time():
    y, dates = lines(0), pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * TIME, unit="D")
    table = pd.DataFrame({"week": dates, "store": TASK})
    model = TaskMixtureRegressor(LinearRegression(), cv=2, task="store", random_state=0).fit(table[KNOWN], y[KNOWN])
    assert_allclose(model.weights_ahead_.sum(axis=1), 1)
    assert list(model.weights_ahead_) == list(model.weights_known_)


def test_without_a_time_in_common_there_is_no_trust_ahead():
    y = lines(0)
    model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0)
    model.fit((TIME + 20 * TASK)[:, None], y, task=TASK)
    with pytest.raises(AttributeError, match="no column of time in common"):
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
