"""skorch underneath: its parameters, callbacks and history, resuming, held-out tasks, devices, users' modules."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    LoadInitState,
    LRScheduler,
    PrintLog,
    ProgressBar,
)
from torch import nn

from skmeta import (
    MAMLClassifier,
    MAMLRegressor,
    ProtoNetClassifier,
    RecurrentClassifier,
    ReptileRegressor,
    SiameseNetClassifier,
    TaskSet,
    task_scorer,
)
from skmeta.tasks import EpisodeLoader, GaussianClusters, Sinusoids
from skmeta.tasks.episodes import Parts
from skmeta.training import resolve_device

SHORT = {"max_epochs": 3, "steps_per_epoch": 3, "batch_size": 4, "random_state": 0}


def proto(**params):
    return ProtoNetClassifier(**SHORT | params)


def weights(meta):
    return {name: part.clone() for name, part in meta.net_.module_.state_dict().items()}


def same_weights(a, b):
    a, b = weights(a), weights(b)
    assert a.keys() == b.keys()
    return all(torch.equal(a[name], b[name]) for name in a)


# ---------------------------------------------------------------------- parameters reach skorch


def test_prefixed_parameters_reach_module_optimizer_criterion_loader_and_callbacks(cluster_tasks):
    meta = proto(
        module__n_hidden=7,
        module__n_layers=3,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.5,
        criterion__label_smoothing=0.1,
        iterator_train__n_query=2,
        callbacks__print_log=None,
        lr=0.25,
    ).fit(cluster_tasks)
    assert meta.net_.module_.body.correction[0].out_features == 7
    assert isinstance(meta.net_.optimizer_, torch.optim.SGD)
    assert meta.net_.optimizer_.param_groups[0]["momentum"] == 0.5
    assert meta.net_.optimizer_.param_groups[0]["lr"] == 0.25
    assert meta.net_.criterion_.label_smoothing == 0.1
    assert meta.net_.get_iterator(meta.codec_.store(cluster_tasks)[0], training=True).n_query == (2, 2)
    assert "print_log" not in dict(meta.net_.callbacks_)


def test_set_params_reaches_the_next_fit(cluster_tasks):
    meta = proto().set_params(module__n_hidden=5, optimizer__weight_decay=0.5).fit(cluster_tasks)
    assert meta.net_.module_.body.correction[0].out_features == 5
    assert meta.net_.optimizer_.param_groups[0]["weight_decay"] == 0.5
    assert meta.get_params()["module__n_hidden"] == 5


def test_own_criterion_and_loader(cluster_tasks):
    class Counting(EpisodeLoader):
        drawn = 0

        def __iter__(self):
            for batch in super().__iter__():
                type(self).drawn += 1
                yield batch

    meta = ProtoNetClassifier(
        max_epochs=2, iterator_train=Counting, iterator_train__steps=3, criterion=nn.MultiMarginLoss, random_state=0
    ).fit(cluster_tasks)
    assert isinstance(meta.net_.criterion_, nn.MultiMarginLoss)
    assert Counting.drawn == 6


@pytest.mark.parametrize(
    "meta",
    [
        ProtoNetClassifier(**SHORT),
        MAMLRegressor(**SHORT),
        MAMLRegressor(**SHORT, multi_step_loss=True),
        ReptileRegressor(**SHORT, target_scaling="task"),
    ],
    ids=["prototypes", "MAML", "losses after every step", "Reptile"],
)
def test_a_batch_in_parts_is_learned_from_as_if_it_were_one(meta):
    rng = np.random.default_rng(0)
    n_support, n_query = np.array([3, 4, 30, 33]), np.array([2, 2, 9, 8])
    X = rng.normal(size=((n_support + n_query).sum(), 2))
    y = np.arange(len(X)) % 2 if isinstance(meta, ProtoNetClassifier) else X[:, 0]
    tasks = TaskSet.from_pool(X, y, n_support, n_query)
    net, store = meta.fit(tasks).net_, meta.codec_.store(tasks)[0]
    ((parts, y_of_parts),) = EpisodeLoader(store, batch_size=4, steps=1, relabel=False)
    assert isinstance(parts, Parts) and [len(part["query_X"]) for part in parts.batches] == [2, 2]
    order = [int(np.flatnonzero(X[:, 0].astype("f4") == float(row))[0])
             for part in parts.batches for row in part["support_X"][:, 0, 0]]  # fmt: skip
    numbers = np.searchsorted(np.cumsum(n_support + n_query), order, side="right")
    whole = store.whole_tasks(torch.as_tensor(numbers))

    def step(batch):
        net.module_.zero_grad()
        taken = net.train_step_single(batch)
        gradients = [value.grad.clone() for value in net.module_.parameters() if value.requires_grad]
        # Reptile reports a loss that it does not go by
        return gradients, 0.0 if net.module_.loss_by_tasks else taken["loss"].item()

    torch.testing.assert_close(step((parts, y_of_parts)), step(whole), rtol=1e-4, atol=1e-5)
    assert np.isfinite(net.history[:, "train_loss"]).all()


class TypesOfBatches(Callback):
    def on_train_begin(self, net, **kwargs):
        self.seen = set()

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        self.seen |= {type(batch[0])} if training else set()


@pytest.mark.parametrize(
    "meta, kind",
    [
        (SiameseNetClassifier(**SHORT), dict),
        (RecurrentClassifier(**SHORT), dict),
        (MAMLClassifier(**SHORT, multi_step_loss=True), Parts),
    ],
    ids=["of pairs", "of support rows too", "of query rows"],
)
def test_losses_that_parts_do_not_make_up_take_batches_whole_and_callbacks_read_either(meta, kind):
    rng = np.random.default_rng(0)
    n_support, n_query = np.array([3, 4, 30, 33]), np.array([2, 2, 9, 8])
    X = rng.normal(size=((n_support + n_query).sum(), 2))
    tasks = TaskSet.from_pool(X, np.arange(len(X)) % 2, n_support, n_query)
    scoring = EpochScoring("accuracy", on_train=True, name="mine")
    meta.set_params(callbacks=[("types", TypesOfBatches()), ("scoring", scoring)]).fit(tasks)
    assert dict(meta.net_.callbacks_)["types"].seen == {kind}
    assert all(0 <= value <= 1 for value in meta.net_.history[:, "mine"])


# ---------------------------------------------------------------------- history and callbacks


def test_history_records_every_epoch(cluster_tasks):
    meta = proto(validation_fraction=0.25).fit(cluster_tasks)
    history = meta.net_.history
    assert len(history) == 3
    assert history[:, "epoch"] == [1, 2, 3]
    for name in ("train_loss", "valid_loss", "train_acc", "valid_acc"):
        assert np.isfinite(history[:, name]).all()
    assert len(history[0, "batches"]) >= 3


def test_training_lowers_the_loss(cluster_tasks):
    history = proto(max_epochs=20).fit(cluster_tasks).net_.history
    assert np.mean(history[-5:, "train_loss"]) < np.mean(history[:5, "train_loss"])


def test_early_stopping_stops_and_can_give_back_the_best(cluster_tasks):
    # with a huge learning rate the validation loss cannot keep improving
    meta = proto(
        max_epochs=50,
        lr=3.0,
        validation_fraction=0.25,
        callbacks=[EarlyStopping(patience=2, load_best=True)],
    ).fit(cluster_tasks)
    losses = meta.net_.history[:, "valid_loss"]
    assert len(losses) < 50
    net = meta.net_
    recomputed = np.mean(
        [net.validation_step(batch)["loss"].item() for batch in net.get_iterator(held_out(net), training=False)]
    )
    assert recomputed == pytest.approx(min(losses), rel=1e-3)


def held_out(net):
    return net.train_split(None)[1]


def test_learning_rate_schedules_run(cluster_tasks):
    schedule = LRScheduler("StepLR", step_size=1, gamma=0.1, event_name="event_lr")
    meta = proto(lr=0.1, callbacks=[("schedule", schedule)]).fit(cluster_tasks)
    np.testing.assert_allclose(meta.net_.history[:, "event_lr"], [0.1, 0.01, 0.001])


def test_clipping_bounds_the_step(cluster_tasks):
    settings = {"optimizer": torch.optim.SGD, "lr": 1.0, "max_epochs": 1, "steps_per_epoch": 1}
    start = weights(proto(max_epochs=0).fit(cluster_tasks))
    meta = proto(**settings, callbacks=[GradientNormClipping(0.01)]).fit(cluster_tasks)
    moved = sum(((part - start[name]) ** 2).sum() for name, part in weights(meta).items()) ** 0.5
    assert 0.009 < float(moved) < 0.011


def test_few_shot_accuracy_on_held_out_tasks_can_be_scored(cluster_tasks):
    scoring = EpochScoring("accuracy", name="few_shot", lower_is_better=False)
    meta = proto(validation_fraction=0.25, callbacks=[scoring]).fit(cluster_tasks)
    np.testing.assert_allclose(meta.net_.history[:, "few_shot"], meta.net_.history[:, "valid_acc"], rtol=1e-6)


@pytest.mark.parametrize("split", ["given", "drawn"])
def test_a_task_scorer_scores_held_out_tasks_as_it_scores_the_estimator(cluster_tasks, unsplit_cluster_tasks, split):
    tasks = cluster_tasks if split == "given" else unsplit_cluster_tasks
    scorer, asked = task_scorer("balanced_accuracy"), []

    def remembering(net, store, y=None):
        asked.append(store.tasks)
        return scorer(net, store)

    scoring = EpochScoring(remembering, name="balanced", lower_is_better=False)
    meta = proto(max_epochs=2, validation_fraction=0.25, callbacks=[scoring]).fit(tasks)
    assert len(asked[0]) == len(tasks) // 4
    assert meta.net_.history[-1, "balanced"] == scorer(meta, asked[-1])
    assert meta.net_._standing_estimator is None


def test_a_task_scorer_needs_tasks_that_are_held_out(cluster_tasks):
    told = EpochScoring(task_scorer("neg_log_loss"), name="loss", lower_is_better=False, on_train=True)
    assert np.isfinite(proto(callbacks=[told]).fit(cluster_tasks).net_.history[:, "loss"]).all()
    with pytest.raises(ValueError, match="validation_fraction"):
        proto(callbacks=[told]).fit(GaussianClusters(n_ways=2))


def test_any_function_can_be_scored(sinusoid_tasks):
    def spread(net, X, y=None):
        return float(net.predict(X).std())

    meta = MAMLRegressor(**SHORT, validation_fraction=0.25, callbacks=[EpochScoring(spread, name="spread")])
    assert np.isfinite(meta.fit(sinusoid_tasks).net_.history[:, "spread"]).all()


def test_progress_and_log_are_printed_when_asked(cluster_tasks, capsys):
    proto(max_epochs=2, callbacks=[ProgressBar()], verbose=1).fit(cluster_tasks)
    printed = capsys.readouterr()
    assert "train_loss" in printed.out
    proto(max_epochs=2).fit(cluster_tasks)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("validation_fraction, total", [(None, 5), (0.25, 6)])
def test_a_progress_bar_counts_batches(validation_fraction, total, cluster_tasks, monkeypatch):
    totals = []

    class Watched(ProgressBar):
        def on_epoch_end(self, net, **kwargs):
            totals.append((self.pbar_.n, self.pbar_.total))
            super().on_epoch_end(net, **kwargs)

    settings = {"steps_per_epoch": 5, "validation_fraction": validation_fraction, "iterator_valid__steps": 1}
    proto(callbacks=[Watched()], **settings).fit(cluster_tasks)
    assert totals == [(total, total)] * 3


def test_callbacks_given_as_parameters_stay_as_they_are(cluster_tasks):
    stopping = EarlyStopping(patience=1, monitor="train_loss")
    before = vars(stopping).copy()
    meta = proto(callbacks=[stopping, ("log", PrintLog(sink=print))]).fit(cluster_tasks)
    assert vars(stopping) == before
    assert dict(meta.net_.callbacks_)["EarlyStopping"] is not stopping


# ---------------------------------------------------------------------- going on


@pytest.mark.parametrize("validation_fraction", [None, 0.25])
@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
def test_warm_start_goes_on_as_if_never_interrupted(cls, validation_fraction, cluster_tasks):
    settings = {**SHORT, "validation_fraction": validation_fraction}
    whole = cls(**settings | {"max_epochs": 4}).fit(cluster_tasks)
    halves = cls(**settings | {"max_epochs": 2}, warm_start=True).fit(cluster_tasks).fit(cluster_tasks)
    assert len(halves.net_.history) == 4
    assert same_weights(whole, halves)


def test_without_warm_start_fit_starts_over(cluster_tasks):
    meta = proto().fit(cluster_tasks)
    again = proto().fit(cluster_tasks).fit(cluster_tasks)
    assert len(again.net_.history) == 3
    assert same_weights(meta, again)


def test_warm_start_leaves_an_earlier_copy_alone(cluster_tasks):
    import copy

    meta = proto(warm_start=True).fit(cluster_tasks)
    earlier, before = copy.copy(meta), weights(meta)
    meta.fit(cluster_tasks)
    for name, part in weights(earlier).items():
        assert_array_equal(part, before[name])


def test_warm_start_refuses_other_features(cluster_tasks):
    meta = proto(warm_start=True).fit(cluster_tasks)
    before = weights(meta)
    with pytest.raises(ValueError, match="2 features, but ProtoNetClassifier is expecting 4"):
        meta.fit([(task.X[:, :2], task.y) for task in cluster_tasks])
    for name, part in weights(meta).items():
        assert_array_equal(part, before[name])


def test_warm_start_takes_a_new_learning_rate(cluster_tasks):
    meta = proto(warm_start=True, optimizer=torch.optim.SGD, lr=0.1).fit(cluster_tasks)
    before = weights(meta)
    meta.set_params(lr=0.0).fit(cluster_tasks)
    for name, part in weights(meta).items():
        assert_array_equal(part, before[name])


def test_warm_start_takes_other_episodes(cluster_tasks):
    meta = proto(warm_start=True).fit(cluster_tasks)
    meta.set_params(batch_size=3, iterator_train__steps=4).fit(cluster_tasks)
    assert meta.net_.batch_size == 3
    assert len(meta.net_.history[-1, "batches"]) == 4


def test_warm_start_refuses_other_shared_classes(shared_tasks):
    meta = proto(warm_start=True).fit(shared_tasks)
    with pytest.raises(ValueError, match=r"\['leave', 'stay'\], but these tasks have \['away', 'stay'\]"):
        meta.fit([(task.X, np.where(task.y == "stay", "stay", "away")) for task in shared_tasks])


def test_warm_start_keeps_the_scale_of_targets(sinusoid_tasks):
    meta = MAMLRegressor(**SHORT, warm_start=True).fit(sinusoid_tasks)
    before = meta.target_mean_, meta.target_scale_
    meta.fit([(task.X, 5 * task.y) for task in sinusoid_tasks])
    assert (meta.target_mean_, meta.target_scale_) == before
    with pytest.raises(ValueError, match="y has 2 targets, but 1 were meta-trained"):
        meta.fit([(task.X, np.c_[task.y, task.y]) for task in sinusoid_tasks])


class StopAfter(Callback):
    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epochs:
            raise KeyboardInterrupt


def test_a_callback_that_stops_early_is_no_interruption(cluster_tasks):
    stopped = proto(max_epochs=50, callbacks=[StopAfter(3)]).fit(cluster_tasks)
    assert len(stopped.net_.history) == 3
    assert same_weights(stopped, proto(max_epochs=3).fit(cluster_tasks))


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
def test_a_checkpoint_resumes_to_the_weights_of_an_uninterrupted_run(cls, cluster_tasks, tmp_path):
    def checkpoint():
        return Checkpoint(dirname=tmp_path, monitor=None)

    whole = cls(**SHORT | {"max_epochs": 5}).fit(cluster_tasks)
    cls(**SHORT | {"max_epochs": 50}, callbacks=[checkpoint(), StopAfter(2)]).fit(cluster_tasks)
    resumed = cls(
        **SHORT | {"max_epochs": 3}, callbacks=[("save", checkpoint()), ("load", LoadInitState(checkpoint()))]
    ).fit(cluster_tasks)
    assert len(resumed.net_.history) == 5
    assert same_weights(whole, resumed)


# ---------------------------------------------------------------------- held-out tasks


class Spy(Callback):
    seen = []

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.seen.append((dataset_train, dataset_valid))


def test_validation_holds_out_tasks_not_episodes(unsplit_cluster_tasks):
    Spy.seen.clear()
    proto(validation_fraction=0.25, max_epochs=1, callbacks=[Spy]).fit(unsplit_cluster_tasks)
    ((train, valid),) = Spy.seen
    assert (len(train), len(valid)) == (12, 4)
    rows = [{tuple(row) for row in store.X.tolist()} for store in (train, valid)]
    assert not rows[0] & rows[1]
    assert len(rows[0] | rows[1]) == len(unsplit_cluster_tasks.pooled[0])


@pytest.mark.parametrize("tasks", ["unsplit_cluster_tasks", "cluster_tasks", "shared_tasks"])
def test_validation_episodes_are_the_same_every_epoch(tasks, request):
    meta = proto(lr=0.0, optimizer=torch.optim.SGD, validation_fraction=0.25).fit(request.getfixturevalue(tasks))
    losses = meta.net_.history[:, "valid_loss"]
    assert losses[0] == losses[1] == losses[2]


def test_rows_of_one_table_are_held_out_too():
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    Spy.seen.clear()
    meta = proto(validation_fraction=0.2, max_epochs=1, callbacks=[Spy]).fit(X, y)
    ((train, valid),) = Spy.seen
    assert (len(train.X), len(valid.X)) == (90, 30)  # thirty more say how far the classifier is to be trusted
    assert np.isfinite(meta.net_.history[:, "valid_loss"]).all()


def test_a_distribution_is_validated_on_tasks_drawn_once():
    meta = MAMLRegressor(**SHORT | {"lr": 0.0}, optimizer=torch.optim.SGD, validation_fraction=0.5)
    losses = meta.fit(Sinusoids()).net_.history[:, "valid_loss"]
    assert losses[0] == losses[1] == losses[2]
    train = meta.net_.history[:, "train_loss"]
    assert train[0] != train[1]  # training tasks are new every epoch


# ---------------------------------------------------------------------- devices


def test_auto_takes_a_device_that_is_there(cluster_tasks):
    expected = resolve_device("auto")
    assert expected.type == ("cuda" if torch.cuda.is_available() else expected.type)
    task = cluster_tasks[0]
    meta = proto(device="auto", max_epochs=1).fit(cluster_tasks).partial_fit(task.X, task.y)
    assert isinstance(meta.predict_proba(task.X_query), np.ndarray)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_trained_on_a_gpu_answers_in_numpy_and_pickles(cluster_tasks):
    import pickle

    task = cluster_tasks[0]
    meta = proto(device="cuda").fit(cluster_tasks).partial_fit(task.X, task.y)
    assert next(meta.net_.module_.parameters()).device.type == "cuda"
    p = meta.predict_proba(task.X_query)
    assert isinstance(p, np.ndarray)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(meta)).predict_proba(task.X_query), p)


def test_a_device_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"device='cuda:99' is not there.*device='cpu'"):
        resolve_device("cuda:99")


# ---------------------------------------------------------------------- users' modules


class Plain(nn.Module):
    """Fixed width, no n_features_in."""

    def __init__(self, width=6):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 3))

    def forward(self, X):
        return self.layers(X)


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.LazyLinear(6), nn.ReLU(), nn.LazyLinear(5))

    def forward(self, X):
        return self.layers(X)


class Normed(nn.Module):
    """Batch normalisation and dropout."""

    def __init__(self, n_features_in):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features_in, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 5)
        )

    def forward(self, X):
        return self.layers(X)


class Convolution(nn.Module):
    """Sees a row as a sequence."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Unflatten(1, (1, -1)), nn.Conv1d(1, 3, 2), nn.ReLU(), nn.Flatten())

    def forward(self, X):
        return self.layers(X)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
