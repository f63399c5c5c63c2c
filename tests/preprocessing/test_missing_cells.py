"""A cell that is missing is missing for everyone who reads tables, whatever stands for it."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from skmeta import (
    InContextClassifier,
    PooledBaseline,
    ProtoNetClassifier,
    TableEncoder,
    Task,
    TaskMixtureClassifier,
    TaskMixtureRegressor,
)
from skmeta.estimators.base.column_codes import ColumnCodes
from skmeta.tasks.ids import take_task_ids
from skmeta.tasks.pseudo import ranks_of_columns
from skmeta.tasks.rows import is_missing
from tests.estimators.contract import CLASSES, cheap

MISSING = {
    "None": None,
    "NaN": float("nan"),
    "NaN of numpy": np.float32("nan"),
    "NaN of decimals": Decimal("NaN"),
    "NaT of pandas": pd.NaT,
    "NaT of numpy": np.datetime64("NaT"),
    "NA of pandas": pd.NA,
}
every_kind = pytest.mark.parametrize("cell", MISSING.values(), ids=MISSING)


def column_of(*cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def table_with(cell):
    return np.stack([column_of("a", cell, "b", "a"), column_of(1.0, 2.0, 3.0, 4.0)], axis=1)


@every_kind
def test_an_encoder_gives_it_the_column_of_what_is_missing(cell):
    first, *others = (TableEncoder().fit_transform(table_with(one)) for one in (None, cell))
    np.testing.assert_array_equal(first, *others)


@every_kind
def test_a_reader_of_mixed_columns_gives_it_no_code(cell):
    codes = ColumnCodes().fit(table_with(cell)).transform(table_with(cell))
    np.testing.assert_array_equal(codes[:, 0], [0, np.nan, 1, 0])


@every_kind
def test_it_makes_no_category_of_a_column_of_numbers(cell):
    X = column_of(1.0, cell, 3.0)[:, None]
    np.testing.assert_array_equal(ColumnCodes().fit(X).transform(X)[:, 0], [1, np.nan, 3])
    np.testing.assert_array_equal(TableEncoder().fit_transform(X), [[1, 0], [2, 1], [3, 0]])


@every_kind
def test_an_in_context_estimator_answers_as_without_the_cell(cell):
    y = np.array([0, 1, 0, 1])
    first, *others = (
        InContextClassifier().fit(table_with(one), y).predict_proba(table_with(one)) for one in (None, cell)
    )
    np.testing.assert_array_equal(first, *others)


@every_kind
def test_a_rank_that_is_missing_lies_in_the_middle(cell):
    ranks = ranks_of_columns(table_with(cell))[:, 0]
    assert ranks[1] == 0 and ranks.argmax() == 2


@every_kind
def test_no_task_has_it_for_a_name(cell):
    with pytest.raises(ValueError, match="1 missing ids"):
        take_task_ids(np.zeros((4, 1)), column_of("a", cell, "b", "a"))


@every_kind
@pytest.mark.parametrize("cls", [ProtoNetClassifier, InContextClassifier, TaskMixtureClassifier, PooledBaseline])
def test_no_label_is_missing_without_being_told(cell, cls):
    made = cls(LogisticRegression()) if cls is PooledBaseline else cls()
    with pytest.raises(ValueError, match=r"A label is missing: .* in row 1\."):
        made.fit(np.arange(4.0)[:, None], column_of("a", cell, "b", "a"))
    with pytest.raises(ValueError, match=r"A label is missing: .* in row 3\."):
        made.partial_fit(pd.DataFrame({"x": range(4)}), pd.Series([0, 1, 0, pd.NA], dtype="Int64"))


@pytest.mark.parametrize("kind", [np.array, pd.Series, list])
@pytest.mark.parametrize("unit", ["M8[D]", "m8[s]", "M8[ns]"])
@pytest.mark.parametrize("cls", [*CLASSES, TaskMixtureClassifier, TaskMixtureRegressor, PooledBaseline])
def test_no_label_of_any_estimator_is_a_time_that_is_missing(cls, unit, kind):
    made = cls(LogisticRegression()) if cls is PooledBaseline else cheap(cls)
    times = np.r_[np.arange(14) % 2, [0]].astype(unit)
    times[3] = "NaT"
    X, y = np.arange(30.0).reshape(15, 2), kind(times)
    with pytest.raises(ValueError, match=r"^A label is missing: NaT in row 3\. Leave"):
        made.fit(X, y)
    if cls not in (TaskMixtureClassifier, TaskMixtureRegressor):
        with pytest.raises(ValueError, match=r"^A label is missing: NaT in row 3 of X of task 1\. Leave"):
            made.fit([Task(X, times[[0, 1] * 7 + [0]]), Task(X, y)])


@pytest.mark.parametrize("cell", ["", "nan", 0, False, np.array([1.0, np.nan]), [np.nan], Decimal("sNaN"), object()])
def test_what_can_be_read_or_refused_is_not_missing(cell):
    assert not is_missing(cell)
