"""The closed form against numbers by hand and finite differences, owing nothing to autograd."""

import pytest
import torch
from torch import nn

from skmeta.learners.engine import choose_engine
from skmeta.learners.engine.activations import FROM_MODULE
from skmeta.learners.engine.losses import LOSSES
from skmeta.learners.engine.normalisation import LayerNorm

F64 = torch.float64


def test_one_step_of_linear_regression_by_hand():
    # f(x) = w x, w = 1; support (2, 4): loss (4 - 2w)^2, gradient -4 (4 - 2w) = -8; rate 0.1: w' = 1.8
    # dw'/dw = 1 - 0.1 * 8 = 0.2, dw'/drate = 8; answers at 3: 5.4, moved 0.6 by w and 24 by the rate
    body = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(body.weight)
    engine = choose_engine(body, "mse", has_head=False)
    assert engine.name == "closed_form"
    rate = torch.tensor(0.1, dtype=F64, requires_grad=True)
    rows = torch.tensor([[[2.0]]], dtype=F64), torch.tensor([[[4.0]]], dtype=F64), torch.tensor([[[3.0]]], dtype=F64)
    answer = engine.adapt_and_predict(engine.start(), *rows, steps=1, lr=rate)
    answer.backward()
    assert answer.item() == pytest.approx(5.4)
    assert body.weight.grad.item() == pytest.approx(0.6)
    assert rate.grad.item() == pytest.approx(24.0)
    body.weight.grad = None
    engine.adapt_and_predict(engine.start(), *rows, steps=1, lr=rate, first_order=True).backward()
    assert body.weight.grad.item() == pytest.approx(3.0)  # as if w' were w plus a constant


def test_one_step_of_a_two_class_head_by_hand():
    # equal logits: p = 1/2 for both; one support row x = 2 of class 0: gradient of the weights -1, +1, of the
    # biases -1/2, +1/2; rate 1: logits of a row x are (x + 1/2) and -(x + 1/2)
    body = nn.Identity()
    engine = choose_engine(body)
    head = torch.zeros(2, 1, dtype=F64), torch.zeros(2, dtype=F64)
    rows = torch.tensor([[[2.0]]], dtype=F64), torch.tensor([[0]]), torch.tensor([[[0.0], [3.0]]], dtype=F64)
    logits = engine.adapt_and_predict(engine.start(*head), *rows, steps=1, lr=1.0)
    torch.testing.assert_close(logits, torch.tensor([[[0.5, -0.5], [3.5, -3.5]]], dtype=F64))


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "gaussian"])
def test_every_gradient_against_central_differences(loss):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(2, 4), nn.LayerNorm(4), nn.SiLU(), nn.Linear(4, 3), nn.Tanh()).double()
    engine = choose_engine(body, loss)
    assert engine.name == "closed_form"
    n_outputs = {"cross_entropy": 3, "mse": 1, "gaussian": 2}[loss]
    X, Q = torch.randn(2, 4, 2, dtype=F64), torch.randn(2, 3, 2, dtype=F64)
    y = torch.randint(0, 3, (2, 4)) if loss == "cross_entropy" else torch.randn(2, 4, 1, dtype=F64)
    weight = torch.rand(2, 4, dtype=F64)
    params = [p.detach().clone() for p in body.parameters()]
    params += [torch.randn(n_outputs, 3, dtype=F64), torch.randn(n_outputs, dtype=F64)]
    rates = torch.full((2, len(params)), 0.05, dtype=F64)
    inputs = [value.requires_grad_() for value in (*params, rates, X, Q)]

    def answers(*values):
        *params, rates, X, Q = values
        out = engine.adapt_and_predict(params, X, y, Q, support_weight=weight, steps=2, lr=rates, every_step=True)
        return out.sin()

    assert torch.autograd.gradcheck(answers, inputs, eps=1e-6, atol=1e-7, rtol=1e-5)


MODULES = [nn.ReLU(), nn.LeakyReLU(0.3), nn.ELU(1.5), nn.Tanh(), nn.Sigmoid(), nn.SiLU(), nn.GELU(),
           nn.GELU(approximate="tanh")]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_slope_and_curvature_of_each_activation(module):
    activation = FROM_MODULE[type(module)](module)
    z = torch.tensor([[-3.0, -1.1, -0.4, 0.3, 0.9, 2.5]], dtype=F64)[None]
    h, ones = 1e-4, torch.ones_like(z)
    y, memo = activation.value(z)
    torch.testing.assert_close(y, module(z))
    up, down = (module(z + s) for s in (h, -h))
    torch.testing.assert_close(activation.times_slope(memo, ones), (up - down) / (2 * h), rtol=1e-6, atol=1e-7)
    if activation.has_curvature:
        torch.testing.assert_close(activation.curvature(memo), (up - 2 * y + down) / h**2, rtol=1e-5, atol=1e-6)
    else:
        torch.testing.assert_close((up - 2 * y + down) / h**2, torch.zeros_like(z), rtol=0, atol=1e-6)


