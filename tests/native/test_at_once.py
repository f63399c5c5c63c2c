"""A training step in one call of the kernel is the step that forward, criterion and backward make."""

import pytest
import torch
from sklearn.datasets import load_iris
from torch import nn

from skmeta import MAMLClassifier, MAMLRegressor, ProtoNetClassifier
from skmeta.learners.maml import MAML
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import MLP, ResidualMLP
from skmeta.training import step

F64 = torch.float64


def made(task_type="classification", n_outputs=None, **how):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 5), nn.ReLU())
    return MAML(body, 4, n_outputs, task_type=task_type, inner_lr=0.3, inner_steps=3, **how).double()


def batch(task_type, n_tasks=3, n=6, m=8):
    g = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=F64)

    rows = {"support_X": draw(n_tasks, n, 4), "query_X": draw(n_tasks, m, 4), "support_weight": draw(n_tasks, n).abs()}
    if task_type == "regression":
        y = draw(n_tasks * m, 2)
        y[::5] = torch.nan  # without a label
        return {**rows, "support_y": draw(n_tasks, n, 2), "class_mask": None}, y
    mask = torch.ones(n_tasks, 3, dtype=torch.bool)
    mask[1, 2] = False
    support_y = torch.arange(n).remainder(2).repeat(n_tasks, 1)
    y = torch.arange(m).remainder(2).repeat(n_tasks)
    y[::5] = -1
    return {**rows, "support_y": support_y, "class_mask": mask}, y


def by_autograd(learner, rows, y):
    answers = learner(**rows)
    answered = ~y.isnan().any(1) if y.is_floating_point() else y >= 0
    criterion = nn.MSELoss() if y.is_floating_point() else nn.CrossEntropyLoss()
    loss = criterion(answers[answered], y[answered])
    loss.backward()
    return answers.detach(), loss.detach(), [p.grad for p in learner.parameters()]


@pytest.mark.parametrize("how", [{}, {"first_order": True}, {"adapt_params": "body"}], ids=str)
@pytest.mark.parametrize("kind", [("classification", None), ("classification", 3), ("regression", 2)], ids=str)
def test_one_call_gives_the_answers_the_loss_and_the_gradient(kind, how):
    if kind[1] is None and "adapt_params" in how:
        pytest.skip("a head that rests there is made anew in every step")
    task_type, n_outputs = kind
    rows, y = batch(task_type)
    wanted = by_autograd(made(task_type, n_outputs, engine="closed_form", **how), rows, y)
    learner = made(task_type, n_outputs, engine="native", **how)
    answered = (~y.isnan().any(1) if y.is_floating_point() else y >= 0).double()
    answers, loss = learner.learn({k: v for k, v in rows.items() if v is not None}, y, answered / answered.sum())
    torch.testing.assert_close(answers, wanted[0], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(loss, wanted[1], rtol=1e-10, atol=1e-10)
    for found, gradient in zip([p.grad for p in learner.parameters()], wanted[2], strict=True):
        torch.testing.assert_close(found, gradient, rtol=1e-9, atol=1e-10)


def test_parameters_that_rest_get_no_gradient_and_gradients_add_up():
    rows, y = batch("classification")
    learner = made(engine="native")
    learner.body[0].weight.requires_grad_(False)
    share = (y >= 0).double() / int((y >= 0).sum())
    learner.learn(rows, y, share)
    once = learner.body[2].weight.grad.clone()
    learner.learn(rows, y, share)
    assert learner.body[0].weight.grad is None
    torch.testing.assert_close(learner.body[2].weight.grad, 2 * once)


def test_threads_share_the_tasks(monkeypatch):
    from skmeta.native import calling

    rows, y = batch("classification", n_tasks=7)
    share = (y >= 0).double() / int((y >= 0).sum())
    alone, together = made(engine="native"), made(engine="native")
    alone.learn(rows, y, share)
    monkeypatch.setattr(calling, "WORK_OF_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    together.learn(rows, y, share)
    for a, b in zip(alone.parameters(), together.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-12, atol=1e-12)


BODIES = {
    "stack": lambda: MLP(4, n_hidden=6),
    "no map": lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh()),
    "residual": lambda: ResidualMLP(4, n_hidden=6),
    "images": lambda: nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 6, 2), nn.Tanh(), nn.Flatten()),
}


