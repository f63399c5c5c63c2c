"""Every layer that the kernel knows, in stacks of all kinds, gives what the plain loop gives."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from skmeta import MAMLClassifier, native
from skmeta.learners.engine import choose_engine
from skmeta.nets import Conv4

F64 = torch.float64
N_TASKS, N, M, N_CLASSES = 2, 5, 4, 3


def conv(n_in, n_out, window=3, stride=1, padding=1, **how):
    return nn.Conv2d(n_in, n_out, window, stride, padding, **how)


def batch(width, **how):
    return nn.BatchNorm2d(width, track_running_stats=False, **how)


class Problem:
    """Random tasks for a body with a head to come; ``shape`` is that of a row."""

    def __init__(self, body, shape, loss="cross_entropy", dtype=F64, n=N):
        g = torch.Generator().manual_seed(0)

        def draw(*shape):
            return torch.randn(*shape, generator=g, dtype=F64).to(dtype)

        self.body, self.loss = body.to(dtype), loss
        with torch.no_grad():
            for value in body.parameters():
                value.copy_(draw(*value.shape) / (value[0].numel() ** 0.5 if value.dim() > 1 else 1))
        self.rows = draw(N_TASKS, n, *shape), draw(N_TASKS, M, *shape)
        width = body(self.rows[1][0]).shape[1]
        self.head = [draw(N_CLASSES, width).requires_grad_(), draw(N_CLASSES).requires_grad_()]
        self.y = torch.arange(n).remainder(N_CLASSES).repeat(N_TASKS, 1)
        if loss == "mse":
            self.y = draw(N_TASKS, n, N_CLASSES)
        self.back = draw(N_TASKS, M, N_CLASSES)

    def run(self, name, **how):
        """Answers, and the gradients at the start."""
        engine = choose_engine(self.body, self.loss, engine=name)
        start = engine.start(*self.head)
        how = {"steps": 2, "lr": 0.1, **how}
        out = engine.adapt_and_predict(start, self.rows[0], self.y, self.rows[1], **how)
        return [out, *torch.autograd.grad((out.sin() * self.back).sum(), start)]


def assert_as_the_plain_loop(body, shape, tolerance=1e-10, loss="cross_entropy", n=N, **how):
    problem = Problem(body, shape, loss, n=n)
    for found, wanted in zip(problem.run("native", **how), problem.run("naive", **how), strict=True):
        scale = wanted.abs().max().clamp(min=1)
        torch.testing.assert_close(found / scale, wanted / scale, rtol=0, atol=tolerance)


@pytest.fixture(autouse=True)
def jobs(monkeypatch):
    """What the kernel has been given: equal results of something else would say nothing of it."""
    made, make = [], native.Job

    def remember(*args, **how):
        made.append(make(*args, **how))
        return made[-1]

    monkeypatch.setattr(native, "Job", remember)
    return made


BODIES = {
    "strided": lambda: [conv(2, 5, stride=2), batch(5), nn.ReLU(), conv(5, 6, stride=2), batch(6), nn.ReLU()],
    "pooled": lambda: [conv(2, 5), batch(5), nn.ReLU(), nn.MaxPool2d(2), conv(5, 3), nn.ELU()],
    "groups": lambda: [conv(2, 8, stride=2), nn.GroupNorm(2, 8), nn.Tanh(), conv(8, 6), nn.GroupNorm(6, 6)],
    "without parameters": lambda: [conv(2, 8, bias=False), batch(8, affine=False), nn.Tanh(), conv(8, 4)],
    "one norm on another": lambda: [conv(2, 8), batch(8), nn.GroupNorm(2, 8), nn.Sigmoid()],
    "norm after activation": lambda: [conv(2, 17), nn.Tanh(), batch(17), nn.Tanh(), nn.Sigmoid(), nn.GroupNorm(17, 17)],
    "overlapping pools": lambda: [conv(2, 4), nn.MaxPool2d(3, 2, 1), nn.Tanh(), nn.AvgPool2d(2, 1), nn.ELU()],
    "uneven": lambda: [conv(2, 4, (1, 3), (2, 1), (0, 2)), nn.Tanh(), nn.AvgPool2d((1, 2)), conv(4, 20, (2, 1), 1, 0)],
    "one pixel": lambda: [
        conv(2, 16, 1, 1, 0),
        nn.Tanh(),
        conv(16, 16, 1, 2, 1),
        nn.LeakyReLU(0.1),
        conv(16, 3, 1, 1, 0),
    ],
}
ENDS = {"mean": lambda: [nn.AdaptiveAvgPool2d(1), nn.Flatten()], "all": lambda: [nn.Flatten()]}


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("blocks", BODIES)
def test_images(blocks, end, first_order, jobs):
    assert_as_the_plain_loop(nn.Sequential(*BODIES[blocks](), *ENDS[end]()), (2, 8, 7), first_order=first_order)
    assert jobs


NORMS = {
    "layer": lambda: nn.LayerNorm(7),
    "layer without bias": lambda: nn.LayerNorm(7, bias=False),
    "layer without parameters": lambda: nn.LayerNorm(7, elementwise_affine=False),
    "batch": lambda: nn.BatchNorm1d(7, track_running_stats=False),
}


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("norm", NORMS)
def test_rows(norm, loss, jobs):
    make = NORMS[norm]
    body = nn.Sequential(nn.Linear(4, 7), make(), nn.ReLU(), nn.Linear(7, 7), nn.Tanh(), make())
    assert_as_the_plain_loop(body, (4,), loss=loss)
    assert jobs


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_tasks_that_have_shown_no_row_leave_the_start_as_it_is(loss, first_order, jobs):
    rows = nn.Sequential(nn.Linear(4, 7), nn.LayerNorm(7), nn.ReLU(), nn.Linear(7, 7), nn.Tanh())
    images = nn.Sequential(conv(2, 5, stride=2), batch(5), nn.ReLU(), conv(5, 3), nn.MaxPool2d(2), nn.Flatten())
    for body, shape in ((rows, (4,)), (images, (2, 8, 7))):
        assert_as_the_plain_loop(body, shape, loss=loss, n=0, first_order=first_order)
    assert jobs


@st.composite
def stacks(draw):
    """Convolutions, each followed by some of a normalisation, an activation and a pool, in any order."""
    n_in, layers, side = draw(st.integers(1, 3)), [], st.integers(1, 3)
    shape = n_in, draw(st.integers(3, 9)), draw(st.integers(3, 9))
    for _ in range(draw(st.integers(1, 3))):
        width = draw(st.sampled_from([1, 2, 8, 16, 18]))
        window, stride = (draw(side), draw(side)), (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
        padding = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        layers.append(nn.Conv2d(n_in, width, window, stride, padding, bias=draw(st.booleans())))
        after = [
            lambda width=width: batch(width, affine=draw(st.booleans())),
            lambda width=width: nn.GroupNorm(draw(st.sampled_from([1, width])), width),
            nn.Tanh,
            nn.Sigmoid,
            lambda: nn.MaxPool2d((draw(side), draw(side)), draw(st.integers(1, 2))),
            lambda: nn.AvgPool2d(2, draw(st.integers(1, 2))),
        ]
        layers += [make() for make in draw(st.lists(st.sampled_from(after), max_size=3))]
        n_in = width
    return nn.Sequential(*layers, *ENDS[draw(st.sampled_from(list(ENDS)))]()), shape


@given(stacks())
def test_any_stack_of_convolutions(stack):
    body, shape = stack
    try:
        Problem(body, shape)
    except (RuntimeError, ValueError):  # windows larger than their images, or a statistic of one number
        assume(False)
    assert_as_the_plain_loop(body, shape, 1e-7)


def test_single_precision_is_near_double(jobs):
    body = nn.Sequential(*BODIES["groups"](), nn.Flatten())
    found, wanted = (Problem(body, (2, 8, 8), dtype=dtype).run("native") for dtype in (torch.float32, F64))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-4)
    assert len(jobs) == 2


@pytest.mark.parametrize(
    "part",
    [
        conv(4, 4, groups=2),
        conv(4, 4, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, padding=1),
        nn.AdaptiveAvgPool2d(2),
    ],
    ids=repr,
)
def test_what_the_kernel_does_not_know_goes_to_the_closed_form(part):
    assert choose_engine(nn.Sequential(conv(2, 4), part, nn.Flatten())).name == "closed_form"


def test_images_of_another_size_than_a_head_expects_are_refused():
    problem = Problem(nn.Sequential(conv(1, 2), nn.Tanh(), nn.Flatten()), (1, 4, 4))
    problem.rows = [value[..., :3] for value in problem.rows]
    with pytest.raises(RuntimeError):
        problem.run("native")


def test_the_estimator_takes_it(cluster_tasks, jobs):
    net = {"module": Conv4, "module__n_filters": 8, "module__n_blocks": 1, "module__normalization": "group"}
    model = MAMLClassifier(**net, max_epochs=1, random_state=0).fit(cluster_tasks)
    assert model.engine_ == "native" and jobs
