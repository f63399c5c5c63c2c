"""A training that is killed goes on from its file as if it had not been."""

import json
import os

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skmeta import MAMLClassifier, ProtoNetClassifier, ReptileClassifier
from skmeta.training import Resumable

SHORT = {"max_epochs": 5, "steps_per_epoch": 3, "batch_size": 4, "random_state": 0}


class Killed(Exception):
    pass


class Kill(Callback):
    def __init__(self, epoch, batch):
        self.epoch, self.batch = epoch, batch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch and len(net.history[-1, "batches"]) == self.batch:
            raise Killed


def weights(meta):
    return torch.cat([part.detach().flatten() for part in meta.net_.module_.parameters()]).numpy()


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier, ReptileClassifier])
def test_a_killed_training_resumes_to_the_weights_of_an_uninterrupted_one(cls, cluster_tasks, tmp_path):
    settings = SHORT | {"validation_fraction": 0.25}
    callbacks = [
        Resumable(tmp_path / "run.pt"),
        LRScheduler("MultiStepLR", milestones=[4, 8], step_every="batch"),
        EarlyStopping(patience=3, threshold=1e9),
    ]
    whole = cls(**settings, callbacks=callbacks[1:]).fit(cluster_tasks)
    with pytest.raises(Killed):
        cls(**settings, callbacks=[*callbacks, Kill(3, 2)]).fit(cluster_tasks)
    resumed = cls(**settings, callbacks=callbacks).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    for column in ("train_loss", "valid_loss", "train_acc"):
        assert resumed.net_.history[:, column] == whole.net_.history[:, column]
    # what is finished, or stopped early, is not trained on
    again = cls(**settings, callbacks=callbacks).fit(cluster_tasks)
    assert len(again.net_.history) == len(whole.net_.history)
    np.testing.assert_array_equal(weights(again), weights(whole))


def test_a_file_of_another_training_is_refused(cluster_tasks, tmp_path):
    ProtoNetClassifier(**SHORT, callbacks=[Resumable(tmp_path / "run.pt")]).fit(cluster_tasks)
    for change in ({"random_state": 1}, {"module__n_hidden": 7}, {"optimizer": torch.optim.SGD}):
        other = ProtoNetClassifier(**SHORT | change, callbacks=[Resumable(tmp_path / "run.pt")])
        with pytest.raises(ValueError, match="belongs to another training: it was written with"):
            other.fit(cluster_tasks)
        assert not hasattr(other, "net_")


def test_a_file_is_written_every_so_many_epochs_and_at_the_end(cluster_tasks, tmp_path, monkeypatch):
    lengths = []
    write = Resumable._write

    def counted(self, net):
        lengths.append(len(net.standing_["history"]))
        write(self, net)

    monkeypatch.setattr(Resumable, "_write", counted)
    ProtoNetClassifier(**SHORT, callbacks=[Resumable(tmp_path / "run.pt", every=2)]).fit(cluster_tasks)
    assert lengths == [2, 4, 5]
    assert os.listdir(tmp_path) == ["run.pt"]


def test_a_write_that_is_cut_off_leaves_the_last_whole_file(cluster_tasks, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    settings = SHORT | {"callbacks": [Resumable(path)]}
    replace = os.replace

    def killed_at_the_third(new, old):
        if len(json.loads(torch.load(new, weights_only=True)["history"])) == 3:
            raise Killed
        replace(new, old)

    monkeypatch.setattr(os, "replace", killed_at_the_third)
    with pytest.raises(Killed):
        ProtoNetClassifier(**settings).fit(cluster_tasks)
    monkeypatch.undo()
    assert len(json.loads(torch.load(path, weights_only=True)["history"])) == 2
    resumed = ProtoNetClassifier(**settings).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(resumed), weights(ProtoNetClassifier(**SHORT).fit(cluster_tasks)))
