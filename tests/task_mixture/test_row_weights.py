"""What weights of rows promise: 0 is a row that is not there, only proportions count, and whatever learns sees them."""

import copy
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skmeta import BayesianHeadRegressor, FewShotRegressor, TaskMixtureRegressor
from skmeta.task_mixture.trust import SizeWeights
from skmeta.task_mixture.uncertainty import Uncertainty, _draws_in_common
from tests.task_mixture.small import KINDS, SITE, X, Y, answers, mixture, targets

WEIGHT = 1.0 + np.arange(96) % 3
HUGE = 1e308 * np.random.default_rng(0).uniform(size=96)


@cache
def _without_weights(kind):
    return mixture(kind).fit(X, targets(kind), task=SITE)


def fitted(kind="regressor", weight=None, rows=slice(None), **params):
    if weight is None and isinstance(rows, slice) and not params:
        return copy.deepcopy(_without_weights(kind))
    weight = None if weight is None else weight[rows]
    return mixture(kind, **params).fit(X[rows], targets(kind)[rows], weight, task=SITE[rows])


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_weight_zero_is_not_there(kind):
    there = np.flatnonzero((np.arange(96) % 5 > 0) & (SITE != 3))
    weight = np.zeros(96)
    weight[there] = WEIGHT[there]
    model, without = fitted(kind, weight), fitted(kind, WEIGHT, there)
    assert model.adapted_tasks_.tolist() == without.adapted_tasks_.tolist()
    new = np.full(6, 99)
    for shown in ("partial_fit", "adapt"):
        getattr(model, shown)(X[:6], targets(kind)[:6], sample_weight=[1, 0, 2, 0, 0, 1], task=new)
        getattr(without, shown)(X[[0, 2, 5]], targets(kind)[[0, 2, 5]], sample_weight=[1, 2, 1], task=new[:3])
        for task in (SITE, np.full(96, 99)):
            assert_array_equal(answers(model, task=task), answers(without, task=task))
    before = answers(model, task=SITE)
    assert_array_equal(
        answers(model.partial_fit(X[:2], targets(kind)[:2], sample_weight=[0, 0], task=SITE[:2]), task=SITE), before
    )


@pytest.mark.parametrize("kind", KINDS)
def test_only_proportions_count(kind):
    plain = fitted(kind)
    assert_array_equal(answers(fitted(kind, np.full(96, 0.1)), task=SITE), answers(plain, task=SITE))
    weighed = answers(fitted(kind, WEIGHT), task=SITE)
    for unit in (2.0, 1e-7, 1e7):
        assert_allclose(answers(fitted(kind, unit * WEIGHT), task=SITE), weighed, rtol=1e-6)
    assert np.abs(weighed - answers(plain, task=SITE)).max() > 1e-4


def test_rows_shown_later_are_weighed_in_the_unit_of_fit_and_those_of_a_new_task_in_their_own():
    one, other = fitted(weight=WEIGHT), fitted(weight=1e-3 * WEIGHT)
    rows, new = (X[:3], Y[:3] + 5), np.full(3, 99)
    for model, unit in ((one, 1.0), (other, 1e-3)):
        model.partial_fit(*rows, sample_weight=unit * np.array([4.0, 1.0, 1.0]), task=new)
    assert_allclose(one.predict(X, task=np.full(96, 99)), other.predict(X, task=np.full(96, 99)), rtol=1e-6)
    alike = fitted().adapt(*rows).predict(X)
    assert_array_equal(fitted().adapt(*rows, sample_weight=np.full(3, 1 / 3)).predict(X), alike)
    wrapped = FewShotRegressor(fitted())
    assert_array_equal(wrapped.fit(*rows, sample_weight=np.full(3, 1e-5)).predict(X), alike)
    halves = fitted().adapt(*rows, sample_weight=np.full(3, 1e-5)).partial_fit(*rows, sample_weight=np.full(3, 1e-5))
    assert_allclose(halves.predict(X), fitted().adapt(*rows).partial_fit(*rows).predict(X))


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_twice_the_weight_is_shown_twice(kind):
    for task in (0, 99):
        weighed, twice = fitted(kind), fitted(kind)
        weighed.partial_fit(X[:1], targets(kind, Y[:1] + 5), sample_weight=[2.0], task=[task])
        twice.partial_fit(X[[0, 0]], targets(kind, Y[[0, 0]] + 5), task=[task, task])
        assert_allclose(*(answers(model, task=np.full(96, task)) for model in (weighed, twice)), rtol=1e-9)


PIPELINE = make_pipeline(StandardScaler(), LinearRegression())


@pytest.mark.parametrize(
    "params",
    [{}, {"pooled": PIPELINE}, {"pooled": "default"}, {"per_task": DecisionTreeRegressor(min_samples_leaf=3)}],
    ids=["linear", "pipeline", "default", "own models"],
)
def test_rows_of_next_to_no_weight_teach_next_to_nothing(params):
    rng = np.random.default_rng(1)
    site, counts = np.repeat(np.arange(12), 24), np.tile(np.arange(24) % 2 == 0, 12)
    rows = rng.normal(size=(288, 2))
    truth = rows[:, 0] + 2 * rng.normal(size=12)[site] + 0.1 * rng.normal(size=288)
    y = np.where(counts, truth, -5 * rows[:, 0] + 30 + 10 * rng.normal(size=288))
    weight, made = np.where(counts, 1.0, 1e-6), {"random_state": 0, "cv": 2} | {"pooled": LinearRegression()} | params
    heavy = TaskMixtureRegressor(**made).fit(rows, y, weight, task=site)
    alone = TaskMixtureRegressor(**made).fit(rows[counts], y[counts], task=site[counts])
    parts = [(model.mixtures_[0].for_known, model.target_units_[0]) for model in (heavy, alone)]
    common = [[unit * model.answer(rows) for model in committee.pooled] for committee, unit in parts]
    assert all(np.sqrt(np.mean((mine - others) ** 2)) < 2 for mine, others in zip(*common))
    noise = [[unit**2 * e.prior.noise * e.scale**2 for _, e in committee.effects[0]] for committee, unit in parts]
    assert (np.array(noise[0]) < 2 * np.array(noise[1])).all()
    for task in (site, np.full(288, 99)):
        missed = np.sqrt(np.mean((heavy.predict(rows, task=task) - truth) ** 2))
        usual = np.sqrt(np.mean((alone.predict(rows, task=task) - truth) ** 2))
        assert missed < 1.3 * usual + 0.1
        _, std = heavy.predict(rows, return_std=True, task=task)
        assert np.median(std) < 2 * np.median(alone.predict(rows, return_std=True, task=task)[1]) + 0.1


