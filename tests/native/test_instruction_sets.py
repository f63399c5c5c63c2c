"""Every instruction set gives what every other gives, up to rounding; also in rows of few and of many entries."""

import pytest
import torch
from torch import nn

from skmeta import native
from skmeta.learners.engine import choose_engine
from skmeta.native import loading

F32, F64 = torch.float32, torch.float64
LEVELS = ["baseline", "avx2", "avx512", "neon"]


def draw(*shape, seed=0, dtype=F64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64).to(dtype)


def inner_loop(dtype):
    """Answers and gradients of MAML on small images: convolution, normalisation, pooling, linear layers."""
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Unflatten(1, (3, 6, 7)), nn.Conv2d(3, 5, 3, padding=1), nn.GroupNorm(1, 5), nn.Tanh(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(45, 19), nn.ELU(), nn.Linear(19, 7), nn.Sigmoid(),
    ).to(dtype)  # fmt: skip
    head = [draw(3, 7, seed=1, dtype=dtype).requires_grad_(), draw(3, seed=2, dtype=dtype).requires_grad_()]
    engine, y = choose_engine(body, engine="native"), torch.arange(9).remainder(3).repeat(4, 1)
    start = engine.start(*head)
    X, Q = draw(4, 9, 126, seed=3, dtype=dtype), draw(4, 11, 126, seed=4, dtype=dtype)
    out = engine.adapt_and_predict(start, X, y, Q, steps=3, lr=0.1)
    return [out, *torch.autograd.grad((out * draw(*out.shape, seed=5, dtype=dtype)).sum(), start)]


def class_means(dtype):
    stack = native.Stack([native.Layer("Linear", has_weight=True, has_bias=True), native.Layer("ReLU")] * 2)
    params = [draw(*shape, seed=i, dtype=dtype) for i, shape in enumerate([(21, 13), (21,), (6, 21), (6,)])]
    shares = torch.rand(3, 4, 10, generator=torch.Generator().manual_seed(0), dtype=F64).to(dtype) / 10
    job = native.ClassMeans(stack, params, draw(3, 17, 13, seed=8, dtype=dtype), shares)
    half = job.half_logits()
    gradients, *others = job.derivative(draw(*half.shape, seed=9, dtype=dtype), True, False)
    return [half, *gradients, others[0]]


def ridge(dtype):
    S, Y, Q = draw(3, 9, 14, dtype=dtype), draw(3, 2, 9, seed=1, dtype=dtype), draw(3, 15, 14, seed=2, dtype=dtype)
    job = native.Ridge(S, Y, torch.tensor(0.5, dtype=dtype), Q.transpose(1, 2).contiguous().transpose(1, 2))
    return [job.answers()]


def rows(dtype):
    params = [draw(*shape, seed=i, dtype=dtype) for i, shape in enumerate([(21, 13), (21,), (3, 21), (3,)])]
    answers = []
    for bend in ("LeakyReLU", "ReLU"):
        stack = native.Stack([native.Layer("Linear", has_weight=True, has_bias=True), native.Layer(bend),
                              native.Layer("Linear", has_weight=True, has_bias=True)])  # fmt: skip
        answers += [native.RowFunction(stack, params)(draw(n, 13, seed=n, dtype=dtype)) for n in (1, 5, 64, 77)]
    return answers


@pytest.mark.parametrize("dtype", [F64, F32], ids=str)
@pytest.mark.parametrize("work", [inner_loop, class_means, ridge, rows])
@pytest.mark.parametrize("level", LEVELS)
def test_instruction_sets_agree(level, work, dtype, take):
    if level not in loading.levels():
        pytest.skip("not built, or this processor does not have it")
    wanted = work(F64)  # by the best
    take(level)
    tolerance = 1e-10 if dtype == F64 else 2e-4
    for a, b in zip(work(dtype), wanted, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("level", LEVELS)
def test_a_rows_digits_do_not_depend_on_the_rows_beside_it(level, take):
    if level not in loading.levels():
        pytest.skip("not built, or this processor does not have it")
    take(level)
    stack = native.Stack([native.Layer("Linear", has_weight=True, has_bias=True), native.Layer("Tanh"),
                          native.Layer("Linear", has_weight=True, has_bias=True)])  # fmt: skip
    params = [draw(*shape, seed=i, dtype=F32) for i, shape in enumerate([(30, 9), (30,), (4, 30), (4,)])]
    answer, X = native.RowFunction(stack, params), draw(150, 9, dtype=F32)
    whole = answer(X)
    for chosen in (torch.arange(7), torch.arange(20, 33), torch.arange(149, -1, -3)):
        assert torch.equal(answer(X[chosen]), whole[:, chosen])
