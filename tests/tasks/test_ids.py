"""Task ids: beside the table, in a column of it, in several."""

import re
import warnings
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skmeta.tasks.ids import factorize, refuse_lookalikes, take_task_ids

TABLE = pd.DataFrame({"school": ["A", "A", "B"], "class": [1, 2, 1], "hours": [3.0, 4.0, 5.0]})


@pytest.mark.parametrize("ids", [[7, 7, 8], np.array(["x", "x", "y"]), pd.Series([1.5, 1.5, 2.5], index=[9, 8, 7])])
def test_ids_beside_the_table_leave_it_as_it_is(ids):
    X, taken = take_task_ids(TABLE, ids)
    assert X is TABLE
    assert_array_equal(taken, np.asarray(ids))


def test_a_column_that_names_the_task_is_no_feature():
    X, ids = take_task_ids(TABLE, "school")
    assert list(X.columns) == ["class", "hours"]
    assert ids.tolist() == ["A", "A", "B"]


def test_several_columns_make_tuples():
    for task in (["school", "class"], TABLE[["school", "class"]]):
        _, ids = take_task_ids(TABLE, task)
        assert ids.tolist() == [("A", 1), ("A", 2), ("B", 1)]


def test_as_many_strings_as_rows_are_ids_even_if_columns_are_called_so():
    X, ids = take_task_ids(TABLE, ["school", "class", "hours"])
    assert X is TABLE
    assert ids.tolist() == ["school", "class", "hours"]


def test_two_columns_of_an_array_are_nested_ids():
    _, ids = take_task_ids(np.zeros((2, 1)), np.array([[1, 2], [1, 3]]))
    assert ids.tolist() == [(1, 2), (1, 3)]


@pytest.mark.parametrize(
    "X, task, message",
    [
        (TABLE, "town", "X has no column 'town'. It has"),
        (np.zeros((3, 1)), "site", "task='site' names columns, but X is a ndarray without any"),
        (TABLE, [1, 2], "the task of each of the 3 rows"),
        (TABLE, 5, "must name the task of every row, got 5. Columns are named by strings"),
        (TABLE.set_axis([0, 1, 2], axis=1), 0, "got 0. Columns are named by strings: of one that is called otherwise"),
        (TABLE, ["school", "town"], "each of the 3 rows, got an array of shape .2,.; and X has no column 'town'"),
        (TABLE, ["school", "school"], r"task=\['school', 'school'\] names 'school' more than once"),
        (TABLE.set_axis(["school", "school", "hours"], axis=1), "school", "X has 'school' more than once"),
        (TABLE, [1.0, np.nan, 2.0], "1 missing ids"),
        (TABLE, ["a", None, None], "2 missing ids"),
    ],
)
def test_what_names_no_task_is_refused(X, task, message):
    with pytest.raises(ValueError, match=message):
        take_task_ids(X, task)


def test_ids_are_sorted_plain_objects_with_their_places():
    names, code = factorize(np.array([30, 10, 30]))
    assert names == [10, 30] and type(names[0]) is int
    assert_array_equal(code, [1, 0, 1])


def test_ids_of_mixed_kinds_keep_the_order_in_which_they_came():
    ids = np.empty(3, dtype=object)
    ids[:] = ["b", 1, "b"]
    names, code = factorize(ids)
    assert names == ["b", 1]
    assert_array_equal(code, [0, 1, 0])


@pytest.mark.parametrize(
    "ids",
    [
        ["a", None],
        [1.0, np.nan],
        pd.Series(["a", None], dtype="string"),
        pd.to_datetime(["2020-01-01", None]),
    ],
)
def test_missing_ids_of_every_kind_are_refused(ids):
    with pytest.raises(ValueError, match="1 missing ids"):
        take_task_ids(np.zeros((2, 1)), ids)


def test_days_are_ids_that_stay_days():
    names, code = factorize(np.array(["2021-01-01", "2020-01-01"], dtype="datetime64[ns]"))
    assert names == [np.datetime64("2020-01-01"), np.datetime64("2021-01-01")]
    assert code.tolist() == [1, 0]


