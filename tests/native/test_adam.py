"""Adam's step in the kernel is torch's, state and all, and torch takes those that the kernel does not know."""

import copy

import pytest
import torch
from torch import nn

from skmeta import MAMLClassifier, native
from skmeta.training.step import Adam


def made(dtype):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.Linear(7, 3)).to(dtype)


def trained(cls, dtype=torch.float64, steps=5, **how):
    net, g = made(dtype), torch.Generator().manual_seed(1)
    optimizer = cls(net.parameters(), **how)
    for i in range(steps):
        for j, value in enumerate(net.parameters()):
            gradient = torch.randn(value.shape, generator=g, dtype=torch.float64).to(dtype)
            value.grad = None if i == 2 and j == 1 else gradient  # one that rests for a step
        optimizer.step()
    return net, optimizer


@pytest.fixture
def asked(monkeypatch):
    done, step = [], native.adam_step

    def remember(groups):
        done.append(step(groups))
        return done[-1]

    monkeypatch.setattr(native, "adam_step", remember)
    return done


@pytest.mark.parametrize("how", [{"lr": 0.1}, {"weight_decay": 0.2, "betas": (0.5, 0.9), "eps": 0.1}], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_steps_and_state_are_those_of_torch(how, dtype, asked):
    (net, optimizer), (wanted, reference) = trained(Adam, dtype, **how), trained(torch.optim.Adam, dtype, **how)
    assert asked == [True] * 4  # torch makes the state in the first
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == torch.float64 else {"rtol": 1e-4, "atol": 1e-6}
    for a, b in zip(net.parameters(), wanted.parameters(), strict=True):
        torch.testing.assert_close(a, b, **close)
        for name, value in optimizer.state[a].items():
            torch.testing.assert_close(value, reference.state[b][name], **close)


@pytest.mark.parametrize("how", [{"amsgrad": True}, {"maximize": True}, {"lr": torch.tensor(0.1)}], ids=str)
def test_other_settings_are_left_to_torch(how, asked):
    (net, _), (wanted, _) = trained(Adam, **how), trained(torch.optim.Adam, **how)
    assert not any(asked)
    for a, b in zip(net.parameters(), wanted.parameters(), strict=True):
        assert torch.equal(a, b)


def test_hooks_are_called(asked):
    net, optimizer = trained(Adam, steps=2)
    called = []
    optimizer.register_step_pre_hook(lambda *given: called.append(given))
    optimizer.step()
    assert called and asked == [True]


def test_the_state_goes_both_ways():
    _, mine = trained(Adam)
    _, other = trained(torch.optim.Adam)
    for a, b in ((mine, other), (other, mine)):
        b.load_state_dict(copy.deepcopy(a.state_dict()))
        b.step()


def test_estimators_train_by_it(cluster_tasks, asked):
    MAMLClassifier(max_epochs=1, steps_per_epoch=4, random_state=0).fit(cluster_tasks)
    assert asked.count(True) == 3
    asked.clear()
    MAMLClassifier(max_epochs=1, steps_per_epoch=4, random_state=0, optimizer=torch.optim.SGD).fit(cluster_tasks)
    assert not asked
