"""Regressors that answer with a distribution: deviations and quantiles belong together, in the user's units."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from skmeta import BayesianHeadRegressor, NeuralProcessRegressor
from tests.estimators.contract import cheap, tasks_for

LEVELS = [0.05, 0.5, 0.9]


@pytest.mark.parametrize("cls", [BayesianHeadRegressor, NeuralProcessRegressor])
def test_quantiles_are_those_of_a_normal_distribution_with_the_mean_and_deviation_answered(cls):
    tasks = tasks_for(cls)
    meta, X = cheap(cls).fit(tasks).adapt(tasks[0].X, tasks[0].y), tasks[0].X_query
    mean, std = meta.predict(X, return_std=True)
    quantiles = meta.predict(X, quantiles=LEVELS)
    assert quantiles.shape == (len(X), 3) and (std > 0).all()
    assert_allclose(quantiles, norm.ppf(LEVELS, mean[:, None], std[:, None]), rtol=1e-6)
    for of_task, asked in zip(meta.predict(tasks, quantiles=LEVELS), tasks, strict=True):
        assert of_task.shape == (len(asked.X_query), 3)
    assert_allclose(meta.predict(tasks, quantiles=LEVELS)[0], quantiles, rtol=1e-4)


def test_two_targets_have_quantiles_each_in_units_of_their_own():
    X = np.random.default_rng(0).normal(size=(30, 2))
    meta = cheap(BayesianHeadRegressor).fit(X, np.c_[X[:, 0], 1000 * X[:, 0]])
    quantiles = meta.predict(X, quantiles=LEVELS)
    assert quantiles.shape == (30, 2, 3)
    assert_allclose(quantiles[:, 1], 1000 * quantiles[:, 0], rtol=0.05, atol=50)


def test_what_cannot_be_a_quantile_is_refused():
    X = np.random.default_rng(0).normal(size=(20, 2))
    meta = cheap(BayesianHeadRegressor).fit(X, X[:, 0])
    for wrong in ([0.0], [1.5], 0.5):
        with pytest.raises(ValueError, match="strictly between 0 and 1"):
            meta.predict(X, quantiles=wrong)
    with pytest.raises(ValueError, match="cannot be asked for together"):
        meta.predict(X, return_std=True, quantiles=[0.5])
