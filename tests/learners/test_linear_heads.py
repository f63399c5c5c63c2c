"""Heads on fixed features: the optimum, whatever finds it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from torch.testing import assert_close

from skmeta.learners.base import with_bias_column
from skmeta.learners.convex import logistic
from skmeta.learners.convex.logistic import logistic_heads
from skmeta.learners.convex.ridge import ridge_heads

pytestmark = pytest.mark.usefixtures("doubles")


def problem(n_rows, n_features, n_classes=3, seed=0):
    torch.manual_seed(seed)
    X = torch.randn(2, n_rows, n_features)
    y = torch.stack([torch.randperm(n_rows) % n_classes for _ in range(2)])
    return X, y, 0.1 + torch.rand(2, n_rows), torch.ones(2, n_classes, dtype=torch.bool)


def objective(heads, X, y, weight, start, pull):
    log_p = torch.log_softmax(X @ heads.transpose(1, 2), -1)
    loss = -(weight * log_p.gather(-1, y[..., None])[..., 0]).sum(1)
    return loss + pull / 2 * (heads - start).square().sum((1, 2))


@pytest.mark.parametrize("n_rows, n_features", [(40, 5), (6, 20)])
def test_logistic_heads_from_zero_are_scikit_learns_logistic_regression(n_rows, n_features):
    X, y, weight, mask = problem(n_rows, n_features)
    heads = logistic_heads(X, y, weight, mask, torch.zeros(1, n_features), pull=0.5)
    for task in range(2):
        known = LogisticRegression(C=2.0, fit_intercept=False, tol=1e-10, max_iter=10_000)
        known.fit(X[task].numpy(), y[task].numpy(), weight[task].numpy())
        assert_close(heads[task], torch.as_tensor(known.coef_), atol=1e-5, rtol=0)


@pytest.mark.parametrize("n_rows", [30, 4])
def test_the_gradient_of_the_pulled_objective_vanishes_at_the_logistic_heads(n_rows):
    X, y, weight, mask = problem(n_rows, 8)
    start = torch.randn(3, 8)
    heads = logistic_heads(X, y, weight, mask, start, pull=0.3).requires_grad_()
    slope = torch.autograd.grad(objective(heads, X, y, weight, start, 0.3).sum(), heads)[0]
    assert slope.abs().max() < 1e-5


def test_without_rows_heads_stay_at_their_start():
    X, y, _, mask = problem(5, 3)
    start = torch.randn(3, 3)
    nobody = torch.zeros(2, 5)
    assert_close(logistic_heads(X, y, nobody, mask, start, pull=1.0), start.expand(2, 3, 3))
    assert_close(logistic_heads(X[:, :0], y[:, :0], None, mask, start, pull=1.0), start.expand(2, 3, 3))
    assert_close(ridge_heads(X, torch.randn(2, 5, 3), nobody, start, pull=1.0), start.expand(2, 3, 3))


def test_ridge_heads_from_zero_are_scikit_learns_ridge():
    X, _, weight, _ = problem(20, 4)
    y = torch.randn(2, 20, 2)
    heads = ridge_heads(X, y, weight, torch.zeros(2, 4), pull=0.7)
    for task in range(2):
        known = Ridge(alpha=0.7, fit_intercept=False).fit(X[task].numpy(), y[task].numpy(), weight[task].numpy())
        assert_close(heads[task], torch.as_tensor(known.coef_))


def test_one_row_and_one_weight_by_hand():
    # minimise 2 (3 - 2 w)^2 + 4 (w - 1)^2: derivative -8 (3 - 2 w) + 8 (w - 1) = 0 gives w = 4/3
    heads = ridge_heads(
        torch.tensor([[[2.0]]]), torch.tensor([[[3.0]]]), torch.tensor([[2.0]]), torch.tensor([[1.0]]), pull=4.0
    )
    assert_close(heads, torch.tensor([[[4 / 3]]]))


def test_an_endless_pull_keeps_the_start_and_none_gives_least_squares():
    X, _, weight, _ = problem(20, 4)
    y = torch.randn(2, 20, 1)
    start = torch.randn(1, 4)
    assert_close(ridge_heads(X, y, weight, start, pull=1e12), start.expand(2, 1, 4), atol=1e-6, rtol=0)
    root = weight.sqrt()[..., None]
    exact = torch.linalg.lstsq(root * X, root * y).solution.transpose(1, 2)
    assert_close(ridge_heads(X, y, weight, start, pull=0.0), exact, atol=1e-6, rtol=0)


def test_a_class_that_does_not_exist_gets_no_say():
    X, y, weight, _ = problem(20, 4, n_classes=2)
    two = torch.ones(2, 2, dtype=torch.bool)
    three = torch.tensor([[True, True, False]] * 2)
    start = torch.zeros(1, 4)
    assert_close(
        logistic_heads(X, y, weight, three, start, pull=1.0)[:, :2],
        logistic_heads(X, y, weight, two, start, pull=1.0),
    )


@given(seed=st.integers(0, 1000), n_rows=st.integers(1, 12), n_features=st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_a_weight_of_two_is_a_row_twice_and_a_weight_of_zero_no_row(seed, n_rows, n_features):
    X, y, _, mask = problem(n_rows, n_features, seed=seed)
    start = torch.zeros(1, n_features)
    weight = torch.full((2, n_rows + 1), 2.0)
    weight[:, -1] = 0
    padded = torch.cat([X, 100 * torch.ones(2, 1, n_features)], 1), torch.cat([y, y[:, :1]], 1)
    twice = torch.cat([X, X], 1), torch.cat([y, y], 1)
    weighted = logistic_heads(*padded, weight, mask, start, pull=1.0)
    assert_close(weighted, logistic_heads(*twice, None, mask, start, pull=1.0), atol=1e-5, rtol=0)


def test_a_tasks_heads_do_not_depend_on_its_neighbours():
    X, y, weight, mask = problem(15, 6)
    X[1] *= 50  # a neighbour that takes far longer to converge
    start = torch.zeros(1, 6)
    both = logistic_heads(X, y, weight, mask, start, pull=0.1)
    alone = logistic_heads(X[:1], y[:1], weight[:1], mask[:1], start, pull=0.1)
    assert_close(both[:1], alone, atol=1e-12, rtol=1e-10)


def test_the_bias_column_comes_last():
    assert with_bias_column(torch.zeros(1, 2, 3))[..., -1].tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize("n_rows, n_features", [(60, 8), (60, 80)])  # by the Hessian, by products with it
def test_logistic_heads_are_found_in_a_handful_of_steps(n_rows, n_features, monkeypatch):
    X, y, weight, mask = problem(n_rows, n_features)
    directions, solve = [], logistic._Problem.solve
    monkeypatch.setattr(logistic._Problem, "solve", lambda *args: directions.append(solve(*args)) or directions[-1])
    logistic_heads(X, y, weight, mask, torch.zeros(1, n_features), pull=1.0)
    assert 2 <= len(directions) <= 10
