"""The program for the day that a GPU is there, on one that is played."""

import pandas as pd
import pytest

from benchmarks import gpu
from tests.device.stand_in import StandIn

SMALL = ["--minutes", "5", "--tasks", "20", "--learners", "ProtoNetClassifier", "NeuralProcessRegressor"]


@pytest.fixture
def short(monkeypatch):
    """One small case of the training steps."""
    monkeypatch.setattr(gpu, "STEPS", 2)
    monkeypatch.setattr(gpu, "step_cases", lambda: {"small": (gpu.ProtoNetClassifier, {"module": gpu.MLP}, 2)})


@pytest.mark.full
def test_a_run_measures_everything_once_and_one_that_was_stopped_measures_the_rest(tmp_path, short, capsys):
    parts = ["--parts", "agreement", "steps", "many_tasks"]
    with StandIn():
        gpu.main(["--folder", str(tmp_path), *SMALL, "--parts", "agreement"])
        first = pd.read_csv(tmp_path / "agreement.csv")
        gpu.main(["--folder", str(tmp_path), *SMALL, *parts])
    assert "2 of 2 learners agree" in capsys.readouterr().out
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "agreement.csv"), first)
    assert first["agrees"].all() and (first["answers_apart"] < 1e-6).all() and (first["gradient_apart"] < 1e-6).all()
    assert list(pd.read_csv(tmp_path / "steps.csv")["device"]) == ["cuda", "cpu"]
    many = pd.read_csv(tmp_path / "many_tasks.csv")
    assert list(many["device"]) == ["cuda", "cuda", "cpu", "cpu"] and (many["tasks"] == 20).all()
    assert "torch: " in (tmp_path / "about.txt").read_text()


def test_a_learner_that_answers_otherwise_there_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpu, "said", lambda estimator, rows: [[estimator.device == "cuda"]] * len(rows))
    with StandIn():
        gpu.main(["--folder", str(tmp_path), *SMALL, "--parts", "agreement"])
    assert "0 of 2 learners agree" in capsys.readouterr().out


def test_when_time_is_up_nothing_more_is_measured(tmp_path, capsys):
    gpu.main(["--folder", str(tmp_path), "--device", "cpu", "--minutes", "0"])
    assert not list(tmp_path.glob("*.csv"))
