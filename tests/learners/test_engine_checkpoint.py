"""Checkpointing the inner steps trades time for memory and changes nothing else."""

import weakref

import pytest
import torch
from torch import nn

from skmeta.learners.engine import choose_engine

F64 = torch.float64


def gradients(checkpoint_inner, steps=3, lr="number", tasks_at_once=None, **how):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5)).double()
    head = [torch.randn(1, 5, dtype=F64, requires_grad=True), torch.randn(1, dtype=F64, requires_grad=True)]
    X, Q = (torch.randn(3, n, 4, dtype=F64, requires_grad=True) for n in (6, 5))
    y = torch.randint(0, 3, (3, 6))
    mask = torch.ones(3, 3, dtype=torch.bool)
    mask[0, 2] = False
    y[0] %= 2
    engine = choose_engine(body, engine="any_module", checkpoint_inner=checkpoint_inner, tasks_at_once=tasks_at_once)
    start = engine.start(*head)
    if lr == "table":
        lr = torch.rand(2, 6, dtype=F64, requires_grad=True)
        sources = [lr]
    elif lr == "weightwise":
        lr = [torch.rand_like(value).requires_grad_() for value in start]
        sources = lr
    else:
        lr, sources = 0.3, []
    weight = torch.rand(3, 6, dtype=F64)
    out = engine.adapt_and_predict(start, X, y, Q, support_weight=weight, class_mask=mask, steps=steps, lr=lr, **how)
    value = torch.where(torch.isfinite(out), out, 0.0).sin().sum()
    wanted = [*start, X, Q, *sources]
    found = torch.autograd.grad(value, wanted, allow_unused=True)
    return [out, *(torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found))]


@pytest.mark.parametrize("lr", ["number", "table", "weightwise"])
@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("adapted", ["all", "head", "body"])
def test_the_gradients_are_those_of_the_whole_graph(lr, first_order, every_step, adapted):
    how = {"lr": lr, "first_order": first_order, "every_step": every_step, "adapted": adapted}
    for a, b in zip(gradients(True, **how), gradients(False, **how)):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("steps", [0, 1])
def test_few_steps_in_chunks_of_tasks(steps):
    for a, b in zip(gradients(True, steps=steps, tasks_at_once=2), gradients(False, steps=steps)):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def test_what_is_kept_does_not_grow_with_the_rows():
    kept = {}
    for checkpoint_inner in (True, False):
        body = nn.Sequential(nn.Linear(4, 6), nn.Tanh())
        engine = choose_engine(body, engine="any_module", checkpoint_inner=checkpoint_inner)
        start = engine.start(torch.zeros(2, 6, requires_grad=True), torch.zeros(2, requires_grad=True))
        X, y = torch.randn(2, 1000, 4), torch.randint(0, 2, (2, 1000))
        alive = weakref.WeakSet()

        def pack(tensor, alive=alive):
            held = Held(tensor)
            alive.add(held)
            return held

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda held: held.tensor):
            out = engine.adapt_and_predict(start, X, y, X[:, :2], steps=4, lr=0.1)
        kept[checkpoint_inner] = sum({held.tensor.data_ptr(): held.tensor.numel() for held in alive}.values())
        assert out.requires_grad
    rows = X.numel()
    assert kept[True] < 1.5 * rows < kept[False] / 4


class Held:
    """A tensor that a graph still needs."""

    def __init__(self, tensor):
        self.tensor = tensor
