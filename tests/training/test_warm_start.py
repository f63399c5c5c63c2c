"""A warm start takes what training is told anew, and says so where it cannot."""

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone, is_classifier
from skorch.callbacks import Callback, LRScheduler

from skmeta import FineTuneTransfer, FineTuneTransferRegressor, MAMLClassifier, MAMLRegressor, ProtoNetClassifier
from skmeta.learners.base import innermost
from skmeta.nets import ResidualMLP
from tests.estimators.contract import CLASSIFIERS, REGRESSORS, answers, cheap, one_task, tasks_for

SHORT = {"max_epochs": 2, "steps_per_epoch": 3, "batch_size": 4, "random_state": 0, "warm_start": True}


def weights(meta):
    return torch.cat([part.detach().flatten() for part in meta.net_.module_.parameters()]).numpy()


class Count(Callback):
    epochs = 0

    def on_epoch_end(self, net, **kwargs):
        Count.epochs += 1


def test_new_callbacks_are_called(cluster_tasks, monkeypatch):
    monkeypatch.setattr(Count, "epochs", 0)
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    meta.set_params(callbacks=[Count()]).fit(cluster_tasks)
    assert Count.epochs == 2
    assert len(meta.net_.history) == 4


def test_a_new_optimizer_trains(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    meta.set_params(optimizer=torch.optim.SGD, optimizer__momentum=0.5).fit(cluster_tasks)
    assert isinstance(meta.net_.optimizer_, torch.optim.SGD)
    assert meta.net_.optimizer_.param_groups[0]["momentum"] == 0.5


def test_a_new_setting_of_the_optimizer_keeps_its_memory(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    meta.set_params(optimizer__weight_decay=0.1).fit(cluster_tasks)
    group = meta.net_.optimizer_.param_groups[0]
    assert group["weight_decay"] == 0.1
    assert meta.net_.optimizer_.state[group["params"][0]]["step"] == 12


def test_tasks_are_held_out_from_now_on(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    meta.set_params(validation_fraction=0.25).fit(cluster_tasks)
    assert "valid_loss" in meta.net_.history[-1]
    meta.set_params(validation_fraction=None).fit(cluster_tasks)
    assert "valid_loss" not in meta.net_.history[-1]


def test_a_new_loss_is_used(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    before = weights(meta)
    meta.set_params(criterion__label_smoothing=0.5).fit(cluster_tasks)
    other = ProtoNetClassifier(**SHORT | {"max_epochs": 4}).fit(cluster_tasks)
    assert (weights(meta) != before).any() and (weights(meta) != weights(other)).any()


def test_a_schedule_may_begin_or_go_on(cluster_tasks):
    schedule = LRScheduler("StepLR", step_size=2, gamma=0.5)
    meta = ProtoNetClassifier(**SHORT).fit(cluster_tasks).set_params(callbacks=[schedule])
    rates = meta.fit(cluster_tasks).fit(cluster_tasks).net_.history[2:, "event_lr"]
    assert rates[0] > rates[-1]


def test_settings_of_adaptation_are_taken_over(cluster_tasks):
    meta = MAMLClassifier(**SHORT, inner_steps=1).fit(cluster_tasks)
    meta.set_params(inner_steps=3).fit(cluster_tasks)
    assert meta.net_.module_.inner_steps == 3


@pytest.mark.parametrize(
    "change, says",
    [
        ({"module__n_hidden": 7}, "module__n_hidden=None, but it is now 7"),
        ({"module": ResidualMLP}, "a MLP, but module is now ResidualMLP"),
    ],
)
def test_weights_of_another_shape_are_refused_in_words(change, says, cluster_tasks):
    meta = MAMLClassifier(**SHORT, inner_lr=0.05).fit(cluster_tasks)
    before = weights(meta)
    with pytest.raises(ValueError, match=f"warm_start goes on with .*{says}"):
        meta.set_params(**change).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(meta), before)


def test_other_source_tasks_get_heads_of_their_own(unsplit_cluster_tasks):
    meta = FineTuneTransfer(**SHORT, heads="task").fit(unsplit_cluster_tasks)
    assert meta.fit(unsplit_cluster_tasks[:7]).net_.module_.head_weight.shape[0] == 7


def from_to(cls, labels):
    """Several tasks, and their rows as one table, for a learner that goes from either to the other."""
    tasks = tasks_for(cls)[:4]
    X, y, _ = tasks.to_long()
    labels = {"labels": labels} if is_classifier(cls()) else {}
    estimator = cheap(cls, warm_start=True, steps_per_epoch=1, batch_size=2, **labels)
    return estimator, (tasks,), (X[:60], y[:60])


@pytest.mark.parametrize(
    "cls, labels",
    [*((cls, labels) for cls in CLASSIFIERS for labels in ("shared", "task")), *((cls, None) for cls in REGRESSORS)],
)
def test_training_goes_on_from_a_table_to_tasks_and_back(cls, labels):
    estimator, tasks, table = from_to(cls, labels)
    task, of_tasks = one_task(cls), clone(estimator).fit(*tasks)
    for meta, after in (
        (clone(estimator).fit(*table), tasks),
        (copy.deepcopy(of_tasks), table),
        (of_tasks, (tasks[0][:2],)),
    ):
        meta.fit(*after)
        assert np.isfinite(answers(meta.adapt(task.X, task.y), task.X_query)).all()


def test_one_table_after_tasks_is_learned_by_one_head():
    estimator, tasks, table = from_to(FineTuneTransferRegressor, None)
    learner = innermost(estimator.fit(*tasks).net_.module_)
    heads = learner.head_weight
    assert learner.has_task_heads and len(heads) == len(tasks[0])
    learner = innermost(estimator.fit(*table).net_.module_)
    assert not learner.has_task_heads and learner.head_weight.shape == heads.shape[1:]


def test_what_a_table_has_said_of_a_learner_says_nothing_of_tasks():
    estimator, tasks, table = from_to(MAMLRegressor, None)
    assert estimator.fit(*table).net_.module_.is_calibrated
    assert not estimator.fit(*tasks).net_.module_.is_calibrated
