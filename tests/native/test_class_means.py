"""Prototypes in the kernel are those without it, derivatives included."""

import copy
import pickle

import pytest
import torch
from torch import nn

from skmeta import ProtoNetClassifier, native
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import MLP, Conv4, ResidualMLP
from tests.learners.test_embed import corrected

F64 = torch.float64
BODIES = {
    "linear": lambda: nn.Linear(3, 4),
    "no bias": lambda: nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4, bias=False)),
    "sigmoid last": lambda: nn.Sequential(nn.Linear(3, 6), nn.Sigmoid()),
    "normalised": lambda: nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.ELU(), nn.Linear(6, 20), nn.LayerNorm(20)),
    "wide": lambda: nn.Sequential(nn.Linear(3, 40), nn.LeakyReLU(), nn.Linear(40, 33)),
    "MLP": lambda: MLP(3, n_hidden=6),
    "residual": lambda: corrected(ResidualMLP(3, n_hidden=6)),
    "residual, linear": lambda: corrected(ResidualMLP(3, n_layers=1)),
}


@pytest.fixture
def calls(monkeypatch):
    """What the kernel has been asked for."""
    asked, means = [], native.ClassMeans
    monkeypatch.setattr(native, "ClassMeans", lambda *how: asked.append(how) or means(*how))
    return asked


def without_kernel(function, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "available", lambda: False)
        return function(*arguments)


def problem(body, shared, ways, dtype=F64):
    torch.manual_seed(0)
    learner = Prototypes(body().float(), 3, ways if shared else None, priors=shared)
    with torch.no_grad():
        for value in learner.parameters():
            value.add_(0.1 * torch.randn_like(value))
    y = torch.arange(6).remainder(ways).repeat(2, 1)
    support_X, query_X, weight = torch.randn(2, 6, 3), torch.randn(2, 4, 3), torch.rand(2, 6)
    exists = torch.ones(2, ways, dtype=torch.bool)
    return learner.to(dtype), (support_X.to(dtype), y, query_X.to(dtype), weight.to(dtype), exists)


def answers_and_gradients(learner, batch):
    answers = learner(*batch)
    loss = nn.functional.cross_entropy(answers, torch.arange(8) % batch[-1].shape[1])
    inputs = [value for value in learner.parameters() if value.requires_grad]
    return [answers.softmax(1), *torch.autograd.grad(loss, inputs)]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("ways", [2, 5], ids="{}-way".format)
@pytest.mark.parametrize("shared", [False, True], ids=["own classes", "shared classes"])
def test_answers_and_gradients_are_those_without_it(body, shared, ways, calls):
    learner, batch = problem(BODIES[body], shared, ways)
    found = answers_and_gradients(learner, batch)
    assert len(calls) == 1
    for a, b in zip(found, without_kernel(answers_and_gradients, learner, batch), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_single_precision_is_near_double():
    single, double = (problem(BODIES["MLP"], True, 3, dtype) for dtype in (torch.float32, F64))
    for a, b in zip(answers_and_gradients(*single), answers_and_gradients(*double), strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-5)


def test_threads_share_the_tasks(monkeypatch):
    from skmeta.native import calling

    learner, batch = problem(BODIES["residual"], True, 3)
    alone = answers_and_gradients(learner, batch)
    monkeypatch.setattr(calling, "WORK_OF_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    for a, b in zip(answers_and_gradients(learner, batch), alone, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shared", [False, True], ids=["own classes", "shared classes"])
def test_images_too(shared, calls):
    torch.manual_seed(0)
    body = Conv4(2 * 6 * 6, n_channels=2, n_filters=4, n_blocks=2, normalization="group").double()
    learner = Prototypes(body.float(), 72, 3 if shared else None, priors=shared).double()
    y, exists = torch.arange(6).remainder(3).repeat(2, 1), torch.ones(2, 3, dtype=torch.bool)
    batch = torch.randn(2, 6, 72, dtype=F64), y, torch.randn(2, 4, 72, dtype=F64), None, exists
    found = answers_and_gradients(learner, batch)
    assert len(calls) == 1
    for a, b in zip(found, without_kernel(answers_and_gradients, learner, batch), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "body",
    [
        lambda: nn.Sequential(nn.Linear(3, 6), nn.GELU(), nn.Linear(6, 4)),
        lambda: corrected(ResidualMLP(3, n_hidden=6, n_out=4)),
    ],
    ids=["unknown activation", "a map on top of a residual body"],
)
def test_other_bodies_do_without(body, calls):
    learner, batch = problem(body, False, 3)
    answers_and_gradients(learner, batch)
    assert not calls


def test_rows_of_another_width_are_refused_as_ever():
    learner, (support_X, y, query_X, *rest) = problem(BODIES["no bias"], False, 3)
    with pytest.raises(RuntimeError):
        learner(support_X[..., :2], y, query_X[..., :2], *rest)


def test_a_weight_that_is_changed_before_the_gradient_is_noticed():
    learner, batch = problem(BODIES["MLP"], False, 3)
    loss = learner(*batch).sum()
    with torch.no_grad():
        next(learner.body.parameters()).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_learner_that_has_used_it_can_be_copied():
    learner, batch = problem(BODIES["MLP"], False, 3)
    wanted = answers_and_gradients(learner, batch)
    for twin in (copy.deepcopy(learner), pickle.loads(pickle.dumps(learner))):
        for a, b in zip(answers_and_gradients(twin, batch), wanted, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize("module", [None, MLP], ids=["default body", "MLP"])
def test_estimators_train_with_it_as_without(module, cluster_tasks, calls):
    def chances():
        model = ProtoNetClassifier(module, max_epochs=2, random_state=0).fit(cluster_tasks)
        task = cluster_tasks[0]
        return torch.as_tensor(model.adapt(task.X, task.y).predict_proba(task.X_query))

    with_it = chances()
    assert calls
    torch.testing.assert_close(with_it, without_kernel(chances), rtol=0, atol=0.02)  # Adam makes much of last digits
