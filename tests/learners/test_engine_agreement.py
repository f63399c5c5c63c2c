"""Three engines, one answer: outputs and every gradient agree to 1e-10 in float64."""

import pytest
import torch
from torch import nn

from skmeta.learners.engine import choose_engine, closed_form

T, N, M, D, E, C = 3, 6, 5, 4, 7, 3

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": lambda: nn.ELU(0.7),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh_gelu": lambda: nn.GELU(approximate="tanh"),
    "identity": nn.Identity,
}


def make_body(activation=nn.Tanh, norm=False, bias=True):
    layers = [nn.Linear(D, 6, bias=bias), activation()]
    if norm:
        layers.append(nn.LayerNorm(6))
    layers += [nn.Linear(6, E, bias=bias), activation()]
    return nn.Sequential(*layers).double()


class Problem:
    """A batch of tasks, a head, and a start; everything random, in float64."""

    def __init__(self, loss="cross_entropy", n_tasks=T, shared_head=False, seed=0, dtype=torch.float64):
        g = torch.Generator().manual_seed(seed)

        def draw(*shape):
            return torch.randn(*shape, generator=g, dtype=dtype)

        self.loss = loss
        outputs = {"cross_entropy": C, "mse": 2, "gaussian": 4}[loss]
        self.support_X, self.query_X = draw(n_tasks, N, D), draw(n_tasks, M, D)
        if loss == "cross_entropy":
            self.support_y = torch.randint(0, C, (n_tasks, N), generator=g)
            self.mask = torch.ones(n_tasks, C, dtype=torch.bool)
        else:
            self.support_y, self.mask = draw(n_tasks, N, 2), None
        rows = 1 if shared_head else outputs
        self.head = [draw(rows, E).requires_grad_(), draw(rows).requires_grad_()]
        self.back = draw(n_tasks, M, outputs)

    def run(self, body, engine, lr=0.3, sources=(), rows_too=False, weight=None, **how):
        """Outputs, and the gradients of a fixed random function of them."""
        engine = choose_engine(body, self.loss, engine=engine)
        start = engine.start(*self.head)
        rows = [x.clone().requires_grad_() for x in (self.support_X, self.query_X)] if rows_too else []
        support_X, query_X = rows or (self.support_X, self.query_X)
        how = {"steps": 3, **how}
        out = engine.adapt_and_predict(
            start, support_X, self.support_y, query_X,
            support_weight=weight, class_mask=self.mask, lr=lr, **how,
        )  # fmt: skip
        finite = torch.where(torch.isfinite(out), out, 0.0)
        value = (finite.sin() * self.back).sum()
        wanted = [*start, *sources, *rows]
        grads = torch.autograd.grad(value, wanted, allow_unused=True)
        return [out, *(torch.zeros_like(w) if g is None else g for w, g in zip(wanted, grads))]


def assert_engines_agree(problem, body, engines=("any_module", "closed_form"), **how):
    expected = problem.run(body, "naive", **how)
    for engine in engines:
        for found, wanted in zip(problem.run(body, engine, **how), expected):
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    return expected


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "layer_norm"])
def test_every_activation_has_the_right_second_order(activation, norm):
    torch.manual_seed(0)
    assert_engines_agree(Problem(), make_body(ACTIVATIONS[activation], norm))


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "gaussian"])
@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize("adapted", ["all", "head", "body"])
@pytest.mark.parametrize("first_order", [False, True], ids=["second_order", "first_order"])
def test_every_loss_and_choice_of_adapted_parameters(loss, n_tasks, adapted, first_order):
    torch.manual_seed(1)
    assert_engines_agree(
        Problem(loss, n_tasks), make_body(norm=True), adapted=adapted, first_order=first_order, rows_too=True,
        lr={"cross_entropy": 0.3, "mse": 0.05, "gaussian": 0.005}[loss],  # a likelihood is steep
    )  # fmt: skip


