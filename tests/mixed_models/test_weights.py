"""A row's weight counts as so many copies of the row, in every statistic of the mixed models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmeta.mixed_models import LeaveOneOutRidge, MixedRidge, PowerLaw
from skmeta.mixed_models.gaussian_effects import GaussianEffects
from skmeta.mixed_models.logit_effects import LogitEffects
from skmeta.mixed_models.power_law import FactorEffects

RNG = np.random.default_rng(0)
CODE = np.repeat(np.arange(15), 4)
X = np.exp(RNG.normal(size=(60, 2)))
Y = np.exp(np.log(X[:, 0]) + RNG.normal(size=15)[CODE] + 0.3 * RNG.normal(size=60))
WEIGHT = RNG.integers(1, 4, size=60)
COPIES = np.repeat(np.arange(60), WEIGHT)


@pytest.mark.parametrize("model", [MixedRidge(), PowerLaw(), LeaveOneOutRidge([3.0])])
def test_a_common_model_sees_weights_as_copies(model):
    of_tasks = [{} if isinstance(model, LeaveOneOutRidge) else {"task": code} for code in (CODE, CODE[COPIES])]
    weighed = model.fit(X, Y, sample_weight=WEIGHT.astype(float), **of_tasks[0]).predict(X)
    copied = model.fit(X[COPIES], Y[COPIES], **of_tasks[1]).predict(X)
    assert_allclose(weighed, copied, rtol=1e-6)
    assert np.abs(model.fit(X, Y, **of_tasks[0]).predict(X) / copied - 1).max() > 0.01


@pytest.mark.parametrize("weight", [np.ones(8), np.array([5.0, 1, 1, 1, 1, 1, 1, 1])])
def test_leave_one_out_errors_are_those_of_fits_without_the_row(weight):
    X, y = RNG.normal(size=(8, 1)), RNG.normal(size=8)

    def error(alpha):
        kept = [np.flatnonzero(np.arange(8) != i) for i in range(8)]
        fits = [LeaveOneOutRidge([alpha]).fit(X[k], y[k], sample_weight=weight[k]) for k in kept]
        return sum(w * (y[i] - fit.predict(X[[i]])[0]) ** 2 for i, (w, fit) in enumerate(zip(weight, fits)))

    alphas = [0.01, 1.0, 100.0]
    assert LeaveOneOutRidge(alphas).fit(X, y, sample_weight=weight).alpha_ == min(alphas, key=error)


@pytest.mark.parametrize("kind", [GaussianEffects, FactorEffects])
def test_effects_of_tasks_see_weights_as_copies(kind):
    Z, F = np.column_stack([np.ones(60), X[:, 1]]), np.full((60, 1), 1.2)
    weighed = kind().fit(Z, F, Y, CODE, WEIGHT.astype(float))
    copied = kind().fit(Z[COPIES], F[COPIES], Y[COPIES], CODE[COPIES])
    asked = Z, F, CODE
    assert_allclose(
        weighed.answer((Z, F, Y, CODE, WEIGHT.astype(float)), asked, 15),
        copied.answer((Z[COPIES], F[COPIES], Y[COPIES], CODE[COPIES], None), asked, 15),
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_effects_on_log_odds_see_weights_as_copies(n_classes):
    Z, F = np.column_stack([np.ones(60), X[:, 1]]), np.full((60, n_classes), 1 / n_classes)
    y, effects = np.arange(60) % n_classes, LogitEffects((1.0, 0.5, 0.0))
    assert_allclose(
        effects.effects(Z, F, y, CODE, 15, WEIGHT.astype(float)),
        effects.effects(Z[COPIES], F[COPIES], y[COPIES], CODE[COPIES], 15),
    )


def test_the_spread_on_log_odds_is_that_of_rows_that_count():
    rng = np.random.default_rng(1)
    code = np.repeat(np.arange(40), 20)
    counts = np.tile(np.arange(20) < 10, 40)
    odds = np.where(counts, 0.0, 4.0 * rng.normal(size=40)[code])  # tasks differ in what hardly counts
    y = (rng.random(800) < 1 / (1 + np.exp(-odds))).astype(int)
    rows = np.ones((800, 1)), np.full((800, 2), 0.5), y, code
    assert LogitEffects(random_state=0).fit(*rows, np.where(counts, 1.0, 1e-6)).spreads[0] <= 0.25
    assert LogitEffects(random_state=0).fit(*rows).spreads[0] >= 0.5
