"""Classifiers that compare rows: they learn, they name the rows that carried an answer, they show their space."""

import copy

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from torch import nn

import skmeta
from skmeta.tasks import PseudoTasks
from skmeta.tasks.clusters import GaussianClusters

FAMILY = {"n_query": 15, "n_features": 30, "n_latent": 3, "separation": 6}
#: for a moment, where what is learned is not the question
SHORT = {"max_epochs": 1, "steps_per_epoch": 3, "random_state": 0}
VARIANTS = [
    ("MatchingNetClassifier", {}),
    ("MatchingNetClassifier", {"metric": "l2"}),
    ("MatchingNetClassifier", {"full_context": True, "reading_steps": 1, "module__n_out": 16, "n_shots": 1}),
    ("RelationNetClassifier", {}),
    ("RelationNetClassifier", {"relation_loss": "mse"}),
    ("SiameseNetClassifier", {"module__n_hidden": 16}),
    ("SiameseNetClassifier", {"loss": "contrastive"}),
    ("TripletNetClassifier", {}),
    ("TripletNetClassifier", {"mining": "batch-hard", "margin": 0.5}),
    ("MetaKNeighborsClassifier", {}),
    ("MetaOptNetClassifier", {}),
    ("MetaOptNetClassifier", {"head": "logistic", "module__n_out": 8, "n_shots": 1}),
    ("MetaOptNetClassifier", {"head": "svm", "module__n_out": 8, "n_shots": 1, "max_epochs": 4}),
]


@pytest.fixture(scope="module")
def clusters():
    """Class centres in 3 of 30 dimensions: whoever has found them needs one row where others need many."""
    train = GaussianClusters(n_ways=(3, 5), n_shots=20, **FAMILY | {"n_query": 0}).sample(60, random_state=0)
    test = GaussianClusters(n_ways=7, n_shots=1, **FAMILY).sample(40, random_state=1)
    return train, test


@pytest.mark.parametrize("name, settings", VARIANTS, ids=[f"{n} {s}" for n, s in VARIANTS])
def test_it_learns_a_space_for_more_classes_than_it_ever_saw(name, settings, clusters):
    train, test = clusters
    raw = np.mean([KNeighborsClassifier(1).fit(t.X, t.y).score(t.X_query, t.y_query) for t in test])
    make = getattr(skmeta, name)
    settings = {
        "n_shots": (1, 3),
        "n_query": 5,
        "batch_size": 8,
        "max_epochs": 6,
        "lr": 0.01,
        "random_state": 0,
    } | settings
    trained = make(**settings).fit(train).score(test)
    untrained = make(**settings | {"max_epochs": 0}).fit(train).score(test)
    assert trained > max(raw, untrained) + 0.05


@pytest.mark.parametrize("name", ["MatchingNetClassifier", "SiameseNetClassifier", "TripletNetClassifier"])
def test_neighbours_are_those_of_scikit_learn_in_the_same_space(name, clusters):
    task = clusters[1][0]
    settings = {"metric": "cosine"} if name == "MatchingNetClassifier" else {}
    metric = {"MatchingNetClassifier": "cosine", "SiameseNetClassifier": "manhattan"}.get(name, "euclidean")
    meta = getattr(skmeta, name)(nn.Identity, max_epochs=0, **settings).fit(clusters[0]).adapt(task.X, task.y)
    reference = KNeighborsClassifier(4, metric=metric).fit(task.X, task.y)
    # the distance of a Siamese network begins as the mean of the absolute differences, not as their sum
    unit = task.X.shape[1] if name == "SiameseNetClassifier" else 1
    for X in (task.X_query, None):
        (mine, my_rows), (theirs, their_rows) = meta.kneighbors(X, 4), reference.kneighbors(X, 4)
        np.testing.assert_allclose(mine * unit, theirs, rtol=1e-6)
        np.testing.assert_array_equal(my_rows, their_rows)
    np.testing.assert_array_equal(meta.kneighbors(X, 4, return_distance=False), their_rows)


def test_a_relation_networks_neighbours_are_the_rows_it_relates_most(clusters):
    task = clusters[1][0]
    meta = skmeta.RelationNetClassifier(**SHORT).fit(clusters[0]).adapt(task.X, task.y)
    distance, rows = meta.kneighbors(task.X_query, 7)
    assert (np.diff(distance, axis=1) >= 0).all()
    assert (distance >= 0).all()
    # with one row per class the nearest row's class is the answer
    np.testing.assert_array_equal(task.y[rows[:, 0]], meta.predict(task.X_query))


def test_rows_far_from_all_others_still_have_nearest_relations(clusters):
    task = clusters[1][0]
    meta = skmeta.RelationNetClassifier(**SHORT).fit(clusters[0]).adapt(task.X, task.y)
    distance, _ = meta.kneighbors(100 * task.X_query, 7)
    assert (np.diff(distance, axis=1) > 0).all()


METRIC = [
    "MatchingNetClassifier",
    "MetaKNeighborsClassifier",
    "ProtoNetClassifier",
    "RelationNetClassifier",
    "SiameseNetClassifier",
    "TripletNetClassifier",
]