def test_trust_and_uncertainty_see_weights():
    y = np.zeros(40)
    heavy = np.arange(40) % 2 == 0
    answers = np.stack([np.where(heavy, 0.1, 3.0), np.where(heavy, 3.0, 0.1)], axis=1)
    about = y, np.zeros(40), np.repeat(np.arange(10), 4), np.where(heavy, 1.0, 1e-6)
    assert SizeWeights([0], "regression").fit(answers[:, :, None], *about).weights[0, 0] > 0.95
    errors = Uncertainty([0]).fit(answers[:, 0], answers, np.tile([1.0, 0.0], (40, 1)), *about)
    assert errors.std(errors.scale(answers[:1, 0], answers[:1], np.array([[1.0, 0.0]]), np.zeros(1), y[:1]), 0)[0] < 0.2


@pytest.mark.parametrize(
    "params, name",
    [
        ({"pooled": [LinearRegression(), KNeighborsRegressor()]}, "KNeighborsRegressor"),
        ({"pooled": make_pipeline(StandardScaler(), KNeighborsRegressor())}, "KNeighborsRegressor"),
        ({"per_task": KNeighborsRegressor(1)}, "KNeighborsRegressor"),
        ({"meta": [BayesianHeadRegressor(max_epochs=0)]}, "BayesianHeadRegressor"),
    ],
)
def test_a_member_that_takes_no_weights_is_refused_where_they_say_something(params, name):
    made = TaskMixtureRegressor(**{"pooled": LinearRegression(), "cv": 2, "random_state": 0} | params)
    with pytest.raises(ValueError, match=f"{name} takes no sample_weight in fit.*leave it out of the mixture"):
        made.fit(X, Y, WEIGHT, task=SITE)
    assert not hasattr(made, "encoder_")


@pytest.mark.parametrize(
    "weight, said",
    [
        (np.zeros(96), "Every sample_weight is zero"),
        (-WEIGHT, "non-negative"),
        (WEIGHT[:5], r"96 non-negative numbers"),
    ],
)
def test_weights_that_mean_nothing_are_refused(weight, said):
    with pytest.raises(ValueError, match=said):
        fitted().fit(X, Y, weight, task=SITE)


def test_one_row_that_counts_is_too_few():
    with pytest.raises(ValueError, match="1 sample"):
        fitted(weight=(np.arange(96) == 5).astype(float))


def test_tasks_come_without_weights():
    with pytest.raises(ValueError, match="sample_weight and groups are of rows"):
        mixture().fit([(X[:48], Y[:48]), (X[48:], Y[48:])], sample_weight=WEIGHT)


def test_weights_are_routed_when_asked_for():
    routed = {"sample_weight": WEIGHT, "task": SITE, "groups": SITE}
    with config_context(enable_metadata_routing=True):
        model = mixture().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(model, X, Y, params=routed, cv=GroupKFold(2))["test_score"]
    train, test = next(GroupKFold(2).split(X, Y, SITE))
    by_hand = mixture().fit(X[train], Y[train], WEIGHT[train], task=SITE[train])
    assert scores[0] == pytest.approx(by_hand.score(X[test], Y[test], WEIGHT[test], task=SITE[test]))


@pytest.mark.parametrize("weight", [np.where(SITE % 2, 1e-6, 1.0), HUGE], ids=["tiny", "huge"])
def test_weights_of_any_size_are_answered_with_intervals(weight):
    long = [np.repeat(part, 40, axis=0) for part in (X, Y, SITE, weight)]
    model = mixture().fit(*long[:2], task=long[2], sample_weight=long[3])
    assert np.isfinite(model.predict(X, task=SITE, return_std=True)).all()
    assert np.isfinite(model.predict(X, task=SITE + 100, return_std=True)).all()


@pytest.mark.parametrize("tiny", [1e-165, 1e-300])
def test_rows_of_tiny_weight_behind_every_origin_leave_intervals_ahead_finite(tiny):
    time, task = np.tile(np.arange(10.0), 8), np.repeat(np.arange(8), 10)
    y = np.random.default_rng(0).normal(size=(8, 10)).cumsum(axis=1).ravel()
    model = mixture().fit(time[:, None], y, np.where(time < 8, 1.0, tiny), task=task)
    assert np.isfinite(model.predict(time[:, None] + 3, return_std=True, task=task)).all()


def test_an_origin_without_rows_that_count_says_nothing_of_errors_ahead():
    rest, origin = np.random.default_rng(0).normal(size=40), np.repeat([-1, 1, 2, 3], 10)
    expected = _draws_in_common(rest[:30], np.ones(30), np.repeat([-1, 0, 1], 10))
    in_common, draws = _draws_in_common(rest, np.where(origin == 3, 0.0, 1.0), origin)
    assert_allclose(in_common, np.r_[expected[0], np.zeros(10)])
    assert_allclose(draws, expected[1])
