"""Classes, or tasks, that are held out say how far what was learned of the others is to be trusted."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping, Freezer, GradientNormClipping, LRScheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

from skmeta import HyperNetClassifier, ProtoNetClassifier, Task, TaskSet
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.tasks import GaussianClusters, NWayTasks
from skmeta.tasks.store import TaskStore
from skmeta.training import held_out
from skmeta.training.held_out import Rehearsal, acting_on_steps, class_parts, task_parts
from skmeta.training.standing import NothingLearned

SHORT = {"max_epochs": 4, "lr": 0.003, "random_state": 0}


@pytest.fixture
def every_training(monkeypatch):
    """However short trainings are, they are rehearsed."""
    monkeypatch.setattr(held_out, "LEAST_STEPS", 1)


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
    monkeypatch.setattr(held_out, "LEAST_STEPS", 1)
    monkeypatch.setattr(Rehearsal, "share", lambda rehearsal, epochs: share)
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


@pytest.mark.usefixtures("every_training")
def test_ctrl_c_in_the_rehearsal_is_raised_and_keeps_what_has_been_trained(monkeypatch):
    train, _ = table(24)
    settings = {"max_epochs": 2, "steps_per_epoch": 2, "random_state": 0}
    meta = ProtoNetClassifier(**settings)
    real, n_nets = held_out.train, []

    def interrupted(net, *args):
        real(net, *args)
        n_nets.append(net)
        net.interrupted_ = len(n_nets) == 2  # the first is the real one

    monkeypatch.setattr(held_out, "train", interrupted)
    with pytest.raises(KeyboardInterrupt, match="its 2 whole epochs are kept"):
        meta.fit(train)
    monkeypatch.undo()
    monkeypatch.setattr(MetaTraining, "is_rehearsed", False)
    whole = ProtoNetClassifier(**settings).fit(train)
    for name, value in whole.net_.module_.state_dict().items():
        torch.testing.assert_close(meta.net_.module_.state_dict()[name], value)


def test_a_training_that_is_stopped_early_is_rehearsed_for_as_many_epochs(monkeypatch):
    train, _ = table(24)
    asked = []
    monkeypatch.setattr(Rehearsal, "share", lambda rehearsal, epochs: asked.append(epochs) or 1.0)
    stop = EarlyStopping(monitor="train_loss", patience=1, threshold=1e9)
    meta = ProtoNetClassifier(max_epochs=50, callbacks=[stop], random_state=0).fit(train)
    assert asked == [len(meta.net_.history)] and asked[0] < 10


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


@pytest.mark.usefixtures("every_training")
@pytest.mark.parametrize("n_several", [2, 5])
def test_classes_of_one_row_say_nothing_of_others(n_several):
    y = np.repeat(np.arange(40), [20] * n_several + [1] * (40 - n_several))
    X = np.random.default_rng(0).normal(size=(len(y), 4)) + y[:, None]
    assert not class_parts(TaskStore(X.astype(np.float32), y, [len(y)], [-1], [40]), seed=0)
    for seed in (0, 1):
        ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=seed).fit([(X, y)])


@pytest.mark.usefixtures("every_training")
def test_where_nothing_is_asked_all_that_was_learned_is_kept(monkeypatch):
    train, _ = table(24)
    monkeypatch.setattr(held_out, "log_loss", lambda learner, episodes: 0.0)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(train)
    assert meta.net_.history[-1]["share"] == 1.0


@pytest.mark.usefixtures("every_training")
def test_the_history_tells_what_share_was_kept(monkeypatch):
    train, _ = table(24)
    monkeypatch.setattr(Rehearsal, "share", lambda rehearsal, epochs: 0.3)
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


@pytest.mark.usefixtures("every_training")
def test_a_training_without_callbacks_is_rehearsed():
    train, _ = table(24)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, callbacks="disable", random_state=0).fit(train)
    assert "share" in meta.net_.history[-1]


@pytest.mark.usefixtures("every_training")
@pytest.mark.parametrize("error", [NothingLearned, ValueError])
def test_a_rehearsal_that_diverges_alone_says_nothing_and_an_error_in_one_is_told(error, monkeypatch):
    train, _ = table(24)
    real, n_rows = held_out.train, []

    def fails_on_parts(net, tasks, epochs, watcher=None):
        n_rows.append(len(tasks.X))
        if len(tasks.X) < n_rows[0]:
            raise error("Nothing came of it.")
        real(net, tasks, epochs, watcher)

    monkeypatch.setattr(held_out, "train", fails_on_parts)
    meta = ProtoNetClassifier(max_epochs=2, steps_per_epoch=2, random_state=0)
    if error is ValueError:
        with pytest.raises(ValueError, match="Nothing came of it"):
            meta.fit(train)
        return
    meta.fit(train)
    assert len(n_rows) > 1 and meta.net_.history[-1, "share"] == 1.0


@pytest.mark.usefixtures("every_training")
@pytest.mark.parametrize(
    "sizes", [{"n_ways": 24}, {"n_shots": 200}, {"n_ways": 24, "n_shots": (1, 200), "n_query": 200}]
)
def test_more_ways_and_shots_than_a_part_has_do_not_end_a_rehearsal(sizes):
    train, _ = table(24)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, batch_size=2, random_state=0, **sizes).fit(train)
    assert "share" in meta.net_.history[-1]


@pytest.mark.usefixtures("every_training")
def test_whoever_wants_to_hear_of_training_is_told_that_it_is_rehearsed(capsys):
    train, _ = table(24)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0)
    meta.fit(train)
    assert not capsys.readouterr().out
    meta.set_params(verbose=1).fit(train)
    assert "more trainings, on parts" in capsys.readouterr().out.splitlines()[-1]


# ---------------------------------------------------------------------- several tasks


MEANS = GaussianClusters(n_features=24, separation=2.5)  # class means are all there is to know


@pytest.mark.parametrize("cls, n_tasks", [(ProtoNetClassifier, 40), (HyperNetClassifier, 5)])
def test_training_on_few_tasks_does_no_harm_where_class_means_are_all_there_is_to_know(cls, n_tasks, monkeypatch):
    train, others = MEANS.sample(n_tasks, random_state=0), MEANS.sample(80, random_state=1)
    untrained = cls(max_epochs=0, random_state=0).fit(train).score(others)
    assert cls(**SHORT).fit(train).score(others) > untrained - 0.02
    monkeypatch.setattr(MetaTraining, "is_rehearsed", False)
    assert cls(**SHORT).fit(train).score(others) < untrained - 0.04


def test_what_few_tasks_have_in_common_is_learned_all_the_same():
    family = GaussianClusters(n_features=24, n_latent=3, separation=3.0)
    train, others = family.sample(6, random_state=0), family.sample(80, random_state=1)
    untrained = ProtoNetClassifier(max_epochs=0, random_state=0).fit(train).score(others)
    assert ProtoNetClassifier(**SHORT).fit(train).score(others) > untrained + 0.05


def several(n_tasks, n_query=2, n_rows=6, shared=False):
    """A store of tasks of three classes, of which the first column says which task a row is of."""
    size = n_rows + max(n_query, 0)
    X = np.column_stack([np.repeat(np.arange(n_tasks), size), np.zeros(n_tasks * size)]).astype(np.float32)
    y = np.tile(np.arange(size) % 3, n_tasks)
    return TaskStore(X, y, [n_rows] * n_tasks, [n_query] * n_tasks, [3] * n_tasks, shared)


@pytest.mark.parametrize("n_query", [-1, 2])
@pytest.mark.parametrize("n_tasks, n_rehearsals", [(4, 3), (14, 3), (15, 2), (30, 1), (100, 1)])
def test_whole_tasks_are_held_out_a_third_at_a_time(n_tasks, n_rehearsals, n_query):
    parts = task_parts(several(n_tasks, n_query), seed=0)
    assert len(parts) == n_rehearsals
    for known, others in parts:
        of_known, of_others = (set(part.X[:, 0].unique().tolist()) for part in (known, others))
        assert of_known | of_others == set(range(n_tasks)) and not of_known & of_others
        assert n_tasks // 3 <= len(others) == len(of_others) <= n_tasks // 3 + 1
        for part in (known, others):
            assert part.n_support.tolist() == [6] * len(part) and part.has_query == (n_query > 0)
            assert part.n_query.tolist() == [max(n_query, 0)] * len(part) and len(part.X) == int(part.n_rows.sum())


@pytest.mark.parametrize("tasks", [several(3), several(101), several(8, shared=True)], ids=["three", "many", "shared"])
def test_no_task_is_held_out_of(tasks):
    assert not task_parts(tasks, seed=0)


@pytest.mark.usefixtures("every_training")
def test_tasks_that_ask_nothing_decide_nothing():
    rng, single = np.random.default_rng(0), [0, 1, 2]  # of each class one row
    asking = [(rng.normal(size=(9, 2)), np.arange(9) % 3) for _ in range(4)]
    silent = [(rng.normal(size=(3, 2)), single) for _ in range(9)]
    few, enough = (
        ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit([*some, *silent])
        for some in (asking[:3], asking)
    )
    assert "share" not in few.net_.history[-1] and "share" in enough.net_.history[-1]


@pytest.mark.parametrize("steps, is_rehearsed", [(14, False), (15, True)])
def test_a_training_of_few_steps_is_not_rehearsed(steps, is_rehearsed):
    train, _ = table(24)
    meta = ProtoNetClassifier(max_epochs=2, steps_per_epoch=steps, random_state=0).fit(train)
    assert ("share" in meta.net_.history[-1]) == is_rehearsed
