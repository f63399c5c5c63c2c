"""Rows with extreme values, on which the inner steps of a regressor would explode."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import nn

import skmeta
from skmeta import MAMLRegressor, ReptileRegressor, Task, TaskSet
from skmeta.exceptions import AdaptationWarning
from skmeta.learners.maml import MAML
from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.training.step import shorten_gradient


@pytest.fixture
def heavy_tailed():
    """A table with columns that are ordinary but for some rows, which are extreme in all of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 12))
    X[::40] *= 50
    return X, X[:, 0] + rng.normal(size=300), np.repeat(np.arange(30), 10)


def test_a_row_that_would_explode_slows_the_inner_steps_down_to_below_its_bound():
    X, y = torch.tensor([[3.0, 4.0], [0.1, 0.1]]), torch.tensor([[1.0], [0.0]])
    learner = MAML(nn.Identity(), 2, 1, task_type="regression", inner_lr=1.0, adapt_params="head")
    assert learner.find_pace(X, y) == float(learner.pace) < 1
    curvature = 2 * (3**2 + 4**2 + 1)
    assert learner.inner_lr * float(learner.pace) < 2 / curvature


@pytest.mark.parametrize("inner_lr", [0.03, "learn", "learn-step"])
def test_rows_that_do_not_explode_leave_the_steps_as_they_are(inner_lr):
    X, y = torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0]])
    learner = MAML(nn.Identity(), 2, 1, task_type="regression", inner_lr=inner_lr, adapt_params="head")
    before = [value.clone() for value in learner.state_dict().values()]
    assert learner.find_pace(X / 2, y) == 1
    assert all(torch.equal(a, b) for a, b in zip(before, learner.state_dict().values()))


@pytest.mark.parametrize("inner_lr", ["learn", "learn-step"])
def test_learned_rates_start_slower_where_rows_are_steep(inner_lr):
    X, y = torch.tensor([[30.0, 40.0]]), torch.tensor([[1.0]])
    learner = MAML(nn.Linear(2, 2), 2, 1, task_type="regression", inner_lr=inner_lr)
    before = torch.cat([rate.flatten().clone() for rate in learner.rates])
    factor = learner.find_pace(X, y)
    assert factor < 1
    torch.testing.assert_close(torch.cat([rate.flatten() for rate in learner.rates]), factor * before)


@pytest.mark.parametrize("settings", [{}, {"target_scaling": "task"}])
def test_a_heavy_tailed_table_is_learned_with_a_warning(heavy_tailed, settings):
    X, y, task = heavy_tailed
    with pytest.warns(ConvergenceWarning, match="times smaller"):
        meta = MAMLRegressor(inner_lr=0.1, max_epochs=1, steps_per_epoch=5, random_state=0, **settings).fit(
            X, y, task=task
        )
    answers = meta.predict(X, task=task)
    assert np.isfinite(answers).all()
    assert np.abs(answers).max() < 100 * np.abs(y).max()


def test_of_an_implicit_gradient_each_task_finds_its_own_steps_and_the_others_keep_theirs(heavy_tailed):
    X, y, task = heavy_tailed
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        meta = MAMLRegressor(inner_lr=0.1, max_epochs=1, steps_per_epoch=5, random_state=0, gradient="implicit").fit(
            X, y, task=task
        )
    answers = meta.predict(X, task=task)
    assert np.abs(answers).max() < 100 * np.abs(y).max()
    usual = np.flatnonzero(np.arange(300) % 40)[:9]
    with pytest.warns(AdaptationWarning):
        meta.adapt(X[usual], 1000 * y[usual])
    assert np.abs(meta.predict(X[usual])).max() < 2000 * np.abs(y).max()


def test_steps_stay_slow_in_a_saved_estimator(heavy_tailed, tmp_path):
    X, y, task = heavy_tailed
    with pytest.warns(ConvergenceWarning):
        meta = MAMLRegressor(inner_lr=0.1, max_epochs=1, steps_per_epoch=5, random_state=0).fit(X, y, task=task)
    meta.save(tmp_path / "slow")
    again = skmeta.load(tmp_path / "slow")
    np.testing.assert_array_equal(again.adapt(X[:5], y[:5]).predict(X), meta.adapt(X[:5], y[:5]).predict(X))