@pytest.mark.parametrize("flags", [(1, 0, 1, 1, 0, 1, 1, 0), (0, 0, 1, 1, 0, 0, 0, 1), (0,) * 8])
def test_any_subset_of_parameters_may_adapt(flags):
    torch.manual_seed(2)
    assert_engines_agree(Problem(), make_body(norm=True), adapted=flags)


@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize("first_order", [False, True], ids=["second_order", "first_order"])
@pytest.mark.parametrize("adapted", ["all", "head", "body", (1, 0, 1, 1, 0, 1, 1, 0)])
def test_rates_are_learned_in_every_form(n_tasks, first_order, adapted):
    torch.manual_seed(3)
    body, problem = make_body(norm=True), Problem("cross_entropy", n_tasks)
    start = [*body.parameters(), *problem.head]
    forms = {
        "number": torch.tensor(0.3, dtype=torch.float64, requires_grad=True),
        "per step": (torch.rand(3, 1, dtype=torch.float64) * 0.5).requires_grad_(),
        "per step and parameter, last repeated": (torch.rand(2, 8, dtype=torch.float64) * 0.5).requires_grad_(),
        "per parameter": (torch.rand(1, 8, dtype=torch.float64) * 0.5).requires_grad_(),
    }
    for lr in forms.values():
        got = assert_engines_agree(problem, body, lr=lr, sources=[lr], adapted=adapted, first_order=first_order)
        assert got[-1].abs().max() > 1e-6
    weightwise = [(torch.rand_like(value) * 0.5).requires_grad_() for value in start]
    assert_engines_agree(problem, body, lr=weightwise, sources=weightwise, adapted=adapted, first_order=first_order)


@pytest.mark.parametrize("first_order", [False, True], ids=["second_order", "first_order"])
@pytest.mark.parametrize("adapted", ["all", "head", "body"])
@pytest.mark.parametrize("n_tasks", [1, 3])
def test_answers_after_every_step(first_order, adapted, n_tasks):
    torch.manual_seed(4)
    rates = torch.rand(3, 8, dtype=torch.float64).requires_grad_()
    got = assert_engines_agree(
        Problem(n_tasks=n_tasks), make_body(norm=True), every_step=True, first_order=first_order, adapted=adapted,
        lr=rates, sources=[rates], rows_too=True,
    )  # fmt: skip
    assert got[0].shape == (4, n_tasks, M, C)


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("n_tasks", [1, 2])
def test_few_steps(steps, n_tasks):
    torch.manual_seed(5)
    assert_engines_agree(Problem(n_tasks=n_tasks), make_body(nn.ReLU), steps=steps, rows_too=True)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("norm_options", [{"elementwise_affine": False}, {"bias": False}, {"eps": 0.3}])
def test_layers_without_bias_and_norms_without_scale(bias, norm_options):
    torch.manual_seed(6)
    body = nn.Sequential(
        nn.LayerNorm(D, **norm_options), nn.Linear(D, 6, bias=bias), nn.LayerNorm(6, **norm_options), nn.SiLU(),
        nn.Linear(6, E, bias=bias), nn.LayerNorm(E, **norm_options), nn.ReLU(),
    ).double()  # fmt: skip
    assert_engines_agree(Problem(), body, rows_too=True)
    n_params = len(list(body.parameters())) + 2
    rates = torch.rand(3, n_params, dtype=torch.float64).requires_grad_()
    assert_engines_agree(Problem(), body, lr=rates, sources=[rates])
    weightwise = [torch.rand_like(p).requires_grad_() for p in [*body.parameters(), *Problem().head]]
    assert_engines_agree(Problem(), body, lr=weightwise, sources=weightwise)


def test_a_head_row_shared_by_all_classes_grows_to_as_many_as_there_are():
    torch.manual_seed(7)
    problem, body = Problem(shared_head=True), make_body()
    rates = [*[torch.rand_like(p).requires_grad_() for p in body.parameters()],
             torch.rand(1, E, dtype=torch.float64, requires_grad=True),
             torch.rand(1, dtype=torch.float64, requires_grad=True)]  # fmt: skip
    got = assert_engines_agree(problem, body, lr=rates, sources=rates)
    assert got[0].shape == (T, M, C)
    assert got[len(list(body.parameters())) + 1].shape == (1, E)


