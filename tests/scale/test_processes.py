"""Processes that train together end with the weights of one that trains alone."""

import random
import subprocess
import sys
import time

import numpy as np
import pytest
import shared_trainings
import two_processes
from shared_trainings import KINDS, QUICK, SHORT, classes, fitted, weights

from skmeta import ProtoNetClassifier


@pytest.fixture(scope="module")
def every():
    return two_processes.run(shared_trainings.every)


def check(kind, results):
    alone, losses = weights(fitted(kind))
    for together, their_losses in (result[kind] for result in results):
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)
        np.testing.assert_allclose(their_losses, losses, rtol=1e-5)
    np.testing.assert_array_equal(results[0][kind][0], results[-1][kind][0])


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_end_with_the_weights_of_one(kind, every):
    check(kind, [result["trained"] for result in every[0]])


def test_every_process_has_an_estimator_that_pickles_copies_and_saves(every):
    for result in every[0]:
        for copied in result["answers"][1:]:
            np.testing.assert_array_equal(copied, result["answers"][0])
    np.testing.assert_array_equal(every[0][0]["answers"][0], every[0][1]["answers"][0])


def test_the_first_process_alone_prints_and_all_callbacks_of_ones_own_draw_the_same_numbers(every):
    (first, second), (printed, other) = every
    assert "train_loss" in printed and "train_loss" not in other
    assert len(first["drawn"]) == SHORT["max_epochs"] and first["drawn"] == second["drawn"]


def test_processes_may_train_alone_each(every):
    for rank, result in enumerate(every[0]):
        alone, _ = weights(ProtoNetClassifier(**SHORT | {"random_state": rank}).fit(classes()))
        np.testing.assert_array_equal(result["alone"][0], alone)


def test_trainings_that_are_not_the_same_are_refused_in_words(every):
    for result in every[0]:
        assert "need the same tasks, settings and random_state, but seed is" in result["refused"]


@pytest.mark.full
def test_three_processes_too():
    results, _ = two_processes.run(shared_trainings.quick, n_processes=3)
    for kind in QUICK:
        check(kind, results)


@pytest.mark.full
def test_a_killed_process_is_an_error_in_seconds_and_training_resumes(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMETA_TEST_FOLDER", str(tmp_path))
    processes = first, second = two_processes.start(shared_trainings.killed, folder=tmp_path)
    try:
        second.communicate()
        _, errors = first.communicate(timeout=120)  # without an error it would wait for minutes
    finally:
        for process in processes:
            process.kill()
    assert first.returncode not in (0, -9) and "Error" in errors
    (tmp_path / "store").unlink()
    for resumed, _ in two_processes.run(shared_trainings.resumed)[0]:
        np.testing.assert_allclose(resumed, shared_trainings.uninterrupted()[0], rtol=0, atol=1e-6)


@pytest.mark.campaign
def test_processes_of_which_one_is_killed_at_ten_random_moments_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("SKMETA_TEST_FOLDER", str(tmp_path))
    draw, n_killed = random.Random(0), 0
    file = tmp_path / "run.pt"
    (whole, _), _ = two_processes.run(shared_trainings.long)[0]
    while n_killed < 10:
        file.unlink(missing_ok=True)
        processes = two_processes.start(shared_trainings.long, folder=tmp_path)
        try:
            _wait_for(file, processes)
            time.sleep(draw.uniform(0.0, 2.0))
            chosen = draw.choice(processes)
            chosen.kill()
            other = processes[1 - processes.index(chosen)]
            errors = other.communicate(timeout=60)[1]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        (tmp_path / "store").unlink(missing_ok=True)
        if chosen.returncode == 0:
            continue  # it had ended before
        assert other.returncode not in (0, -9) and "Error" in errors
        n_killed += 1
        for resumed, _ in two_processes.run(shared_trainings.long)[0]:
            np.testing.assert_array_equal(resumed, whole)


def _wait_for(file, processes):
    """Until training has written its file; what a process says that ends before."""
    while not file.exists():
        assert all(process.poll() is None for process in processes), [one.communicate()[1] for one in processes]
        time.sleep(0.02)


@pytest.mark.full
def test_the_script_that_runs_alone_runs_under_torchrun(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, torch\n"
        f"sys.path.insert(0, {shared_trainings.__file__.rpartition('/')[0]!r})\n"
        "from shared_trainings import fitted, weights\n"
        "found, _ = weights(fitted('closed form'))\n"
        "if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:\n"
        "    print(found.tolist())\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", script]
    together = subprocess.run(command, capture_output=True, text=True)
    assert together.returncode == 0, together.stderr
    found = np.fromstring(together.stdout.strip(" []\n"), sep=",")
    np.testing.assert_allclose(found, weights(fitted("closed form"))[0], atol=1e-6)
