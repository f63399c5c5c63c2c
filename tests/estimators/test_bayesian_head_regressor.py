"""Bayesian linear regression with a learned prior, as users meet it."""

import copy
import pickle

import numpy as np
import pytest
import torch

from skmeta import BayesianHeadRegressor, Task, TaskSet
from skmeta.tasks.families import LinearFamily, Sinusoids


@pytest.fixture(scope="module")
def linear():
    """Linear functions whose weights differ in two directions only; noise 0.3."""
    train = LinearFamily(n_shots=20, n_query=0, noise=0.3).sample(150, random_state=0)
    test = LinearFamily(n_shots=4, n_query=15, noise=0.3).sample(100, random_state=1)
    return train, test


@pytest.fixture(scope="module")
def trained(linear):
    return BayesianHeadRegressor(torch.nn.Identity, max_epochs=40, lr=0.01, random_state=0).fit(linear[0])


def pooled(arrays):
    return np.concatenate(list(arrays))


def test_four_rows_are_enough_where_tasks_differ_in_three_numbers(linear, trained):
    from sklearn.linear_model import Ridge

    _, test = linear
    truth = pooled(t.y_query for t in test)

    def error(answers):
        return np.mean((truth - pooled(answers)) ** 2)

    ridge = error(Ridge(1.0).fit(t.X, t.y).predict(t.X_query) for t in test)
    untrained = error(copy.deepcopy(trained).set_params(max_epochs=0).fit(linear[0]).predict(test))
    assert error(trained.predict(test)) < 0.4 * min(ridge, untrained)


def test_intervals_cover_what_they_claim(linear, trained):
    _, test = linear
    mean, std = trained.predict(test, return_std=True)
    surprise = (pooled(t.y_query for t in test) - pooled(mean)) / pooled(std)
    assert 0.9 < np.mean(np.abs(surprise) < 1.96) < 0.99
    assert np.std(surprise) == pytest.approx(1, abs=0.2)
    assert trained.noise_std_ == pytest.approx([0.3], rel=0.25)


def test_five_rows_of_a_sine_wave_beat_the_published_error_of_gradient_steps():
    meta = BayesianHeadRegressor(max_epochs=15, steps_per_epoch=20, random_state=0).fit(Sinusoids(n_shots=(1, 10)))
    test = Sinusoids(n_shots=5, n_query=20).sample(100, random_state=1)
    answers = pooled(meta.predict(test))
    assert np.mean((answers - pooled(t.y_query for t in test)) ** 2) < 0.35


def test_rows_tasks_and_the_long_format_give_the_same_means_and_deviations(linear, trained):
    test = linear[1][:3]
    means, stds = trained.predict(test, return_std=True)
    for t, mean, std in zip(test, means, stds):
        one_mean, one_std = copy.deepcopy(trained).adapt(t.X, t.y).predict(t.X_query, return_std=True)
        np.testing.assert_allclose(one_mean, mean)
        np.testing.assert_allclose(one_std, std)
    ids = np.repeat(np.arange(3), [len(t.y) for t in test])
    known = copy.deepcopy(trained).partial_fit(np.concatenate([t.X for t in test]), pooled(t.y for t in test), task=ids)
    asked = np.repeat(np.arange(3), [len(t.y_query) for t in test])
    mean, std = known.predict(np.concatenate([t.X_query for t in test]), return_std=True, task=asked)
    np.testing.assert_allclose(mean, pooled(means))
    np.testing.assert_allclose(std, pooled(stds))


def test_a_stream_of_rows_ends_where_one_adaptation_does(linear, trained):
    task = linear[1][0]
    whole = copy.deepcopy(trained).adapt(task.X, task.y, sample_weight=[1, 2, 0, 1])
    stream = copy.deepcopy(trained).adapt()
    for i, weight in enumerate([1, 2, 0, 1]):
        stream.partial_fit(task.X[[i]], task.y[[i]], sample_weight=[weight])
    for one, other in zip(stream.predict(task.X_query, return_std=True), whole.predict(task.X_query, return_std=True)):
        np.testing.assert_allclose(one, other)


def test_partial_fit_looks_at_new_rows_only(linear, trained, monkeypatch):
    task = linear[1][0]
    meta = copy.deepcopy(trained).adapt(task.X, task.y)
    seen = []
    update = type(meta.served_.learner).update
    monkeypatch.setattr(type(meta.served_.learner), "adapt", lambda *a, **k: pytest.fail("adapted to all rows again"))
    monkeypatch.setattr(
        type(meta.served_.learner),
        "update",
        lambda self, state, X, *rest: seen.append(X.shape[1]) or update(self, state, X, *rest),
    )
    meta.partial_fit(task.X_query[:2], task.y_query[:2])
    assert seen == [2]


def test_a_pickled_stream_goes_on(linear, trained):
    task = linear[1][0]
    meta = copy.deepcopy(trained).adapt(task.X, task.y)
    copied = pickle.loads(pickle.dumps(meta))
    np.testing.assert_allclose(copied.predict(task.X_query), meta.predict(task.X_query))
    for one in (meta, copied):
        one.partial_fit(task.X_query[:3], task.y_query[:3])
    np.testing.assert_allclose(copied.predict(task.X_query), meta.predict(task.X_query))


