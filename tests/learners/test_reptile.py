"""Reptile: the displacement by hand, minibatches, padding."""

import torch
from torch import nn

from skmeta import ReptileClassifier, ReptileRegressor
from skmeta.learners.reptile import Reptile, draw_rows
from skmeta.tasks import GaussianClusters, Sinusoids


def make_learner(**params):
    torch.manual_seed(0)
    params = {"n_outputs": 1, "task_type": "regression", "inner_lr": 0.1} | params
    return Reptile(nn.Linear(2, 3), n_features_in=2, **params)


def batch(n_tasks=3, n_rows=6, seed=1):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n_tasks, n_rows, 2, generator=generator)
    return X, X.sum(-1, keepdim=True) * torch.randn(n_tasks, 1, 1, generator=generator)


def train_step(learner, optimizer, X, y):
    learner.train()
    answers, displacement = learner(X, y, X)
    loss = learner.training_loss(nn.functional.mse_loss, answers, displacement, y.flatten(0, 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def test_with_sgd_of_rate_1_the_new_start_is_the_mean_of_where_the_tasks_arrived():
    learner = make_learner(inner_steps=4)
    X, y = batch()
    arrived, _ = learner.adapt(X, y)
    train_step(learner, torch.optim.SGD(learner.parameters(), lr=1.0), X, y)
    for now, ends in zip([*learner.body.parameters(), learner.head_weight, learner.head_bias], arrived):
        torch.testing.assert_close(now.data, ends.mean(0), rtol=1e-5, atol=1e-6)


def test_each_task_arrives_where_torch_sgd_takes_a_copy_of_the_network():
    learner = make_learner(inner_steps=3)
    X, y = batch()
    arrived, _ = learner.adapt(X, y)
    for t in range(len(X)):
        copy = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        starts = [*learner.body.parameters(), learner.head_weight, learner.head_bias]
        for mine, theirs in zip(copy.parameters(), starts):
            mine.data = theirs.data.clone()
        optimizer = torch.optim.SGD(copy.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.mse_loss(copy(X[t]), y[t]).backward()
            optimizer.step()
        for mine, theirs in zip(copy.parameters(), arrived):
            torch.testing.assert_close(mine.data, theirs[t], rtol=1e-4, atol=1e-6)


def test_inner_adam_is_torch_adam_without_momentum():
    learner = make_learner(inner_steps=4, inner_optimizer="adam", inner_lr=0.01)
    X, y = batch(n_tasks=1)
    arrived, _ = learner.adapt(X, y)
    copy = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    for mine, theirs in zip(copy.parameters(), [*learner.body.parameters(), learner.head_weight, learner.head_bias]):
        mine.data = theirs.data.clone()
    optimizer = torch.optim.Adam(copy.parameters(), lr=0.01, betas=(0.0, 0.999))
    for _ in range(4):
        optimizer.zero_grad()
        nn.functional.mse_loss(copy(X[0]), y[0]).backward()
        optimizer.step()
    for mine, theirs in zip(copy.parameters(), arrived):
        torch.testing.assert_close(mine.data, theirs[0], rtol=1e-3, atol=1e-5)


def test_the_recorded_loss_is_the_criterions_value():
    learner = make_learner()
    X, y = batch()
    params, _ = learner.adapt(X, y)
    expected = nn.functional.mse_loss(learner.predict((params, None), X), y)
    loss = train_step(learner, torch.optim.SGD(learner.parameters(), lr=0.0), X, y)
    torch.testing.assert_close(loss.detach(), expected.detach(), rtol=1e-5, atol=1e-6)


def test_where_classes_are_the_tasks_own_only_existing_ones_move_the_head():
    learner = make_learner(n_outputs=None, task_type="classification", inner_steps=2).train()
    X, _ = batch(n_tasks=1)
    y = torch.tensor([[0, 1, 0, 1, 0, 1]])
    _, two = learner(X, y, X, None, torch.tensor([[True, True]]))
    _, padded = learner(X, y, X, None, torch.tensor([[True, True, False]]))
    for a, b in zip(two, padded):
        torch.testing.assert_close(a, b)
    assert two[-2].shape == learner.head_weight.shape


def test_minibatches_hold_distinct_real_rows():
    torch.manual_seed(0)
    X, y = batch(n_tasks=4, n_rows=7)
    weight = torch.ones(4, 7)
    weight[:, 5:] = 0
    for _ in range(20):
        rows, targets, weights = draw_rows(X, y, weight, 3)
        assert rows.shape == (4, 3, 2) and targets.shape == (4, 3, 1)
        assert bool((weights == 1).all())
        for t in range(4):
            which = [int((X[t] == row).all(1).nonzero()) for row in rows[t]]
            assert len(set(which)) == 3 and max(which) < 5


def test_a_batch_as_large_as_the_task_equals_no_batches():
    X, y = batch()
    learner = make_learner(inner_steps=3).train()
    _, full = learner(X, y, X)
    learner.inner_batch_size = 6
    _, batched = learner(X, y, X)
    for a, b in zip(full, batched):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_meta_training_beats_the_same_steps_from_an_untrained_start():
    waves = Sinusoids(n_shots=10, n_query=20)
    tasks = waves.sample(100, random_state=1)
    params = {"inner_steps": 10, "inner_lr": 0.05, "random_state": 0, "batch_size": 8}
    trained = ReptileRegressor(max_epochs=8, inner_batch_size=5, **params).fit(waves)
    untrained = ReptileRegressor(max_epochs=0, **params).fit(waves)
    assert trained.score(tasks) > untrained.score(tasks) + 0.15

    clusters = GaussianClusters(n_ways=4, n_features=12, n_latent=2, n_shots=3, n_query=8)
    tasks = clusters.sample(100, random_state=1)
    trained = ReptileClassifier(max_epochs=8, random_state=0).fit(clusters)
    untrained = ReptileClassifier(max_epochs=0, random_state=0).fit(clusters)
    assert trained.score(tasks) > untrained.score(tasks) + 0.05