def test_absent_classes_have_no_say_and_no_chance():
    torch.manual_seed(8)
    problem, body = Problem(), make_body()
    problem.mask[0, 2] = False
    problem.support_y[0] = torch.arange(N) % 2
    got = assert_engines_agree(problem, body)
    assert torch.isneginf(got[0][0, :, 2]).all() and torch.isfinite(got[0][1:]).all()
    # the same two-way task with a two-way head
    two = Problem()
    two.head = [value[:2].detach().requires_grad_() for value in problem.head]
    engine = choose_engine(body, "cross_entropy")
    alone = engine.adapt_and_predict(
        engine.start(*two.head), problem.support_X[:1], problem.support_y[:1], problem.query_X[:1], steps=3, lr=0.3
    )
    torch.testing.assert_close(got[0][:1, :, :2], alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "gaussian"])
@pytest.mark.parametrize("n_tasks", [1, 3])
def test_rows_of_weight_zero_change_nothing(loss, n_tasks):
    torch.manual_seed(9)
    problem, body = Problem(loss, n_tasks), make_body(nn.GELU, norm=True)
    weight = torch.rand(n_tasks, N, dtype=torch.float64)
    how = {"lr": {"cross_entropy": 0.3, "mse": 0.02, "gaussian": 0.002}[loss]}
    plain = assert_engines_agree(problem, body, weight=weight, **how)
    padded = Problem(loss, n_tasks)
    junk = torch.full((n_tasks, 2, D), 50.0, dtype=torch.float64)
    padded.support_X = torch.cat([problem.support_X, junk], 1)
    filler = padded.support_y[:, :2].clone()
    padded.support_y = torch.cat([padded.support_y, filler - 7 if loss == "cross_entropy" else filler + 1e3], 1)
    weight = torch.cat([weight, torch.zeros(n_tasks, 2, dtype=torch.float64)], 1)
    for found, wanted in zip(assert_engines_agree(padded, body, weight=weight, **how), plain):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_equal_weights_are_no_weights_whatever_their_size():
    torch.manual_seed(10)
    problem, body = Problem(), make_body()
    weight = torch.full((T, N), 0.25, dtype=torch.float64)
    for engine in ("naive", "any_module", "closed_form"):
        for found, wanted in zip(problem.run(body, engine, weight=weight), problem.run(body, engine)):
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("engine", ["naive", "any_module", "closed_form"])
def test_a_task_without_support_rows_stays_at_the_start(engine):
    torch.manual_seed(11)
    problem, body = Problem(), make_body()
    weight = torch.ones(T, N, dtype=torch.float64)
    weight[1] = 0
    out = problem.run(body, engine, weight=weight)[0]
    start = problem.run(body, engine, steps=0)[0]
    torch.testing.assert_close(out[1], start[1], rtol=0, atol=1e-14)
    assert (out[0] - start[0]).abs().max() > 1e-3


@pytest.mark.parametrize("engine", ["naive", "any_module", "closed_form"])
@pytest.mark.parametrize("adapted", ["all", "head", "body"])
@pytest.mark.parametrize("n_tasks", [1, 3])
def test_adapt_then_predict_is_adapt_and_predict(engine, adapted, n_tasks):
    torch.manual_seed(12)
    problem, body = Problem(n_tasks=n_tasks, shared_head=True), make_body(norm=True)
    together = problem.run(body, engine, adapted=adapted)[0]
    engine = choose_engine(body, engine=engine)
    start = engine.start(*problem.head)
    how = {"class_mask": problem.mask, "lr": 0.3, "adapted": adapted}
    state = engine.adapt(start, problem.support_X, problem.support_y, steps=3, **how)
    assert [tuple(s.shape[1:]) for s in state[:-2]] == [tuple(p.shape) for p in body.parameters()]
    assert all(len(s) == n_tasks and not s.requires_grad for s in state)
    torch.testing.assert_close(engine.predict(state, problem.query_X, problem.mask), together, rtol=0, atol=1e-12)
    # and going on from where one stopped is taking all steps at once
    halfway = engine.adapt(start, problem.support_X, problem.support_y, steps=1, **how)
    further = engine.adapt(halfway, problem.support_X, problem.support_y, steps=2, **how)
    for found, wanted in zip(further, state):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)


