"""The learned optimizer: its inputs, its face to torch, its training, its use on tasks."""

import copy
import math

import pytest
import torch
from torch import nn

from skmeta import LearnedOptimizerClassifier, LearnedOptimizerRegressor
from skmeta.learners.learned_optimizers.descent import LearnedDescent
from skmeta.learners.learned_optimizers.network import LearnedOptimizer
from skmeta.learners.learned_optimizers.unrolled_training import descend, train_learned_optimizer
from skmeta.tasks import GaussianClusters, Sinusoids


def speaking_optimizer(**params):
    """One whose output layer is not zero, as it is before training."""
    torch.manual_seed(0)
    optimizer = LearnedOptimizer(n_hidden=4, **params)
    nn.init.normal_(optimizer.out.weight)
    return optimizer


def test_gradients_of_all_sizes_become_inputs_of_order_one():
    inputs = LearnedOptimizer(p=10.0).preprocess(torch.tensor([1.0, -math.e, math.exp(-9), math.exp(-11), 0.0]))
    expected = [[0.0, 1.0], [0.1, -1.0], [-0.9, 1.0], [-1.0, math.exp(-1)], [-1.0, 0.0]]
    torch.testing.assert_close(inputs, torch.tensor(expected))


def test_coordinates_share_the_network_but_not_its_state():
    optimizer = speaking_optimizer()
    gradient = torch.tensor([0.5, -2.0, 0.5])
    first, state = optimizer(gradient, optimizer.first_state(3, gradient))
    second, _ = optimizer(torch.tensor([0.1, 0.1, 0.1]), state)
    assert first[0] == first[2] != first[1]
    assert second[0] == second[2] != second[1]


def test_before_training_it_is_the_plain_gradient_step():
    model = nn.Linear(3, 2)
    twin = copy.deepcopy(model)
    ours, theirs = (
        LearnedOptimizer(gradient_rate=0.1).as_optimizer(model.parameters()),
        torch.optim.SGD(twin.parameters(), lr=0.1),
    )
    for _ in range(3):
        for net, optimizer in ((model, ours), (twin, theirs)):
            optimizer.zero_grad()
            net(torch.ones(4, 3)).square().mean().backward()
            optimizer.step()
    for a, b in zip(model.parameters(), twin.parameters()):
        torch.testing.assert_close(a, b)


def test_the_torch_optimizer_takes_the_same_steps_as_the_network():
    network = speaking_optimizer(gradient_rate=0.1)
    parameter = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = network.as_optimizer([parameter])
    x, state = parameter.data[None].clone(), network.first_state(2, parameter)
    for _ in range(4):
        loss = optimizer.step(lambda: _backward(optimizer, parameter))
        assert float(loss) == pytest.approx(float((x**2).sum().detach()), rel=1e-5)
        x, state = descend(network, x, state, lambda x: x.square().sum(1))
    torch.testing.assert_close(parameter.data, x[0].detach())


def _backward(optimizer, parameter):
    optimizer.zero_grad()
    loss = parameter.square().sum()
    loss.backward()
    return loss.detach()


def test_a_stored_optimizer_goes_on_where_it_stopped():
    network = speaking_optimizer(gradient_rate=0.1)
    kept, stopped = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    through, before = network.as_optimizer([kept]), network.as_optimizer([stopped])
    for _ in range(2):
        through.step(lambda: _backward(through, kept))
        before.step(lambda: _backward(before, stopped))
    after = network.as_optimizer([stopped])
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    through.step(lambda: _backward(through, kept))
    after.step(lambda: _backward(after, stopped))
    torch.testing.assert_close(kept, stopped)


def test_its_user_cannot_change_the_network_by_stepping():
    network = speaking_optimizer()
    before = copy.deepcopy(network.state_dict())
    parameter = nn.Parameter(torch.ones(3, dtype=torch.float64))
    optimizer = network.as_optimizer([parameter])
    optimizer.step(lambda: _backward(optimizer, parameter))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def bowls(generator):
    centre = torch.randn(32, 3, generator=generator)
    return torch.zeros(32, 3), lambda x: (x - centre).square().sum(1)


def test_training_makes_it_descend_and_is_repeatable():
    torch.manual_seed(0)
    network = LearnedOptimizer(n_hidden=8, n_layers=1)
    twin = copy.deepcopy(network)
    settings = {"n_batches": 30, "n_steps": 20, "unroll": 10, "lr": 0.01}
    history = train_learned_optimizer(network, bowls, **settings)
    assert sum(history[-5:]) < 0.5 * sum(history[:5])
    assert train_learned_optimizer(twin, bowls, **settings) == history


def test_the_gradient_through_an_unroll_equals_finite_differences_where_the_functions_are_straight():
    # gradients of straight functions are constants, so that leaving out their derivatives leaves out nothing
    network = speaking_optimizer().double()
    slope = torch.tensor([[0.5, -1.5]], dtype=torch.float64)

    def after_three_steps():
        x = torch.zeros(1, 2, dtype=torch.float64)
        state = network.first_state(2, x)
        for _ in range(3):
            x, state = descend(network, x, state, lambda x: (x * slope).sum(1))
        return (x**2).sum()

    after_three_steps().backward()
    weight = network.cells[0].of_hidden.weight
    for place in ((0, 0), (5, 2), (13, 3)):
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[place] += sign * 1e-5
                ends.append(float(after_three_steps()))
                weight[place] -= sign * 1e-5
        assert float(weight.grad[place]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-9)


