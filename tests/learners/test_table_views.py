"""z-scores, ranks, categories and missing cells, worked out by hand."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.learners.in_context.table_views import (
    INDICATOR_SCALE,
    MISSING,
    NUMERIC,
    RANK_SCALE,
    expand,
    falling_order,
    fit_codes,
    fit_columns,
    plan_expansion,
    recode,
    view_columns,
)

NAN = float("nan")


def as_column(*values):
    return torch.tensor(values, dtype=torch.float64)[None, :, None]


def ones(X):
    return torch.ones(X.shape[:2], dtype=X.dtype)


def test_z_scores_and_mid_ranks_of_a_column():
    X = as_column(1.0, 2.0, 2.0, 7.0)  # mean 3, population standard deviation sqrt(5.5)
    z, u = view_columns(fit_columns(X, ones(X)), X)
    torch.testing.assert_close(z, (X - 3) / 5.5**0.5)
    torch.testing.assert_close(u[0, :, 0] / RANK_SCALE, torch.tensor([-0.75, 0.0, 0.0, 0.75]).double())


def test_a_query_is_ranked_among_the_support():
    X = as_column(1.0, 2.0, 3.0, 4.0)
    _, u = view_columns(fit_columns(X, ones(X)), as_column(-9.0, 2.5, 99.0))
    torch.testing.assert_close(u[0, :, 0] / RANK_SCALE, torch.tensor([-1.0, 0.0, 1.0]).double())


def test_missing_cells_are_in_the_middle_and_left_out_of_the_measures():
    X = as_column(1.0, NAN, 3.0)
    z, u = view_columns(fit_columns(X, ones(X)), X)
    torch.testing.assert_close(z[0, :, 0], torch.tensor([-1.0, 0.0, 1.0]).double())
    assert u[0, 1, 0] == 0


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 10.0))
def test_values_that_rounding_set_apart_stay_in_their_places(value):
    values = torch.tensor([[value, value + 1e-9, value - 1e-9, 0.0, value + 1.0, value + 2e-9]]).double()
    assert falling_order(values).tolist() == [[4, 0, 1, 2, 5, 3]]


def test_a_constant_column_says_nothing_whatever_the_query():
    X = as_column(5.0, 5.0, 5.0)
    z, u = view_columns(fit_columns(X, ones(X)), as_column(5.0, 6.0, -1e9))
    assert (z == 0).all() and (u == 0).all()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=12), st.floats(-1e3, 1e3))
def test_rows_of_weight_zero_are_not_there(values, stranger):
    X = as_column(*values)
    padded = as_column(*values, stranger, NAN)
    weight = torch.cat([ones(X), torch.zeros(1, 2).double()], 1)
    for a, b in zip(view_columns(fit_columns(X, ones(X)), X), view_columns(fit_columns(padded, weight), X)):
        torch.testing.assert_close(a, b)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(-50, 50), min_size=3, max_size=12))
def test_ranks_do_not_change_under_a_monotone_map(values):
    X = as_column(*map(float, values))
    _, u = view_columns(fit_columns(X, ones(X)), X)
    Y = torch.exp(X / 10)
    _, v = view_columns(fit_columns(Y, ones(Y)), Y)
    constant = fit_columns(X, ones(X))["inverse"] == 0
    assert constant.any() or torch.allclose(u, v)


def test_codes_are_numbered_by_how_often_the_support_has_them():
    X = as_column(7.0, 2.0, 7.0, 7.0, 2.0, 0.0)
    flags = torch.tensor([[True]])
    numbers = fit_codes(X, ones(X), flags)
    asked = recode(numbers, flags, as_column(7.0, 2.0, 0.0, 1.0, 99.0, NAN))[0, :, 0]
    assert asked[:3].tolist() == [0, 1, 2]
    assert asked[3:].isnan().all()  # never shown, beyond all codes, missing


def test_numeric_columns_keep_their_cells_when_others_are_recoded():
    X = torch.tensor([[[1.5, 3.0], [-2.0, 3.0], [NAN, 4.0]]])
    flags = torch.tensor([[False, True]])
    out = recode(fit_codes(X, ones(X), flags), flags, X)
    assert torch.equal(out[0, :2, 0], X[0, :2, 0]) and out[0, 2, 0].isnan()
    assert out[0, :, 1].tolist() == [0, 0, 1]


def planned(X, categorical):
    columns = fit_columns(X, ones(X))
    return columns, plan_expansion(columns, X, ones(X), torch.tensor(categorical))


def test_expansion_has_numbers_indicators_of_categories_and_of_missing_cells():
    X = torch.tensor([[[0.5, 0.0], [NAN, 1.0], [2.0, 0.0]]])
    columns, plan = planned(X, [[False, True]])
    assert plan["content"][0].tolist() == [NUMERIC, MISSING, 0, 1]
    assert plan["source"][0].tolist() == [0, 0, 1, 1]
    asked = torch.tensor([[[NAN, 1.0], [3.0, 5.0]]])
    seen = view_columns(columns, asked)
    z, u = (view[0] for view in expand(plan, asked, *seen))
    assert torch.equal(z[:, 0], seen[0][0, :, 0]) and torch.equal(u[:, 0], seen[1][0, :, 0])
    # one row in three has a missing cell, two the category 0, one the category 1; an unknown category is none of them
    share = torch.tensor([1 / 3, 2 / 3, 1 / 3])
    torch.testing.assert_close(z[0, 1:] / INDICATOR_SCALE, torch.tensor([1.0, 0.0, 1.0]) - share)
    torch.testing.assert_close(z[1, 1:] / INDICATOR_SCALE, -share)
    assert (2 * u[:, 1:] / RANK_SCALE).tolist() == [[1, -1, 1], [-1, -1, -1]]


def test_an_indicator_that_never_changes_says_nothing():
    X = as_column(4.0, 4.0, 4.0)
    columns, plan = planned(X, [[True]])
    z, u = expand(plan, X - 1, *view_columns(columns, X - 1))
    assert plan["varies"].tolist() == [[False]] and (z == 0).all() and (u == 0).all()


def test_numbers_without_holes_are_seen_as_they_are():
    X = torch.tensor([[[0.5, 3.0], [1.5, 2.0], [2.0, 2.0]]])
    columns, plan = planned(X, [[False, False]])
    for wide, plain in zip(expand(plan, X, *view_columns(columns, X)), view_columns(columns, X)):
        assert torch.equal(wide, plain)


def test_tasks_with_fewer_expanded_columns_are_padded_with_constant_zeros():
    X = torch.tensor([[[0.0], [1.0], [2.0]], [[0.0], [0.0], [1.0]]])
    columns, plan = planned(X, [[True], [True]])
    assert plan["varies"].sum(1).tolist() == [3, 2]
    assert all((view[1, :, 2] == 0).all() for view in expand(plan, X, *view_columns(columns, X)))