@pytest.mark.parametrize("has_Rx", [False, True])
@pytest.mark.parametrize("has_u", [False, True])
def test_the_sweeps_of_layer_norm_are_directional_derivatives(has_Rx, has_u):
    torch.manual_seed(1)
    norm = LayerNorm(1e-2, 2)
    x, dy, direction = (torch.randn(2, 3, 5, dtype=F64) for _ in range(3))
    p = torch.randn(2, 5, dtype=F64).unbind()
    u = torch.randn(2, 5, dtype=F64).unbind()
    Rx = direction if has_Rx else torch.zeros_like(x)
    zero = torch.zeros(5, dtype=F64)
    moves = u if has_u else (zero, zero)

    def sweeps(e):
        moved = tuple(a + e * b for a, b in zip(p, moves))
        y, memo = norm.forward(moved, x + e * Rx)
        return y, norm.backward(moved, memo, dy), norm.gradient(memo, dy, shared=True)[0]

    h = 1e-5
    up, down = sweeps(h), sweeps(-h)
    _, memo = norm.forward(p, x)
    Ry, r_memo = norm.r_forward(p, memo, u if has_u else None, Rx if has_Rx else None)
    Rdx = norm.r_backward(p, memo, dy, u if has_u else None, r_memo, torch.zeros_like(dy))
    gradient_change = (zero.clone(), zero.clone())
    norm.r_accumulate(gradient_change, memo, dy, r_memo, torch.zeros_like(dy), 1.0)
    found = Ry, Rdx, gradient_change[0]
    for value, a, b in zip(found, up, down):
        value = torch.zeros_like(a) if value is None else value
        torch.testing.assert_close(value, (a - b) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", LOSSES)
def test_the_derivatives_of_each_loss(name):
    torch.manual_seed(2)
    loss, outputs = LOSSES[name], torch.randn(2, 4, 5, dtype=F64)
    y = torch.randint(0, 4, (2, 5)) if name == "cross_entropy" else torch.randn(2, 5, 4, dtype=F64)
    targets = loss.targets(y if name != "gaussian" else y[..., :2], 4, F64)
    share = torch.rand(2, 1, 5, dtype=F64)
    hidden = torch.zeros(2, 4, 1, dtype=torch.bool)
    gradient, memo = loss.gradient(outputs, targets, share, hidden)
    tangent, h = torch.randn_like(outputs), 1e-5
    slope = (loss.value(outputs + h * tangent, targets, share, hidden)
             - loss.value(outputs - h * tangent, targets, share, hidden)) / (2 * h)  # fmt: skip
    torch.testing.assert_close((gradient * tangent).sum(), slope, rtol=1e-7, atol=1e-9)
    change = (loss.gradient(outputs + h * tangent, targets, share, hidden)[0]
              - loss.gradient(outputs - h * tangent, targets, share, hidden)[0]) / (2 * h)  # fmt: skip
    torch.testing.assert_close(loss.r_gradient(memo, tangent, share), change, rtol=1e-6, atol=1e-8)


def test_the_inner_losses_are_torch_s_own():
    torch.manual_seed(3)
    outputs = torch.randn(1, 4, 5, dtype=F64)
    labels, targets = torch.randint(0, 4, (1, 5)), torch.randn(1, 5, 4, dtype=F64)
    rows = outputs[0].t()

    def ours(name, y, outputs=outputs):
        loss = LOSSES[name]
        return loss.value(outputs, loss.targets(y, outputs.shape[1], F64), 1 / 5, None)

    torch.testing.assert_close(ours("cross_entropy", labels), nn.functional.cross_entropy(rows, labels[0]))
    torch.testing.assert_close(ours("mse", targets), nn.functional.mse_loss(rows, targets[0]))
    mean, raw = rows[:, :2], rows[:, 2:]
    variance = nn.functional.softplus(raw) + 1e-4
    wanted = nn.functional.gaussian_nll_loss(mean, targets[0, :, :2], variance, eps=0)
    torch.testing.assert_close(ours("gaussian", targets[..., :2]), wanted)