@pytest.mark.parametrize("module", [Plain, Lazy, Normed, Convolution])
def test_any_module_class_can_be_the_body(cls, module, cluster_tasks):
    task = cluster_tasks[0]
    meta = cls(module, **SHORT).fit(cluster_tasks).partial_fit(task.X, task.y)
    p = meta.predict_proba(task.X_query)
    np.testing.assert_allclose(p.sum(1), 1)
    np.testing.assert_allclose(meta.predict_proba(task.X_query[:1]), p[:1], atol=1e-9)


def test_parameters_of_a_module_class_are_searched_like_any(cluster_tasks):
    meta = proto(module=Plain, module__width=9).fit(cluster_tasks)
    assert meta.net_.module_.body.layers[0].out_features == 9


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
def test_a_module_instance_is_left_untouched(cls, cluster_tasks):
    body = Normed(4)
    before = {name: part.clone() for name, part in body.state_dict().items()}
    meta = cls(body, **SHORT).fit(cluster_tasks)
    task = cluster_tasks[0]
    meta.partial_fit(task.X, task.y).predict(task.X_query)
    assert body.training
    assert all(parameter.grad is None for parameter in body.parameters())
    for name, part in body.state_dict().items():
        assert_array_equal(part, before[name])
    assert meta.net_.module_.body is not body


def test_training_starts_from_the_weights_of_an_instance(cluster_tasks):
    body = Plain()
    meta = proto(module=body, max_epochs=0).fit(cluster_tasks)
    for a, b in zip(meta.net_.module_.body.parameters(), body.parameters()):
        assert_array_equal(a.detach(), b.detach())