def test_without_rows_the_answer_is_the_pooled_one_and_less_sure(linear, trained):
    test = linear[1]
    x, y = np.concatenate([t.X_query for t in test]), pooled(t.y_query for t in test)
    mean, std = copy.deepcopy(trained).adapt().predict(x, return_std=True)
    common = x @ LinearFamily().mean_weights_
    assert np.mean((y - mean) ** 2) < 1.1 * np.mean((y - common) ** 2)
    assert std.mean() > 1.5 * pooled(trained.predict(test, return_std=True)[1]).mean()


@pytest.mark.parametrize("target_scaling", ["pooled", "task"])
def test_answers_come_in_the_targets_own_units(target_scaling):
    tasks = LinearFamily(n_features=3, n_shots=15, n_query=10, noise=0.1).sample(60, random_state=0)
    tasks = TaskSet([Task(t.X, 50 * t.y + 300, t.X_query, 50 * t.y_query + 300) for t in tasks])
    meta = BayesianHeadRegressor(
        torch.nn.Identity, target_scaling=target_scaling, max_epochs=30, lr=0.03, random_state=0
    ).fit(tasks)
    mean, std = meta.predict(tasks, return_std=True)
    residual = pooled(t.y_query for t in tasks) - pooled(mean)
    assert residual.std() < 15  # noise alone is 5, the targets 60
    assert 0.8 < np.mean(np.abs(residual) < 1.96 * pooled(std)) <= 1


def test_several_targets_have_their_own_noise():
    rng = np.random.default_rng(0)
    noise = np.array([0.1, 1.0])
    tasks = [
        (X := rng.normal(size=(30, 2)), X @ rng.normal(size=(2, 2)) + noise * rng.normal(size=(30, 2)))
        for _ in range(80)
    ]
    meta = BayesianHeadRegressor(torch.nn.Identity, max_epochs=30, lr=0.03, random_state=0).fit(tasks)
    mean, std = meta.adapt(*tasks[0]).predict(tasks[1][0], return_std=True)
    assert mean.shape == std.shape == (30, 2)
    np.testing.assert_allclose(meta.noise_std_, noise, rtol=0.35)


def test_a_criterion_of_ones_own_judges_the_means(linear):
    squared = BayesianHeadRegressor(torch.nn.Identity, criterion=torch.nn.MSELoss, max_epochs=5, random_state=0)
    squared.fit(linear[0][:20])
    before = BayesianHeadRegressor(torch.nn.Identity, max_epochs=1, lr=1e-12, random_state=0).fit(linear[0][:20])
    # squared errors of a mean say nothing about the noise: it stays where it began
    np.testing.assert_allclose(squared.noise_std_, before.noise_std_, rtol=1e-6)
    assert 0 < squared.net_.history[-1, "train_loss"] < 0.3


# ---------------------------------------------------------------------- where training starts


def grouped(n_tasks=40, n_rows=8, seed=0):
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), n_rows)
    X = rng.normal(size=(len(task), 2))
    b = rng.normal(size=(n_tasks, 2)) * [2.0, 1.0]
    y = X @ [1.0, -1.0] + b[task, 0] + b[task, 1] * X[:, 0] + 0.3 * rng.normal(size=len(task))
    return X, 10 * y + 100, task


def test_it_starts_as_the_mixed_model_of_its_features():
    X, y, task = grouped()
    meta = BayesianHeadRegressor(torch.nn.Identity(), max_epochs=1, lr=1e-12, random_state=0).fit(X, y, task=task)
    learner = meta.served_.learner.learner
    covariance = (learner.prior_factor @ learner.prior_factor.T).numpy() * meta.noise_std_[0] ** 2 / 100
    np.testing.assert_allclose(np.diag(covariance), [1, 0, 4], atol=1.0)  # slopes of the columns, then the intercept
    assert meta.noise_std_[0] == pytest.approx(3, rel=0.15)
    np.testing.assert_allclose(learner.prior_mean[:2, 0].numpy() * meta.target_scale_, [10, -10], atol=2.5)


def test_it_contains_the_linear_mixed_model_and_more():
    X, y, task = grouped()
    bent = y + 20 * np.sin(3 * X[:, 1])
    X_new, _, task_new = grouped(seed=1)
    y_new = grouped(seed=1)[1] + 20 * np.sin(3 * X_new[:, 1])
    shown = np.tile(np.arange(8) < 4, 40)

    def error(**params):
        meta = BayesianHeadRegressor(max_epochs=10, random_state=0, **params).fit(X, bent, task=task)
        meta.partial_fit(X_new[shown], y_new[shown], task=task_new[shown] + 1000)
        return np.mean((meta.predict(X_new[~shown], task=task_new[~shown] + 1000) - y_new[~shown]) ** 2)

    linear = error(module=torch.nn.Identity())
    assert error() < 0.75 * linear
