"""Averages of weights: what is averaged, and where the shares come from."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmeta.learners.weight_average import WeightAverage

pytestmark = pytest.mark.usefixtures("doubles")


def regression(alpha="uniform", n_sources=3, **settings):
    """A learner that has collected sources ``y = +-3 x``, and these."""
    body = nn.Sequential(nn.Linear(1, 4), nn.Tanh())
    learner = WeightAverage(body, 1, 1, task_type="regression", weighting=alpha, source_steps=200, **settings).eval()
    X = torch.randn(n_sources, 30, 1)
    y = 3 * X * torch.tensor([1.0, -1.0, 1.0])[:n_sources, None, None]
    tuned, places = learner.source_weights(X, y)
    learner.keep_sources(tuned, places)
    return learner, X, y


def test_the_trunk_is_the_weighted_sum_of_the_sources_trunks():
    learner, X, y = regression("similarity")
    state = learner.adapt(X[:2, :5], y[:2, :5])
    for mixed, values in zip(state["trunk"], learner.sources):
        for task in range(2):
            assert_close(mixed[task], sum(a * v for a, v in zip(state["alpha"][task], values)))


def test_shares_lie_on_the_simplex():
    for alpha in ("uniform", "similarity", "learn"):
        learner, X, y = regression(alpha)
        found = learner.adapt(X[:, :5], y[:, :5])["alpha"]
        assert (found >= 0).all()
        assert_close(found.sum(1), torch.ones(3))


@pytest.mark.parametrize("alpha", ["similarity", "learn"])
def test_the_sources_that_fit_the_support_get_the_larger_shares(alpha):
    learner, X, y = regression(alpha)
    shares = learner.adapt(X[:2, :8], y[:2, :8])["alpha"]
    assert shares[0, 1] < 0.1
    assert shares[1, 1] > 0.8


def test_without_rows_all_sources_count_alike_and_their_average_answers():
    learner, X, y = regression("learn")
    state = learner.adapt(X[:1, :0], y[:1, :0])
    assert_close(state["alpha"], torch.full((1, 3), 1 / 3))
    averaged = [values.mean(0, keepdim=True) for values in learner.sources]
    assert_close(learner.predict(state, X[:1]), learner.engine.predict(averaged, X[:1]))


def test_with_one_source_and_an_endless_pull_the_answer_is_that_source():
    learner, X, y = regression("learn", n_sources=1)
    learner.l2_sp = 1e12
    state = learner.adapt(X, y)
    assert_close(learner.predict(state, X), learner.engine.predict(learner.sources, X), atol=1e-6, rtol=0)


def test_own_classes_average_the_trunk_alone_and_lean_on_sources_whose_rows_lie_alike():
    learner = WeightAverage(nn.Sequential(nn.Linear(2, 4), nn.Tanh()), 2, weighting="similarity").eval()
    X = torch.randn(2, 20, 2)
    X[1] += 3
    y, mask = (torch.arange(20) % 2).expand(2, 20), torch.ones(2, 2, dtype=torch.bool)
    learner.keep_sources(*learner.source_weights(X, y, None, mask))
    assert len(learner.sources) == 2
    shares = learner.adapt(X, y, None, mask)["alpha"]
    assert (shares.diagonal() > 0.9).all()
    three = torch.ones(1, 3, dtype=torch.bool)
    state = learner.adapt(X[:1], (torch.arange(20) % 3)[None], None, three)
    assert learner.predict(state, X[:1]).shape == (1, 20, 3)


@pytest.mark.parametrize("alpha", ["similarity", "learn"])
def test_padded_rows_and_neighbours_change_nothing(alpha):
    learner, X, y = regression(alpha)
    weight = torch.ones(3, 8)
    weight[0, 5:] = 0
    together = learner.predict(learner.adapt(X[:, :8], y[:, :8], weight), X)
    alone = learner.predict(learner.adapt(X[:1, :5], y[:1, :5]), X[:1])
    assert_close(together[:1], alone, atol=1e-9, rtol=0)


def test_a_saved_learner_brings_its_sources():
    learner, X, y = regression("learn")
    body = nn.Sequential(nn.Linear(1, 4), nn.Tanh())
    fresh = WeightAverage(body, 1, 1, task_type="regression", weighting="learn").eval()
    fresh.load_state_dict(learner.state_dict())
    assert_close(fresh.predict(fresh.adapt(X, y), X), learner.predict(learner.adapt(X, y), X))