def prototypes(body, **how):
    torch.manual_seed(0)
    learner = Prototypes(BODIES[body]().float(), 4, **how)
    with torch.no_grad():
        for value in learner.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return learner.double()


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    "how", [{}, {"scale": 0.3}, {"priors": True}, {"n_outputs": 3}, {"n_outputs": 3, "priors": True}], ids=str
)
def test_so_it_is_with_prototypes(body, how):
    rows, y = batch("classification")
    wanted_from, learner = prototypes(body, **how), prototypes(body, **how)
    wanted = by_autograd(wanted_from, rows, y)
    answered = (y >= 0).double()
    answers, loss = learner.learn(rows, y, answered / answered.sum())
    torch.testing.assert_close(answers.softmax(1), wanted[0].softmax(1), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(loss, wanted[1], rtol=1e-10, atol=1e-10)
    found = {name: value.grad for name, value in learner.named_parameters()}
    for name, value in wanted_from.named_parameters():
        if value.grad is None:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], value.grad, rtol=1e-9, atol=1e-10)


@pytest.fixture
def steps(monkeypatch):
    """Whether each training step was taken at once."""
    taken, learned = [], step.learned_at_once

    def remember(*given):
        done = learned(*given)
        taken.append(done is not None)
        return done

    monkeypatch.setattr("skmeta.training.meta_net.learned_at_once", remember)
    return taken


@pytest.mark.parametrize("cls", [MAMLClassifier, MAMLRegressor, ProtoNetClassifier])
def test_estimators_train_so_and_record_the_same_losses(cls, cluster_tasks, sinusoid_tasks, steps, monkeypatch):
    tasks = sinusoid_tasks if cls is MAMLRegressor else cluster_tasks
    short = {"max_epochs": 2, "steps_per_epoch": 5, "random_state": 0}
    found = cls(**short).fit(tasks)
    assert steps and all(steps)
    monkeypatch.setattr("skmeta.training.meta_net.learned_at_once", lambda *given: None)
    wanted = cls(**short).fit(tasks)
    for name in ("train_loss",) if cls is MAMLRegressor else ("train_loss", "train_acc"):
        for a, b in zip(found.net_.history[:, name], wanted.net_.history[:, name], strict=True):
            assert a == pytest.approx(b, rel=2e-3)


@pytest.mark.parametrize(
    "how",
    [{"inner_lr": "learn"}, {"multi_step_loss": True}, {"gradient": "implicit"},
     {"criterion__label_smoothing": 0.1}, {"engine": "closed_form"}],
    ids=str,
)  # fmt: skip
def test_what_needs_a_graph_has_one(how, cluster_tasks, steps):
    MAMLClassifier(max_epochs=1, steps_per_epoch=2, random_state=0, **how).fit(cluster_tasks)
    assert steps and not any(steps)


@pytest.mark.parametrize("cls", [MAMLClassifier, ProtoNetClassifier])
def test_episodes_of_one_table_are_learned_from_so_beside_the_plain_rows_too(cls, steps):
    X, y = load_iris(return_X_y=True)
    cls(max_epochs=1, steps_per_epoch=2, random_state=0).fit(X, y)
    assert steps and all(steps)


def test_a_forward_of_ones_own_is_what_is_trained(cluster_tasks, steps):
    class Own(Prototypes):
        def forward(self, *rows, **more):
            return 2 * super().forward(*rows, **more)

    class OwnClassifier(ProtoNetClassifier):
        _learner_class = Own

    OwnClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(cluster_tasks)
    assert steps and not any(steps)


def test_so_it_is_beside_the_plain_rows_of_one_table(steps):
    class Own(Prototypes):
        def forward(self, *rows, **more):
            return 2 * super().forward(*rows, **more)

    class OwnClassifier(ProtoNetClassifier):
        _learner_class = Own

    X, y = load_iris(return_X_y=True)
    OwnClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(X, y)
    assert steps and not any(steps)
