"""Experts tuned to a table against what they stand for: refits, finite differences, rows given twice."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from skmeta.learners.experts import extend_tuned, fit_tuned, score_tuned
from skmeta.learners.experts.bend import bent
from skmeta.learners.experts.gaussian_process import (
    in_two_precisions,
    negative_log_likelihood,
    tune_process,
    untuned_process,
)
from skmeta.learners.experts.logistic import fit_path
from skmeta.learners.experts.minimise import minimise
from skmeta.learners.experts.ridge import RIDGES, tune_ridge
from skmeta.learners.experts.smooth_kernel import fit_machine, some_rows
from skmeta.learners.experts.tuned_classes import PLANE_PENALTIES
from skmeta.learners.experts.tuned_numbers import PROCESS, RIDGE
from skmeta.learners.in_context import table_views as views


@pytest.fixture
def problem():
    """Two tasks of 24 rows; the first is a plane, the second a bump in its first column."""
    g = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 24, 3, generator=g, dtype=torch.float64)
    rows = rows - rows.mean(1, keepdim=True)
    noise = 0.1 * torch.randn(2, 24, 1, generator=g, dtype=torch.float64)
    Y = torch.stack([rows[0] @ torch.tensor([1.0, -2, 0.5]).double(), torch.sin(3 * rows[1, :, 0])])[..., None] + noise
    return rows, Y - Y.mean(1, keepdim=True), torch.ones(2, 24).double(), torch.ones(2, 3, dtype=torch.bool)


def twice(row, *values):
    return tuple(torch.cat([v, v[:, [row]]], 1) for v in values)


@pytest.mark.parametrize("n_columns", [3, 40])
def test_the_plane_leaves_one_out_as_if_refitted(n_columns):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, n_columns))
    X -= X.mean(0)
    y = X[:, 0] + 0.3 * rng.normal(size=20)
    about = (torch.tensor(X)[None], torch.tensor(y - y.mean())[None, :, None], torch.ones(1, 20).double())
    kernel, left_out = tune_ridge(*about)
    ridge = float(kernel.ridge)
    errors = []
    for i in range(20):
        rest = np.arange(20) != i
        A = np.c_[X[rest], np.ones(19)]
        penalty = np.diag([ridge] * n_columns + [0.0])
        coef = np.linalg.solve(A.T @ A + penalty, A.T @ (y[rest] - y.mean()))
        errors.append(abs(np.r_[X[i], 1] @ coef - float(left_out[0, i, 0])))
    assert max(errors) < 1e-8


def test_a_law_without_noise_gets_the_smallest_ridge_and_a_law_of_noise_a_large_one():
    rng = np.random.default_rng(0)
    X = torch.tensor(rng.normal(size=(1, 60, 4)))
    X = X - X.mean(1, keepdim=True)
    law, noise = X @ torch.ones(4, 1).double(), torch.tensor(rng.normal(size=(1, 60, 1)))
    total = torch.ones(1, 60).double()
    assert float(tune_ridge(X, law, total)[0].ridge) == pytest.approx(60 * float(RIDGES[0]))
    assert float(tune_ridge(X, noise - noise.mean(), total)[0].ridge) > 60 * 0.1


@pytest.mark.parametrize("n_sizes", [3, 4])
def test_the_likelihood_is_that_of_the_targets_and_its_gradient_the_difference_of_neighbours(problem, n_sizes):
    rows, Y, weight, _ = problem
    weight = weight.clone()
    weight[0, 3], weight[1, 5] = 2.0, 0.5
    plane = rows @ rows.transpose(1, 2) / 3
    x = 0.3 * torch.randn(2, 3 + n_sizes, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    value, gradient = negative_log_likelihood(x, rows, Y, weight, plane)
    for i in range(3 + n_sizes):
        step = 1e-5 * torch.eye(3 + n_sizes).double()[i]
        above, _ = negative_log_likelihood(x + step, rows, Y, weight, plane)
        below, _ = negative_log_likelihood(x - step, rows, Y, weight, plane)
        torch.testing.assert_close(gradient[:, i], (above - below) / 2e-5, rtol=1e-5, atol=1e-5)
    alone, _ = negative_log_likelihood(x[:1], rows[:1], Y[:1], torch.ones(1, 24).double(), plane[:1])
    lengths, (bump, line, noise, *rough) = x[0, :3].exp(), (2 * x[0, 3:]).exp()
    D = ((rows[0, :, None] - rows[0]) / lengths).square().sum(-1)
    far = (3 * D).sqrt()
    K = (
        bump * torch.exp(-0.5 * D)
        + sum(rough) * (1 + far) * torch.exp(-far)
        + line * plane[0]
        + (noise + 1e-6) * torch.eye(24)
    )
    density = torch.distributions.MultivariateNormal(torch.zeros(24).double(), K).log_prob(Y[0, :, 0])
    assert float(alone) == pytest.approx(float(-density) - 12 * np.log(2 * np.pi))


def test_the_likelihood_is_found_in_single_precision_of_tasks_with_noise_alone(problem):
    rows, Y, weight, _ = problem
    plane = rows @ rows.transpose(1, 2) / 3
    x = torch.tensor([[0.5, 0.5, 0.5, 0.0, -1.5, noise, -0.5] for noise in (-1.0, -6.0)], dtype=torch.float64)
    exact = negative_log_likelihood(x, rows, Y, weight, plane)
    for one, other in zip(exact, in_two_precisions(rows, Y, weight, plane)(x)):
        assert other.dtype == torch.float64
        torch.testing.assert_close(other[0], one[0], rtol=1e-4, atol=1e-4)
        assert not torch.equal(other[0], one[0])
        torch.testing.assert_close(other[1], one[1], rtol=1e-9, atol=0)


def test_a_row_of_weight_two_is_a_row_given_twice_and_one_of_weight_zero_is_none(problem):
    rows, Y, weight, varies = problem
    double = weight.clone()
    double[:, 4] = 2
    hidden = torch.cat([weight, torch.zeros(2, 1)], 1)
    junk = torch.cat([rows, 50 * torch.ones(2, 1, 3)], 1), torch.cat([Y, torch.full((2, 1, 1), -9.0)], 1)
    query = rows[:, :5] + 0.2
    for settings, same in (
        ((rows, Y, double), (*twice(4, rows, Y, weight),)),
        ((*junk, hidden), (rows, Y, weight)),
    ):
        one, left_out = fit_tuned(*settings, varies)
        other, left_out_other = fit_tuned(*same, varies)
        torch.testing.assert_close(score_tuned(one, query), score_tuned(other, query), rtol=1e-5, atol=1e-5)
        n = min(24, left_out.shape[1])
        torch.testing.assert_close(left_out[:, :n], left_out_other[:, :n], rtol=1e-4, atol=1e-4)


def test_targets_are_bent_where_their_law_is_and_not_where_columns_are_skewed_as_they_are():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(80, 3))
    line = z.sum(1) + 0.1 * rng.normal(size=80)
    skewed = np.exp(1.5 * z)
    y = np.c_[np.exp(line), line]
    straight = (skewed - skewed.mean(0)) / skewed.std(0)
    varies, one = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 80).double()

    def now(X, y, weight=one):
        X, y = torch.tensor(X)[None], torch.tensor(y - y.mean(0))[None]
        return y, bent(X, y, weight, untuned_process(X, varies))

    before, after = now(z, y)
    assert ((after[0].argsort(0) - before[0].argsort(0)) == 0).all()
    torch.testing.assert_close(after.square().mean(1), before.square().mean(1))
    alike = [[np.corrcoef(v[0, :, column], line)[0, 1] for v in (before, after)] for column in (0, 1)]
    assert alike[0][1] > alike[0][0] + 0.1 and alike[1][1] > 0.99
    before, after = now(straight, (straight.sum(1) + 0.1 * rng.normal(size=80))[:, None])
    assert np.corrcoef(after[0, :, 0], before[0, :, 0])[0, 1] > 0.95
    heavy = one.clone()
    heavy[0, 7] = 2
    y = torch.tensor(y - y.mean(0))[None]
    z = torch.tensor(z)[None]
    once = bent(z, y, heavy, untuned_process(z, varies))
    double = bent(*twice(7, z, y, one), untuned_process(z, varies))
    torch.testing.assert_close(once, double[:, :80], rtol=1e-6, atol=1e-6)


def test_the_process_learns_which_column_matters_and_a_plane_where_there_is_one(problem):
    rows, Y, weight, varies = problem
    kernel = tune_process(*problem)
    assert kernel.scale[1].argmax() == 0 and kernel.scale[1, 0] > 2 * kernel.scale[1, 1:].max()
    assert kernel.line[0] > 10 * kernel.line[1]
    state, left_out = fit_tuned(rows, Y, weight, varies)
    error = (left_out[..., 0] - Y).square().mean(1)
    assert error[1, PROCESS] < 0.5 * error[1, RIDGE] and error[0, RIDGE] < 0.05


def test_a_law_of_corners_is_followed_by_the_rough_bump_and_a_smooth_one_by_either():
    x = torch.linspace(-2, 2, 60).double()[None, :, None]
    about, query = (torch.ones(1, 60).double(), torch.ones(1, 1, dtype=torch.bool)), x[:, :-1] + 0.02

    def error(law, with_rough):
        Y, middle = law(x) - law(x).mean(), law(x).mean()
        kernel = tune_process(x, Y, *about, with_rough=with_rough)
        machine, _ = fit_machine(kernel, x, Y, about[0])
        return float((machine["toward"].of(query) @ machine["dual"] + middle - law(query)).square().mean())

    def corners(x):
        return (x % 1 - 0.5).abs()

    assert error(corners, True) < 0.1 * error(corners, False)
    assert error(lambda x: torch.sin(3 * x), True) < 1e-6


def test_rows_given_later_count_as_if_they_had_been_there_under_the_same_settings(problem):
    rows, Y, weight, varies = problem
    state, _ = fit_tuned(rows, Y, weight, varies)
    more, labels = rows[:, :3] + 0.5, Y[:, :3] - 0.5
    grown = extend_tuned(
        extend_tuned(state, more[:, :1], labels[:, :1], weight[:, :1]), more[:, 1:], labels[:, 1:], weight[:, 1:3]
    )
    everything = torch.cat([rows, more], 1), torch.cat([Y, labels], 1) - state["centre"], torch.ones(2, 27).double()
    for machine, old in zip(grown["machines"], state["machines"]):
        again, _ = fit_machine(old["kernel"], *everything)
        torch.testing.assert_close(machine["dual"], again["dual"])


def test_each_problem_is_minimised_by_itself_and_within_its_bounds():
    curvature = torch.tensor([[1.0, 100.0], [30.0, 2.0]]).double()
    aim = torch.tensor([[0.3, -0.2], [5.0, 0.7]]).double()

    def f(x):
        return (0.5 * curvature * (x - aim).square()).sum(1) + (x - aim).pow(4).sum(1), curvature * (x - aim) + 4 * (
            x - aim
        ).pow(3)

    bound = torch.ones(2).double()
    x = minimise(f, torch.zeros(2, 2).double(), -bound, bound, steps=40)
    torch.testing.assert_close(x, torch.tensor([[0.3, -0.2], [1.0, 0.7]]).double(), atol=1e-4, rtol=0)


def test_a_place_without_a_value_is_stepped_around():
    def f(x):
        value = (x - 2).square().sum(1)
        return torch.where(x[:, 0] > 1, torch.inf, value), 2 * (x - 2)

    bound = torch.full((1,), 9.0).double()
    x = minimise(f, torch.zeros(1, 1).double(), -bound, bound, steps=30)
    assert 0.9 < float(x) <= 1


def test_some_rows_are_spread_over_the_targets_and_leave_padding_out():
    key = torch.tensor([[5.0, 1, 9, 3, 7, 0, 0, 0]])
    weight = torch.tensor([[1.0, 1, 1, 1, 1, 0, 0, 0]])
    chosen, values = some_rows(key, weight, 3, key[..., None])
    assert values[0, :, 0].tolist() == [1, 3, 7] and chosen.tolist() == [[1, 1, 1]]


def test_straight_rows_bend_nowhere_and_end_one_range_outside():
    X = torch.linspace(0, 1, 5).double()[None, :, None]
    weight = torch.ones(1, 5).double()
    columns = views.fit_columns(X, weight)
    plan = views.plan_expansion(columns, X, weight)
    query = torch.tensor([0.5, 1.5, 2.0, 9.0, float("nan")]).double()[None, :, None]
    z = views.straight_view(columns, plan, query)
    assert views.beyond_range(columns, query)[0].tolist() == [0, 0.5, 1, 1, 0]
    step = float(columns["inverse"])
    torch.testing.assert_close(z[0, :, 0], torch.tensor([0, 1, 1.5, 1.5, 0]).double() * step)


def test_a_system_that_cannot_be_solved_is_a_place_to_stay_away_from():
    """Equal rows, in single precision: the system is singular beside another that is not."""
    rows = torch.randn(2, 40, 2, generator=torch.Generator().manual_seed(0))
    rows[1] = 1.0
    plane = rows @ rows.transpose(1, 2)
    x = torch.tensor([[0.0, 0.0, 3.0, 3.0, 0.0], [0.0, 0.0, 3.0, 3.0, -20.0]])
    value, gradient = negative_log_likelihood(x, rows, rows[..., :1], torch.ones(2, 40), plane)
    assert value[0].isfinite() and value[1] == torch.inf and torch.equal(gradient[1], torch.zeros(5))


def test_a_regression_is_as_firm_beside_other_tasks_as_alone():
    draw = torch.Generator().manual_seed(0)
    members = F.one_hot(torch.arange(3).repeat_interleave(5), 3).double().expand(40, -1, -1)
    centres = torch.linspace(0, 4, 40)[:, None, None].double() * torch.randn(40, 3, 4, generator=draw).double()
    rows = F.pad(members @ centres + torch.randn(40, 15, 4, generator=draw).double(), (0, 1), value=1.0)
    weight, classes = torch.ones(40, 15).double(), torch.ones(40, 3, dtype=torch.bool)
    together = fit_path(rows, members, weight, classes, PLANE_PENALTIES)
    for t in range(40):
        alone = fit_path(*(v[t : t + 1] for v in (rows, members, weight, classes)), PLANE_PENALTIES)
        for one, all_of_them in zip(alone, together):
            torch.testing.assert_close(one[0], all_of_them[t])


def test_a_minimum_is_the_same_beside_other_tasks_as_alone():
    draw = torch.Generator().manual_seed(1)
    centre = 3 * torch.randn(30, 3, generator=draw, dtype=torch.float64)
    bend = torch.logspace(-2, 3, 90, dtype=torch.float64).view(30, 3)

    def of(tasks):
        def f(x):
            away = x - centre[tasks]
            steps = torch.round(20 * away.abs().sum(1)) / 20  # stairs, on which a search for less may find nothing
            return steps + (bend[tasks] * away.square()).sum(1) / 100, away.sign() + bend[tasks] * away / 50

        return f

    low, high = torch.full((3,), -10.0).double(), torch.full((3,), 10.0).double()
    together = minimise(of(slice(None)), torch.zeros(30, 3).double(), low, high, steps=15)
    for t in range(30):
        alone = minimise(of(slice(t, t + 1)), torch.zeros(1, 3).double(), low, high, steps=15)
        torch.testing.assert_close(alone[0], together[t])


def test_a_search_ends_with_the_first_step_that_gains_too_little():
    asked = []

    def f(x):
        asked.append(x.clone())
        return x.square().sum(1), 2 * x

    bound, start = torch.full((1,), 10.0).double(), torch.full((1, 1), 3.0).double()
    exact = minimise(f, start, -bound, bound, steps=30)
    many = len(asked)
    assert abs(float(exact)) < 1e-6
    asked.clear()
    assert float(minimise(f, start, -bound, bound, steps=30, enough=6.0)) == 2.0  # from 9 to 4, by one unit downhill
    assert len(asked) == 2 < many
