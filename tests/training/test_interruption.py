"""Ctrl-C reaches whoever started the training, and the estimator stands at a whole epoch or where it stood."""

import signal

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, LRScheduler

from skmeta import MAMLClassifier, ProtoNetClassifier

SHORT = {"max_epochs": 3, "steps_per_epoch": 3, "batch_size": 4, "random_state": 0}


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """A process that was started behind the scenes ignores it, and so would these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class CtrlC(Callback):
    """Presses it at a batch of an epoch, or at the end of the epoch."""

    def __init__(self, epoch, batch=None):
        self.epoch, self.batch = epoch, batch

    def _press(self, net, place):
        if len(net.history) == self.epoch and self.batch == place:
            signal.raise_signal(signal.SIGINT)

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self._press(net, len(net.history[-1, "batches"]))

    def on_epoch_end(self, net, **kwargs):
        self._press(net, None)


def weights(meta):
    return torch.cat([part.detach().flatten() for part in meta.net_.module_.parameters()]).numpy()


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
@pytest.mark.parametrize("batch", [1, 2])
def test_ctrl_c_within_an_epoch_is_raised_and_leaves_the_last_whole_one(cls, batch, cluster_tasks):
    meta = cls(**SHORT | {"max_epochs": 50}, callbacks=[CtrlC(3, batch)])
    with pytest.raises(KeyboardInterrupt):
        meta.fit(cluster_tasks)
    whole = cls(**SHORT | {"max_epochs": 2}).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(meta), weights(whole))
    assert meta.net_.history[:, "train_loss"] == whole.net_.history[:, "train_loss"]
    np.testing.assert_array_equal(meta.predict(cluster_tasks[:2])[1], whole.predict(cluster_tasks[:2])[1])


def test_training_goes_on_after_ctrl_c_as_if_there_had_been_none(cluster_tasks):
    schedule = ("schedule", LRScheduler("StepLR", step_size=4, gamma=0.5, step_every="batch"))
    settings = SHORT | {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9, "lr": 0.1, "warm_start": True}
    meta = MAMLClassifier(**settings | {"callbacks": [schedule, CtrlC(3, 2)]})
    with pytest.raises(KeyboardInterrupt):
        meta.fit(cluster_tasks)
    meta.set_params(callbacks=[schedule], max_epochs=2).fit(cluster_tasks)
    whole = MAMLClassifier(**settings | {"callbacks": [schedule], "max_epochs": 4}).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(meta), weights(whole))


def test_ctrl_c_before_the_first_whole_epoch_leaves_the_estimator_as_it_was(cluster_tasks):
    unfitted = ProtoNetClassifier(**SHORT, callbacks=[CtrlC(1, 2)])
    with pytest.raises(KeyboardInterrupt):
        unfitted.fit(cluster_tasks)
    assert not hasattr(unfitted, "net_")
    fitted = ProtoNetClassifier(**SHORT).fit(cluster_tasks)
    before = weights(fitted)
    with pytest.raises(KeyboardInterrupt):
        fitted.set_params(callbacks=[CtrlC(1, 2)], random_state=1).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(fitted), before)


def test_ctrl_c_in_a_warm_start_goes_back_to_where_it_began(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT, warm_start=True).fit(cluster_tasks)
    before = weights(meta)
    with pytest.raises(KeyboardInterrupt):
        meta.set_params(callbacks=[CtrlC(4, 1)]).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(meta), before)
    assert len(meta.net_.history) == 3


def test_ctrl_c_while_callbacks_hear_of_an_epochs_end_is_no_wish_to_stop(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT, callbacks=[CtrlC(2)])
    with pytest.raises(KeyboardInterrupt):
        meta.fit(cluster_tasks)
    np.testing.assert_array_equal(
        weights(meta), weights(ProtoNetClassifier(**SHORT | {"max_epochs": 1}).fit(cluster_tasks))
    )


def test_one_table_is_adapted_to_before_ctrl_c_is_raised(cluster_tasks):
    task = cluster_tasks[0]
    meta = ProtoNetClassifier(**SHORT, callbacks=[CtrlC(3, 1)])
    with pytest.raises(KeyboardInterrupt):
        meta.fit(task.X, task.y)
    whole = ProtoNetClassifier(**SHORT | {"max_epochs": 2}).fit(task.X, task.y)
    learner, of_whole = meta.net_.module_.learner, whole.net_.module_.learner  # what was interrupted is not calibrated
    for one, other in zip(learner.parameters(), of_whole.parameters(), strict=True):
        np.testing.assert_array_equal(one.detach(), other.detach())
    assert meta.predict_proba(task.X_query).shape == whole.predict_proba(task.X_query).shape


def test_a_search_ends_at_once(cluster_tasks):
    search = GridSearchCV(
        ProtoNetClassifier(**SHORT, callbacks=[CtrlC(2, 1)]), {"lr": [0.1, 0.01]}, cv=2, error_score=0.0
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(cluster_tasks)


def test_the_best_is_kept_where_a_checkpoint_is_told_to(cluster_tasks, tmp_path):
    checkpoint = Checkpoint(dirname=tmp_path, load_best=True)
    settings = SHORT | {"max_epochs": 50, "lr": 3.0, "validation_fraction": 0.25}
    meta = ProtoNetClassifier(**settings, callbacks=[checkpoint, CtrlC(7, 1)])
    with pytest.raises(KeyboardInterrupt):
        meta.fit(cluster_tasks)
    best = int(np.argmin(meta.net_.history[:, "valid_loss"])) + 1
    whole = ProtoNetClassifier(**settings | {"max_epochs": best}).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(meta), weights(whole))


def test_early_stopping_is_no_interruption_and_the_handler_of_signals_is_left_as_found(cluster_tasks):
    handler = signal.getsignal(signal.SIGINT)
    stopping = EarlyStopping(monitor="train_loss", patience=1, threshold=1e9)
    meta = ProtoNetClassifier(**SHORT | {"max_epochs": 50}, callbacks=[stopping]).fit(cluster_tasks)
    assert len(meta.net_.history) < 50
    assert meta.net_.stopped_ and not meta.net_.interrupted_
    assert signal.getsignal(signal.SIGINT) is handler
