"""The compiled kernel gives what the plain loop gives, and its absence changes nothing but the speed."""

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch import nn

from skmeta import FineTuneTransferRegressor, MAMLClassifier, native
from skmeta.learners.engine import choose_engine
from skmeta.native import loading

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "elu": lambda: nn.ELU(0.7),
}


class Problem:
    """A batch of random tasks, a body with a head to come, and a random function of the answers."""

    def __init__(self, loss="cross_entropy", widths=(4, 6, 7), activation="tanh", bias=True, n=6, m=5, n_tasks=3,
                 n_outputs=3, weighted=False, masked=False, dtype=torch.float64):  # fmt: skip
        g = torch.Generator().manual_seed(0)

        def draw(*shape):
            return torch.randn(*shape, generator=g, dtype=torch.float64).to(dtype)

        self.loss, self.steps = loss, 3
        layers = [
            part for a, b in zip(widths, widths[1:]) for part in (nn.Linear(a, b, bias=bias), ACTIVATIONS[activation]())
        ]
        self.body = nn.Sequential(*layers).to(dtype)
        with torch.no_grad():
            for value in self.body.parameters():
                value.copy_(draw(*value.shape) / value.shape[-1] ** 0.5)
        self.head = [draw(n_outputs, widths[-1]).requires_grad_(), draw(n_outputs).requires_grad_()]
        self.rows = draw(n_tasks, n, widths[0]), draw(n_tasks, m, widths[0])
        self.mask = None
        if loss == "cross_entropy":
            self.y = torch.arange(n).remainder(max(n_outputs - 1, 1)).repeat(n_tasks, 1)
            self.mask = torch.ones(n_tasks, n_outputs, dtype=torch.bool)
            self.mask[0, -1] = not masked
        else:
            self.y = draw(n_tasks, n, n_outputs)
        self.weight = draw(n_tasks, n).abs() if weighted else None
        self.back = draw(n_tasks, m, n_outputs)

    def engine(self, name):
        return choose_engine(self.body, self.loss, engine=name)

    def answers(self, engine, **how):
        start = engine.start(*self.head)
        how = {"steps": self.steps, "lr": 0.3, **how}
        weights = {"support_weight": self.weight, "class_mask": self.mask}
        return engine.adapt_and_predict(start, self.rows[0], self.y, self.rows[1], **weights, **how)

    def run(self, name, **how):
        """Answers, and the gradients at the start."""
        engine = self.engine(name)
        out = self.answers(engine, **how)
        value = (torch.where(torch.isfinite(out), out, 0.0).sin() * self.back).sum()
        return [out, *torch.autograd.grad(value, engine.start(*self.head))]


def assert_same(found, wanted, tolerance=1e-10):
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_answers_and_gradients_are_those_of_the_plain_loop(activation, loss, first_order):
    problem = Problem(loss, activation=activation, weighted=True, masked=True)
    assert problem.engine("native").name == "native"
    assert_same(problem.run("native", first_order=first_order), problem.run("naive", first_order=first_order))


@given(
    widths=st.lists(st.integers(1, 40), min_size=2, max_size=4),
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(1, 18)),
    bias=st.booleans(),
)
def test_any_shape_will_do(widths, sizes, bias):
    n, m, n_tasks, n_outputs = sizes
    problem = Problem("mse", widths, "relu", bias, n, m, n_tasks, n_outputs)
    assert_same(problem.run("native", lr=0.01), problem.run("naive", lr=0.01), 1e-8)


def test_single_precision_is_near_double():
    found, wanted = (Problem(dtype=dtype).run("native") for dtype in (torch.float32, torch.float64))
    assert_same([value.double() for value in found], wanted, 1e-4)


def test_weights_of_another_precision_are_understood():
    problem = Problem(weighted=True, dtype=torch.float32)
    wanted = problem.run("native")
    problem.weight = problem.weight.double()
    assert_same([value.float() for value in problem.run("native")], wanted, 1e-4)


@pytest.mark.parametrize("one", [{"weight": 0}, {"mask": 0}, {"rows": 0}], ids=lambda one: next(iter(one)))
def test_what_is_given_once_for_all_tasks_is_left_to_the_closed_form(one):
    problem = Problem(weighted=True)
    if "weight" in one:
        problem.weight = problem.weight[:1]
    elif "mask" in one:
        problem.mask = problem.mask[:1]
    else:
        problem.rows, problem.y, problem.weight = (problem.rows[0][:1], problem.rows[1]), problem.y[:1], None
        problem.mask = problem.mask[:1]
    assert_same(problem.run("native"), problem.run("closed_form"))


