"""Mixed tables to numbers."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmeta.preprocessing import TableEncoder


@parametrize_with_checks([TableEncoder()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def encoded(table, **params):
    encoder = TableEncoder(**params).fit(table)
    return pd.DataFrame(encoder.transform(table), columns=encoder.get_feature_names_out())


def test_numbers_keep_their_units_and_missing_ones_get_the_median_and_a_flag():
    out = encoded(pd.DataFrame({"x": [1.0, np.nan, 5.0, 3.0]}))
    assert_array_equal(out["x"], [1, 3, 5, 3])
    assert_array_equal(out["missingindicator_x"], [0, 1, 0, 0])


def test_a_category_becomes_a_column_for_each_value_missing_among_them():
    out = encoded(pd.DataFrame({"c": ["a", "b", None, "a"]}))
    assert list(out.columns) == ["c_a", "c_b", "c_nan"]
    assert_array_equal(out.to_numpy(), [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]])


def test_two_values_need_one_column():
    assert list(encoded(pd.DataFrame({"c": ["a", "b", "a"]})).columns) == ["c_b"]


def test_rare_values_are_put_together():
    letters = list("aaabbb") + list("cdefgh")
    out = encoded(pd.DataFrame({"c": letters}), max_categories=3)
    assert list(out.columns) == ["c_a", "c_b", "c_infrequent_sklearn"]
    assert_array_equal(out["c_infrequent_sklearn"], [0] * 6 + [1] * 6)


def test_very_many_values_are_counted_and_hashed_too():
    towns = [f"town {i}" for i in range(30)] + ["town 0"] * 3
    encoder = TableEncoder(high_cardinality=20, max_categories=2, n_hashed=4)
    out = pd.DataFrame(encoder.fit_transform(pd.DataFrame({"t": towns})), columns=encoder.get_feature_names_out())
    assert_allclose(out["t_count"], np.log1p([4] + [1] * 29 + [4] * 3))
    hashed = out[["t_0", "t_1", "t_2", "t_3"]].to_numpy()
    assert_array_equal(np.abs(hashed).sum(1), 1)
    with pytest.warns(UserWarning, match="They are taken as rare ones"):
        never = encoder.transform(pd.DataFrame({"t": ["nowhere"]}))
    assert never[0, list(out.columns).index("t_count")] == 0


@pytest.mark.parametrize("dtype", ["bool", "boolean", "object"])
def test_booleans_are_0_and_1(dtype):
    values = pd.Series([True, False, True], dtype=dtype)
    assert_array_equal(encoded(pd.DataFrame({"b": values}))["b"], [1, 0, 1])


def test_a_date_becomes_its_day_its_season_and_its_weekday():
    # the first of January 1970 was a Thursday; 2000-07-01, thirty and a half years later, a Saturday
    dates = pd.to_datetime(["1970-01-01", "2000-07-01 12:00", None], format="ISO8601")
    out = encoded(pd.DataFrame({"d": dates}))
    assert_allclose(out["d_days"], [0, 11139.5, 0])
    assert_array_equal(out["d_weekday"], [3, 5, 0])
    assert out["d_season_cos"].iloc[0] == pytest.approx(1) and out["d_season_cos"].iloc[1] < -0.99


def test_time_zones_and_units_of_dates_do_not_matter():
    plain = encoded(pd.DataFrame({"d": pd.to_datetime(["2001-02-03"])}))
    zoned = encoded(pd.DataFrame({"d": pd.to_datetime(["2001-02-03"]).tz_localize("Europe/Oslo")}))
    coarse = encoded(pd.DataFrame({"d": np.array(["2001-02-03"], dtype="datetime64[s]")}))
    assert_allclose(plain, zoned)
    assert_allclose(plain, coarse)


MOMENTS = [dt.datetime(2020, 1, 31), None, dt.datetime(2024, 2, 29, 12)]
DATES = [
    [None if moment is None else moment.date() for moment in MOMENTS],
    [None if moment is None else moment.replace(tzinfo=dt.timezone.utc) for moment in MOMENTS],
    pd.Series(MOMENTS).astype("timestamp[ns][pyarrow]"),
    pd.Series(pd.to_datetime(MOMENTS)).dt.date.astype("date32[pyarrow]"),
    pd.PeriodIndex(pd.to_datetime(MOMENTS), freq="D"),
]


@pytest.mark.parametrize(
    "as_frame, held", [*((pd.DataFrame, held) for held in DATES), (pl.DataFrame, DATES[0]), (pl.DataFrame, MOMENTS)]
)
def test_dates_are_dates_whatever_holds_them(as_frame, held):
    encoder = TableEncoder().fit(as_frame({"x": [1, 2, 3], "d": held}))
    assert encoder.kinds_ == ["numeric", "date"]
    out = encoder.transform(as_frame({"x": [1, 2, 3], "d": held}))
    assert_allclose(np.floor(out[:, 1]), [18292, 0, 19782])
    for others in (["18292", "1", "2"], [18292, 1, 2], [True, False, True]):
        with pytest.raises(ValueError, match="Column '?(d|1)'? held dates when the encoder was fitted, but now"):
            encoder.transform(as_frame({"x": [1, 2, 3], "d": others}))


@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_durations_are_days_and_decimals_numbers(as_frame):
    table = as_frame({"t": [dt.timedelta(1.5), None], "n": [Decimal("0.25"), Decimal(2)], "c": ["a", "b"]})
    encoder = TableEncoder().fit(table)
    assert encoder.kinds_ == ["duration", "numeric", "category"]
    assert_array_equal(encoder.transform(table), [[1.5, 0.25, 0, 0], [1.5, 2, 1, 1]])
    with pytest.raises(ValueError, match="held durations when the encoder was fitted, but now"):
        encoder.transform(as_frame({"t": [1.5, 2], "n": [1, 2], "c": ["a", "b"]}))


@pytest.mark.parametrize("cells", [[1 + 2j], pd.Series([1.0, None, 1 + 2j], dtype=object), ["a", np.complex64(1j)]])
def test_complex_numbers_are_refused(cells):
    with pytest.raises(ValueError, match="Complex data not supported"):
        TableEncoder().fit(pd.DataFrame({"x": cells}))


def test_numbers_with_missing_cells_of_pandas_own_kind():
    out = encoded(pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}))
    assert_array_equal(out["n"], [1, 2, 3])


@pytest.mark.parametrize(
    ("known", "becomes"),
    [
        ("abc", [0, 0, 0]),
        ("ab", [0.5]),
        ("aab" + "cdefghijklmnopqrstuvwxyz", [0] * 19 + [1]),
        (["a", "b", None], [0, 0, 0]),
    ],
)
def test_a_new_value_of_a_category_is_none_of_the_known_or_a_rare_one_and_told_of(known, becomes):
    encoder = TableEncoder().fit(pd.DataFrame({"x": 0.0, "c": list(known)}))
    taken_as = "rare ones" if len(known) > 20 else "none of those that it saw"
    with pytest.warns(
        UserWarning, match=f"^Column 'c' holds categories that fit never saw. They are taken as {taken_as}."
    ):
        out = encoder.transform(pd.DataFrame({"x": 1.0, "c": ["new", known[0]]}))
    assert_array_equal(out[0], [1, *becomes])
    assert_array_equal(out[1], encoder.transform(pd.DataFrame({"x": 1.0, "c": [known[0]]}))[0])


def test_a_category_spelled_otherwise_is_told_of_with_the_known_one():
    encoder = TableEncoder().fit(pd.DataFrame({"c": pd.Categorical([1, 2, 3])}))
    with pytest.warns(UserWarning, match="'c' holds '1.0', which was never seen .* but '1' was"):
        encoder.transform(pd.DataFrame({"c": [1.0, 2.0, np.nan]}))


def test_text_where_numbers_were_is_an_error_that_names_the_column():
    encoder = TableEncoder().fit(pd.DataFrame({"age": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="Column 'age' held numbers when the encoder was fitted"):
        encoder.transform(pd.DataFrame({"age": ["old", "young"]}))


def test_an_infinite_cell_is_refused():
    with pytest.raises(ValueError, match="infinity in column 'x'"):
        TableEncoder().fit(pd.DataFrame({"x": [1.0, np.inf]}))


def test_a_table_of_no_columns_is_one_of_no_numbers():
    encoder = TableEncoder().fit(pd.DataFrame(index=range(3)))
    assert encoder.transform(pd.DataFrame(index=range(2))).shape == (2, 0)
    assert encoder.get_feature_names_out().shape == (0,)


def test_columns_are_checked_by_name():
    encoder = TableEncoder().fit(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(pd.DataFrame({"b": [1.0], "a": [2.0]}))


def test_an_object_array_of_mixed_columns_is_welcome():
    X = np.array([[1, "a"], [2, "b"], [None, "c"]], dtype=object)
    encoder = TableEncoder().fit(X)
    assert encoder.kinds_ == ["numeric", "category"]
    assert encoder.get_feature_names_out().tolist() == ["x0", "missingindicator_x0", "x1_a", "x1_b", "x1_c"]


def test_output_may_be_a_data_frame():
    table = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]}, index=[5, 6])
    out = TableEncoder().set_output(transform="pandas").fit_transform(table)
    assert list(out.columns) == ["x", "c_b"] and list(out.index) == [5, 6]


def test_it_stands_in_a_pipeline():
    table = pd.DataFrame({"x": [1.0, 2.0, 3.0], "c": ["a", "b", "a"]})
    assert make_pipeline(TableEncoder(), Ridge()).fit(table, [1, 2, 3]).predict(table).shape == (3,)
