"""Mixed tables to numbers."""

import numpy as np
import pandas as pd
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


def test_numbers_with_missing_cells_of_pandas_own_kind():
    out = encoded(pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}))
    assert_array_equal(out["n"], [1, 2, 3])


def test_a_new_value_of_a_category_is_no_error():
    encoder = TableEncoder().fit(pd.DataFrame({"c": ["a", "b", "c"]}))
    assert_array_equal(encoder.transform(pd.DataFrame({"c": ["z"]})), [[0, 0, 0]])


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
