"""Gaussian clusters: sizes, moments, and that there is something to meta-learn."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.tasks.clusters import ClassLayout, GaussianClusters


def test_the_layout_of_two_ragged_tasks_is_the_one_worked_out_by_hand():
    # task 0: 2 ways, 1 shot, 1 query; task 1: 1 way, 2 shots, no query
    layout = ClassLayout.draw(np.array([2, 1]), np.array([1, 2]), np.array([1, 0]), np.random.default_rng(0))
    assert layout.task.tolist() == [0, 0, 0, 0, 1, 1]
    assert layout.n_support.tolist() == [2, 2]
    assert layout.n_query.tolist() == [2, -1]
    assert sorted(layout.label[:2]) == [0, 1] and sorted(layout.label[2:4]) == [0, 1]
    assert layout.label[4:].tolist() == [0, 0]
    assert layout.class_index[4:].tolist() == [2, 2]
    assert (layout.position[:2] == 0).all() and (layout.position[2:4] == 1).all()


@settings(max_examples=30, deadline=None)
@given(
    ways=st.tuples(st.integers(2, 4), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1])),
    shots=st.tuples(st.integers(1, 3), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1])),
    n_query=st.integers(0, 4),
    seed=st.integers(0, 2**31),
)
def test_every_class_of_a_task_has_the_same_number_of_rows_within_the_range(ways, shots, n_query, seed):
    for task in GaussianClusters(ways, shots, n_query, n_features=3).sample(5, seed):
        counts = np.bincount(task.y)
        assert ways[0] <= len(counts) <= ways[1]
        assert shots[0] <= counts[0] <= shots[1] and (counts == counts[0]).all()
        if n_query:
            assert np.bincount(task.y_query).tolist() == [n_query] * len(counts)
        else:
            assert task.X_query is None


def test_rows_scatter_around_their_centre_with_the_scale_asked_for():
    family = GaussianClusters(n_ways=2, n_shots=2000, n_query=0, n_features=4, scale=0.7, n_irrelevant=1)
    tasks, made_of = family.sample_with_parameters(2, random_state=0)
    for task, centres in zip(tasks, made_of["centres"]):
        for label in (0, 1):
            rows = task.X[task.y == label]
            np.testing.assert_allclose(rows.mean(axis=0), centres[label], atol=0.1)  # 0.7 / sqrt(2000) = 0.016
            spread = np.where(family.relevant_, 0.7, 1.0)
            np.testing.assert_allclose(rows.std(axis=0), spread, rtol=0.08)


@pytest.mark.parametrize("n_latent", [None, 1, 3])
def test_centres_lie_apart_as_the_separation_says(n_latent):
    family = GaussianClusters(
        n_ways=2, n_shots=1, n_query=0, n_features=8, separation=3.0, scale=0.5, n_latent=n_latent
    )
    centres = np.stack(family.sample_with_parameters(5000, random_state=0)[1]["centres"])
    distance = np.linalg.norm(centres[:, 0] - centres[:, 1], axis=1)
    assert np.sqrt((distance**2).mean()) == pytest.approx(1.5, rel=0.05)


def test_centres_span_the_shared_subspace_and_leave_irrelevant_features_alone():
    family = GaussianClusters(n_features=10, n_latent=2, n_irrelevant=3, n_ways=4)
    centres = np.concatenate(list(family.sample_with_parameters(20, random_state=0)[1]["centres"]))
    assert np.linalg.matrix_rank(centres, tol=1e-8) == 2
    assert family.relevant_.sum() == 7
    assert (centres[:, ~family.relevant_] == 0).all()
    np.testing.assert_allclose(family.directions_ @ family.directions_.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(centres @ family.directions_.T @ family.directions_, centres, atol=1e-9)


def test_who_knows_the_shared_subspace_is_much_better_than_who_does_not():
    family = GaussianClusters(n_shots=1, n_features=20, n_latent=3)
    tasks = family.sample(200, random_state=0)

    def one_nearest_neighbour_accuracy(view):
        accuracy = []
        for task in tasks:
            distance = ((view(task.X_query)[:, None] - view(task.X)[None]) ** 2).sum(axis=-1)
            accuracy.append(np.mean(task.y[distance.argmin(axis=1)] == task.y_query))
        return np.mean(accuracy)

    raw = one_nearest_neighbour_accuracy(lambda X: X)
    informed = one_nearest_neighbour_accuracy(lambda X: X @ family.directions_.T)
    assert informed > raw + 0.1


def test_new_classes_appear_in_every_task_and_a_seed_repeats_them():
    family = GaussianClusters()
    first, again = family.sample(3, random_state=5), family.sample(3, random_state=5)
    np.testing.assert_array_equal(first.pooled[0], again.pooled[0])
    np.testing.assert_array_equal(first.pooled[1], again.pooled[1])
    centres = family.sample_with_parameters(2, random_state=5)[1]["centres"]
    assert not np.allclose(centres[0], centres[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_ways": 1}, "n_ways must"),
        ({"n_irrelevant": 20}, "n_irrelevant must lie"),
        ({"n_latent": 21}, "20 relevant features, got 21"),
        ({"scale": -0.5}, "scale must not be negative, got -0.5"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_at_once(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GaussianClusters(), **changes)