def test_numbers_beside_text_in_a_list_stay_numbers():
    _, ids = take_task_ids(np.zeros((3, 1)), [1, "a", 1])
    assert factorize(ids)[0] == [1, "a"]


def test_a_list_of_tuples_says_what_columns_say():
    columns = pd.DataFrame({"school": ["A", "A", "B"], "class": [1, 2, 1]})
    _, by_columns = take_task_ids(np.zeros((3, 1)), columns)
    _, by_tuples = take_task_ids(np.zeros((3, 1)), [("A", 1), ("A", 2), ("B", 1)])
    assert by_tuples.tolist() == by_columns.tolist() == [("A", 1), ("A", 2), ("B", 1)]


DAY, BERLIN = "2020-01-01", pd.Timestamp("2020-01-01 01:00", tz="Europe/Berlin")
SPELLINGS = [
    [1, "1", "01", "1.0", " 1 ", b"1", Decimal("1.0")],
    ["a", "a ", b"a"],
    [True, "True"],
    [0.1, "0.1", float(np.float32(0.1)), np.float32(0.1)],
    [0.0625, "0.0625"],
    [1e16, "1e+16", "10000000000000000"],
    [DAY, np.datetime64(DAY), np.datetime64(DAY, "ns"), pd.Timestamp(DAY), datetime(2020, 1, 1), date(2020, 1, 1)],
    [DAY, "2020-01-01 00:00:00", "2020-01-01T00:00Z", "2020-01-01T01:00:00.000+01:00", BERLIN],
    [("a", 1), ("a", "1"), ("a", b"01")],
]
PAIRS = [(one, other) for group in SPELLINGS for one in group for other in group if one not in {other: 0}]


@pytest.mark.parametrize(("known", "asked"), PAIRS)
def test_an_id_that_is_a_known_one_spelled_otherwise_is_refused_and_both_are_named_as_they_are(known, asked):
    named = f"Task {asked!r} was never seen, but {known!r} was:"
    with warnings.catch_warnings(), pytest.raises(ValueError, match=re.escape(named)):
        warnings.simplefilter("error")
        refuse_lookalikes(["new", asked, "newer"], dict.fromkeys(["other", known, "another"]))


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("1.1", "1.10"),  # a chapter, or a diagnosis
        ("1001-01-01", "1001-01"),
        ("A", "a"),
        (100000, "1e5"),
        (0.12345678, 0.12345679),
        (1234567890123456789, "1234567890123456788"),
        (10**400, 10**400 + 1),
        ("9" * 5000, "9" * 5001),
        (None, "None"),
        (b"\xff", b"\xfe"),
        ("2021-02-28T00:00:00Z", "2021-02-29T00:00:00Z"),
        ("2020-01-01T00:00:00+01:00", "2020-01-01T00:00:00-01:00"),
        ("2020-01-01T00:00:00." + "1" * 20, "2020-01-01T00:00:00." + "1" * 21),
        (np.timedelta64(1, "D"), 1),
        (("a", 1), ("a", 2)),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_id_that_means_something_else_is_new(known, asked):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_lookalikes([asked], {known: 0})
        refuse_lookalikes([known], {asked: 0})


def test_of_nested_ids_the_widest_group_that_is_spelled_otherwise_is_told_of():
    with pytest.raises(ValueError, match=re.escape("Task (2,) was never seen, but ('02',) was")):
        refuse_lookalikes([("1", "y"), (2, "x")], {("1", "z"): 0, ("02", "x"): 1})


def test_ids_that_are_both_known_are_two_tasks():
    refuse_lookalikes(["1", "01", 1], dict.fromkeys([1, "01", "1"]))


@given(st.integers() | st.floats(allow_nan=False, width=32) | st.floats(allow_nan=False) | st.dates() | st.datetimes())
def test_whatever_is_written_to_a_file_as_text_looks_like_what_it_was(value):
    for known, asked in ((value, str(value)), (str(value), value)):
        with pytest.raises(ValueError, match="was never seen, but"):
            refuse_lookalikes([asked], {known: 0})
