"""Which bodies the closed form takes, and what the others get."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skmeta.learners.engine import choose_engine
from skmeta.nets import MLP


class Residual(nn.Module):
    """Looks like a wrapper of a Sequential, and is not."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def forward(self, X):
        return X + self.layers(X)


class Centred(nn.Module):
    """No parameters, but rows that depend on each other."""

    def forward(self, X):
        return X - X.mean(0)


class Doubled(nn.Linear):
    def forward(self, X):
        return 2 * super().forward(X)


class Clip(nn.Module):
    def forward(self, X):
        return X.clamp(-1, 1)


class Listed(nn.Linear):
    """Has a list of its own under a name that means something to us in lists of modules alone."""

    def __init__(self):
        super().__init__(4, 3)
        self.stack = [64, 32]


def hooked():
    body = nn.Sequential(nn.Linear(4, 4))
    body[0].register_forward_hook(lambda module, args, out: out + 1)
    return body


def tied():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)


@pytest.mark.parametrize(
    "body",
    [
        nn.Linear(4, 3),
        nn.Identity(),
        nn.Sequential(nn.Linear(4, 3), nn.ReLU()),
        nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.GELU(), nn.Identity())), nn.LayerNorm(3)),
        nn.Sequential(Clip(), nn.Linear(4, 3)),
        nn.Sequential(nn.Flatten(), nn.Linear(4, 3)),
        nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False)),
        nn.Sequential(nn.BatchNorm1d(4, affine=False, track_running_stats=False), nn.Linear(4, 3)),
        nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2), nn.Flatten()),
        nn.Sequential(nn.Unflatten(1, (1, 2, -1)), nn.Conv2d(1, 3, 2), nn.Flatten()),
        MLP(4, n_hidden=5),
        nn.Sequential(MLP(4, n_out=3), nn.Tanh()),
    ],
    ids=lambda body: str(body).replace("\n", ""),
)
def test_feed_forward_bodies_take_the_closed_form(body):
    assert choose_engine(body).name == "closed_form"


@pytest.mark.parametrize(
    "body",
    [
        nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)),
        nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1)),
        nn.Sequential(Centred(), nn.Linear(4, 3)),
        Residual(),
        nn.Sequential(Doubled(4, 3)),
        Listed(),
        hooked(),
        tied(),
        nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
        nn.Sequential(nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 3, 2), nn.Dropout2d(), nn.Flatten()),
    ],
    ids=lambda body: str(body).replace("\n", ""),
)
def test_everything_else_is_any_module(body):
    assert choose_engine(body).name == "any_module"
    with pytest.raises(ValueError, match="closed_form"):
        choose_engine(body, engine="closed_form")


def test_running_statistics_are_kept_task_by_task():
    assert choose_engine(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))).name == "naive"


def test_no_task_has_no_answer():
    engine = choose_engine(nn.Linear(4, 3), has_head=False, engine="closed_form")
    rows = torch.zeros(0, 5, 4)
    y = torch.zeros(0, 5, dtype=torch.long)
    assert engine.adapt_and_predict(engine.start(), rows, y, rows, steps=1, lr=0.1).shape == (0, 5, 3)


def test_without_a_head_the_body_must_end_in_a_linear_layer():
    assert choose_engine(nn.Linear(4, 3), has_head=False).name == "closed_form"
    assert choose_engine(nn.Sequential(nn.Linear(4, 3), nn.Tanh()), has_head=False).name == "any_module"


def test_looking_at_a_body_leaves_it_and_the_random_state_alone():
    body = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    before = [p.clone() for p in body.parameters()]
    state = torch.get_rng_state()
    choose_engine(body)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(before, body.parameters()))


def test_what_the_prefix_does_to_the_rows_is_not_forgotten():
    body = MLP(3, n_hidden=5)
    body.layers[0].fit_rows(torch.tensor([[1.0, 50.0, -3.0], [5.0, -20.0, -2.0]]))
    body = body.double()
    torch.manual_seed(0)
    head = torch.randn(2, 5, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
    X, y = torch.randn(2, 6, 3, dtype=torch.float64) * 20, torch.randint(0, 2, (2, 6))
    answers = [
        engine.adapt_and_predict(engine.start(*head), X, y, X, steps=2, lr=0.3)
        for engine in (choose_engine(body, engine=name) for name in ("naive", "closed_form"))
    ]
    torch.testing.assert_close(answers[0], answers[1], rtol=1e-10, atol=1e-10)


def test_wrong_arguments_say_what_is_right():
    body = nn.Linear(4, 3)
    with pytest.raises(ValueError, match="any_module"):
        choose_engine(body, engine="fast")
    with pytest.raises(ValueError, match="cross_entropy"):
        choose_engine(body, loss="hinge")
    engine = choose_engine(body)
    with pytest.raises(TypeError, match="head"):
        engine.start()
    start = engine.start(torch.zeros(2, 3), torch.zeros(2))
    rows = torch.zeros(1, 2, 4), torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 2, 4)
    with pytest.raises(ValueError, match="adapted"):
        engine.adapt_and_predict(start, *rows, steps=1, lr=0.1, adapted="tail")
    with pytest.raises(ValueError, match="3 entries for 4 parameters"):
        engine.adapt_and_predict(start, *rows, steps=1, lr=0.1, adapted=[True] * 3)
    with pytest.raises(ValueError, match="2 entries for 4 parameters"):
        engine.adapt_and_predict(start, *rows, steps=1, lr=[0.1, 0.1])
    with pytest.raises(ValueError, match=r"\(5,\)"):
        engine.adapt_and_predict(start, *rows, steps=1, lr=torch.zeros(5))


def test_a_module_that_is_no_stack_adapts_as_the_naive_loop_does():
    torch.manual_seed(1)
    body = nn.Sequential(Residual(), nn.Linear(4, 3)).double()
    X, y = torch.randn(3, 5, 4, dtype=torch.float64), torch.randint(0, 2, (3, 5))
    head = [torch.randn(2, 3, dtype=torch.float64, requires_grad=True), torch.zeros(2, dtype=torch.float64)]
    results = []
    for name in ("naive", "any_module"):
        engine = choose_engine(body, engine=name)
        out = engine.adapt_and_predict(engine.start(*head), X, y, X, steps=3, lr=0.2)
        loss = F.cross_entropy(out.flatten(0, 1), y.flatten())
        results.append([out, *torch.autograd.grad(loss, [*body.parameters(), head[0]])])
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


class Reader(nn.Module):
    """The columns of a row, one after the other."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(1, 3, batch_first=True)

    def forward(self, X):
        return self.cell(X[..., None])[0][:, -1]


def test_a_recurrent_body_is_adapted_task_by_task():
    engine = choose_engine(Reader())
    assert engine.name == "naive"
    start = engine.start(torch.zeros(2, 3), torch.zeros(2))
    X, y = torch.randn(2, 4, 5), torch.tensor([[0, 1, 0, 1]] * 2)
    logits = engine.adapt_and_predict(start, X, y, X, steps=1, lr=0.1)
    assert logits.shape == (2, 4, 2)
    assert logits.requires_grad


def test_a_lack_of_memory_while_engines_are_compared_is_no_reason_for_another():
    def no_memory(*args):
        raise MemoryError

    body = MLP(4)
    body.register_forward_pre_hook(no_memory)
    with pytest.raises(MemoryError):
        choose_engine(body)
