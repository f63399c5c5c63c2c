"""The training program: a run that is put down and taken up again takes the very same steps."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from sklearn.datasets import load_diabetes, load_wine

from skmeta.learners.in_context.heads import InContextClassification, InContextRegression
from skmeta.pretrained import weights_file
from tools.pretraining import development
from tools.pretraining.development import (
    RealTables,
    encode_columns,
    is_kept_aside,
    mean_auc,
    split_rows,
)
from tools.pretraining.optimizers import MuonWithAdam, orthogonalise
from tools.pretraining.stream import TableStream, batch_loss
from tools.pretraining.train import TrainingRun, main, schedule

ARCHITECTURE = {"cell_width": 8, "n_points": 3, "n_summary": 2, "row_width": 16, "row_heads": 2, "n_row_blocks": 1}


def config(task_type="classification", **changes):
    return {
        "task_type": task_type,
        "architecture": ARCHITECTURE,
        "stream": {"max_rows": 40, "max_columns": 4, "cells_per_step": 1200, "max_tasks": 4},
        "steps": 6,
        "warmup": 2,
        "decay_from": 0.5,
        "muon_lr": 0.006,
        "adam_lr": 0.002,
        "weight_decay": 0.01,
        "ema": 0.9,
        "seed": 3,
    } | changes


def weights(run):
    return torch.cat([p.detach().flatten() for p in run.learner.parameters()])


@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_an_interrupted_run_equals_an_unbroken_one(tmp_path, task_type):
    whole = TrainingRun(config(task_type), tmp_path / "whole")
    losses = [whole.train_step() for _ in range(6)]
    first = TrainingRun(config(task_type), tmp_path / "broken")
    before = [first.train_step() for _ in range(3)]
    first.save()
    torch.rand(7)  # whatever happens in between
    second = TrainingRun(config(task_type), tmp_path / "broken")
    assert second.resume() and second.step == 3
    after = [second.train_step() for _ in range(3)]
    assert before + after == losses
    assert torch.equal(weights(whole), weights(second))
    assert all(torch.equal(whole.average[k], second.average[k]) for k in whole.average)


def test_half_precision_leaves_the_closed_forms_exact(tmp_path):
    run = TrainingRun(config(), tmp_path)
    batch = run.stream.draw(run.rng)
    exact = batch_loss(run.learner, batch)
    with torch.autocast("cpu", torch.bfloat16):
        rough = batch_loss(run.learner, batch)
    assert 0 < abs((exact - rough).item()) < 0.02


def test_a_failed_save_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch):
    run = TrainingRun(config(), tmp_path)
    run.train_step()
    run.save()
    good = run.checkpoint.read_bytes()

    def fail(state, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        run.save()
    assert run.checkpoint.read_bytes() == good


def test_the_program_trains_logs_and_exports(tmp_path, monkeypatch):
    monkeypatch.delenv("SKMETA_DATA", raising=False)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config(steps=4)))
    arguments = ["--config", file, "--folder", tmp_path / "run", "--export", tmp_path / "w.safetensors"]
    main([*map(str, arguments), "--evaluate-every", "2", "--validation-tables", "2"])
    entries = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [e["step"] for e in entries if "validation" in e] == [2, 4]
    path, architecture = weights_file("classification", tmp_path / "w.safetensors")
    assert architecture == ARCHITECTURE
    learner = InContextClassification(weights=path, **architecture)
    with safe_open(path, "pt") as stored:
        saved = stored.get_tensor("skip").float()
    assert torch.equal(learner.skip.detach(), saved)
    with pytest.raises(ValueError, match="for classification, not for regression"):
        weights_file("regression", tmp_path / "w.safetensors")


def test_a_batch_seen_again_and_again_is_learned(tmp_path):
    run = TrainingRun(config(steps=1000, warmup=1), tmp_path)
    batch = run.stream.draw(run.rng)
    run.stream.draw = lambda rng: batch
    losses = [run.train_step() for _ in range(40)]
    assert min(losses[-3:]) < 0.9 * losses[0]


def test_weights_of_another_run_are_taken_over_where_they_fit(tmp_path):
    donor = TrainingRun(config(), tmp_path / "a")
    donor.export(tmp_path / "a.safetensors")
    heir = TrainingRun(config("regression", start_from=str(tmp_path / "a.safetensors"), seed=9), tmp_path / "b")
    torch.testing.assert_close(heir.learner.summary, donor.learner.summary, atol=1e-3, rtol=1e-3)
    assert heir.learner.label_row.weight.shape != donor.learner.label_row.weight.shape


def test_the_learning_rate_rises_stays_and_falls():
    scale = [schedule(step, step / 100, warmup=10, decay_from=0.5) for step in range(101)]
    assert scale[0] == 0.1 and scale[9] == 1 and scale[50] == 1
    assert np.isclose(scale[75], 0.5) and scale[100] == 0


def test_minutes_end_a_run_that_steps_have_not_ended(tmp_path):
    run = TrainingRun(config(steps=1000, minutes=2.0), tmp_path)
    run.train_step()
    assert 0 < run.minutes < 1 and run.progress < 1
    run.minutes = 1.5
    assert run.progress == 0.75
    run.save()
    again = TrainingRun(config(steps=1000, minutes=1.5), tmp_path)
    assert again.resume() and again.progress == 1


@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_tables_and_losses_stay_on_the_device_of_the_run(tmp_path, task_type):
    run = TrainingRun(config(task_type), tmp_path)
    with torch.device("meta"):  # where a tensor would lie that is made without saying where
        losses = [run.train_step() for _ in range(4)]
    assert np.isfinite(losses).all()


def test_orthogonalised_matrices_have_singular_values_near_one():
    torch.manual_seed(0)
    s = torch.linalg.svdvals(orthogonalise(torch.randn(3, 8, 20)))
    assert (s > 0.6).all() and (s < 1.3).all()


def test_hidden_matrices_go_to_muon_and_the_rest_to_adam():
    learner = InContextClassification(**ARCHITECTURE)
    optimizer = MuonWithAdam(learner, 0.01, 0.01, 0.0)
    in_muon = {id(p) for p in optimizer.muon.parameters}
    assert id(learner.row_blocks[0].feed.rise.weight) in in_muon
    assert id(learner.label_row.weight) not in in_muon and id(learner.cell_blocks[0].points) not in in_muon
    n_adam = sum(len(g["params"]) for g in optimizer.adam.param_groups)
    assert n_adam + len(in_muon) == len(list(learner.parameters()))


def test_query_rows_of_classes_never_shown_do_not_count():
    torch.manual_seed(0)
    learner = InContextClassification(**ARCHITECTURE)
    X = torch.randn(1, 8, 2)
    batch = {"n_support": 6, "X": X, "categorical": torch.zeros(1, 2, dtype=torch.bool)}
    y = torch.tensor([[0, 1, 0, 1, 0, 1, 1, 5]])
    with_stranger = batch_loss(learner, batch | {"y": y})
    without = batch_loss(learner, batch | {"X": X[:, :7], "y": y[:, :7]})
    torch.testing.assert_close(with_stranger, without)


def test_large_tables_come_in_small_batches():
    stream = TableStream("classification", max_rows=300, max_columns=10, cells_per_step=3000)
    rng = np.random.default_rng(0)
    sizes = [(b["X"].shape[1], len(b["X"])) for b in (stream.draw(rng) for _ in range(12))]
    assert max(sizes)[1] <= min(sizes)[1] and all(count >= 2 for _, count in sizes)


def test_the_split_by_name_keeps_about_a_fifth_aside_for_ever():
    kept = np.mean([is_kept_aside(f"table {i}") for i in range(2000)])
    assert 0.17 < kept < 0.23
    assert [is_kept_aside(name) for name in ("iris", "wine", "digits", "glass")] == [False, False, False, True]


def test_mixed_frames_become_numbers_and_flags():
    frame = pd.DataFrame({"a": [1.0, None, 3.0], "b": ["x", "y", None]})
    X, flags = encode_columns(frame)
    assert flags.tolist() == [False, True]
    assert X[0].tolist() == [1, 0] and np.isnan(X[1, 0]) and np.isnan(X[2, 1])


def test_auc_of_three_classes_is_the_mean_of_one_against_the_rest():
    chance = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.9, 0.0, 0.1]])
    # class 0: row 0 beats one of two; class 1: row 1 beats both; class 2: row 2 ties with both
    assert mean_auc(chance, np.array([0, 1, 2])) == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert mean_auc(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1])) == 1


def test_splits_are_stratified_and_disjoint():
    y = np.r_[np.zeros(80, int), np.ones(20, int)]
    support, query = split_rows(y, 50, seed=0, classification=True)
    assert y[support].sum() == 10 and not set(support) & set(query)


def test_real_tables_are_scored_unless_kept_aside(monkeypatch):
    wine = load_wine(as_frame=True)
    monkeypatch.setattr(development, "find_local_data", lambda required: "somewhere")
    monkeypatch.setattr(development, "list_local_tables", lambda kind: ["wine", "glass"])
    monkeypatch.setattr(development, "load_local_table", lambda name: (wine.data, wine.target, None))
    scores = RealTables("classification", sizes=(50,)).score(InContextClassification(**ARCHITECTURE))
    loss, auc, n_tables = scores[50]
    assert n_tables == 1 and auc > 0.95 and loss < 0.6


def test_regression_tables_are_scored_too(monkeypatch):
    diabetes = load_diabetes(as_frame=True)
    monkeypatch.setattr(development, "find_local_data", lambda required: "somewhere")
    monkeypatch.setattr(development, "list_local_tables", lambda kind: ["diabetes"])
    monkeypatch.setattr(development, "load_local_table", lambda name: (diabetes.data, diabetes.target, None))
    r2, log_likelihood, n_tables = RealTables("regression", sizes=(200,)).score(InContextRegression(**ARCHITECTURE))[
        200
    ]
    assert n_tables == 1 and 0.35 < r2 < 0.6 and -1.6 < log_likelihood < -0.9