@pytest.mark.parametrize("wide", [0, 1], ids=["support", "query"])
def test_rows_of_another_width_are_refused(wide):
    problem = Problem()
    rows = list(problem.rows)
    rows[wide] = rows[wide][..., :2]
    problem.rows = rows
    with pytest.raises(RuntimeError):
        problem.run("native")


def test_the_kernel_itself_refuses_what_does_not_fit():
    rows, targets = torch.zeros(2, 5, 3), torch.zeros(2, 4, 5)
    params = [torch.zeros(4, 3), torch.zeros(4)]
    stack = native.Stack([native.Layer("Linear", has_weight=True, has_bias=True)])
    job = native.Job(stack, "mse", params, rows, targets, None, None, rows, 1, [0.1], derivative="true")
    job.adapt()
    with pytest.raises(ValueError, match="unlike the answers"):
        job.derivative(torch.zeros(2, 4, 6))
    with pytest.raises(ValueError, match="do not fit"):
        native.Job(stack, "mse", params, rows, targets[:1], None, None, rows, 1, [0.1])
    for other in ([torch.zeros(4, 2), torch.zeros(4)], [torch.zeros(4, 3), torch.zeros(3)]):
        with pytest.raises(ValueError, match="do not fit"):
            native.Job(stack, "mse", other, rows, targets, None, None, rows, 1, [0.1])


def test_the_kernel_itself_refuses_labels_of_another_size_or_kind():
    rows, labels, share = torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.int64), torch.ones(2, 5)
    params = [torch.zeros(4, 3), torch.zeros(4)]
    stack = native.Stack([native.Layer("Linear", has_weight=True, has_bias=True)])

    def job(labels):
        return native.Job(stack, "cross_entropy", params, rows, labels, None, None, rows, 1, [0.1], derivative="true")

    job(labels).learn(labels, share)
    for other in (labels[:1], labels[:, :4], labels.int(), torch.zeros(2, 4, 5), torch.zeros(2, 5)):
        with pytest.raises(ValueError, match="do not fit"):
            job(other)
        with pytest.raises(ValueError, match="do not fit"):
            job(labels).learn(other, share)


@pytest.mark.parametrize("rate", [0.3, torch.tensor(0.3), torch.tensor([[0.3], [0.1], [0.2]])], ids=repr)
def test_rates_may_differ_by_step(rate):
    problem = Problem(weighted=True)
    assert_same(problem.run("native", lr=rate), problem.run("naive", lr=rate))


@pytest.mark.parametrize(
    "how",
    [
        {"steps": 0},
        {"every_step": True},
        {"adapted": "head"},
    ],
    ids=lambda how: next(iter(how)),
)
def test_what_the_kernel_does_not_do_is_done_without_it(how, jobs):
    problem = Problem()
    assert_same(problem.run("native", **how), problem.run("naive", **how))
    assert not jobs


def learned(problem, kind):
    """Rates that are learned: for each weight, for some, for each step and parameter, or one."""
    shapes = [value.shape for value in problem.engine("naive").start(*problem.head)]
    g = torch.Generator().manual_seed(1)

    def draw(*shape):
        return (0.3 * torch.rand(shape, generator=g, dtype=torch.float64)).requires_grad_()

    if kind == "number":
        return 0.3
    if kind == "weights":
        return [draw(*shape) for shape in shapes]
    if kind == "some":
        return [draw(*shape[1:]) if i % 2 else 0.2 for i, shape in enumerate(shapes)]
    return (
        draw(problem.steps, len(shapes))
        if kind == "table"
        else torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    )


@pytest.fixture
def jobs(monkeypatch):
    """What the kernel has been given."""
    asked, job = [], native.Job
    monkeypatch.setattr(native, "Job", lambda *a, **how: asked.append(how) or job(*a, **how))
    return asked


@pytest.mark.parametrize("adapted", ["all", "body", "some"])
@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize("kind", ["weights", "some", "table", "one", "number"])
def test_learned_rates_have_the_gradients_of_the_plain_loop(kind, first_order, adapted, jobs):
    problem = Problem(weighted=True, masked=True)
    adapted = [False, True, True, False, True, True] if adapted == "some" else adapted
    results = []
    for name in ("native", "naive"):
        engine, rates = problem.engine(name), learned(problem, kind)
        out = problem.answers(engine, lr=rates, first_order=first_order, adapted=adapted)
        value = (torch.where(torch.isfinite(out), out, 0.0).sin() * problem.back).sum()
        rates = [rate for rate in (rates if isinstance(rates, list) else [rates]) if isinstance(rate, torch.Tensor)]
        found = torch.autograd.grad(value, [*engine.start(*problem.head), *rates], allow_unused=True)
        unused = [*engine.start(*problem.head), *rates]
        results.append([out, *(torch.zeros_like(v) if g is None else g for g, v in zip(found, unused))])
    assert_same(*results)
    assert len(jobs) == 1