@pytest.mark.parametrize("name", METRIC)
@pytest.mark.parametrize(
    "body",
    [
        nn.Sequential(nn.Linear(30, 8), nn.BatchNorm1d(8)),
        nn.Sequential(nn.Unflatten(1, (1, 5, 6)), nn.Conv2d(1, 2, 3), nn.Flatten()),
    ],
    ids=["batch norm", "convolution"],
)
def test_bodies_see_one_table(name, body, clusters):
    task = clusters[1][0]
    meta = getattr(skmeta, name)(body, **SHORT).fit(clusters[0]).adapt(task.X, task.y)
    assert meta.predict(task.X_query).shape == task.y_query.shape


def test_asking_for_impossible_neighbours_is_refused(clusters):
    task = clusters[1][0]
    meta = skmeta.MatchingNetClassifier(max_epochs=0).fit(clusters[0])
    with pytest.raises(skmeta.NotAdaptedError):
        meta.kneighbors(task.X)
    meta.adapt(task.X, task.y)
    with pytest.raises(ValueError, match="n_neighbors = 8"):
        meta.kneighbors(task.X, 8)
    with pytest.raises(ValueError, match="Got 0"):
        meta.kneighbors(task.X, 0)
    with pytest.raises(TypeError, match="integer"):
        meta.kneighbors(task.X, 2.0)


@pytest.mark.parametrize(
    "name", ["ProtoNetClassifier", "SiameseNetClassifier", "TripletNetClassifier", "MetaKNeighborsClassifier"]
)
def test_the_space_can_be_had_without_any_task(name, clusters):
    train, test = clusters
    meta = getattr(skmeta, name)(module__n_out=5, **SHORT).fit(train)
    points = meta.transform(test[0].X)
    assert points.shape == (7, 5)
    assert list(meta.get_feature_names_out()) == [f"{name.lower()}{i}" for i in range(5)]
    moved = meta.transform(test)
    assert len(moved) == len(test)
    np.testing.assert_allclose(moved[0].X, points)
    np.testing.assert_array_equal(moved[0].y, test[0].y)


def test_rows_may_come_out_as_a_frame_and_tasks_stay_tasks(clusters):
    train, test = clusters
    meta = skmeta.ProtoNetClassifier(module__n_out=5, **SHORT).fit(train)
    as_frame = meta.set_output(transform="pandas").transform(test[0].X)
    assert list(as_frame.columns) == list(meta.get_feature_names_out())
    assert isinstance(meta.transform(test), skmeta.TaskSet)


def test_prototypes_lie_at_the_class_means_of_the_space_that_is_shown(clusters):
    train, test = clusters
    meta = skmeta.ProtoNetClassifier(**SHORT).fit(train).adapt(test[0].X, test[0].y)
    # one row a class: a prototype is that row's point
    points, asked = meta.transform(test[0].X), meta.transform(test[0].X_query)
    nearest = ((asked[:, None] - points) ** 2).sum(-1).argmin(1)
    np.testing.assert_array_equal(meta.predict(test[0].X_query), test[0].y[nearest])


def test_a_space_learned_from_unlabelled_rows_serves_another_classifier():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=600)
    X = rng.standard_normal((600, 40))
    X[:, :15] += rng.standard_normal((3, 15))[y]  # the other columns know nothing of one another, or of y
    tasks = PseudoTasks(X, n_ways=3, n_shots=(1, 5), n_query=10)
    meta = skmeta.ProtoNetClassifier(batch_size=4, steps_per_epoch=50, max_epochs=4, random_state=0).fit(tasks)
    in_space, in_rows = make_pipeline(FrozenEstimator(meta), LogisticRegression()), LogisticRegression()
    gains = []
    for _ in range(10):
        few = np.concatenate([rng.permutation(np.flatnonzero(y == label))[:2] for label in range(3)])
        gains.append(in_space.fit(X[few], y[few]).score(X, y) - in_rows.fit(X[few], y[few]).score(X, y))
    assert np.mean(gains) > 0.05


def test_full_context_reads_the_support(clusters):
    task = clusters[1][0]
    meta = skmeta.MatchingNetClassifier(full_context=True, max_epochs=0, random_state=0).fit(clusters[0])
    all_rows = copy.deepcopy(meta).adapt(task.X, task.y)
    fewer = copy.deepcopy(meta).adapt(task.X[:-1], task.y[:-1])
    near = all_rows.kneighbors(task.X_query, 7)[0].min(1), fewer.kneighbors(task.X_query, 6)[0].min(1)
    assert not np.allclose(*near)


@pytest.mark.parametrize("name", ["MatchingNetClassifier", "RelationNetClassifier", "MetaKNeighborsClassifier"])
def test_ten_thousand_rows_are_a_support_like_any_other(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 3))
    y = (X[:, 0] > 0).astype(int)
    meta = getattr(skmeta, name)(max_epochs=4, n_shots=20, lr=0.01, random_state=0).fit(X, y)
    assert meta.score(X[:300], y[:300]) > 0.85
    distance, rows = meta.kneighbors(X[:20], 2)
    assert rows.shape == (20, 2)