def make_learner(**params):
    torch.manual_seed(0)
    learner = LearnedDescent(
        nn.Linear(2, 3), n_features_in=2, n_outputs=1, task_type="regression", n_hidden=4, **params
    )
    nn.init.normal_(learner.optimizer.out.weight)
    return learner


def test_without_a_word_of_the_network_it_is_gradient_descent():
    learner = make_learner(inner_steps=3, inner_lr=0.1)
    nn.init.zeros_(learner.optimizer.out.weight)
    X, y = torch.randn(2, 5, 2), torch.randn(2, 5, 1)
    params, _ = learner.adapt(X, y)
    start = learner.start_of_tasks(None, 2)
    expected = learner.engine.adapt(start, X, y, steps=3, lr=0.1)
    for a, b in zip(params, expected):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cls", [LearnedOptimizerClassifier, LearnedOptimizerRegressor])
def test_the_network_may_be_left_alone_with_the_step(cls):
    X = torch.randn(12, 2, generator=torch.Generator().manual_seed(0)).numpy()
    y = X[:, 0] if cls is LearnedOptimizerRegressor else X[:, 0] > 0
    meta = cls(inner_lr=None, max_epochs=1, steps_per_epoch=2, random_state=0).fit([(X, y)] * 4)
    assert meta.optimizer_.log_rate is None
    start, _ = meta.served_.bare.configured(inner_steps=0).adapt(*_tensors(meta, X, y))
    end, _ = meta.served_.bare.adapt(*_tensors(meta, X, y))
    assert any((a != b).any() for a, b in zip(start, end))


def _tensors(meta, X, y):
    is_class = isinstance(meta, LearnedOptimizerClassifier)
    mask = (torch.ones(1, 2, dtype=torch.bool),) if is_class else ()
    y = torch.tensor(y)[None].long() if is_class else torch.tensor(y)[None, :, None].double()
    return torch.tensor(X)[None].double(), y, None, *mask


@pytest.mark.parametrize("again", ["adapt", "warm start"])
def test_a_rate_that_has_been_learned_cannot_be_set(again):
    X = torch.randn(12, 2, generator=torch.Generator().manual_seed(0)).numpy()
    tasks = [(X, X[:, 0])] * 4
    meta = LearnedOptimizerRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(tasks)
    meta.set_params(inner_lr=0.3, warm_start=True)
    with pytest.raises(ValueError, match="inner_lr=0.05 is where training began.* cannot become 0.3"):
        meta.adapt(*tasks[0]) if again == "adapt" else meta.fit(tasks)
    meta.set_params(inner_lr=0.05).fit(tasks).adapt(*tasks[0])


def test_truncation_changes_gradients_but_not_answers():
    X, y = torch.randn(2, 5, 2), torch.randn(2, 5, 1)
    answers, grads = [], []
    for unroll in (2, 20):
        learner = make_learner(inner_steps=4, unroll=unroll).train()
        last, every = learner(X, y, X)
        learner.training_loss(nn.functional.mse_loss, last, every, y.flatten(0, 1)).backward()
        answers.append(torch.stack(every))
        grads.append(learner.head_weight.grad)
    torch.testing.assert_close(*answers)
    assert not torch.allclose(*grads)


def test_rows_of_weight_zero_change_nothing_and_no_row_means_the_start():
    learner = make_learner(inner_steps=3)
    X, y = torch.randn(2, 5, 2), torch.randn(2, 5, 1)
    weight = torch.tensor([[1.0, 1, 1, 0, 0], [0, 0, 0, 0, 0]])
    padded, _ = learner.adapt(X, y, weight)
    short, _ = learner.adapt(X[:1, :3], y[:1, :3])
    for a, b, start in zip(padded, short, learner.start_of_tasks(None, 2)):
        torch.testing.assert_close(a[:1], b, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(a[1], start[1])


def test_meta_training_beats_an_untrained_start_and_optimizer():
    waves = Sinusoids(n_shots=10, n_query=20)
    tasks = waves.sample(100, random_state=1)
    trained = LearnedOptimizerRegressor(max_epochs=8, batch_size=4, random_state=0).fit(waves)
    untrained = LearnedOptimizerRegressor(max_epochs=0, random_state=0).fit(waves)
    assert trained.score(tasks) > max(untrained.score(tasks), 0) + 0.05

    clusters = GaussianClusters(n_ways=3, n_features=6, n_latent=2, n_shots=3, n_query=8)
    tasks = clusters.sample(100, random_state=1)
    trained = LearnedOptimizerClassifier(max_epochs=4, batch_size=4, random_state=0).fit(clusters)
    untrained = LearnedOptimizerClassifier(max_epochs=0, random_state=0).fit(clusters)
    assert trained.score(tasks) > untrained.score(tasks) + 0.03


def test_what_an_estimator_has_learned_optimizes_modules_of_ones_own():
    waves = Sinusoids(n_shots=10, n_query=20)
    network = LearnedOptimizerRegressor(max_epochs=1, random_state=0).fit(waves).optimizer_
    model = nn.Linear(4, 1)
    optimizer = network.as_optimizer(model.parameters())
    X = torch.randn(50, 4)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = (model(X)[:, 0] - X[:, 0]).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
