"""Classes that are held out say how far what was learned of the others is to be trusted."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping, Freezer, GradientNormClipping, LRScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

from skmeta import HyperNetClassifier, ProtoNetClassifier, Task, TaskSet
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.tasks import NWayTasks
from skmeta.tasks.store import TaskStore
from skmeta.training import held_out
from skmeta.training.held_out import Trust, acting_on_steps, class_parts

SHORT = {"max_epochs": 4, "lr": 0.003, "random_state": 0}


def table(n_telling, n_columns=24, n_classes=24, n_rows=14):
    """Rows of classes that differ in the first columns alone: training classes, and tasks of the other third."""
    rng = np.random.default_rng(0)
    centres = np.zeros((n_classes, n_columns))
    centres[:, :n_telling] = rng.normal(size=(n_classes, n_telling))
    y = np.repeat(np.arange(n_classes), n_rows)
    X = centres[y] + rng.normal(size=(len(y), n_columns)) * (1.7 if n_telling == n_columns else 0.7)
    known = y < 2 * n_classes // 3
    return TaskSet([Task(X[known], y[known])]), NWayTasks(X[~known], y[~known], 5, 1, 9).sample(80, random_state=0)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, HyperNetClassifier])
def test_where_class_means_are_all_there_is_to_know_training_does_no_harm(cls, monkeypatch):
    train, others = table(24)
    untrained = cls(max_epochs=0, random_state=0).fit(train).score(others)
    assert cls(**SHORT).fit(train).score(others) > untrained - 0.02
    monkeypatch.setattr(MetaTraining, "is_rehearsed", False)
    assert cls(**SHORT).fit(train).score(others) < untrained - 0.04


def test_what_classes_have_in_common_is_learned_all_the_same():
    train, others = table(4)
    untrained = ProtoNetClassifier(max_epochs=0, random_state=0).fit(train).score(others)
    assert ProtoNetClassifier(**SHORT).fit(train).score(others) > untrained + 0.05


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_training_ends_at_a_share_of_its_way(share, monkeypatch):
    train, _ = table(24)
    settings = {"steps_per_epoch": 3, "random_state": 0}
    start = ProtoNetClassifier(max_epochs=0, **settings).fit(train).net_.module_.state_dict()
    monkeypatch.setattr(MetaTraining, "is_rehearsed", False)
    end = ProtoNetClassifier(max_epochs=2, **settings).fit(train).net_.module_.state_dict()
    monkeypatch.undo()
    monkeypatch.setattr(Trust, "share", lambda trust, epochs: share)
    meta = ProtoNetClassifier(max_epochs=2, **settings).fit(train)
    assert len(meta.net_.history) == 2
    for name, value in meta.net_.module_.state_dict().items():
        torch.testing.assert_close(value, (1 - share) * start[name] + share * end[name])


def test_a_third_of_the_classes_is_held_out_with_all_its_rows():
    y = np.repeat(np.arange(7), [3, 5, 2, 4, 6, 2, 3])
    X = np.column_stack([np.arange(len(y)), y]).astype(np.float32)
    parts = class_parts(TaskStore(X, y, [len(y)], [-1], [7]), seed=0)
    assert [(known.max_classes, others.max_classes) for known, others in parts] == [(4, 3), (5, 2), (5, 2)]
    assert sorted(name for _, others in parts for name in others.X[:, 1].unique().tolist()) == list(range(7))
    for known, others in parts:
        assert sorted([*known.X[:, 0].tolist(), *others.X[:, 0].tolist()]) == list(range(len(y)))
        for part in (known, others):
            names = part.X[:, 1].unique()
            assert len(names) == part.max_classes and part.n_support.tolist() == [len(part.X)]
            torch.testing.assert_close(names[part.y], part.X[:, 1])  # numbered anew, each class by one number


@pytest.mark.parametrize("n_classes, n_rehearsals", [(6, 3), (14, 3), (15, 2), (29, 2), (30, 1), (100, 1)])
def test_of_few_classes_each_third_is_held_out_in_turn(n_classes, n_rehearsals):
    y = np.tile(np.arange(n_classes), 2)
    store = TaskStore(np.zeros((len(y), 1), dtype=np.float32), y, [len(y)], [-1], [n_classes])
    assert len(class_parts(store, seed=0)) == n_rehearsals


@pytest.mark.parametrize(
    "n_classes, shared, n_query", [(5, False, -1), (101, False, -1), (8, True, -1), (8, False, 8)],
    ids=["too few", "many", "shared", "a task with rows to ask about"],
)  # fmt: skip
def test_nothing_is_held_out_where(n_classes, shared, n_query):
    y = np.tile(np.arange(n_classes), 2)
    X = np.zeros((len(y), 2), dtype=np.float32)
    store = TaskStore(X, y, [len(y) - max(n_query, 0)], [n_query], [n_classes], shared)
    assert not class_parts(store, seed=0)


def test_ctrl_c_in_the_rehearsal_leaves_the_estimator_as_it_was(monkeypatch):
    train, _ = table(24)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2).fit(train)
    before = dict(vars(meta))

    def interrupted(net, *args):
        net.interrupted_ = True

    monkeypatch.setattr(held_out, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        meta.fit(train)
    assert vars(meta) == before


def long_tailed():
    """Rows of eight classes, and single rows of thirty more."""
    y = np.repeat(np.arange(38), [6] * 8 + [1] * 30)
    return np.random.default_rng(0).normal(size=(len(y), 3)).astype(np.float32) + y[:, None], y


@pytest.mark.parametrize("seed", range(5))
def test_each_third_has_its_share_of_the_classes_that_can_be_asked_about(seed):
    X, y = long_tailed()
    parts = class_parts(TaskStore(X, y, [len(y)], [-1], [38]), seed)
    several = [[int((part.y.bincount() > 1).sum()) for part in both] for both in parts]
    assert several in ([[5, 3], [5, 3], [6, 2]], [[6, 2], [5, 3], [5, 3]], [[5, 3], [6, 2], [5, 3]])


@pytest.mark.parametrize("n_several", [2, 5])
def test_classes_of_one_row_say_nothing_of_others(n_several):
    y = np.repeat(np.arange(40), [20] * n_several + [1] * (40 - n_several))
    X = np.random.default_rng(0).normal(size=(len(y), 4)) + y[:, None]
    assert not class_parts(TaskStore(X.astype(np.float32), y, [len(y)], [-1], [40]), seed=0)
    for seed in (0, 1):
        ProtoNetClassifier(max_epochs=1, random_state=seed).fit([(X, y)])


def test_where_nothing_is_asked_all_that_was_learned_is_kept(monkeypatch):
    train, _ = table(24)
    monkeypatch.setattr(held_out, "loss", lambda learner, episodes: 0.0)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(train)
    assert meta.net_.history[-1]["share"] == 1.0


def test_the_history_tells_what_share_was_kept(monkeypatch):
    train, _ = table(24)
    monkeypatch.setattr(Trust, "share", lambda trust, epochs: 0.3)
    assert ProtoNetClassifier(max_epochs=2, steps_per_epoch=2).fit(train).net_.history[-1, "share"] == 0.3


class Heard(Callback):
    """How often it is told of a training's begin and of an epoch's end, by all of its clones together."""

    told = []

    def on_train_begin(self, net, **kwargs):
        self.told.append("begin")

    def on_epoch_end(self, net, **kwargs):
        self.told.append("epoch")


def test_what_acts_on_steps_is_rehearsed_and_what_listens_hears_of_the_real_training_alone():
    train, _ = table(24)
    standing_still = LRScheduler("LambdaLR", lr_lambda=lambda epoch: 0.0)
    meta = ProtoNetClassifier(**SHORT, callbacks=[("rate", standing_still), Heard()]).fit(train)
    assert meta.net_.history[-1, "share"] == 1.0  # a rehearsal that went nowhere says nothing
    assert Heard.told == ["begin", *["epoch"] * 4]
    assert ProtoNetClassifier(**SHORT).fit(train).net_.history[-1, "share"] < 1.0


def test_a_rate_that_waits_for_what_only_the_real_training_is_told_is_not_rehearsed():
    waiting = [LRScheduler(ReduceLROnPlateau, monitor=name) for name in ("train_loss", "valid_loss")]
    rest = [("clip", GradientNormClipping(1.0)), Freezer("body.*"), LRScheduler, EarlyStopping(), ("heard", Heard)]
    assert acting_on_steps([*waiting, *rest]) == [waiting[0], *rest[:3]]
    assert acting_on_steps(None) is None and acting_on_steps("disable") == "disable"
