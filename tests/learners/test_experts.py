"""The closed forms against what they stand for: machines refitted once for every row."""

import numpy as np
import pytest
import torch

from skmeta.learners.experts.kernel_ridge import leave_one_out, leave_one_out_of_plane, solve
from skmeta.learners.experts.machines import (
    EXPERTS,
    _kernel,
    column_relevance,
    extend_experts,
    fit_experts,
    hat_basis,
    score_queries,
    support_contributions,
)
from skmeta.learners.in_context.table_views import fit_columns, view_columns


@pytest.fixture
def kernel_problem():
    torch.manual_seed(0)
    rows = torch.randn(2, 9, 3, dtype=torch.float64)
    K = rows @ rows.transpose(1, 2)
    return K, torch.randn(2, 9, 2, dtype=torch.float64)


def without(row, n):
    return [i for i in range(n) if i != row]


def test_leave_one_out_scores_are_those_of_refits_without_the_row(kernel_problem):
    K, Y = kernel_problem
    weight = torch.ones(2, 9, dtype=torch.float64)
    _, left_out = leave_one_out(K, Y, weight, ridge=0.7)
    for t in range(2):
        for i in range(9):
            rest = without(i, 9)
            dual = np.linalg.solve(K[t][rest][:, rest].numpy() + 0.7 * np.eye(8), Y[t, rest].numpy())
            np.testing.assert_allclose(left_out[t, i], K[t, i, rest].numpy() @ dual, atol=1e-10)


def test_a_row_of_weight_two_is_a_row_given_twice(kernel_problem):
    K, Y = kernel_problem
    weight = torch.ones(2, 9, dtype=torch.float64)
    weight[:, 3] = 2
    dual, left_out = leave_one_out(K, Y, weight, ridge=0.7)
    twice = [*range(9), 3]
    dual_twice, left_out_twice = leave_one_out(
        K[:, twice][:, :, twice], Y[:, twice], torch.ones(2, 10).double(), ridge=0.7
    )
    merged = dual_twice[:, :9].clone()
    merged[:, 3] += dual_twice[:, 9]
    torch.testing.assert_close(dual, merged)
    torch.testing.assert_close(left_out, left_out_twice[:, :9])


def test_a_row_of_weight_zero_takes_no_part(kernel_problem):
    K, Y = kernel_problem
    weight = torch.ones(2, 9, dtype=torch.float64)
    weight[:, 5] = 0
    dual, left_out = leave_one_out(K, Y, weight, ridge=0.7)
    rest = without(5, 9)
    alone = leave_one_out(K[:, rest][:, :, rest], Y[:, rest], torch.ones(2, 8).double(), ridge=0.7)
    assert (dual[:, 5] == 0).all()
    torch.testing.assert_close(dual[:, rest], alone[0])
    torch.testing.assert_close(left_out[:, rest], alone[1])


def test_a_plane_is_the_same_solved_in_columns_and_in_rows(kernel_problem):
    torch.manual_seed(1)
    rows, weight = torch.randn(2, 9, 3, dtype=torch.float64), torch.rand(2, 9, dtype=torch.float64) * 3
    weight[:, 4] = 0
    _, Y = kernel_problem
    in_rows = leave_one_out(rows @ rows.transpose(1, 2), Y, weight, ridge=0.7)
    torch.testing.assert_close(leave_one_out_of_plane(rows, Y, weight, ridge=0.7), in_rows)


def test_hats_at_a_knot_and_half_way_between_two():
    # knots of k=3 lie at -1.7, 0 and 1.7
    torch.testing.assert_close(hat_basis(torch.tensor([0.0]), 3), torch.tensor([[0.0, 1.0, 0.0]]))
    torch.testing.assert_close(hat_basis(torch.tensor([0.85]), 3), torch.tensor([[0.0, 0.5, 0.5]]))


def test_the_column_that_makes_the_target_is_the_most_relevant():
    torch.manual_seed(0)
    u = (torch.rand(1, 60, 4) * 2 - 1) * 1.7
    Y = torch.sin(3 * u[..., [2]])
    relevance = column_relevance(u, Y - Y.mean(1, keepdim=True), torch.ones(1, 60), torch.ones(1, 4))
    assert relevance[0].argmax() == 2
    torch.testing.assert_close(relevance.mean(1), torch.ones(1))


def fitted(X, Y, weight):
    columns = fit_columns(X, weight)
    z, u = view_columns(columns, X)
    state, left_out = fit_experts(z, u, Y, weight, (columns["inverse"][:, 0] != 0).double())
    return columns, state, left_out


@pytest.fixture
def table():
    torch.manual_seed(1)
    X = torch.randn(1, 40, 5, dtype=torch.float64)
    y = (X[..., 0] * X[..., 1] + X[..., 2] > 0).long()
    return X, torch.nn.functional.one_hot(y, 2).double(), torch.ones(1, 40, dtype=torch.float64)