def test_ordinary_tables_are_learned_without_a_warning(heavy_tailed):
    X, y, task = heavy_tailed
    usual = np.flatnonzero(np.arange(300) % 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MAMLRegressor(max_epochs=1, steps_per_epoch=5, random_state=0).fit(X[usual], y[usual], task=task[usual])


def test_training_that_diverges_says_so(heavy_tailed):
    X, y, task = heavy_tailed
    meta = MAMLRegressor(lr=1e30, max_epochs=2, random_state=0)
    with pytest.raises(ValueError, match="Training diverged"):
        meta.fit(X, y, task=task)
    assert not hasattr(meta, "net_")


def test_a_task_far_steeper_than_the_others_does_not_lead_reptile_astray():
    rng = np.random.default_rng(0)
    tasks = [Task(X := rng.normal(size=(20, 3)), X @ [1.0, -1.0, 2.0]) for _ in range(30)]
    X = np.column_stack([40 * rng.normal(size=20), rng.normal(size=(20, 2))])
    meta = ReptileRegressor(target_scaling="task", random_state=0, max_epochs=5).fit([*tasks, Task(X, 40 * X[:, 0])])
    others = [Task(X := rng.normal(size=(20, 3)), X @ [1.0, -1.0, 2.0], X, X @ [1.0, -1.0, 2.0]) for _ in range(10)]
    assert np.isfinite(meta.predict(others)[0]).all() and meta.score(others) > 0.5


class FewAreSteep(BaseTaskDistribution):
    """Tasks of one kind, whose first column is twelve times as wide in every fiftieth or so."""

    def __init__(self, share=0.02):
        self.share = share

    def _draw(self, n_tasks, rng):
        is_steep = rng.uniform(size=n_tasks) < self.share
        X = rng.normal(size=(n_tasks, 10, 3))
        X[is_steep, :, 0] *= 12
        y = abs(X) @ [1.0, -1.0, 2.0]
        tasks = [Task(X[:5], y[:5], X[5:], y[5:]) for X, y in zip(X, y)]
        return TaskSet(tasks), {"is_steep": is_steep}


@pytest.mark.parametrize("settings", [{}, {"adapt_params": "body"}, {"inner_lr": "learn"}])
def test_inner_steps_that_explode_on_a_few_tasks_do_not_keep_maml_from_learning_the_others(settings):
    meta = MAMLRegressor(random_state=1, max_epochs=8, steps_per_epoch=10, **settings).fit(FewAreSteep())
    assert meta.score(FewAreSteep(share=0).sample(20, random_state=0)) > 0.5


def test_a_gradient_far_longer_than_those_before_is_shortened_and_an_infinite_one_undone():
    value = nn.Parameter(torch.zeros(2))
    optimizer, lengths = torch.optim.Adam([value]), []
    for gradient in ([0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [3e9, 4e9], [0.0, float("inf")]):
        value.grad = torch.tensor(gradient)
        shorten_gradient(optimizer)
        lengths.append(float(value.grad.norm()))
        optimizer.step()
    usual = np.sqrt((5**2 + 10**2) / 3)
    np.testing.assert_allclose(lengths, [0, 5, 10, 3 * usual, 0], rtol=0.01)


class Forgetful(torch.optim.SGD):
    """An optimizer of somebody else's, whose memory has names of Adam's and three rates of forgetting."""

    def __init__(self, params, lr=1e-3):
        super().__init__(params, lr=lr)
        self.param_groups[0]["betas"] = (0.9, 0.9, 0.99)

    def step(self, closure=None):
        for value in self.param_groups[0]["params"]:
            self.state[value]["exp_avg_sq"] = torch.ones_like(value)
        return super().step(closure)


def test_optimizers_that_remember_otherwise_than_adam_train_as_they_are():
    meta = MAMLRegressor(optimizer=Forgetful, random_state=0, max_epochs=1, steps_per_epoch=3).fit(FewAreSteep(share=0))
    assert np.isfinite(meta.net_.history[-1, "train_loss"])
