"""Inner steps at adaptation that would explode on a task unlike those of meta-training."""

import warnings
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from skmeta import LearnedOptimizerRegressor, MAMLRegressor, ReptileRegressor, Task
from skmeta.exceptions import AdaptationWarning
from skmeta.learners.backtracking import backtrack, squared_errors
from skmeta.learners.learned_optimizers.descent import LearnedDescent
from skmeta.learners.maml import MAML
from skmeta.learners.reptile import Reptile
from skmeta.tasks import LinearFamily

TASKS = LinearFamily(n_features=4, n_shots=10, n_query=8).sample(12, random_state=0)
CHEAP = {"max_epochs": 2, "steps_per_epoch": 5, "batch_size": 4, "random_state": 0}


def test_only_tasks_that_go_uphill_descend_again_and_with_half_the_rate_until_they_do_not():
    """One step of rate 1 / 2 on a x**2 from x = 1: x = 1 - a, larger than 1 in size beyond a = 2."""
    curvature = torch.tensor([[1.0], [3.0], [9.0]])
    asked = []

    def descend(rows, pace, steps):
        asked.append((len(rows[0]), pace))
        x = 1 - pace * rows[0]
        return [x], rows[0][:, 0], (rows[0] * x**2)[:, 0]

    # the second is too long a step, but no explosion
    with pytest.warns(AdaptationWarning, match="explode on the rows of 1 of 3 tasks, and were made up to 8 times"):
        (x,) = backtrack(descend, lambda rows: [torch.ones_like(rows[0])], (curvature, None), 1)
    assert asked == [(3, 1.0), (2, 0.5), (1, 0.25), (1, 0.125)]
    torch.testing.assert_close(x, torch.tensor([[0.0], [-0.5], [-0.125]]))


def test_steps_that_lead_above_the_start_and_back_are_taken_again_smaller():
    losses = {1.0: [1, 9, 99], 0.5: [1, 9, 0.5], 0.25: [1, 0.9, 0.8]}  # by pace, after 0, 1 and 2 steps

    def descend(rows, pace, steps):
        return [torch.full((1,), pace)], *(torch.tensor([losses[pace][i]], dtype=torch.float64) for i in (0, steps))

    with pytest.warns(AdaptationWarning, match="up to 4 times smaller"):
        (pace,) = backtrack(descend, lambda rows: [torch.zeros(1)], (torch.zeros(1, 1),), 2)
    assert pace == 0.25


def test_a_task_that_no_step_helps_stays_at_the_start():
    with pytest.warns(AdaptationWarning):
        (x,) = backtrack(
            lambda rows, *_: ([rows[0] * torch.nan], torch.ones(len(rows[0])), rows[0][:, 0] * torch.nan),
            lambda rows: [torch.ones_like(rows[0])],
            (torch.zeros(2, 1),),
            1,
        )
    assert x.tolist() == [[1.0], [1.0]]


