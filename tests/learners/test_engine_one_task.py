"""The short way through the inner loop of a single task, against the plain loop."""

import pytest
import torch
from torch import nn

from skmeta.learners.engine import choose_engine, one_task
from skmeta.nets import MLP

BODIES = {
    "relu": lambda: nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 4), nn.ReLU()),
    "no bias, linear last": lambda: nn.Sequential(nn.Linear(3, 6, bias=False), nn.Tanh(), nn.Linear(6, 4)),
    "standardised gelu": lambda: MLP(3, n_hidden=5, activation=nn.GELU, activate_output=True),
    "activation first": lambda: nn.Sequential(nn.ReLU(), nn.Linear(3, 4), nn.ELU()),
}


@pytest.mark.parametrize("adapted_start", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss, k", [("cross_entropy", 3), ("mse", 2), ("gaussian", 4)])
@pytest.mark.parametrize("body", BODIES)
def test_one_task_descends_as_in_the_plain_loop(body, loss, k, weighted, adapted_start, monkeypatch):
    torch.manual_seed(0)
    body = BODIES[body]().double()
    X, n_embedding = torch.randn(1, 7, 3).double(), body(torch.zeros(1, 3).double()).shape[1]
    y = torch.arange(7)[None] % 2 if loss == "cross_entropy" else torch.randn(1, 7, 2).double()
    start = [*body.parameters(), torch.randn(k, n_embedding).double(), torch.randn(k).double()]
    if adapted_start:
        start = [value[None] for value in start]
    before = [value.clone() for value in start]
    how = {
        "support_weight": torch.tensor([[1.0, 2, 0, 1, 1, 3, 0.5]]).double() if weighted else None,
        "class_mask": torch.tensor([[True, True, False]]) if loss == "cross_entropy" and weighted else None,
    }
    taken = []
    monkeypatch.setattr(one_task, "descend", lambda *a, f=one_task.descend: taken.append(1) or f(*a))
    found, wanted = (
        choose_engine(body, loss, engine=engine).adapt(start, X, y, steps=4, lr=0.3, **how)
        for engine in ("closed_form", "naive")
    )
    assert taken
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    assert all(torch.equal(a, b) for a, b in zip(start, before))
