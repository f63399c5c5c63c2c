"""Convolutional bodies have the closed form: equal to the naive loop to 1e-10 in float64, first and second order."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from skmeta import MAMLClassifier
from skmeta.learners.engine import choose_engine, closed_form
from skmeta.learners.engine.convolution import Conv2d, PatchConv2d, as_convolution
from skmeta.learners.engine.recognise import as_feed_forward
from skmeta.nets import Conv4

F64 = torch.float64
T, N, M, SIDE, CHANNELS, E, C = 3, 5, 4, 12, 2, 6, 3
PIXELS = CHANNELS * SIDE * SIDE


MEAN = nn.AdaptiveAvgPool2d(1), nn.Flatten()


def normalisation(name, n_channels):
    return {
        "batch": lambda: [nn.BatchNorm2d(n_channels, track_running_stats=False)],
        "group": lambda: [nn.GroupNorm(2, n_channels)],
        "one group": lambda: [nn.GroupNorm(1, n_channels)],
        "plain batch": lambda: [nn.BatchNorm2d(n_channels, affine=False, track_running_stats=False)],
        None: list,
    }[name]()


def make_body(first, norm=None, pool=(), end=MEAN):
    body = nn.Sequential(
        nn.Unflatten(1, (CHANNELS, SIDE, SIDE)), first, *normalisation(norm, 4), nn.ReLU(), *pool,
        nn.Conv2d(4, E, 3, stride=2, padding=1, bias=False), *normalisation(norm, E), nn.Tanh(), *end,
    ).double()  # fmt: skip
    body = copy.deepcopy(body)  # the layers belong to all tests
    torch.manual_seed(0)  # they were made with whatever numbers were drawn before
    for layer in body:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    for value in body.parameters():
        if value.dim() == 1:
            nn.init.normal_(value)
    return body


def results(body, engine, n_embedding=E, steps=2, rows=None, **how):
    """Outputs of an adaptation, and every gradient of a function of them."""
    g = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(shape, generator=g, dtype=F64).requires_grad_()

    X, Q = (draw(T, n, PIXELS) for n in (N, M)) if rows is None else (value.clone().requires_grad_() for value in rows)
    y = torch.randint(0, C, (T, N), generator=g)
    engine = choose_engine(body, engine=engine)
    start = engine.start(draw(C, n_embedding), draw(C))
    rates = (0.2 * torch.rand(steps, len(start), generator=g, dtype=F64)).requires_grad_()
    out = engine.adapt_and_predict(start, X, y, Q, steps=steps, lr=rates, **how)
    wanted = [*start, rates, X, Q]
    found = torch.autograd.grad(out.sin().sum(), wanted, allow_unused=True)
    return [out, *(torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found))]


def assert_equal(body, **how):
    assert choose_engine(body).name == "closed_form"
    for found, wanted in zip(results(body, "auto", **how), results(body, "naive", **how)):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


STRIDED, OVERLAPPING = nn.Conv2d(CHANNELS, 4, 3, 2, 1), nn.Conv2d(CHANNELS, 4, 3, 1, 1)
ORDERS = pytest.mark.parametrize("first_order", [False, True], ids=["second_order", "first_order"])


@ORDERS
@pytest.mark.parametrize("norm", ["batch", "group", "one group", "plain batch", None])
@pytest.mark.parametrize("pool", [False, True])
def test_blocks_of_the_few_shot_literature(norm, pool, first_order):
    body = make_body(OVERLAPPING if pool else STRIDED, norm, [nn.MaxPool2d(2)] if pool else [])
    assert_equal(body, first_order=first_order)


@pytest.mark.parametrize(
    "how",
    [{"adapted": "head"}, {"adapted": "body"}, {"adapted": "head", "every_step": True}, {"every_step": True},
     {"steps": 0}, {"steps": 1}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("norm", ["batch", "group"])
def test_what_is_adapted_and_answered(norm, how):
    assert_equal(make_body(OVERLAPPING, norm, [nn.MaxPool2d(2)]), **how)


CONVOLUTIONS = {
    "pointwise": nn.Conv2d(CHANNELS, 4, 1),
    "not square": nn.Conv2d(CHANNELS, 4, (3, 2), (2, 3), (1, 0)),
    "not padded": nn.Conv2d(CHANNELS, 4, 4, 3),
    "dilated": nn.Conv2d(CHANNELS, 4, 3, dilation=2),
    "grouped": nn.Conv2d(CHANNELS, 4, 3, groups=2),
    "many to one": nn.Conv2d(CHANNELS, 4, 5, 1, 2, bias=False),
}


@ORDERS
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_every_kind_of_convolution(name, first_order):
    assert_equal(make_body(CONVOLUTIONS[name]), first_order=first_order)


POOLS = {
    "largest, overlapping": nn.MaxPool2d(3, 2, 1),
    "largest, rest kept": nn.MaxPool2d(5, ceil_mode=True),
    "mean": nn.AvgPool2d(2),
    "mean, padded": nn.AvgPool2d((3, 2), (2, 1), (1, 0), count_include_pad=False),
    "mean of thirds": nn.AdaptiveAvgPool2d(3),
}


@pytest.mark.parametrize("name", POOLS)
def test_every_kind_of_pooling(name):
    assert_equal(make_body(OVERLAPPING, pool=[POOLS[name]]))


def test_flattened_images_and_linear_layers_above():
    assert_equal(make_body(STRIDED, "batch", end=[nn.Flatten()]), n_embedding=E * 9)
    end = [nn.Flatten(), nn.Linear(E * 9, 7), nn.BatchNorm1d(7, track_running_stats=False), nn.SiLU()]
    assert_equal(make_body(STRIDED, end=end), n_embedding=7)


def test_images_with_equal_pixels():
    """Of equal values in a window, the first gets the gradient, as in torch."""
    rows = torch.ones(T, N, PIXELS, dtype=F64), torch.ones(T, M, PIXELS, dtype=F64)
    assert_equal(make_body(OVERLAPPING, "group", [nn.MaxPool2d(2)]), rows=rows)


def test_patches_are_made_where_they_overlap_little_or_are_thin():
    assert isinstance(as_convolution(nn.Conv2d(64, 64, 3, 2, 1)), PatchConv2d)
    assert isinstance(as_convolution(nn.Conv2d(1, 64, 3, 1, 1)), PatchConv2d)
    assert isinstance(as_convolution(nn.Conv2d(64, 64, 3, 1, 1)), Conv2d)
    assert as_convolution(nn.Conv2d(2, 4, 3, padding="same")) is None
    assert as_convolution(nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular")) is None


def test_conv4_is_understood_and_others_are_not():
    for norm in ("group", None):
        plan = as_feed_forward(Conv4(64, n_filters=8, n_blocks=2, normalization=norm))
        assert plan.of_images
        assert plan.row_wise
    assert choose_engine(Conv4(64, n_filters=8, n_blocks=2)).name == "naive"  # keeps running statistics
    body = make_body(STRIDED, "batch")
    assert not as_feed_forward(body).row_wise
    body[-1].register_forward_hook(lambda module, args, out: 2 * out)
    assert choose_engine(body).name == "any_module"


def test_conv4_behind_a_layer_of_ones_own():
    class Ink(nn.Module):
        def forward(self, X):
            return 1 - X

    torch.manual_seed(0)
    body = nn.Sequential(Ink(), Conv4(64, n_filters=8, n_blocks=2, normalization="group")).double()
    assert choose_engine(body).name == "any_module"
    g = torch.Generator().manual_seed(1)
    rows = [torch.rand((T, n, 64), generator=g, dtype=F64) for n in (N, M)]
    found, expected = (results(body, engine, n_embedding=32, rows=rows) for engine in ("any_module", "naive"))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_tasks_do_not_share_statistics():
    body = make_body(STRIDED, "batch")
    engine = choose_engine(body)
    torch.manual_seed(0)
    start = engine.start(torch.randn(C, E, dtype=F64), torch.zeros(C, dtype=F64))
    X, Q = torch.randn(T, N, PIXELS, dtype=F64), torch.randn(T, M, PIXELS, dtype=F64)
    y = torch.randint(0, C, (T, N))

    def answers(tasks, adapted="all"):
        out = engine.adapt_and_predict(start, X[tasks], y[tasks], Q[tasks], steps=2, lr=0.1, adapted=adapted)
        state = engine.adapt(start, X[tasks], y[tasks], steps=2, lr=0.1, adapted=adapted)
        torch.testing.assert_close(engine.predict(state, Q[tasks]), out, rtol=1e-10, atol=1e-10)
        return out

    for adapted in ("all", "head"):
        together, alone = answers(slice(None), adapted), answers(slice(1, 2), adapted)
        torch.testing.assert_close(together[1:2], alone, rtol=1e-10, atol=1e-10)


def test_many_images_are_answered_a_few_at_a_time(monkeypatch):
    body = make_body(OVERLAPPING, "group")
    engine = choose_engine(body)
    state = [value.detach()[None] for value in engine.start(torch.randn(C, E, dtype=F64), torch.zeros(C, dtype=F64))]
    Q = torch.randn(1, 10, PIXELS, dtype=F64)
    whole, sizes, run = engine.predict(state, Q), [], closed_form.forward

    def seen(layers, theta, rows):
        sizes.append(rows.shape[1])
        return run(layers, theta, rows)

    monkeypatch.setattr(closed_form, "forward", seen)
    monkeypatch.setattr(closed_form, "IMAGE_FLOATS", 3 * engine.plan.width)
    torch.testing.assert_close(engine.predict(state, Q), whole, rtol=1e-12, atol=1e-12)
    assert sizes == [3, 3, 3, 1]


def test_an_estimator_adapts_a_convolutional_network_and_answers_row_by_row():
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = rng.standard_normal((30, 64)) + 2 * np.eye(3)[y] @ rng.standard_normal((3, 64))
    net = {"module": Conv4, "module__n_filters": 8, "module__n_blocks": 2, "module__normalization": "group"}
    how = {"inner_steps": 2, "max_epochs": 1, "steps_per_epoch": 3, "lr": 0.01, "random_state": 0}
    fitted = {name: MAMLClassifier(**net, **how, engine=name).fit(X, y) for name in ("auto", "naive")}
    assert fitted["auto"].engine_ == "closed_form"
    answers = [fitted[name].predict_proba(X) for name in fitted]
    np.testing.assert_allclose(*answers, rtol=2e-2, atol=2e-3)  # float32, and kinks of the ReLU
    np.testing.assert_allclose(fitted["auto"].predict_proba(X[7:8]), answers[0][7:8], rtol=1e-9)
