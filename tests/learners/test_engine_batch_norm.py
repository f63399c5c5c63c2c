"""Why only the forward pass is mapped over tasks.

In torch 2.13, ``vmap(grad(...))`` through training-mode ``F.batch_norm`` gives a silently wrong meta-gradient when the
inner loop adapts the normalisation's weight. Mapping the forward pass alone and differentiating outside is right.
"""

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional as F

from skmeta.learners.engine import choose_engine

T, N, D = 3, 6, 4


class Normalised(nn.Module):
    """A convolution, then each batch's own statistics. ``by_hand`` does not use the kernel."""

    def __init__(self, by_hand=False):
        super().__init__()
        self.conv = nn.Conv2d(D, D, 1)
        self.norm = nn.BatchNorm2d(D, track_running_stats=False)
        self.by_hand = by_hand

    def forward(self, X):
        z = self.conv(X)
        if self.by_hand:
            mean, variance = z.mean((0, 2, 3), keepdim=True), z.var((0, 2, 3), keepdim=True, correction=0)
            z = (z - mean) / (variance + self.norm.eps).sqrt()
            z = z * self.norm.weight.view(1, -1, 1, 1) + self.norm.bias.view(1, -1, 1, 1)
        else:
            z = self.norm(z)
        return z.relu().mean((2, 3))


def make(by_hand):
    torch.manual_seed(0)
    body = Normalised(by_hand).double()
    nn.init.normal_(body.norm.bias)
    X = torch.randn(T, N, D, 5, 5, dtype=torch.float64)
    y = torch.randn(T, N, D, dtype=torch.float64)
    return body, X, y


def engine_gradient(name, by_hand=False):
    body, X, y = make(by_hand)
    engine = choose_engine(body, "mse", has_head=False, engine=name)
    out = engine.adapt_and_predict(engine.start(), X, y, X, steps=1, lr=0.5)
    return torch.autograd.grad(T * F.mse_loss(out, y), engine.start())


def vmap_of_grad(by_hand=False):
    body, X, y = make(by_hand)
    params = dict(body.named_parameters())

    def loss(p, X, y):
        return F.mse_loss(functional_call(body, p, (X,)), y)

    def task(p, X, y):
        gradients = grad(loss)(p, X, y)
        return loss({name: p[name] - 0.5 * gradients[name] for name in p}, X, y)

    def total(p):
        return vmap(task, (None, 0, 0))(p, X, y).sum()

    return list(grad(total)({name: p.detach() for name, p in params.items()}).values())


def relative_error(found, wanted):
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-3)) for a, b in zip(found, wanted))


@pytest.mark.parametrize("name", ["naive", "any_module"])
def test_the_engines_differentiate_through_batch_norm(name):
    assert relative_error(engine_gradient(name), engine_gradient("naive", by_hand=True)) < 1e-10


def test_mapping_the_gradient_is_right_without_the_kernel():
    assert relative_error(vmap_of_grad(by_hand=True), engine_gradient("naive", by_hand=True)) < 1e-10


def test_mapping_the_gradient_through_the_kernel_is_wrong_and_therefore_not_done():
    """Should this fail with a newer torch, the trap is gone, and only this file needs to know."""
    error = relative_error(vmap_of_grad(), engine_gradient("naive"))
    if torch.__version__.split("+")[0].startswith("2.13"):
        assert error > 0.1
    else:
        pytest.skip(f"relative error of vmap(grad) through batch_norm in torch {torch.__version__}: {error:.1e}")
