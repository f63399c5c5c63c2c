"""The prior over tables: what it draws, that a seed decides it, and that its tables can be learned from."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.tasks import is_task_distribution
from skmeta.tasks.prior import TablePrior
from skmeta.tasks.prior.columns import COLUMNS, measure, recode_by_frequency
from skmeta.tasks.prior.dice import Dice, ranks, standardise
from skmeta.tasks.prior.functions import FAMILIES
from skmeta.tasks.prior.graph import MAX_CATEGORIES, ROOTS, choose_parents, draw_graph
from skmeta.tasks.prior.missing import punch_holes
from skmeta.tasks.prior.predictability import chance_to_keep, predictability
from skmeta.tasks.prior.shift import order_rows
from skmeta.tasks.prior.targets import SHAPES, classes, close_gaps, latent_variables, numbers


def all_but(names, kept):
    return tuple(name for name in names if name not in kept)


# ---------------------------------------------------------------- functions


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_maps_parents_to_finite_values_that_vary(family):
    function, dice = FAMILIES[family][0], Dice(0)
    for _ in range(10):
        out = function(dice, dice.normal(6, 4, 30), torch.full((6, 4), 0.5))
        assert out.shape == (6, 30) and torch.isfinite(out).all()
        assert (out.std(1) > 0).any()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_function_gives_equal_rows_equal_values(family):
    x = Dice(1).normal(5, 3, 20)
    out = FAMILIES[family][0](Dice(2), torch.cat([x, x], -1), torch.full((5, 3), 0.58))
    torch.testing.assert_close(out[:, :20], out[:, 20:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_parent_without_importance_does_not_matter(family):
    x = Dice(1).normal(5, 3, 20)
    other = torch.cat([x[:, :1], 9 * Dice(3).normal(5, 2, 20)], 1)
    scale = torch.tensor([1.0, 0.0, 0.0]).expand(5, -1)
    a, b = (FAMILIES[family][0](Dice(2), v, scale) for v in (x, other))
    torch.testing.assert_close(a, b)


def test_ranks_and_standard_scores_are_what_they_say():
    assert ranks(torch.tensor([[3.0, 1.0, 2.0, 9.0]])).tolist() == [[0.625, 0.125, 0.375, 0.875]]
    z = standardise(torch.tensor([[1.0, 2.0, 3.0]]))
    torch.testing.assert_close(z, torch.tensor([[-(1.5**0.5), 0.0, 1.5**0.5]]))


def test_whole_numbers_lie_in_their_range_and_small_ones_are_preferred():
    draws = Dice(0).log_integers(2, 32, 4000)
    assert draws.min() == 2 and draws.max() == 32 and draws.float().median() < 12


# ---------------------------------------------------------------- graphs


def test_graphs_have_at_least_the_variables_asked_for():
    for seed in range(12):
        graph = draw_graph(Dice(seed), 3, 40, 6)
        T, P, n = graph.values.shape
        assert (T, n) == (3, 40) and P >= 6 and graph.is_category.shape == graph.hubs.shape == (3, P)
        assert torch.isfinite(graph.values).all() and (graph.codes >= 0).all() and (graph.codes < MAX_CATEGORIES).all()


def test_parents_are_of_the_same_table_and_importances_have_unit_length():
    parents, scale = choose_parents(Dice(0), torch.zeros(3, 5), per_table=4, most=3)
    assert ((parents // 5).view(3, 4 * 3) == torch.arange(3)[:, None]).all()
    torch.testing.assert_close(scale.square().sum(1), torch.ones(12))
    assert all(len(set(row)) == 3 for row in parents.tolist())


def test_with_linear_functions_only_and_no_inner_nodes_targets_are_linear_in_the_variables():
    without = ("graph", "cause", *all_but(FAMILIES, ("linear",)), *all_but(ROOTS, ("normal",)))
    for seed in range(3):
        graph = draw_graph(Dice(seed), 8, 200, 5, without)
        graph.noise = torch.zeros_like(graph.noise)
        latents, inside = latent_variables(Dice(seed), graph, 1, 1, without)
        assert (inside == -1).all()
        X, y = graph.values.transpose(1, 2), latents[:, 0, 0, :, None]
        residual = y - X @ torch.linalg.lstsq(X, y).solution
        assert residual.abs().max() < 1e-2


def test_hidden_groups_show_in_clustered_columns():
    graph = draw_graph(Dice(4), 6, 400, 6, ("graph", *all_but(ROOTS, ("clustered",))))

    def explained(groups):
        share = []
        for values, group in zip(graph.values, groups):
            member = torch.nn.functional.one_hot(group).float()
            means = member @ ((member.T @ values.T) / member.sum(0)[:, None].clamp(min=1))
            share += (means.var(0) / values.var(1)).tolist()
        return np.median(share)

    assert explained(graph.clusters) > 3 * explained(graph.clusters.roll(1, 1))


def test_columns_hang_together_in_some_tables_unless_told_not_to():
    def largest(without):
        graph = draw_graph(Dice(0), 40, 200, 6, ("graph", *all_but(ROOTS, ("normal",)), *without))
        return torch.stack([torch.corrcoef(v).fill_diagonal_(0).abs().max() for v in graph.values])

    free, bound = largest(("together",)), largest(())
    assert free.max() < 0.4 and 0.2 < (bound > 0.5).float().mean() < 0.9


def test_codes_of_categories_decide_their_values():
    graph = draw_graph(Dice(1), 4, 100, 5, ("graph", *all_but(ROOTS, ("category",))))
    assert graph.is_category.all()
    for values, codes in zip(graph.values.flatten(0, 1), graph.codes.flatten(0, 1)):
        assert all(len(values[codes == c].unique()) == 1 for c in codes.unique())


# ---------------------------------------------------------------- columns


def measured(name, seed=0, n=300):
    x, none = Dice(seed).normal(40, 6, n), torch.zeros(40, 6, dtype=torch.bool)
    out, categorical = measure(Dice(seed), x, none[..., None].expand(-1, -1, n).long(), none, all_but(COLUMNS, (name,)))
    changed = (out != x).any(-1)
    assert changed.float().mean() > 0.1  # "plain" is always among the choices
    return out[changed], categorical[changed], x[changed]


def test_flags_have_two_values_and_levels_few():
    assert all(len(column.unique()) <= 2 for column in measured("flag")[0])
    levels, categorical, _ = measured("level")
    assert max(len(column.unique()) for column in levels) <= 16 and not categorical.any()


def test_counts_are_whole_and_shares_lie_between_nothing_and_all():
    counts, shares = measured("count")[0], measured("share")[0]
    assert (counts >= 0).all() and (counts == counts.round()).all()
    assert (shares >= 0).all() and (shares <= 1).all()


def test_columns_with_zeros_have_many_of_them():
    zeros = (measured("zeros")[0] == 0).float().mean(1)
    assert zeros.min() > 0 and zeros.mean() > 0.3


def test_levels_keep_the_order_of_the_variable_and_names_do_not():
    def rises(columns, x):
        return torch.stack([(c[v.argsort()].diff() >= 0).all() for c, v in zip(columns, x)]).float().mean()

    levels, _, x = measured("level")
    names, categorical, v = measured("nominal")
    assert rises(levels, x) == 1 and rises(names, v) < 0.6
    assert 0.3 < categorical.float().mean() < 1


def test_categories_of_the_graph_show_their_codes():
    codes = Dice(0).integers(5, 30, 2, 50)
    yes = torch.ones(30, 2, dtype=torch.bool)
    out, categorical = measure(Dice(0), Dice(1).normal(30, 2, 50), codes, yes)
    assert torch.equal(out.long(), codes) and 0.6 < categorical.float().mean() < 1


def test_categories_of_a_task_are_numbered_by_the_support():
    codes = torch.tensor([[4.0, 1.0, 4.0, torch.nan, 1.0, 4.0, 2.0, 1.0]])
    out = recode_by_frequency(codes, n_support=6)
    np.testing.assert_array_equal(out[0].numpy(), [0, 1, 0, np.nan, 1, 0, np.nan, 1])


def test_a_code_below_zero_is_one_more_category():
    out = recode_by_frequency(torch.tensor([[-1.0, 3.0, -1.0, 0.0]]), n_support=3)
    np.testing.assert_array_equal(out[0].numpy(), [0, 1, 0, np.nan])


# ---------------------------------------------------------------- holes


def test_cells_that_are_there_stay_as_they_are_and_no_table_is_empty():
    x, y = Dice(0).normal(200, 5, 60), Dice(1).normal(200, 60)
    out = punch_holes(Dice(2), x, y, share_of_tables=1.0)
    missing = torch.isnan(out)
    assert 0.02 < missing.float().mean() < 0.4 and missing.float().mean((1, 2)).max() < 0.9
    stood_in = ~missing & (out != x)
    assert torch.equal(out[~missing & ~stood_in], x[~missing & ~stood_in]) and stood_in.float().mean() < 0.05


def test_some_cells_are_missing_because_of_their_value_or_of_the_answer():
    x, y = Dice(0).normal(300, 4, 200), Dice(1).normal(300, 200)
    missing = torch.isnan(punch_holes(Dice(2), x, y, share_of_tables=1.0)).float()
    enough = missing.mean(-1) > 0.1

    def related(cause):
        m, c = standardise(missing), standardise(cause)
        return (m * c).mean(-1).abs()[enough]

    by_value, by_answer = related(x), related(y[:, None].expand_as(x))
    assert 0.1 < (by_value > 0.4).float().mean() < 0.6
    assert 0.02 < (by_answer > 0.4).float().mean() < 0.4


def test_most_tables_have_no_holes():
    out = punch_holes(Dice(0), Dice(0).normal(400, 3, 30), Dice(1).normal(400, 30))
    assert 0.05 < torch.isnan(out).any(-1).any(-1).float().mean() < 0.4


# ---------------------------------------------------------------- support and queries


def test_rows_stay_in_order_without_shift_and_are_only_reordered_with_it():
    x, y = Dice(0).normal(50, 3, 40), Dice(1).normal(50, 40)
    assert torch.equal(order_rows(Dice(2), x, y, False, 0.0), torch.arange(40).expand(50, -1))
    shifted = order_rows(Dice(2), x, y, False, 1.0)
    assert torch.equal(shifted.sort(-1).values, torch.arange(40).expand(50, -1))


def test_queries_of_shifted_tables_lie_beyond_the_support():
    x, y = Dice(0).normal(300, 1, 60), Dice(1).normal(300, 60)

    def beyond(share):
        order = order_rows(Dice(2), x, y, False, share)
        moved = x[:, 0].gather(1, order)
        support, query = moved[:, :40], moved[:, 40:]
        low, high = support.amin(1, keepdim=True), support.amax(1, keepdim=True)
        return ((query < low) | (query > high)).float().mean()

    assert beyond(1.0) > 0.3 and beyond(0.0) < 0.1


def test_classes_of_shifted_tables_have_other_shares_among_the_queries():
    x, y = Dice(0).normal(300, 2, 200), Dice(1).integers(2, 300, 200)
    gap = []
    for share in (0.0, 1.0):
        moved = y.gather(1, order_rows(Dice(2), x, y, True, share)).float()
        gap.append((moved[:, :100].mean(1) - moved[:, 100:].mean(1)).abs().mean())
    assert gap[1] > 1.3 * gap[0]


# ---------------------------------------------------------------- targets


def test_numbers_have_the_shapes_asked_for():
    y = Dice(0).normal(200, 300)

    def shaped(name):
        return numbers(Dice(1), y, all_but(SHAPES, ("plain", name)))

    skew = {name: (shaped(name) ** 3).mean(1) for name in ("plain", "price", "capped")}
    assert (skew["price"] > 1).float().mean() > 0.2 and (skew["plain"] > 1).float().mean() < 0.15
    assert skew["capped"].mean() < skew["plain"].mean()
    distinct = {
        name: torch.tensor([len(v.unique()) for v in shaped(name)]).float() for name in ("plain", "grade", "count")
    }
    assert (distinct["grade"] < 100).float().mean() > 0.15 and (distinct["count"] < 150).float().mean() > 0.15
    assert (distinct["plain"] > 250).all()
    mode = torch.stack([v.unique(return_counts=True)[1].max() for v in shaped("zeros")])
    assert (mode > 15).float().mean() > 0.08


def test_some_targets_have_no_noise_and_some_have_much():
    y = standardise(Dice(0).normal(400, 200))
    left = (numbers(Dice(1), y, all_but(SHAPES, ("plain",))) - y).square().mean(1).sqrt()
    assert 0.1 < (left < 1e-3).float().mean() < 0.4 and 0.1 < (left > 0.3).float().mean() < 0.6


def test_labels_are_classes_of_their_table_in_any_order():
    n_classes = torch.tensor([[2], [3], [7], [10]]).repeat(20, 1)
    y = classes(Dice(0), Dice(1).normal(80, 3, 200), n_classes, Dice(2).integers(12, 80, 200))
    assert (y >= 0).all() and (y < n_classes).all()
    used = torch.tensor([len(v.unique()) for v in y]).view(20, 4).float().mean(0)
    assert used[0] > 1.8 and used[3] > 6
    first = torch.tensor([v.bincount(minlength=10).argmax() for v in y]).view(20, 4)[:, 3]
    assert len(first.unique()) > 4  # the most frequent class is not always the same


def test_gaps_between_labels_are_closed():
    assert close_gaps(torch.tensor([[5, 2, 5, 9]]), 10).tolist() == [[1, 0, 1, 2]]


# ---------------------------------------------------------------- predictability


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_noise_cannot_be_predicted_and_a_step_can(seed):
    dice, none = Dice(seed), torch.zeros(1, 3, dtype=torch.bool)
    x = dice.normal(1, 3, 48)
    assert predictability(x, dice.integers(2, 1, 48), none, 2) < 0.35
    assert predictability(x, (x[:, 0] > 0).long(), none, 2) > 0.15


def test_predictability_is_the_leave_one_out_error_of_a_kernel_ridge_machine():
    x, none = Dice(0).normal(1, 1, 10), torch.zeros(1, 1, dtype=torch.bool)
    y = x[:, 0] + 0.1 * Dice(1).normal(1, 10)
    place = 2 * ranks(x)[0, 0].double().numpy() - 1
    distance = np.abs(place[:, None] - place)
    K = np.exp(-2 * distance / distance.mean())
    Y = y[0].double().numpy() - y[0].double().numpy().mean()
    errors = []
    for i in range(10):
        rest = np.arange(10) != i
        errors.append(Y[i] - K[i, rest] @ np.linalg.solve(K[np.ix_(rest, rest)] + 0.1 * np.eye(9), Y[rest]))
    expected = 1 - np.sum(np.square(errors)) / np.sum(Y**2)
    assert predictability(x, y, none).item() == pytest.approx(expected, abs=1e-3)


def test_categories_are_compared_for_equality():
    codes, yes, no = (
        Dice(0).integers(12, 1, 48),
        torch.ones(1, 1, dtype=torch.bool),
        torch.zeros(1, 1, dtype=torch.bool),
    )
    y = (codes < 6).long()
    renamed = torch.randperm(12, generator=torch.Generator().manual_seed(0))[codes]
    as_categories = [predictability(c[:, None].float(), y, yes, 2).item() for c in (codes, renamed)]
    assert as_categories[0] == pytest.approx(as_categories[1], abs=1e-4)
    as_numbers = [predictability(c[:, None].float(), y, no, 2).item() for c in (codes, renamed)]
    assert as_numbers[0] > as_numbers[1] + 0.02


@pytest.mark.parametrize("classification", [True, False])
def test_the_more_predictable_the_likelier_kept(classification):
    chances = chance_to_keep(torch.tensor([-0.5, 0.05, 0.2, 0.6]), classification).tolist()
    assert chances == sorted(chances) and chances[0] > 0 and chances[-1] == 1


# ---------------------------------------------------------------- the whole


@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_a_seed_decides_everything(task_type):
    draws = [TablePrior(task_type).draw_batch(5, Dice(5), 30, 10, 4) for _ in range(2)]
    for key in ("X", "y", "categorical"):
        np.testing.assert_array_equal(draws[0][key].numpy(), draws[1][key].numpy())


def test_the_global_random_states_are_left_alone():
    np.random.seed(3)  # noqa: NPY002
    before, torch_before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    for task_type in ("classification", "regression"):
        TablePrior(task_type, n_features=3).sample(4, random_state=0)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(torch_before, torch.get_rng_state())


@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_it_is_a_task_distribution_of_tables_without_holes(task_type):
    prior = TablePrior(task_type, n_features=5, n_support=12, n_query=7)
    assert is_task_distribution(prior)
    tasks = prior.sample(6, random_state=0)
    assert tasks.shape == (6,) and tasks[0].X.shape == (12, 5) and tasks[0].X_query.shape == (7, 5)
    assert all(np.isfinite(task.X).all() for task in tasks)
    assert all(len(np.unique(task.y)) > 1 for task in tasks)


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="'ranking'"):
        TablePrior("ranking")
    with pytest.raises(ValueError, match="treees"):
        TablePrior(without=("treees",))
    with pytest.raises(ValueError, match="at least one family"):
        TablePrior(without=tuple(FAMILIES))


def test_batches_have_missing_cells_categories_flags_and_many_classes():
    dice, prior = Dice(0), TablePrior()
    batches = [prior.draw_batch(16, dice, 60, 20, 8) for _ in range(10)]
    X = torch.cat([b["X"] for b in batches])
    categorical = torch.cat([b["categorical"] for b in batches])
    few = torch.tensor([[len(column.unique()) <= 16 for column in table.T] for table in X[:80]]).float().mean()
    assert not torch.isinf(X).any() and 0.003 < torch.isnan(X).float().mean() < 0.1
    assert 0.05 < categorical.float().mean() < 0.35 and 0.15 < few < 0.55
    n_classes = torch.cat([b["y"] for b in batches]).amax(1) + 1
    assert 0.4 < (n_classes == 2).float().mean() < 0.8 and n_classes.max() >= 8


def test_mechanisms_can_be_switched_off():
    plain = TablePrior(without=("missing", "category", "nominal", "shift"))
    batch = plain.draw_batch(60, Dice(0), 40, 20, 6)
    assert not torch.isnan(batch["X"]).any() and not batch["categorical"].any()


def test_kept_tables_are_as_predictable_as_real_ones():
    for task_type, low, high in (("classification", 0.1, 0.4), ("regression", 0.3, 0.6)):
        batch = TablePrior(task_type, without=("missing", "shift")).draw_batch(200, Dice(0), 40, 20, 10)
        n_classes = 10 if task_type == "classification" else None
        r2 = predictability(batch["X"].transpose(1, 2), batch["y"], batch["categorical"], n_classes)
        assert low < r2.median() < high
