"""Categories are found again as they were written, and who writes them otherwise hears of it."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from skmeta import InContextClassifier
from skmeta.estimators.base.column_codes import ColumnCodes


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


@pytest.mark.parametrize("asked", ["Bergen", None, "Oslo", 7, 10**400, "2021-01-01T00:00:00Z"])
def test_categories_that_are_new_missing_or_known_are_nothing_to_tell_of(asked):
    codes = ColumnCodes([True]).fit(column("Rome", "Oslo"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        codes.transform(column(asked, "Rome"))


def test_whoever_asks_for_rows_of_a_table_read_anew_hears_of_its_numbers_that_are_text():
    town = np.arange(40) % 4
    table = pd.DataFrame({"x": np.linspace(0, 1, 40), "town": pd.Categorical(town)})
    model = InContextClassifier().fit(table, town % 2)
    with pytest.warns(UserWarning, match="Column 'town' holds '0'"):
        model.predict(table.assign(town=town.astype(str)))
