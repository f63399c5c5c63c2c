"""Processes killed at random moments: the old file or the new one, and training that goes on where it was."""

import os
import random
import signal
import time

import numpy as np
import pytest
import torch

import skmeta
from skmeta import ProtoNetClassifier
from skmeta.training import Resumable
from tests.campaign.subjects import CLUSTERS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def in_a_child(work):
    """Start ``work`` in a process of its own."""
    pid = os.fork()
    if pid == 0:
        try:
            torch.set_num_threads(1)
            work()
        finally:
            os._exit(0)
    return pid


def kill_after(pid, seconds):
    """Kill a process, unless it has ended before; whether it was killed."""
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def check_saves(path, n_kills):
    draw = random.Random(0)
    ProtoNetClassifier(lr=0.0).save(path)
    last = 0.0
    for kill in range(n_kills):

        def save_on_and_on(first=10 * kill):
            for place in range(10_000):
                ProtoNetClassifier(lr=float(first + place)).save(path)

        kill_after(in_a_child(save_on_and_on), draw.uniform(0.005, 0.05))
        last = skmeta.load(path).lr
        assert last == int(last)
    ProtoNetClassifier(lr=last).save(path)
    assert list(path.parent.iterdir()) == [path]


def training(path, epochs=6):
    callbacks = [Resumable(path)]
    return ProtoNetClassifier(max_epochs=epochs, steps_per_epoch=3, batch_size=4, random_state=0, callbacks=callbacks)


def check_trainings(folder, n_kills):
    """However often training was killed, it ends with the weights of one that never was."""
    whole = training(folder / "whole").fit(CLUSTERS).net_.module_.state_dict()
    draw, path, n_killed = random.Random(0), folder / "run", 0
    while n_killed < n_kills:
        pid = in_a_child(lambda: training(path).fit(CLUSTERS))
        if kill_after(pid, draw.uniform(0.01, 0.4)):
            n_killed += 1
            continue
        resumed = training(path).fit(CLUSTERS).net_.module_.state_dict()
        for name, value in whole.items():
            np.testing.assert_array_equal(resumed[name].numpy(), value.numpy())
        path.unlink()
    resumed = training(path).fit(CLUSTERS).net_.module_.state_dict()
    for name, value in whole.items():
        np.testing.assert_array_equal(resumed[name].numpy(), value.numpy())
    assert {one.name for one in folder.iterdir()} == {"whole", "run"}


def test_a_few_killed_saves_leave_whole_files(tmp_path):
    check_saves(tmp_path / "file", 5)


@pytest.mark.campaign
def test_killed_saves_leave_whole_files(tmp_path, tally):
    check_saves(tmp_path / "file", 100)
    tally["kills while saving"] += 100


@pytest.mark.campaign
def test_killed_trainings_end_as_others_do(tmp_path, tally):
    check_trainings(tmp_path, 50)
    tally["kills while training"] += 50
