"""What the in-context learners promise, trained or not: invariances, padding, independence of rows."""

import copy
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from skmeta.learners.in_context.heads import InContextClassification, InContextRegression, mixture_nll
from skmeta.learners.in_context.learner import BLOCK_ROWS, FEW_ROWS
from skmeta.learners.in_context.support_rows import deal_out
from skmeta.nets.in_context import Attention

SMALL = {"cell_width": 8, "n_points": 3, "n_summary": 2, "row_width": 16, "row_heads": 2, "n_row_blocks": 2}


def loud(learner_class):
    """Random weights everywhere, so that no part of the network is silent as it is at the start."""
    torch.manual_seed(0)
    learner = learner_class(**SMALL)
    with torch.no_grad():
        for p in learner.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return learner.double().eval()


@pytest.fixture(scope="module")
def classifier():
    return loud(InContextClassification)


@pytest.fixture(scope="module")
def regressor():
    return loud(InContextRegression)


@pytest.fixture
def table():
    """Four columns, the third with missing cells and the last of categories; three classes of unequal size."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(1, 30, 4))
    X[0, ::7, 2] = np.nan
    X[0, :, 3] = rng.integers(0, 4, 30)
    y = np.r_[np.zeros(14), np.ones(10), np.full(6, 2)].astype(int)
    X[0, :, 0] += y
    query = rng.normal(size=(1, 9, 4))
    query[0, :, 3] = rng.integers(0, 5, 9)
    flags = torch.tensor([[False, False, False, True]])
    return torch.from_numpy(X), torch.from_numpy(y)[None], torch.from_numpy(query), flags


@torch.no_grad()
def answers(learner, X, y, query, flags, weight=None, mask=None):
    state = learner.adapt(X, y, weight, mask, flags)
    return learner.predict(state, query)


def numbers(y):
    return (y.double() + 0.3 * torch.sin(torch.arange(y.shape[1]).double()))[..., None]


@pytest.mark.parametrize("kind", ["classification", "regression"])
class TestBoth:
    @pytest.fixture
    def case(self, kind, classifier, regressor, table):
        X, y, query, flags = table
        return (
            (classifier, X, y, query, flags) if kind == "classification" else (regressor, X, numbers(y), query, flags)
        )

    def test_padding_changes_nothing(self, case):
        learner, X, y, query, flags = case
        plain = answers(*case)
        filler = torch.full((1, 5, 4), 1e5).double()
        filler[..., 3] = 2
        label = y[:, :1].expand(-1, 5, *y.shape[2:]) * 0 + (2 if y.ndim == 2 else 77)
        weight = torch.cat([torch.ones(1, 30), torch.zeros(1, 5)], 1).double()
        padded = answers(learner, torch.cat([X, filler], 1), torch.cat([y, label], 1), query, flags, weight)
        torch.testing.assert_close(padded, plain)

    def test_a_row_of_weight_two_is_a_row_given_twice(self, case):
        learner, X, y, query, flags = case
        weight = torch.ones(1, 30).double()
        weight[0, 4] = 2
        twice = [*range(30), 4]
        torch.testing.assert_close(
            answers(learner, X, y, query, flags, weight), answers(learner, X[:, twice], y[:, twice], query, flags)
        )

    def test_the_order_of_support_rows_does_not_matter(self, case):
        learner, X, y, query, flags = case
        order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(answers(learner, X[:, order], y[:, order], query, flags), answers(*case))

    def test_rounding_does_not_order_columns_that_tell_as_much(self, case):
        learner, X, y, query, flags = case
        X, query = X[..., :3].nan_to_num(), query[..., :3].clone()
        for rows in (slice(0, 14), slice(14, 24), slice(24, 30)):  # a class's or, of numbers, some of the rows
            X[0, rows, 1] = X[0, rows, 0].flip(0)
        if y.ndim == 3:
            y = y.round()
        first = answers(learner, X, y, query, None)
        for seed in range(10):
            order = torch.randperm(30, generator=torch.Generator().manual_seed(seed))
            torch.testing.assert_close(answers(learner, X[:, order], y[:, order], query, None), first)

    def test_the_order_of_columns_does_not_matter(self, case):
        learner, X, y, query, flags = case
        order = [2, 3, 0, 1]
        moved = answers(learner, X[..., order], y, query[..., order], flags[:, order])
        torch.testing.assert_close(moved, answers(*case))

    def test_the_names_of_categories_do_not_matter(self, case):
        learner, X, y, query, flags = case
        names = torch.tensor([5.0, 0.0, 9.0, 2.0, 7.0]).double()
        X2, query2 = X.clone(), query.clone()
        X2[..., 3], query2[..., 3] = names[X[..., 3].long()], names[query[..., 3].long()]
        counts = torch.bincount(X[0, :, 3].long())
        assert len(counts.unique()) == len(counts), "equal counts would be ordered by name"
        torch.testing.assert_close(answers(learner, X2, y, query2, flags), answers(*case))

    def test_shifting_and_stretching_a_column_does_not_matter(self, case):
        learner, X, y, query, flags = case
        X2, query2 = X.clone(), query.clone()
        X2[..., 1], query2[..., 1] = 7 * X[..., 1] - 3, 7 * query[..., 1] - 3
        torch.testing.assert_close(answers(learner, X2, y, query2, flags), answers(*case))

    def test_a_query_row_does_not_depend_on_the_others(self, case):
        learner, X, y, query, flags = case
        together = answers(*case)
        alone = torch.cat([answers(learner, X, y, query[:, [i]], flags) for i in range(9)], 1)
        torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)

    def test_more_queries_than_a_block_are_answered_alike(self, case):
        learner, X, y, query, flags = case
        many = query[:, torch.arange(BLOCK_ROWS + 11) % 9]
        torch.testing.assert_close(
            answers(learner, X, y, many, flags)[:, -1:], answers(*case)[:, [(BLOCK_ROWS + 10) % 9]]
        )

    def test_a_batch_of_tasks_is_the_tasks_one_by_one(self, case):
        learner, X, y, query, flags = case
        other = X.flip(1) * 1.3
        both = answers(
            learner, torch.cat([X, other]), torch.cat([y, y]), torch.cat([query, query]), flags.expand(2, -1)
        )
        torch.testing.assert_close(both[1:], answers(learner, other, y, query, flags))

    def test_a_support_dealt_out_to_parts_gives_the_mean_of_the_parts(self, case, monkeypatch):
        learner, X, y, query, flags = case
        monkeypatch.setattr("skmeta.learners.in_context.learner.MAX_SUPPORT", 16)
        monkeypatch.setattr(learner, "most_parts", 2)
        state = learner.adapt(X, y, None, None, flags)
        assert len(state["parts"]) == 2
        with torch.no_grad():
            whole = learner.predict(state, query)
            parts = [learner.predict({"parts": [part]}, query) for part in state["parts"]]
        if y.ndim == 2:
            whole, parts = whole.softmax(-1), [p.softmax(-1) for p in parts]
        torch.testing.assert_close(whole, sum(parts) / 2)

    def test_weights_are_read_from_a_file(self, case, tmp_path):
        learner = case[0]
        save_file({k: v.float() for k, v in learner.state_dict().items()}, tmp_path / "w.safetensors")
        again = type(learner)(weights=tmp_path / "w.safetensors", **SMALL).double().eval()
        torch.testing.assert_close(answers(again, *case[1:]), answers(*case), atol=1e-4, rtol=1e-4)


def test_folded_keys_and_values_are_the_same_attention():
    torch.manual_seed(0)
    attention = Attention(12, heads=3).double()
    x, keys_values = torch.randn(2, 7, 12).double(), attention.keys_values(torch.randn(2, 5, 12).double())
    torch.testing.assert_close(attention.read_folded(x, *attention.fold(keys_values)), attention(x, keys_values))


def test_another_learner_may_read_the_cells_of_queries(table):
    X, y, query, flags = table
    learner = InContextClassification(**SMALL)
    double = copy.deepcopy(learner).double()
    few, query = query, query[:, torch.arange(FEW_ROWS) % query.shape[1]]
    plain = answers(double, X, y, query, flags)
    double.reader = learner
    quick = answers(double, X, y, query, flags)
    assert quick.dtype == torch.float64 and not torch.equal(quick, plain)
    torch.testing.assert_close(quick, plain, atol=1e-5, rtol=1e-5)
    double_few = answers(double, X, y, few, flags)  # costs as little in double precision, and is read so
    torch.testing.assert_close(double_few, plain[:, : few.shape[1]], rtol=1e-12, atol=1e-12)


def test_the_names_of_classes_do_not_matter(classifier, table):
    X, y, query, flags = table
    names = torch.tensor([2, 0, 1])
    renamed = answers(classifier, X, names[y], query, flags)
    torch.testing.assert_close(renamed[..., names], answers(classifier, X, y, query, flags))


def test_a_class_that_does_not_exist_has_no_chance(classifier, table):
    X, y, query, flags = table
    mask = torch.tensor([[True, True, True, False]])
    logits = answers(classifier, X, y, query, flags, mask=mask)
    assert (logits[..., 3] == -torch.inf).all() and logits[..., :3].isfinite().all()
    torch.testing.assert_close(logits[..., :3], answers(classifier, X, y, query, flags))


def test_more_classes_than_the_network_has_places_for(classifier):
    torch.manual_seed(0)
    y = torch.arange(60)[None] % 23
    X = torch.randn(1, 60, 3).double() + torch.stack([y.sin(), (2.0 * y).cos(), y / 5], -1) * 3
    chance = answers(classifier, X, y, X + 0.01, None).softmax(-1)
    assert chance.shape == (1, 60, 23) and torch.allclose(chance.sum(-1), torch.ones(1, 60).double())


def test_one_row_one_class_one_constant_column(classifier, regressor):
    X = torch.ones(1, 1, 1).double()
    assert answers(classifier, X, torch.zeros(1, 1).long(), X, None).softmax(-1).tolist() == [[[1.0]]]
    assert answers(regressor, X, torch.full((1, 1, 1), 3.0).double(), X, None).isfinite().all()


def test_targets_in_other_units_are_answered_in_those_units(regressor, table):
    X, y, query, flags = table
    Y = numbers(y)
    torch.testing.assert_close(
        answers(regressor, X, 1000 * Y - 5, query, flags), 1000 * answers(regressor, X, Y, query, flags) - 5
    )


def test_several_targets_are_answered_one_by_one(regressor, table):
    X, y, query, flags = table
    a, b = numbers(y), X[..., [0]] ** 2
    both = answers(regressor, X, torch.cat([a, b], -1), query, flags)
    torch.testing.assert_close(both[..., [0]], answers(regressor, X, a, query, flags))
    torch.testing.assert_close(both[..., [1]], answers(regressor, X, b, query, flags))


def test_the_mixture_is_a_distribution_with_the_predicted_mean(regressor, table):
    X, y, query, flags = table
    with torch.no_grad():
        state = regressor.adapt(X, numbers(y), None, None, flags)
        log_weight, means, log_scale = regressor.mixture(state, query)
        weights, means, scales = log_weight[0, 0, 0], means[0, 0, 0], log_scale[0, 0, 0]
        reach = float((means.abs() + 10 * scales.exp()).max())
        grid = torch.linspace(-reach, reach, 600001, dtype=torch.float64)
        density = torch.exp(-mixture_nll(weights, means, scales, grid))
        mean = regressor.predict(state, query)[0, 0, 0]
    step = 2 * reach / 600000
    assert abs(float(density.sum()) * step - 1) < 1e-5
    assert abs(float((density * grid).sum()) * step - float(mean)) < 1e-5 * reach


def test_likelihood_of_a_standard_normal_at_zero():
    nll = mixture_nll(torch.zeros(1), torch.zeros(1), torch.zeros(1), torch.tensor(0.0))
    assert math.isclose(float(nll), 0.5 * math.log(2 * math.pi), rel_tol=1e-6)


def test_gradients_reach_every_weight(table):
    X, y, query, flags = table
    learner = InContextClassification(**SMALL).double()
    with torch.no_grad():
        learner.gate.weight.normal_()
    loss = torch.nn.functional.cross_entropy(
        learner.predict(learner.adapt(X, y, None, None, flags), query)[0], y[0, :9]
    )
    loss.backward()
    silent = [name for name, p in learner.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_rows_are_dealt_out_with_equal_shares_of_every_class():
    y = torch.tensor([[0] * 6 + [1] * 3])
    first, second, third = deal_out(y, torch.ones(1, 9), max_rows=6, most_parts=3)
    assert all(sorted(y[0, part[0]].tolist()) == [0, 0, 1] for part in (first, second, third))
    assert sorted(torch.cat([first, second, third], 1)[0].tolist()) == list(range(9))
    assert len(deal_out(y, torch.ones(1, 9), max_rows=6, most_parts=2)) == 2
    assert deal_out(y, torch.ones(1, 9), max_rows=9, most_parts=3) is None
