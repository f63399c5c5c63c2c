"""Categories are found again as they were written, and who writes them otherwise hears of it."""

import datetime as dt
import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from skmeta import InContextClassifier
from skmeta.estimators.base.column_codes import ColumnCodes
from skmeta.preprocessing import TableEncoder


def column(*values):
    return pd.DataFrame({"town": pd.Series(values, dtype=object)})


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        (1, "1"),
        ("1", 1),
        ("01", 1),
        ("1.0", "1"),
        (True, "True"),
        ("Rome", "Rome "),
        ("Rome ", "Rome"),
        ("Rome", b"Rome"),
        ("2020-01-01", "2020-01-01 "),
        ("2020-01-01", pd.Timestamp("2020-01-01")),
    ],
)
def test_a_category_spelled_otherwise_is_missing_and_told_of(written, asked):
    codes = ColumnCodes([True]).fit(column(written, "Oslo"))
    told = (
        f"'town' holds {asked!r}, which was never seen and is taken as missing, but {written!r} was: write categories"
    )
    with pytest.warns(UserWarning, match=re.escape(told)):
        assert np.isnan(codes.transform(column(asked))).all()


@pytest.mark.parametrize("asked", ["Bergen", 7, 10**400, "2021-01-01T00:00:00Z"])
def test_categories_that_are_new_are_told_of(asked):
    codes = ColumnCodes([True]).fit(column("Rome", "Oslo"))
    with pytest.warns(
        UserWarning, match="^Column 'town' holds categories that fit never saw. They are taken as missing.$"
    ):
        assert_array_equal(codes.transform(column(asked, "Rome")), [[np.nan], [0]])


@pytest.mark.parametrize("known", [["Rome", "Oslo"], [f"customer {i}" for i in range(101)]])
def test_missing_and_known_categories_and_new_ones_of_very_many_are_nothing_to_tell_of(known):
    codes = ColumnCodes([True]).fit(column(*known))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        codes.transform(column(None, *known, *(["customer 101"] if len(known) > 100 else [])))


def test_whoever_asks_for_rows_of_a_table_read_anew_hears_of_its_numbers_that_are_text():
    town = np.arange(40) % 4
    table = pd.DataFrame({"x": np.linspace(0, 1, 40), "town": pd.Categorical(town)})
    model = InContextClassifier().fit(table, town % 2)
    with pytest.warns(UserWarning, match="Column 'town' holds '0'"):
        model.predict(table.assign(town=town.astype(str)))


@pytest.mark.parametrize("make", [InContextClassifier, TableEncoder])
@pytest.mark.parametrize("cells", [[f"{i / 7}" for i in range(40)], [f" {i}e2" for i in range(40)]])
def test_numbers_written_as_text_are_told_of_for_as_categories_they_say_nothing(make, cells):
    with pytest.warns(UserWarning, match="'town' holds numbers that are written as text .* pandas.to_numeric"):
        make().fit(column(*cells), np.arange(40) % 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make().fit(column(*["0410", "0411"] * 20), np.arange(40) % 2)  # codes of a few towns


@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_columns_are_called_by_their_names_whatever_holds_them(as_frame):
    y = np.arange(12) % 2
    table = as_frame({"x": range(12), "town": list("abc") * 4})
    model = InContextClassifier(categorical_features=["town"]).fit(table, y)
    assert model.rows_.columns.is_categorical.tolist() == [False, True]
    with pytest.warns(UserWarning, match="Column 'town' holds categories that fit never saw"):
        model.predict(as_frame({"x": [1], "town": ["d"]}))
    with pytest.raises(ValueError, match="Column 'x' of X is taken as numbers"):
        model.predict(as_frame({"x": ["one"], "town": ["a"]}))
    with pytest.warns(UserWarning, match="Column 'x' holds numbers that are written as text"):
        InContextClassifier().fit(as_frame({"x": [f"{i / 7}" for i in range(12)], "town": list("abc") * 4}), y)


@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_decimals_and_flags_are_numbers_and_dates_are_refused_whatever_holds_them(as_frame):
    x = np.arange(12)
    table = {
        "x": [Decimal(int(i)) / 8 for i in x],
        "flag": [bool(i % 2) if i else None for i in x],
        "c": list("abc") * 4,
    }
    model = InContextClassifier().fit(as_frame(table), x % 2)
    assert model.rows_.columns.is_categorical.tolist() == [False, False, True]
    assert model.feature_names_in_.tolist() == ["x", "flag", "c"]
    plain = pd.DataFrame({"x": x / 8, "flag": [np.nan, *(x[1:] % 2)], "c": list("abc") * 4})
    assert_array_equal(
        model.predict_proba(as_frame(table)), InContextClassifier().fit(plain, x % 2).predict_proba(plain)
    )
    day = dt.date(2020, 1, 1)
    for held in ([day] * 12, [dt.datetime(2020, 1, 1)] * 12, [dt.timedelta(i) for i in range(12)]):
        for settings in ({}, {"categorical_features": None}):
            with pytest.raises((TypeError, ValueError), match="Column 'd' .*(dates|durations|datetime|timedelta)"):
                InContextClassifier(**settings).fit(as_frame({"x": x, "d": held}), x % 2)
