"""Nearest neighbours in a learned space: scikit-learn's to the last vote, and better after learning."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skmeta import MetaKNeighborsClassifier, MetaKNeighborsRegressor, TaskSet
from skmeta.tasks.families import LinearFamily

GRID = np.stack(np.meshgrid(range(-4, 5), range(-4, 5), [0, 1]), -1).reshape(-1, 3).astype(float)  # full of ties
LABELS = np.array(["a", "b", "c"])[(np.abs(GRID) @ [1, 2, 1]).astype(int) % 3]
TARGETS = GRID @ [1.0, -2.0, 0.5] + 100
ASKED = np.concatenate([GRID[::3], GRID[::4] + 0.5])


def by_square(distances):
    return 1 / (1 + distances**2)


SETTINGS = [
    {"metric": metric, "weights": weights, "n_neighbors": k}
    for metric in ("minkowski", "manhattan", "chebyshev", "canberra")
    for weights, k in (("uniform", 5), ("distance", 4), (by_square, 9))
] + [
    {"p": 3, "n_neighbors": 1},
    {"algorithm": "brute", "n_neighbors": 6},
    {"algorithm": "kd_tree", "leaf_size": 2, "weights": "distance", "n_neighbors": 5},
    {"metric": "cosine", "algorithm": "brute", "n_neighbors": 3},
    {"n_neighbors": 5},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_without_learning_it_is_scikit_learns(settings):
    X, asked = (GRID + [5, 5, 1], ASKED + [5, 5, 1]) if settings.get("metric") == "cosine" else (GRID, ASKED)
    mine = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0, **settings).fit(X, LABELS)
    theirs = KNeighborsClassifier(**settings).fit(X, LABELS)
    np.testing.assert_array_equal(mine.predict(asked), theirs.predict(asked))
    np.testing.assert_allclose(mine.predict_proba(asked), theirs.predict_proba(asked), rtol=0, atol=1e-15)
    for one, other in zip(mine.kneighbors(asked), theirs.kneighbors(asked)):
        np.testing.assert_array_equal(one, other)
    assert mine.effective_metric_ == theirs.effective_metric_
    assert mine.effective_metric_params_ == theirs.effective_metric_params_
    assert mine.n_samples_fit_ == theirs.n_samples_fit_ == len(X)

    y = np.column_stack([TARGETS, -TARGETS])
    mine = MetaKNeighborsRegressor(torch.nn.Identity, max_epochs=0, **settings).fit(X, y)
    theirs = KNeighborsRegressor(**settings).fit(X, y)
    np.testing.assert_array_equal(mine.predict(asked), theirs.predict(asked))


def test_neighbours_of_the_support_itself_and_their_graph_are_scikit_learns():
    mine = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0).fit(GRID, LABELS)
    theirs = KNeighborsClassifier().fit(GRID, LABELS)
    for one, other in zip(mine.kneighbors(), theirs.kneighbors()):
        np.testing.assert_array_equal(one, other)
    for mode in ("connectivity", "distance"):
        assert (mine.kneighbors_graph(ASKED, mode=mode) != theirs.kneighbors_graph(ASKED, mode=mode)).nnz == 0
    np.testing.assert_array_equal(mine.transform(ASKED), ASKED)


def test_many_tasks_are_answered_as_each_alone():
    rng = np.random.default_rng(0)
    tasks = TaskSet(
        [(X := rng.normal(size=(n, 2)), rng.integers(0, 3, n) % 3, X + 0.1, np.zeros(n, int)) for n in (9, 14, 6)]
    )
    meta = MetaKNeighborsClassifier(n_neighbors=3, max_epochs=1, labels="task", random_state=0).fit(tasks)
    together = meta.predict_proba(tasks)
    for task, p in zip(tasks, together):
        np.testing.assert_allclose(meta.adapt(task.X, task.y).predict_proba(task.X_query), p)


@pytest.mark.parametrize("n_neighbors", ["auto", 3])
@pytest.mark.parametrize("target_scaling", ["pooled", "task", None])
def test_numbers_of_many_tasks_are_answered_as_those_of_each_alone(target_scaling, n_neighbors):
    rng = np.random.default_rng(0)
    tasks = TaskSet([(X := rng.normal(size=(n, 2)), 900 + 50 * X[:, 0], X + 0.1, X[:, 0]) for n in (9, 14, 6)])
    meta = MetaKNeighborsRegressor(
        n_neighbors=n_neighbors, target_scaling=target_scaling, max_epochs=1, random_state=0
    ).fit(tasks)
    for task, y in zip(tasks, meta.predict(tasks)):
        np.testing.assert_allclose(meta.adapt(task.X, task.y).predict(task.X_query), y, rtol=1e-6)
        assert task.y.min() <= y.min() and y.max() <= task.y.max()


def test_one_row_of_each_class_is_no_tie():
    X, y = np.array([[0.0], [1.0], [2.0]]), ["x", "y", "z"]
    meta = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0)
    assert meta.partial_fit(X, y).predict([[1.9], [0.2], [1.2]]).tolist() == ["z", "x", "y"]


def test_without_a_number_of_neighbours_all_rows_vote_the_more_the_nearer_they_lie():
    X, y = np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([0, 1, 1, 0])
    meta = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0).fit(X, y)
    p = meta.predict_proba([[1.0], [0.4]])
    near = np.exp(-np.square([[1.0, 0, 1, 8], [0.4, 0.6, 1.6, 8.6]]))  # an embedding of one column: the scale is 1
    np.testing.assert_allclose(p, np.column_stack([near[:, [0, 3]].sum(1), near[:, 1:3].sum(1)]) / near.sum(1)[:, None])
    assert np.isfinite(meta.decision_function(X)).all()
    assert meta.kneighbors(X)[1].shape == (4, 4)

    values = MetaKNeighborsRegressor(torch.nn.Identity, max_epochs=0, n_neighbors="auto").fit(X, y + 10.0)
    np.testing.assert_allclose(values.predict([[0.4]]), 10 + p[1, 1])


@pytest.mark.parametrize("other", [{"weights": "distance"}, {"metric": "canberra"}])
def test_votes_that_cannot_be_learned_are_those_of_five_neighbours(other):
    mine = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0, **other).fit(GRID, LABELS)
    theirs = KNeighborsClassifier(**other).fit(GRID, LABELS)
    np.testing.assert_allclose(mine.predict_proba(ASKED), theirs.predict_proba(ASKED), atol=1e-12)


def test_row_weights_multiply_votes():
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([0, 0, 1])
    meta = MetaKNeighborsClassifier(torch.nn.Identity, max_epochs=0, n_neighbors=3, labels="shared").fit(X, y)
    np.testing.assert_allclose(meta.predict_proba([[0.5]]), [[2 / 3, 1 / 3]])
    meta.adapt(X, y, sample_weight=[1, 1, 6])
    np.testing.assert_allclose(meta.predict_proba([[0.5]]), [[1 / 4, 3 / 4]])
    meta.set_params(weights="distance").adapt(X, y, sample_weight=[1, 1, 6])
    # votes 1 / 0.5, 1 / 0.5 and 6 / 1.5; and where the row itself is asked about, it alone decides
    np.testing.assert_allclose(meta.predict_proba([[0.5], [1.0]]), [[1 / 2, 1 / 2], [1, 0]])

    values = MetaKNeighborsRegressor(torch.nn.Identity, max_epochs=0, n_neighbors=3)
    values.partial_fit(X, [0.0, 1.0, 2.0], sample_weight=[1, 1, 2])
    np.testing.assert_allclose(values.predict([[7.0]]), [5 / 4])


def test_regression_neighbours_become_better_by_learning():
    """Targets depend on one direction of ten, the same in all tasks."""
    rng = np.random.default_rng(0)
    direction = LinearFamily(n_features=10).mean_weights_
    tasks = TaskSet([(X := rng.normal(size=(60, 10)), np.sin(2 * X @ direction) + rng.normal()) for _ in range(40)])
    settings = {"n_neighbors": 3, "n_shots": 20, "random_state": 0}
    trained = MetaKNeighborsRegressor(max_epochs=15, **settings).fit(tasks[:30]).score(tasks[30:])
    raw = MetaKNeighborsRegressor(torch.nn.Identity, max_epochs=0, **settings).fit(tasks[:30]).score(tasks[30:])
    assert trained > raw + 0.3


def test_it_travels_by_pickle():
    meta = MetaKNeighborsClassifier(max_epochs=1, random_state=0).fit(GRID, LABELS)
    copied = pickle.loads(pickle.dumps(meta))
    np.testing.assert_array_equal(copied.predict(ASKED), meta.predict(ASKED))
    np.testing.assert_array_equal(copied.kneighbors(ASKED)[1], meta.kneighbors(ASKED)[1])


def test_no_weights_are_uniform_ones():
    uniform, none = (
        MetaKNeighborsClassifier(weights=weights, max_epochs=1, random_state=0).fit(GRID, LABELS)
        for weights in ("uniform", None)
    )
    np.testing.assert_array_equal(none.predict_proba(ASKED), uniform.predict_proba(ASKED))
    np.testing.assert_array_equal(none.decision_function(ASKED), uniform.decision_function(ASKED))
