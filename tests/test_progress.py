"""Calls that can take long say how far they have come, if asked to."""

import pytest

from skmeta import MetaKNeighborsClassifier, ProtoNetClassifier, few_shot_curve
from skmeta.progress import progress
from skmeta.tasks import GaussianClusters

TASKS = GaussianClusters(n_ways=2, n_shots=6).sample(30, random_state=0)
CHEAP = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MetaKNeighborsClassifier])
def test_many_tasks_are_counted_and_nothing_is_said_unasked(cls, capsys):
    meta = cls(**CHEAP).fit(TASKS)
    meta.predict(TASKS)
    assert capsys.readouterr() == ("", "")
    meta.set_params(verbose=1).predict(TASKS)
    assert "tasks" in (told := capsys.readouterr()).err and "/30" in told.err and not told.out


def test_a_curve_counts_its_splits(capsys):
    meta = ProtoNetClassifier(**CHEAP).fit(TASKS)
    few_shot_curve(meta, TASKS, n_shots=[1, 2], n_repeats=3, random_state=0)
    assert capsys.readouterr() == ("", "")
    few_shot_curve(meta, TASKS, n_shots=[1, 2], n_repeats=3, random_state=0, verbose=1)
    assert "6/6" in capsys.readouterr().err


def test_without_tqdm_there_is_a_line_at_the_end(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm.auto", None)
    with progress("tasks", 3) as done:
        done()
    assert capsys.readouterr().out.startswith("tasks: 3 done in ")