def test_rates_of_one_layer_apart_and_absent_classes_are_for_the_kernel(jobs):
    problem = Problem(masked=True)
    how = {"lr": torch.tensor([[0.1, 0.2, 0.3, 0.1, 0.2, 0.3]])}
    assert_same(problem.run("native", **how), problem.run("naive", **how))
    assert len(jobs) == 1


def test_a_body_that_adapts_alone_is_trained_in_the_kernel(cluster_tasks, jobs):
    model = MAMLClassifier(adapt_params="body", max_epochs=1, random_state=0)
    assert model.fit(cluster_tasks).engine_ == "native" and jobs


def test_meta_sgd_trains_in_the_kernel(cluster_tasks, jobs):
    model = MAMLClassifier(inner_lr="learn", max_epochs=1, random_state=0).fit(cluster_tasks)
    assert model.engine_ == "native" and any(how["own_rates"] for how in jobs)


def test_adapted_parameters_are_those_of_the_plain_loop_and_can_be_adapted_further():
    problem = Problem(masked=True)
    states = []
    for name in ("native", "naive"):
        engine = problem.engine(name)
        how = {"class_mask": problem.mask, "lr": 0.3}
        state = engine.adapt(engine.start(*problem.head), problem.rows[0], problem.y, steps=2, **how)
        states.append(engine.adapt(state, problem.rows[0], problem.y, steps=1, **how))
    assert_same(*states)


def test_threads_share_the_tasks(monkeypatch):
    from skmeta.native import calling

    problem = Problem(n_tasks=5)
    alone = problem.run("native")
    monkeypatch.setattr(calling, "WORK_OF_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert_same(problem.run("native"), alone)


def test_memory_that_is_used_again_leaves_earlier_answers_alone():
    problem = Problem()
    engine, start = problem.engine("native"), problem.engine("native").start(*problem.head)
    first = problem.answers(engine)
    wanted = torch.autograd.grad((first * problem.back).sum(), start)
    a, b = problem.answers(engine), problem.answers(engine)  # two graphs at a time
    del b
    problem.answers(engine)
    assert_same(torch.autograd.grad((a * problem.back).sum(), start), wanted)


# ---------------------------------------------------------------------- estimators
def test_estimators_take_the_kernel_by_themselves(cluster_tasks):
    by_default, without = (
        MAMLClassifier(max_epochs=2, engine=engine, random_state=0).fit(cluster_tasks)
        for engine in ("auto", "closed_form")
    )
    assert (by_default.engine_, without.engine_) == ("native", "closed_form")
    task = cluster_tasks[0]
    chances = [model.adapt(task.X, task.y).predict_proba(task.X_query) for model in (by_default, without)]
    assert_allclose(*chances, atol=0.02)  # Adam makes much of the last digits


def test_a_model_made_with_the_kernel_works_without_it(sinusoid_tasks, monkeypatch):
    model = FineTuneTransferRegressor(max_epochs=1, random_state=0).fit(sinusoid_tasks)
    task, stored = sinusoid_tasks[0], pickle.dumps(model)
    with_it = model.adapt(task.X, task.y).predict(task.X_query)
    monkeypatch.setenv("SKMETA_KERNEL", "0")
    loading.library.cache_clear()
    try:
        assert_allclose(pickle.loads(stored).adapt(task.X, task.y).predict(task.X_query), with_it, rtol=1e-5, atol=1e-6)
    finally:
        monkeypatch.undo()
        loading.library.cache_clear()


# ---------------------------------------------------------------------- with and without
def test_without_a_compiled_kernel_the_closed_form_is_chosen(no_kernel):
    body = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    assert not native.available() and choose_engine(body).name == "closed_form"
    with pytest.raises(ValueError, match="show_versions"):
        choose_engine(body, engine="native")


@pytest.mark.parametrize("part", [nn.GELU(), nn.SiLU()], ids=repr)
def test_layers_that_the_kernel_does_not_know_go_to_the_closed_form(part):
    body = nn.Sequential(nn.Linear(2, 3), part)
    assert choose_engine(body).name == "closed_form"
    with pytest.raises(ValueError, match="takes stacks of Linear, Conv2d"):
        choose_engine(body, engine="native")
