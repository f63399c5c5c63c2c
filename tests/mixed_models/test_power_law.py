"""Power laws, and tasks that multiply them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmeta import TaskMixtureRegressor
from skmeta.mixed_models.power_law import FactorEffects, PowerLaw


def harvests(n_tasks=40, n_rows=8, noise=0.2, spread=1.0, seed=0):
    """Land and labour, and what farms of different soils make of them."""
    rng = np.random.default_rng(seed)
    farm = np.repeat(np.arange(n_tasks), n_rows)
    X = np.exp(rng.normal(size=(len(farm), 2)))
    soil = np.exp(spread * rng.normal(size=n_tasks))
    y = 5 * soil[farm] * X[:, 0] ** 0.7 * X[:, 1] ** 0.3 * np.exp(noise * rng.normal(size=len(farm)))
    return X, y, farm


def test_a_power_law_finds_the_powers_and_goes_on_beyond_its_rows():
    X, y, farm = harvests(noise=1e-3, spread=0)
    law = PowerLaw().fit(X, y, task=farm)
    far = X.max(0) * 1.5
    assert_allclose(law.predict(far[None]), 5 * far[0] ** 0.7 * far[1] ** 0.3, rtol=0.03)


def test_columns_that_are_no_quantities_enter_as_they_are():
    X, y, farm = harvests(noise=1e-3, spread=0)
    irrigated, signed = (np.arange(len(y)) % 2).astype(float), np.random.default_rng(1).normal(size=len(y))
    y = y * 2**irrigated
    law = PowerLaw().fit(np.column_stack([X, irrigated, signed]), y, task=farm)
    assert_allclose(law.quantities_, [0, 1])
    dry, wet = law.predict([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    assert wet / dry == pytest.approx(2, rel=0.03)


def test_a_power_law_answers_means_not_medians_and_only_of_positive_targets():
    X, y, farm = harvests(n_tasks=400, noise=0.8, spread=0)
    assert PowerLaw().fit(X, y, task=farm).predict(X).sum() == pytest.approx(y.sum())
    with pytest.raises(ValueError, match="positive targets; the least is 0"):
        PowerLaw().fit(X, y - y.min())


def test_a_tasks_factor_is_learned_and_its_uncertainty_counts_in_the_mean():
    rng = np.random.default_rng(0)
    code = np.repeat(np.arange(500), 6)
    factor = np.exp(0.7 * rng.normal(size=500))
    F, Z = np.full((3000, 1), np.exp(0.7**2 / 2 + 0.3**2 / 2)), np.ones((3000, 1))
    y = factor[code] * np.exp(0.3 * rng.normal(size=3000))
    model = FactorEffects().fit(Z, F, y, code)
    nothing = Z[:0], F[:0], y[:0], code[:0], None
    # nothing shown: the mean over tasks; all shown: the task's own
    assert_allclose(model.answer(nothing, (Z[:1], F[:1], code[:1]), 1), [[y.mean()]], rtol=0.05)
    own = model.answer((Z, F, y, code, None), (Z, F, code), 500)[::6, 0]
    assert np.corrcoef(np.log(own), np.log(factor))[0, 1] > 0.95
    assert own.mean() == pytest.approx(y.mean(), rel=0.02)


def test_a_mixture_gains_by_factors_where_targets_are_positive():
    X, y, farm = harvests(n_rows=10)
    shown = np.tile(np.arange(10) < 7, 40)
    error = {}
    for name, shift in (("positive", 0.0), ("shifted below zero", -y.max())):
        mixture = TaskMixtureRegressor(cv=3, random_state=0).fit(X[shown], y[shown] + shift, task=farm[shown])
        assert ("PowerLaw + task intercept" in mixture.members_) == (name == "positive")
        error[name] = np.sqrt(np.mean((mixture.predict(X[~shown], task=farm[~shown]) - y[~shown] - shift) ** 2))
    assert error["positive"] < 0.75 * error["shifted below zero"]


def test_a_row_that_is_not_positive_may_come_later():
    X, y, farm = harvests(n_tasks=10)
    mixture = TaskMixtureRegressor(PowerLaw(), cv=2, random_state=0).fit(X, y, task=farm)
    answers = mixture.partial_fit(X[:1], [-1.0], task=farm[:1]).predict(-X, task=farm)
    assert np.isfinite(answers).all()
    losses = mixture.partial_fit(X[:8], np.full(8, -y.max()), task=np.full(8, 97)).predict(X[:5], task=np.full(5, 97))
    assert (losses < -0.3 * y.max()).all()


def test_targets_of_any_range_are_answered():
    X, y, farm = harvests(n_tasks=6, n_rows=5)
    y[:2] = 1e-310, 1e30  # the one is 0 in units of the other
    assert np.isfinite(TaskMixtureRegressor(cv=2, random_state=0).fit(X, y, task=farm).predict(X, task=farm)).all()
