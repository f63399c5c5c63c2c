"""Implicit MAML: conjugate gradients, the meta-gradient by hand and by finite differences, memory."""

import pytest
import torch
from torch import nn

from skmeta import MAMLRegressor
from skmeta.learners.implicit import conjugate_gradient, proximal_descent
from skmeta.learners.maml import MAML
from skmeta.tasks import Sinusoids


def make_learner(body=None, **params):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(2, 4), nn.Tanh()) if body is None else body
    params = {"n_outputs": 1, "task_type": "regression", "gradient": "implicit", "inner_lr": 0.2} | params
    return MAML(body, n_features_in=2, **params).double()


def batch(n_tasks=3, n_rows=8):
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(n_tasks, n_rows, 2, generator=generator, dtype=torch.float64)
    return X, torch.sin(X.sum(-1, keepdim=True)) + torch.randn(n_tasks, 1, 1, generator=generator, dtype=torch.float64)


def query_loss(learner, X, y):
    return learner(X[:, :5], y[:, :5], X[:, 5:]).sub(y[:, 5:].flatten(0, 1)).square().mean()


def test_conjugate_gradients_solve_positive_definite_systems_of_many_tasks_at_once():
    torch.manual_seed(0)
    root = torch.randn(5, 6, 6, dtype=torch.float64)
    A = root @ root.transpose(1, 2) + torch.eye(6)
    b = torch.randn(5, 6, dtype=torch.float64)
    x = conjugate_gradient(lambda v: (A @ v[..., None])[..., 0], b, steps=6)
    torch.testing.assert_close((A @ x[..., None])[..., 0], b, rtol=1e-6, atol=1e-8)


def test_where_the_loss_bends_the_other_way_the_first_order_gradient_is_left():
    A = -torch.eye(2)[None]
    b = torch.tensor([[1.0, 2.0]])
    assert conjugate_gradient(lambda v: (A @ v[..., None])[..., 0], b, steps=3).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("bends", "followed", "cut"),
    [
        ([1.0, 1e-3], [1.0, 1000.0], [1.0, 1.0]),  # too long at the first step: the target itself
        ([4.0, 0.5], [0.25, 2.0], [4 / 9, 4 / 9]),  # at the second: the first one's end, a rate of 2 / (4 + .5)
    ],
)
def test_a_solution_is_followed_no_further_than_told(bends, followed, cut):
    A = torch.diag(torch.tensor(bends))[None]
    b = torch.tensor([[1.0, 1.0]])

    def solve(**limits):
        return conjugate_gradient(lambda v: (A @ v[..., None])[..., 0], b, steps=2, **limits)

    torch.testing.assert_close(solve(), torch.tensor([followed]), rtol=1e-3, atol=0)
    torch.testing.assert_close(solve(longest=1.0), torch.tensor([cut]))


def test_the_inner_loop_of_a_regression_goes_downhill_however_long_its_steps_are():
    learner = make_learner(inner_lr=50.0, inner_steps=20)
    X, y = batch()
    start = [value.detach() for value in learner.start_of_tasks(None, 3)]

    def errors(params):
        return (learner.engine.predict(params, X) - y).square().mean((1, 2))

    params = proximal_descent(learner.engine, start, X, y, steps=20, lr=50.0, proximal=1.0, errors=errors)
    assert (errors(params) < errors(start)).all()


def test_steps_that_do_not_lead_uphill_are_those_of_plain_descent():
    learner = make_learner(inner_lr=0.05)
    X, y = batch()
    start = learner.start_of_tasks(None, 3)
    settings = {"steps": 4, "lr": 0.05, "proximal": 1.0}

    def errors(params):
        return (learner.engine.predict(params, X) - y).square().mean((1, 2))

    plain, watched = (
        proximal_descent(learner.engine, start, X, y, **settings, **how) for how in ({}, {"errors": errors})
    )
    for one, other in zip(plain, watched):
        torch.testing.assert_close(one, other)