@pytest.mark.parametrize("expert", range(len(EXPERTS)))
def test_every_expert_leaves_one_out_as_if_refitted_with_its_metric_kept(table, expert):
    """The metric and the centre are learned with the row present; given these, the refit is exact."""
    X, Y, weight = table
    columns, state, left_out = fitted(X, Y, weight)
    i = 7
    rest = without(i, 40)
    fit = state["fits"][expert]
    spec = EXPERTS[expert]
    rows, centred = fit["rows"], Y - state["centre"]
    if spec["kind"] in ("linear", "additive"):
        K, ridge = rows @ rows.transpose(1, 2) / 5, spec["ridge"] / 5**0.5
    else:
        D = torch.cdist(rows, rows, p=1 if spec["kind"] == "local" else 2)
        K, ridge = torch.exp(-D / fit["width"]), spec["ridge"]
    dual = torch.linalg.solve(K[:, rest][:, :, rest] + ridge * torch.eye(39), centred[:, rest])
    refit = K[:, [i]][:, :, rest] @ dual + state["centre"]
    torch.testing.assert_close(left_out[:, i, expert], refit[:, 0], atol=2e-3, rtol=0)


def test_padding_rows_change_no_expert(table):
    X, Y, weight = table
    columns, state, left_out = fitted(X, Y, weight)
    query = torch.randn(1, 6, 5, dtype=torch.float64)
    scores = score_queries(state, *view_columns(columns, query))
    garbage = torch.full((1, 3, 5), 1e6, dtype=torch.float64)
    padded = fitted(
        torch.cat([X, garbage], 1), torch.cat([Y, torch.ones(1, 3, 2)], 1), torch.cat([weight, torch.zeros(1, 3)], 1)
    )
    torch.testing.assert_close(padded[2][:, :40], left_out)
    torch.testing.assert_close(score_queries(padded[1], *view_columns(padded[0], query)), scores)


def test_scores_of_all_classes_sum_to_one(table):
    X, Y, weight = table
    columns, state, left_out = fitted(X, Y, weight)
    scores = score_queries(state, *view_columns(columns, X + 0.1))
    torch.testing.assert_close(scores.sum(-1), torch.ones_like(scores[..., 0]))
    torch.testing.assert_close(left_out.sum(-1), torch.ones_like(left_out[..., 0]))


def test_the_experts_beat_the_mean_on_an_interaction(table):
    X, Y, weight = table
    _, _, left_out = fitted(X, Y, weight)
    error = (left_out.mean(2) - Y).square().mean()
    assert error < 0.8 * (Y - Y.mean(1, keepdim=True)).square().mean()


def test_wide_tables_keep_the_most_relevant_columns_for_full_metrics(monkeypatch, table):
    monkeypatch.setattr("skmeta.learners.experts.machines.MAX_FULL_METRIC", 3)
    X, Y, weight = table
    columns, state, _ = fitted(X, Y, weight)
    full = next(fit for spec, fit in zip(EXPERTS, state["fits"]) if spec.get("full"))
    assert full["metric"].shape == (1, 3, 3)
    relevance = state["relevance"][0]
    torch.testing.assert_close(relevance[full["kept"][0]], relevance.topk(3).values)
    assert score_queries(state, *view_columns(columns, X)).isfinite().all()


def test_contributions_of_support_rows_add_up_to_the_score(table):
    X, Y, weight = table
    columns, state, _ = fitted(X, Y, weight)
    views = view_columns(columns, torch.randn(1, 7, 5, dtype=torch.float64))
    share = torch.rand(1, 7, len(EXPERTS), dtype=torch.float64)
    share = share / share.sum(-1, keepdim=True)
    mixed = (share[..., None] * score_queries(state, *views)).sum(2)
    torch.testing.assert_close(support_contributions(state, *views, share).sum(2) + state["centre"], mixed)


def test_systems_extended_by_rows_are_those_solved_at_once(table):
    """Metric, width and centre stay; given these, the rank updates are exact, also one after another."""
    X, Y, weight = table
    columns, state, _ = fitted(X, Y, weight)
    views = view_columns(columns, torch.randn(1, 7, 5, dtype=torch.float64))
    more, labels = (
        torch.randn(1, 6, 5, dtype=torch.float64),
        torch.eye(2, dtype=torch.float64)[[0, 1, 1, 0, 1, 0]][None],
    )
    z, u = view_columns(columns, more)
    count = torch.tensor([[1.0, 2.0, 1.0, 0.0, 1.0, 1.0]]).double()
    grown = state
    for rows in (slice(0, 1), slice(1, 6)):
        grown = extend_experts(grown, z[:, rows], u[:, rows], labels[:, rows], count[:, rows])
    targets = (
        torch.cat([Y, labels * (count > 0)[..., None]], 1)
        - state["centre"] * torch.cat([weight, (count > 0)], 1)[..., None]
    )
    for spec, fit in zip(EXPERTS, grown["fits"]):
        K = _kernel(spec, fit, fit["rows"])
        dual, _ = solve(K, targets, torch.cat([weight, count], 1), fit["ridge"])
        torch.testing.assert_close(fit["dual"], dual)
    assert score_queries(grown, *views).isfinite().all()