def test_the_number_of_tasks_worked_on_together_changes_nothing(monkeypatch):
    torch.manual_seed(13)
    problem, body = Problem(n_tasks=5), make_body()
    expected = problem.run(body, "closed_form")
    monkeypatch.setattr(closed_form.ClosedFormEngine, "_chunks", lambda self, *rows: [slice(0, 2), slice(2, 5)])
    small = choose_engine(body, engine="closed_form")
    start = small.start(*problem.head)
    how = {"class_mask": problem.mask, "steps": 3, "lr": 0.3}
    out = small.adapt_and_predict(start, problem.support_X, problem.support_y, problem.query_X, **how)
    torch.testing.assert_close(out, expected[0], rtol=0, atol=1e-13)
    for found, wanted in zip(torch.autograd.grad((out.sin() * problem.back).sum(), start), expected[1:]):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-12)
    state = small.adapt(start, problem.support_X, problem.support_y, **how)
    torch.testing.assert_close(small.predict(state, problem.query_X, problem.mask), out.detach(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("engine", ["naive", "any_module", "closed_form"])
def test_no_graph_is_built_when_gradients_are_off(engine):
    problem, body = Problem(), make_body()
    chosen = choose_engine(body, engine=engine)
    args = problem.support_X, problem.support_y, problem.query_X
    with torch.no_grad():
        out = chosen.adapt_and_predict(chosen.start(*problem.head), *args, steps=2, lr=0.3)
    assert not out.requires_grad
    torch.testing.assert_close(out, problem.run(body, engine, steps=2)[0].detach(), rtol=0, atol=1e-13)
    assert all(p.grad is None for p in body.parameters())


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_each_task_s_own_gradient_at_a_start_and_further_on(n_tasks):
    torch.manual_seed(15)
    problem, body = Problem(n_tasks=n_tasks, shared_head=True), make_body(norm=True)
    results = []
    for name in ("naive", "any_module", "closed_form"):
        engine = choose_engine(body, engine=name)
        start, rows = engine.start(*problem.head), (problem.support_X, problem.support_y)
        weight = torch.linspace(0, 1, N, dtype=torch.float64).expand(n_tasks, N)
        how = {"support_weight": weight, "class_mask": problem.mask}
        first = engine.inner_gradient(start, *rows, **how)
        stepped = engine.adapt(start, *rows, steps=1, lr=0.3, **how)
        for after, before, g in zip(stepped, start, first):
            torch.testing.assert_close(after, before - 0.3 * g, rtol=1e-12, atol=1e-12)
        results.append([*first, *engine.inner_gradient(stepped, *rows, **how)])
    for other in results[1:]:
        for found, wanted in zip(other, results[0]):
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)


def test_a_body_that_ends_in_its_own_outputs_needs_no_head():
    torch.manual_seed(14)
    body = nn.Sequential(nn.Linear(D, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    problem = Problem("mse")
    results = []
    for name in ("naive", "any_module", "closed_form"):
        engine = choose_engine(body, "mse", has_head=False, engine=name)
        out = engine.adapt_and_predict(
            engine.start(), problem.support_X, problem.support_y, problem.query_X, steps=3, lr=0.1
        )
        results.append([out, *torch.autograd.grad((out * problem.back).sum(), engine.start())])
    for other in results[1:]:
        for found, wanted in zip(other, results[0]):
            torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