def test_the_meta_gradient_equals_finite_differences_at_the_inner_minimum():
    learner = make_learner(inner_steps=150, proximal=1.0, cg_steps=20)
    X, y = batch()
    query_loss(learner, X, y).backward()
    step = 1e-5
    for parameter in learner.parameters():
        numeric = torch.zeros_like(parameter)
        for i in range(parameter.numel()):
            ends = []
            for sign in (1, -1):
                with torch.no_grad():
                    parameter.view(-1)[i] += sign * step
                    ends.append(query_loss(learner, X, y))
                    parameter.view(-1)[i] -= sign * step
            numeric.view(-1)[i] = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close(parameter.grad, numeric, rtol=1e-4, atol=1e-7)


def test_it_agrees_with_the_gradient_through_an_unrolled_linear_problem():
    # one weight w and bias 0: loss (w x - y)^2 at x = 1, so H = 2 and d phi / d theta = 1 / (1 + 2 / proximal)
    learner = make_learner(body=nn.Identity(), inner_steps=500, proximal=2.0, inner_lr=0.1)
    X = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)
    y = torch.tensor([[[3.0]]], dtype=torch.float64)
    with torch.no_grad():
        learner.head_weight.zero_()
    learner(X, y, X).sum().backward()
    # H / proximal over (weight, bias) is [[1, 1], [1, 1]]: (I + that)^-1 (1, 1) = (1/3, 1/3)
    torch.testing.assert_close(learner.head_weight.grad[0, 0], torch.tensor(1 / 3, dtype=torch.float64))
    torch.testing.assert_close(learner.head_bias.grad[0], torch.tensor(1 / 3, dtype=torch.float64))


def test_a_stiff_spring_leaves_the_start_where_it_is():
    learner = make_learner(inner_steps=200, proximal=1e4, inner_lr=1e-5)
    X, y = batch()
    params, _ = learner.adapt(X, y)
    for start, end in zip(learner.start_of_tasks(None, 3), params):
        assert float((start - end).detach().abs().max()) < 1e-2


def test_the_graph_does_not_grow_with_the_inner_steps():
    def saved_floats(steps):
        total = [0]

        def count(tensor):
            total[0] += tensor.numel()
            return tensor

        learner = make_learner(inner_steps=steps)
        try:
            with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
                query_loss(learner, *batch())
        except RuntimeError as error:
            if "yet support saved tensor hooks" in str(error):
                pytest.skip(f"torch {torch.__version__} cannot be watched inside of torch.func")
            raise
        return total[0]

    assert saved_floats(2) == saved_floats(50)


def test_rows_of_weight_zero_change_nothing():
    learner = make_learner(inner_steps=5)
    X, y = batch()
    weight = torch.ones(3, 8, dtype=torch.float64)
    weight[:, 6:] = 0
    padded, _ = learner.adapt(X, y, weight)
    short, _ = learner.adapt(X[:, :6], y[:, :6])
    for a, b in zip(padded, short):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    "params", [{"inner_lr": "learn"}, {"adapt_params": "head"}, {"multi_step_loss": True}, {"first_order": True}]
)
def test_what_cannot_go_with_it_is_said(params):
    with pytest.raises(ValueError, match="cannot go with"):
        make_learner(**params)


def test_first_order_has_two_names():
    X, y = batch()
    grads = []
    for params in ({"first_order": True, "gradient": "unrolled"}, {"gradient": "first-order"}):
        learner = make_learner(**params)
        query_loss(learner, X, y).backward()
        grads.append([p.grad for p in learner.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads))


def test_meta_training_beats_an_untrained_start():
    waves = Sinusoids(n_shots=10, n_query=20)
    tasks = waves.sample(100, random_state=1)
    params = {
        "gradient": "implicit",
        "inner_steps": 8,
        "proximal": 0.5,
        "random_state": 0,
        "batch_size": 8,
        "lr": 0.001,
    }
    trained = MAMLRegressor(max_epochs=6, **params).fit(waves)
    untrained = MAMLRegressor(max_epochs=0, **params).fit(waves)
    assert trained.score(tasks) > untrained.score(tasks) + 0.15


def test_training_stays_finite_where_features_grow():
    waves = Sinusoids("meta-sgd", n_shots=10, n_query=10)
    params = {"inner_steps": 10, "max_epochs": 2, "steps_per_epoch": 50, "lr": 0.004, "random_state": 0}
    trained = MAMLRegressor(gradient="implicit", **params).fit(waves)
    tasks = waves.sample(100, random_state=1)
    assert trained.score(tasks) > 0.5
