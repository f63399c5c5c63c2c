"""Regressors of few tasks are trusted beside a line as far as held-out tasks ask for."""

import pickle
from unittest.mock import patch

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import skmeta
from skmeta import (
    BayesianHeadRegressor,
    FineTuneTransferRegressor,
    MAMLRegressor,
    MetaOptNetRegressor,
    NeuralProcessRegressor,
    ReptileRegressor,
    SourceSelector,
    TaskSet,
)
from skmeta.estimators.base import tasks_apart
from skmeta.estimators.base.tasks_apart import best_share, line_through, questions_of
from skmeta.learners.calibrated_tasks import CalibratedTasks
from skmeta.registry import all_estimators
from skmeta.tasks import Sinusoids
from skmeta.tasks.families import LinearFamily

SLOPES = np.array([2.0, -1.0, 0.0, 0.5])


def tasks_around_a_line(n_tasks, n_rows=12, seed=0, n_targets=None, noise=0.5, slopes=SLOPES):
    """The same slopes in every task, an offset of its own, and noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_tasks, n_rows, 4))
    y = 10 + X @ slopes + rng.normal(size=(n_tasks, 1)) + noise * rng.normal(size=(n_tasks, n_rows))
    return TaskSet(
        [(a, b if n_targets is None else np.stack([b * (1 + j) for j in range(n_targets)], 1)) for a, b in zip(X, y)]
    )


def asked(tasks, n_shots=5):
    return TaskSet([skmeta.Task(t.X[:n_shots], t.y[:n_shots], t.X[n_shots:], t.y[n_shots:]) for t in tasks])


def is_beside_a_line(meta):
    learner = meta.net_.module_
    return isinstance(learner, CalibratedTasks) and bool(learner.is_calibrated)


def trusted(cls, tasks, share=0.5, **settings):
    """Fitted in no time, and trusted as far as one says."""
    with patch.object(tasks_apart, "best_share", lambda asked: share), patch.object(tasks_apart, "LEAST_STEPS", 1):
        meta = cls(**{"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0} | settings).fit(tasks)
    assert is_beside_a_line(meta)
    return meta


LEARNERS = [
    cls
    for cls in all_estimators(way="predict(tasks)")
    if getattr(cls, "_is_calibrated", False) is True and cls.__name__.endswith("Regressor")
]


def test_every_regressor_that_trains_on_tasks_is_asked_about():
    assert {cls.__name__.removesuffix("Regressor") for cls in LEARNERS} >= {
        "MAML", "Reptile", "MetaOptNet", "BayesianHead", "HyperNet", "NeuralProcess", "Recurrent", "FineTuneTransfer",
        "MultiTask", "WeightAverageTransfer", "LearnedOptimizer",
    }  # fmt: skip


@pytest.mark.parametrize("cls, max_epochs", [(NeuralProcessRegressor, 1), (FineTuneTransferRegressor, 4)])
def test_of_few_tasks_that_share_a_line_little_more_than_the_line_is_heard(cls, max_epochs):
    new = asked(tasks_around_a_line(60, seed=1))
    meta = cls(max_epochs=max_epochs, random_state=0).fit(tasks_around_a_line(9))
    assert is_beside_a_line(meta) and meta.net_.history[-1]["share"] == pytest.approx(float(meta.net_.module_.factor))
    errors = np.concatenate([a - t.y_query for a, t in zip(meta.predict(new), new)])
    assert np.sqrt(np.mean(errors**2)) < 0.7  # noise of 0.5, and what five rows leave open of an offset
    if cls is NeuralProcessRegressor:
        deviations = np.concatenate(meta.predict(new, return_std=True)[1])
        assert 0.84 < np.mean(np.abs(errors) < 1.645 * deviations) < 0.97  # the middle nine in ten


def test_where_a_line_says_nothing_the_learner_is_heard_alone():
    tasks = Sinusoids(n_shots=10).sample(20, random_state=0)
    meta = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(tasks)
    assert meta.net_.history[-1]["share"] == 1 and not is_beside_a_line(meta)


@pytest.mark.parametrize(
    "tasks, settings",
    [
        (Sinusoids(), {}),
        (tasks_around_a_line(3), {}),
        (tasks_around_a_line(101, n_rows=3), {}),
        ([*tasks_around_a_line(8, n_rows=1), *tasks_around_a_line(3)], {}),
        (tasks_around_a_line(8), {"target_scaling": "task"}),
        (tasks_around_a_line(8), {"augment": lambda tasks, rng: tasks}),
    ],
    ids=["without end", "hardly any", "many", "nearly all of one row", "on scales of their own", "augmented"],
)
def test_other_tasks_are_trained_on_once(tasks, settings):
    meta = MAMLRegressor(max_epochs=1, steps_per_epoch=1, random_state=0, **settings)
    with patch.object(tasks_apart, "LEAST_STEPS", 1):
        meta.fit(tasks)
    assert not isinstance(meta.net_.module_, CalibratedTasks) and "share" not in meta.net_.history[-1]


def test_the_learner_is_trained_as_if_nobody_asked_about_it():
    tasks = tasks_around_a_line(8)
    asked_about = trusted(MAMLRegressor, tasks)
    with patch.object(tasks_apart, "LEAST_TASKS", 9):
        alone = MAMLRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(tasks)
    for one, other in zip(asked_about.net_.module_.learner.parameters(), alone.net_.module_.parameters()):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("cls", LEARNERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("n_targets", [None, 2])
def test_beside_a_line_the_promises_are_kept(cls, n_targets, tmp_path):
    tasks, new = tasks_around_a_line(6, n_targets=n_targets), asked(tasks_around_a_line(3, seed=1, n_targets=n_targets))
    meta, task = trusted(cls, tasks), new[0]
    together = meta.predict(new)
    for one, answer in zip(new, together):
        assert_allclose(meta.adapt(one.X, one.y).predict(one.X_query), answer, rtol=1e-4, atol=1e-4)
    whole = meta.adapt(task.X, task.y).predict(task.X_query)
    halves = meta.adapt(task.X[:2], task.y[:2]).partial_fit(task.X[2:], task.y[2:])
    assert_allclose(halves.predict(task.X_query), whole, atol=1e-6)
    assert_allclose(halves.predict(task.X_query[:1]), whole[:1], atol=1e-6)
    for copy in (pickle.loads(pickle.dumps(meta)), saved(meta, tmp_path)):
        assert_allclose(copy.predict(task.X_query), whole, atol=1e-6)
    # half of it is the line's, which knows the slopes and the noise
    meta.served_.learner.factor.fill_(0.0)
    of_line = meta.adapt(task.X, task.y).predict(task.X_query)
    meta.served_.learner.factor.fill_(1.0)
    alone = meta.adapt(task.X, task.y).predict(task.X_query)
    assert_allclose(whole, (of_line + alone) / 2, atol=1e-4)
    assert np.abs(of_line - task.y_query).mean() < 1.0 * (n_targets or 1)


def saved(meta, folder):
    meta.save(folder / "meta.skmeta")
    return skmeta.load(folder / "meta.skmeta")


def test_training_that_goes_on_with_other_tasks_is_heard():
    def error(meta, slopes):
        new = asked(tasks_around_a_line(20, seed=2, slopes=slopes))
        return np.sqrt(np.mean(np.concatenate([a - t.y_query for a, t in zip(meta.predict(new), new)]) ** 2))

    meta = MetaOptNetRegressor(max_epochs=1, random_state=0, warm_start=True).fit(tasks_around_a_line(9))
    assert is_beside_a_line(meta)
    before = error(meta, -SLOPES)
    meta.fit(tasks_around_a_line(9, seed=1, slopes=-SLOPES))
    assert not is_beside_a_line(meta)
    assert error(meta, -SLOPES) < 0.4 * before


def test_sources_that_are_selected_are_heard_beside_all_others():
    sources = [*tasks_around_a_line(12), *tasks_around_a_line(5, seed=1, slopes=-SLOPES)]
    selector = SourceSelector(ReptileRegressor(max_epochs=1, random_state=0), n_sources=5).fit(sources)
    assert is_beside_a_line(selector.base_estimator_)
    target = asked(tasks_around_a_line(1, seed=2, slopes=-SLOPES))[0]
    selector.adapt(target.X, target.y)
    assert not is_beside_a_line(selector.estimator_)
    of_all = selector.base_estimator_.adapt(target.X, target.y)
    errors = [np.abs(one.predict(target.X_query) - target.y_query).mean() for one in (selector, of_all)]
    assert errors[0] < 0.9 * errors[1]


def test_ctrl_c_while_tasks_are_asked_leaves_the_trained_learner():
    def stop(tasks, seed):
        raise KeyboardInterrupt

    meta = BayesianHeadRegressor(max_epochs=1, steps_per_epoch=2, random_state=0)
    is_asked = patch.object(tasks_apart, "questions_of", stop), patch.object(tasks_apart, "LEAST_STEPS", 1)
    with is_asked[0], is_asked[1], pytest.raises(KeyboardInterrupt):
        meta.fit(tasks_around_a_line(6))
    assert len(meta.net_.history) == 1 and not is_beside_a_line(meta)


def test_the_line_has_the_slopes_the_noise_and_the_spread_of_the_tasks():
    tasks = tasks_around_a_line(60, n_rows=20)
    X, y = tasks.pooled
    line = line_through(X, y[:, None], tasks.task_of_row)
    assert_allclose((line.heads[0, :-1] / line.body.scale).numpy(), SLOPES, atol=0.05)
    assert_allclose(line.noise.numpy(), 0.25, rtol=0.1)
    assert_allclose(line.spread.numpy(), 1.0, rtol=0.4)


def test_tasks_are_asked_after_as_few_and_as_many_rows_as_they_have():
    tasks = TaskSet([(np.arange(n)[:, None], np.arange(n)) for n in (1, 2, 9)])
    questions = questions_of(tasks, seed=0)
    assert questions.n_support.tolist() == [1, 1, 2, 5] and questions.n_query.tolist() == [1, 8, 7, 4]
    own = LinearFamily().sample(2, random_state=0)
    assert questions_of(own, seed=0).n_support.tolist() == own.n_support.tolist()


def test_a_share_is_one_or_none_where_one_of_both_is_right():
    truth, wrong = np.arange(6.0)[:, None], np.ones((6, 1))
    assert best_share([(truth, truth, wrong)]) == 1 and best_share([(truth, wrong, truth)]) == 0
    # a task of large errors counts no more than another
    assert best_share([(truth, truth, truth + 1)] * 2 + [(truth, truth + 1000, truth + 999)]) > 0.9


def test_what_tasks_have_said_is_forgotten_where_training_goes_on_with_one_table():
    tasks = tasks_around_a_line(6)
    meta = trusted(BayesianHeadRegressor, tasks).set_params(warm_start=True)
    assert not is_beside_a_line(meta.fit(tasks[0].X, tasks[0].y))
