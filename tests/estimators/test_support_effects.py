"""Which rows of the support carried an answer; rows that come one by one."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax

from skmeta import BayesianHeadRegressor, MatchingNetClassifier, ProtoNetClassifier
from skmeta.tasks import GaussianClusters
from skmeta.tasks.families import LinearFamily

SHORT = {"max_epochs": 1, "steps_per_epoch": 5, "random_state": 0}


@pytest.fixture(scope="module")
def clusters():
    return GaussianClusters(n_ways=3, n_shots=4).sample(12, random_state=0)


@pytest.fixture(scope="module")
def trained(clusters):
    return ProtoNetClassifier(**SHORT).fit(clusters[:10])


@pytest.fixture
def proto(trained):
    """Meta-trained, without a task. Training is shared between tests, the estimator is not."""
    return copy.copy(trained)


@pytest.mark.parametrize("estimator", [ProtoNetClassifier, MatchingNetClassifier])
def test_a_row_counts_what_the_answer_loses_without_it(estimator, clusters):
    meta, new = estimator(**SHORT).fit(clusters[:10]), clusters[11]
    why = meta.adapt(new.X, new.y).explain(new.X_query[:3]).support
    assert why.shape == (3, len(new.y))
    chosen = meta.predict(new.X_query[:3])
    whole = np.log(meta.predict_proba(new.X_query[:3]).max(1))
    keep = np.arange(len(new.y)) != 5
    without = copy.deepcopy(meta).adapt(new.X[keep], new.y[keep])
    log_p = np.log(without.predict_proba(new.X_query[:3]))[np.arange(3), np.searchsorted(without.classes_, chosen)]
    assert_allclose(why[:, 5], whole - log_p, atol=1e-4)
    own = new.y[None] == chosen[:, None]
    assert why[own].mean() > 0.01 > why[~own].mean()


def test_the_only_row_of_a_class_carries_it_alone(proto, clusters):
    meta, new = proto, clusters[11]
    first = [int(np.flatnonzero(new.y == c)[0]) for c in np.unique(new.y)]
    meta.adapt(new.X[first], new.y[first])
    why = meta.explain(new.X[first]).support
    assert_allclose(
        np.diag(why), np.log(1e6) + log_softmax(meta._answers(new.X[first], exact=True)[0], axis=1).max(1), atol=1e-4
    )


def test_a_bayesian_head_says_how_far_each_row_moved_the_prediction():
    tasks = LinearFamily(n_features=2).sample(20, random_state=0)
    meta, new = BayesianHeadRegressor(**SHORT).fit(tasks[:19]), tasks[19]
    meta.adapt(new.X[:6], new.y[:6])
    why = meta.explain(new.X_query[:4]).support
    keep = np.arange(6) != 2
    without = copy.deepcopy(meta).adapt(new.X[:6][keep], new.y[:6][keep]).predict(new.X_query[:4])
    assert_allclose(why[:, 2], meta.predict(new.X_query[:4]) - without, atol=1e-5)


def test_one_row_can_be_explained_where_none_is_an_answer_too(clusters):
    tasks = LinearFamily(n_features=2).sample(20, random_state=0)
    meta, new = BayesianHeadRegressor(**SHORT).fit(tasks[:19]), tasks[19]
    before = copy.deepcopy(meta).adapt().predict(new.X_query[:4])
    meta.adapt(new.X[:1], new.y[:1])
    assert_allclose(meta.explain(new.X_query[:4]).support[:, 0], meta.predict(new.X_query[:4]) - before, atol=1e-5)
    matching = MatchingNetClassifier(**SHORT).fit(clusters[:10])
    with pytest.raises(ValueError, match="needs 2 or more, and the task has shown 1"):
        matching.adapt(clusters[11].X[:1], clusters[11].y[:1]).explain(clusters[11].X_query[:2])


# ---------------------------------------------------------------------- streams


@pytest.mark.parametrize("shared", [False, True])
def test_prototypes_move_with_each_row_and_end_where_one_adaptation_does(shared, clusters):
    meta = ProtoNetClassifier(labels="shared" if shared else "task", **SHORT).fit(clusters[:10])
    new = clusters[11]
    stream = copy.deepcopy(meta)
    for i in range(len(new.y)):
        stream.partial_fit(new.X[[i]], new.y[[i]], sample_weight=[0.5 + i % 2])
    weight = 0.5 + np.arange(len(new.y)) % 2
    at_once = copy.deepcopy(meta).adapt(new.X, new.y, sample_weight=weight)
    assert_allclose(stream.predict_proba(new.X_query), at_once.predict_proba(new.X_query), atol=1e-10)


def test_a_further_row_costs_one_row_however_many_came_before(proto, clusters, monkeypatch):
    meta, new = proto, clusters[11]
    meta.adapt(np.tile(new.X, (50, 1)), np.tile(new.y, 50))
    embedded = []
    learner = type(meta.served_.learner)
    embed = learner.embed
    monkeypatch.setattr(learner, "embed", lambda self, X: embedded.append(X.shape[1]) or embed(self, X))
    meta.partial_fit(new.X[:1], new.y[:1])
    assert embedded == [1]


def test_a_class_that_is_new_takes_a_fresh_look(proto, clusters):
    meta, new = proto, clusters[11]
    known = new.y != 2
    meta.adapt(new.X[known], new.y[known])
    assert_allclose(meta.classes_, [0, 1])
    meta.partial_fit(new.X[~known], new.y[~known])
    at_once = copy.deepcopy(meta).adapt(new.X, new.y)
    assert_allclose(meta.predict_proba(new.X_query), at_once.predict_proba(new.X_query), atol=1e-10)
