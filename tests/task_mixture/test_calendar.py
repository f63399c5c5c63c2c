"""Which column tells the time of tasks' rows, and which rows lie beyond those of their task."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skmeta.task_mixture.calendar import Calendar
from skmeta.task_mixture.rows import Rows
from skmeta.task_mixture.shown_rows import ShownRows

N_TASKS, N_TIMES = 25, 12
TASK, TIME = np.repeat(np.arange(N_TASKS), N_TIMES), np.tile(np.arange(float(N_TIMES)), N_TASKS)
SHUFFLED = np.random.default_rng(3).permutation(len(TASK))
OWN_TIME = TIME * (1 + TASK % 3) + 0.37 * TASK


def calendar_of(*columns, task=TASK, order=None):
    """What is found in a table whose rows come in this order."""
    order = slice(None) if order is None else order
    X = np.column_stack(columns).astype(float)[order]
    return Calendar.of(Rows.in_order(X, np.zeros(len(X)), task[order])[0], task.max() + 1)


def rows_of_one(X):
    X = np.asarray(X, dtype=float)
    return Rows(X, np.zeros(len(X)), np.zeros(len(X), dtype=int), np.ones(len(X)))


def is_ahead(calendar, X, shown):
    """Whether rows lie ahead of those that their task has shown."""
    shown = rows_of_one(shown)
    return calendar.beyond(rows_of_one(X), ShownRows(shown, [np.zeros((len(shown), 1))], 1))[0]


def attributes():
    rng = np.random.default_rng(0)
    return {
        "measured": rng.normal(size=len(TASK)),
        "a rating": rng.integers(5, size=len(TASK)),
        "of the task": np.arange(N_TASKS)[TASK],
        "since some week": TIME > 6,
    }


@pytest.mark.parametrize("column, order", [(TIME, None), (TIME, SHUFFLED), (OWN_TIME, None)])
def test_a_time_is_found_beside_attributes(column, order):
    assert calendar_of(*attributes().values(), column, order=order).columns == [len(attributes())]


@pytest.mark.parametrize("order", [None, SHUFFLED])
def test_attributes_tell_no_time(order):
    assert calendar_of(*attributes().values(), order=order) is None


def test_without_the_order_of_rows_a_time_of_each_task_is_like_any_measurement():
    assert calendar_of(OWN_TIME, order=SHUFFLED) is None


def test_a_table_that_lies_school_by_school_and_pupil_by_pupil_tells_the_time_by_its_rough_order():
    rng = np.random.default_rng(0)
    pupil = np.repeat(np.arange(120), 4)  # of twenty schools; pupils come and go, so years of a school are uneven
    year = np.sort(rng.integers(8, size=(120, 4)), axis=1).ravel()
    mood = rng.integers(8, size=480)
    for columns, found in (((mood, year), [1]), ((mood,), None)):
        calendar = calendar_of(*columns, task=pupil // 6)
        assert (None if calendar is None else calendar.columns) == found


def test_a_few_rows_out_of_order_change_nothing():
    time = OWN_TIME.copy()
    time[[5, 6, 100, 101]] = time[[6, 5, 101, 100]]
    calendar = calendar_of(time)
    assert calendar.columns == [0] and not calendar.both_ends


def test_a_time_comes_before_an_attribute_of_more_values():
    rng = np.random.default_rng(0)
    task, year, size = np.repeat(np.arange(30), 30), np.tile(np.arange(30) % 10, 30), rng.integers(21, size=900)
    for at, columns in enumerate(((year, size), (size, year))):
        assert calendar_of(*columns, task=task).columns == [at]


FROM_WEEKS = {"an angle": lambda t: np.sin(t / 3.3), "days": lambda t: 0.7 * t + 7, "a square": np.square}


@pytest.mark.parametrize("other", FROM_WEEKS.values(), ids=FROM_WEEKS)
@pytest.mark.parametrize("rows", [None, SHUFFLED], ids=["in order", "shuffled"])
def test_what_is_ahead_does_not_depend_on_the_order_of_columns(other, rows):
    weeks, asked = np.arange(float(N_TIMES)), np.array([0.0, N_TIMES - 1, N_TIMES + 0.5, N_TIMES + 9])
    for order in ([0, 1], [1, 0]):
        calendar = calendar_of(*np.stack([TIME, other(TIME)])[order], order=rows)
        shown, X = (np.column_stack([t, other(t)])[:, order] for t in (weeks, asked))
        assert_array_equal(is_ahead(calendar, X, shown), asked > N_TIMES - 1)


def test_of_columns_that_run_in_opposite_ways_the_one_that_grows_with_the_rows_is_the_time():
    assert [calendar_of(*columns).columns for columns in ((TIME, 30 - TIME), (30 - TIME, TIME))] == [[0], [1]]


@pytest.mark.parametrize("column, order", [(30 - TIME, None), (TIME, SHUFFLED), (30 - TIME, SHUFFLED)])
def test_of_a_column_that_does_not_grow_with_the_rows_either_end_may_lie_ahead(column, order):
    calendar, shown = calendar_of(column, order=order), np.unique(column)[:, None]
    asked = [shown[0] - 1, shown[0], shown[5] + 0.5, shown[-1], shown[-1] + 1]
    assert_array_equal(is_ahead(calendar, asked, shown), [True, False, False, False, True])
    assert_array_equal(is_ahead(calendar_of(TIME), [[-1.0], [12.0]], TIME[:12, None]), [False, True])


def test_of_several_times_in_one_order_any_says_what_is_ahead():
    calendar, shown = calendar_of(TIME, 7 * TIME), np.column_stack([TIME[:12], 7 * TIME[:12]])
    assert_array_equal(is_ahead(calendar, [[11.0, 77.0], [12.0, 77.0], [11.0, 84.0]], shown), [False, True, True])


def test_columns_that_are_alike_and_put_rows_in_different_orders_tell_no_time():
    other = np.random.default_rng(0).permutation(N_TIMES)[TIME.astype(int)]
    assert calendar_of(TIME, other, order=SHUFFLED) is None
    assert calendar_of(TIME, other).columns == [0]


def test_what_lies_ahead_is_told_task_by_task():
    rows, _ = Rows.in_order(OWN_TIME[:, None], np.zeros(len(TASK)), TASK)
    calendar, shown = calendar_of(OWN_TIME), ShownRows(rows, [np.zeros((len(TASK), 1))], N_TASKS)
    query = Rows(np.full((3, 1), 12.0), np.zeros(3), np.array([-1, 0, 1]), np.ones(3))  # the first is of no task
    ahead, distance = calendar.beyond(query, shown)
    assert_array_equal(ahead, [False, True, False])  # the first task ends at 11, the second at 22.37
    assert_array_equal(distance, [0, 1, 0])


def test_a_row_between_those_of_others_who_share_the_time_does_not_lie_ahead():
    shown = TIME[:5, None]  # of a task that ended before the others
    assert_array_equal(is_ahead(calendar_of(TIME), [[4.0], [6.0], [11.0], [11.5]], shown), [False, False, False, True])
    assert_array_equal(is_ahead(calendar_of(OWN_TIME), [[4.0], [6.0]], shown), [False, True])


def test_the_last_fifth_of_each_tasks_times_is_hidden_and_the_last_two_fifths_once_more():
    keep = ~((TASK == 1) & (TIME > 4)) & ~((TASK == 2) & (TIME > 0))
    rows, _ = Rows.in_order(OWN_TIME[keep, None], np.zeros(keep.sum()), TASK[keep])
    found = [
        [[(TIME[keep][some][rows.code[some] == task]).tolist() for task in range(3)] for some in (shown, query)]
        for shown, query, _ in calendar_of(OWN_TIME).origins(rows)
    ]
    weeks = [float(t) for t in range(12)]
    assert found[0] == [[weeks[:10], weeks[:4], [0.0]], [weeks[10:], [4.0], []]]
    assert found[1] == [[weeks[:8], weeks[:3], [0.0]], [weeks[8:], [3.0, 4.0], []]]
    fifths = [fifth[rows.code[query] == 0].tolist() for _, query, fifth in calendar_of(OWN_TIME).origins(rows)]
    assert fifths == [[0, 0], [0, 0, 1, 1]]


def test_where_either_end_may_lie_ahead_both_are_hidden():
    rows, _ = Rows.in_order(-TIME[:, None], np.zeros(len(TIME)), TASK)
    found = [[np.unique(-rows.X[some, 0]).tolist() for some in side] for *side, _ in Calendar([0], True).origins(rows)]
    weeks = [float(t) for t in range(12)]
    assert found == [[weeks[2:], weeks[:2]], [weeks[:10], weeks[10:]]]


def test_the_nearest_rows_are_those_of_the_task_at_the_end_that_a_row_lies_beyond():
    support = Rows(
        np.array([[1.0], [2.0], [2.0], [0.0], [5.0]]),
        np.zeros(5),
        np.array([0, 0, 0, 7, 7]),
        np.array([1, 1, 3, 1, 1.0]),
    )
    values = np.array([[10.0], [20.0], [40.0], [1.0], [2.0]])
    query = Rows(np.array([[9.0], [0.0], [-3.0], [6.0]]), np.zeros(4), np.array([0, 0, 7, 7]), np.ones(4))
    assert_array_equal(Calendar([0], True).of_nearest(values, support, query).ravel(), [35, 10, 1, 2])
    assert_array_equal(Calendar([0]).of_nearest(values, support, query).ravel(), [35, 35, 2, 2])