def test_a_task_that_the_start_solves_stays_there_without_a_warning():
    """The network's steps have a length of their own, also where the gradient has next to none."""
    torch.manual_seed(0)
    learner = LearnedDescent(nn.Identity(), 2, 1, task_type="regression", inner_lr=0.05, n_hidden=4).double().eval()
    nn.init.normal_(learner.optimizer.out.weight)
    X, state = torch.randn(3, 20, 2).double(), (learner.start_of_tasks(None, 3), None)
    y = learner.predict(state, X).detach()
    ends = learner.descend(X, y, None, None, steps=5)
    assert (squared_errors(learner.predict((ends, None), X), y) > 1e-3).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapted = learner.adapt(X, y)
    torch.testing.assert_close(learner.predict(adapted, X), y, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "cls, scale, n_tasks",
    # two of the first 60 would be left there by learned steps
    [*product([MAML, Reptile], [100, 1000], [200]), pytest.param(LearnedDescent, 1000, 60, marks=pytest.mark.full)],
)
def test_no_task_is_left_where_all_its_rows_but_no_others_are_answered_with_the_same_number(cls, scale, n_tasks):
    """Of hundreds of steps that explode, some end among dead units, where the loss is small and weights are huge."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
    learner = cls(body, 4, 1, task_type="regression", inner_lr=0.05, inner_steps=5).double().eval()
    X = torch.randn(200, 20, 4).double()
    y = scale * (X @ torch.randn(200, 4, 1).double())
    X, y = X[:n_tasks], y[:n_tasks]
    with pytest.warns(AdaptationWarning, match="explode"):
        state = learner.adapt(X[:, :10], y[:, :10])
    answers = learner.predict(state, X[:, 10:])
    assert (answers.abs().amax((1, 2)) < 5 * y.abs().amax((1, 2))).all()


def test_padded_rows_have_no_error():
    outputs, y = torch.tensor([[[1.0], [torch.inf]]]), torch.zeros(1, 2, 1)
    assert squared_errors(outputs, y, torch.tensor([[2.0, 0.0]])).tolist() == [1.0]


def test_a_steep_task_is_descended_and_the_tasks_beside_it_are_as_they_were():
    torch.manual_seed(0)
    learner = MAML(nn.Identity(), 2, 1, task_type="regression", inner_lr=0.1, inner_steps=5).double().eval()
    X = torch.randn(2, 8, 2, dtype=torch.float64)
    y = X.sum(2, keepdim=True)
    alone, _ = learner.adapt(X[:1], y[:1])
    X[1] *= 100
    with pytest.warns(AdaptationWarning, match="1 of 2 tasks"):
        both, _ = learner.adapt(X, y)
    for one, two in zip(alone, both):
        torch.testing.assert_close(two[:1], one)
    before = squared_errors(learner.predict(([v[1:] for v in learner.start_of_tasks(None, 2)], None), X[1:]), y[1:])
    after = squared_errors(learner.predict(([v[1:] for v in both], None), X[1:]), y[1:])
    assert after < before


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_kernel_gives_the_errors_that_predict_gives(is_weighted):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(2, 5), nn.Tanh())
    learner = MAML(body, 2, 3, task_type="regression", inner_lr=0.1, inner_steps=4).double()
    X, y = torch.randn(3, 8, 2).double(), torch.randn(3, 8, 3).double()
    weight = torch.rand(3, 8).double() if is_weighted else None
    if is_weighted:
        weight[1, 2:], weight[2] = 0.0, 0.0  # a task without rows has no error
        y[1, 2:] = 1e9
    params, *found = learner.descend_compared(X, y, weight, steps=4, pace=0.5)
    wanted_params, *wanted = super(MAML, learner).descend_compared(X, y, weight, steps=4, pace=0.5)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(params, wanted_params, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cls", [MAMLRegressor, ReptileRegressor, LearnedOptimizerRegressor])
@pytest.mark.parametrize("columns, target", [(1e3, 1), (10, 1), (1e-3, 1), (1, 1e3), (1, 1e-3)])
def test_a_task_on_another_scale_is_answered_with_numbers_that_are_no_explosion(cls, columns, target):
    meta = cls(**CHEAP).fit(TASKS[:10])
    tasks = [Task(t.X * [columns, 1, 1, 1], t.y * target, t.X_query * [columns, 1, 1, 1]) for t in TASKS[10:]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AdaptationWarning)
        together = meta.predict(tasks)
        alone = [meta.adapt(task.X, task.y).predict(task.X_query) for task in tasks]
    for task, answers in zip([*tasks, *tasks], [*together, *alone]):
        assert np.isfinite(answers).all()
        assert np.abs(answers).max() < 30 * max(np.abs(task.y).max(), np.abs(TASKS[0].y).max())


def test_a_task_like_the_others_is_adapted_without_a_warning():
    meta = MAMLRegressor(**CHEAP).fit(TASKS[:10])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        meta.predict(TASKS[10:])
