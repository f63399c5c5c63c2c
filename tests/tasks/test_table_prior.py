"""The prior over tables: what it draws, that a seed decides it, and that its tables can be learned from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.tasks import is_task_distribution
from skmeta.tasks.prior import TablePrior
from skmeta.tasks.prior.disguise import punch_holes
from skmeta.tasks.prior.functions import FAMILIES, importances, log_integer
from skmeta.tasks.prior.predictability import chance_to_keep, predictability
from skmeta.tasks.prior.table_prior import recode_by_frequency
from skmeta.tasks.prior.tables import causal_graph, direct_function, labelled_clusters


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_maps_rows_to_finite_rows(family):
    rng = np.random.default_rng(0)
    for _ in range(10):
        out = family(rng, rng.standard_normal((30, 4)), 3)
        assert out.shape == (30, 3) and np.isfinite(out).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_gives_equal_rows_equal_values(family):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((20, 3))
    out = family(rng, np.concatenate([x, x]), 2)
    np.testing.assert_allclose(out[:20], out[20:], atol=1e-9)


@pytest.mark.parametrize("make", [causal_graph, direct_function])
def test_tables_have_the_size_asked_for(make):
    for seed in range(10):
        X, latent, codes = make(np.random.default_rng(seed), 40, 6)
        assert X.shape == (40, 6) and latent.shape[0] == 40
        assert all(0 <= j < 6 and len(c) == 40 and c.min() >= 0 for j, c in codes.items())


def test_clusters_use_every_class_now_and_then():
    labels = [labelled_clusters(np.random.default_rng(s), 200, 3, 4)[1] for s in range(5)]
    assert max(len(np.unique(y)) for y in labels) == 4


def test_a_seed_decides_everything():
    draws = [TablePrior(n_features=4).sample_batch(4, np.random.default_rng(5)) for _ in range(2)]
    for key in ("X", "y", "categorical"):
        np.testing.assert_array_equal(draws[0][key], draws[1][key])


def test_the_global_random_state_is_left_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    TablePrior(n_features=3).sample(2, random_state=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_it_is_a_task_distribution_of_tables_without_holes(task_type):
    prior = TablePrior(task_type, n_features=5, n_support=12, n_query=7)
    assert is_task_distribution(prior)
    tasks = prior.sample(6, random_state=0)
    assert tasks.shape == (6,) and tasks[0].X.shape == (12, 5) and tasks[0].X_query.shape == (7, 5)
    assert all(np.isfinite(task.X).all() for task in tasks)
    assert all(len(np.unique(task.y)) > 1 for task in tasks)


def test_an_unknown_task_type_is_refused():
    with pytest.raises(ValueError, match="'ranking'"):
        TablePrior("ranking")


def test_batches_have_missing_cells_categories_and_many_classes():
    rng = np.random.default_rng(0)
    batches = [TablePrior().sample_batch(4, rng, 30, 10, 6) for _ in range(25)]
    assert any(np.isnan(b["X"]).any() for b in batches)
    assert any(b["categorical"].any() for b in batches) and not all(b["categorical"].all() for b in batches)
    n_classes = {len(np.unique(y)) for b in batches for y in b["y"]}
    assert 2 in n_classes and max(n_classes) >= 6


def test_categories_of_a_task_are_numbered_by_the_support():
    codes = np.array([4.0, 1.0, 4.0, np.nan, 1.0, 4.0, 2.0, 1.0])
    out = recode_by_frequency(codes, n_support=6)
    np.testing.assert_array_equal(out, [0, 1, 0, np.nan, 1, 0, np.nan, 1])


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_noise_cannot_be_predicted_and_a_step_can(seed):
    rng = np.random.default_rng(seed)
    X, none = rng.standard_normal((112, 3)), np.zeros(3, bool)
    assert predictability(X, rng.integers(0, 2, 112), none, True) < 0.25
    assert predictability(X, (X[:, 0] > 0).astype(int), none, True) > 0.25


def test_categories_are_compared_for_equality():
    rng = np.random.default_rng(0)
    codes, yes, no = rng.integers(0, 30, 112), np.ones(1, bool), np.zeros(1, bool)
    y = (codes < 15).astype(int)
    renamed = rng.permutation(30)[codes]
    as_categories = [predictability(c[:, None].astype(float), y, yes, True) for c in (codes, renamed)]
    assert as_categories[0] == pytest.approx(as_categories[1])
    as_numbers = [predictability(c[:, None].astype(float), y, no, True) for c in (codes, renamed)]
    assert as_numbers[0] > as_numbers[1] + 0.02


def test_the_more_predictable_the_likelier_kept():
    chances = [chance_to_keep(r2) for r2 in (-0.5, 0.05, 0.2, 0.6)]
    assert chances == sorted(chances) and chances[0] > 0 and chances[-1] == 1


def test_holes_are_punched_in_place():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((200, 20))
    punch_holes(rng, X)
    assert 0 < np.isnan(X).mean() < 0.6


def test_importances_have_unit_mean_square_and_small_integers_are_preferred():
    rng = np.random.default_rng(0)
    assert np.isclose((importances(rng, 50) ** 2).mean(), 1)
    draws = np.array([log_integer(rng, 2, 32) for _ in range(2000)])
    assert draws.min() == 2 and draws.max() <= 32 and np.median(draws) < 12
