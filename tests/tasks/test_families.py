"""Synthetic regression families against their formulas and moments."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.tasks.families import LinearFamily, QuadraticFamily, Sinusoids

FAMILIES = [
    Sinusoids(),
    Sinusoids(protocol="meta-sgd", noise=0.3),
    LinearFamily(n_features=4),
    QuadraticFamily(n_features=3, n_latent=2),
]


def test_a_maml_sinusoid_has_the_value_worked_out_by_hand():
    made_of = {"amplitude": np.array([2.0]), "frequency": np.array([1.0]), "phase": np.array([np.pi / 2])}
    # 2 sin(pi/2 - pi/2) = 0 and 2 sin(pi - pi/2) = 2
    assert Sinusoids().target(np.array([[np.pi / 2]]), made_of) == pytest.approx([0.0])
    assert Sinusoids().target(np.array([[np.pi]]), made_of) == pytest.approx([2.0])


def test_a_meta_sgd_sinusoid_has_the_value_worked_out_by_hand():
    made_of = {"amplitude": np.array([3.0]), "frequency": np.array([0.5]), "phase": np.array([np.pi / 2])}
    # 3 sin(0.5 pi + pi/2) = 3 sin(pi) = 0 and 3 sin(0 + pi/2) = 3
    assert Sinusoids("meta-sgd").target(np.array([[np.pi]]), made_of) == pytest.approx([0.0], abs=1e-12)
    assert Sinusoids("meta-sgd").target(np.array([[0.0]]), made_of) == pytest.approx([3.0])


@pytest.mark.parametrize(
    ("protocol", "ranges"),
    [
        ("maml", {"amplitude": (0.1, 5), "frequency": (1, 1), "phase": (0, np.pi)}),
        ("meta-sgd", {"amplitude": (0.1, 5), "frequency": (0.8, 1.2), "phase": (0, np.pi)}),
    ],
)
def test_sinusoid_parameters_are_uniform_over_the_published_ranges(protocol, ranges):
    tasks, made_of = Sinusoids(protocol, n_shots=1, n_query=1).sample_with_parameters(20_000, random_state=0)
    for name, (low, high) in ranges.items():
        drawn = made_of[name]
        assert drawn.min() >= low and drawn.max() <= high
        # a uniform mean of 20,000 draws has a standard error of (high - low) / sqrt(12 * 20,000); allow 4
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=4 * (high - low) / np.sqrt(240_000))
        assert drawn.std() == pytest.approx((high - low) / np.sqrt(12), rel=0.03)
    X = tasks.pooled[0]
    assert X.min() >= -5 and X.max() <= 5 and X.min() < -4.9 and X.max() > 4.9


def test_noise_has_the_standard_deviation_asked_for():
    family = Sinusoids(n_shots=200, n_query=0, noise=0.5)
    tasks, made_of = family.sample_with_parameters(50, random_state=0)
    X, y = tasks.pooled
    residual = y - family.target(X, {name: np.repeat(value, 200) for name, value in made_of.items()})
    assert residual.std() == pytest.approx(0.5, rel=0.03)  # 10,000 residuals: standard error 0.7%
    assert residual.mean() == pytest.approx(0.0, abs=0.02)


def test_linear_weights_differ_only_along_the_shared_directions():
    family = LinearFamily(n_features=6, n_latent=2, spread=1.5, mean_scale=2.0)
    weights = family.sample_with_parameters(5000, random_state=0)[1]["weights"]
    np.testing.assert_allclose(family.directions_.T @ family.directions_, np.eye(2), atol=1e-12)
    assert np.linalg.norm(family.mean_weights_) == pytest.approx(2.0)
    deviation = weights - family.mean_weights_
    assert np.linalg.matrix_rank(deviation, tol=1e-8) == 2
    np.testing.assert_allclose((deviation @ family.directions_).std(axis=0), 1.5, rtol=0.05)


def test_a_linear_task_is_solved_exactly_by_least_squares():
    family = LinearFamily(n_features=3, n_shots=10, noise=0.0)
    tasks, made_of = family.sample_with_parameters(4, random_state=1)
    for task, weights, intercept in zip(tasks, made_of["weights"], made_of["intercept"]):
        solved = np.linalg.lstsq(np.c_[task.X, np.ones(10)], task.y, rcond=None)[0]
        np.testing.assert_allclose(solved, [*weights, intercept], atol=1e-10)


def test_quadratic_target_equals_the_formula_row_by_row():
    family = QuadraticFamily(n_features=3, n_latent=2, noise=0.0, n_shots=2, n_query=1)
    tasks, made_of = family.sample_with_parameters(5, random_state=0)
    np.testing.assert_allclose(np.linalg.norm(family.forms_, axis=(1, 2)), 1.0)
    np.testing.assert_allclose(family.forms_, family.forms_.transpose(0, 2, 1))
    for t, task in enumerate(tasks):
        for x, y in zip(task.X, task.y):
            bent = sum(z * x @ Q @ x for z, Q in zip(made_of["curvature"][t], family.forms_))
            assert y == pytest.approx(bent + made_of["weights"][t] @ x + made_of["intercept"][t])


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_seed_gives_the_same_tasks_and_another_seed_others(family):
    first, again, other = (family.sample(3, random_state=seed).pooled for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_sampling_leaves_the_global_generator_as_found(family, global_rng_untouched):
    family.sample(3)
    family.sample(3, random_state=np.random.RandomState(0))


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
def test_a_family_survives_pickling_and_draws_the_same(family):
    copy = pickle.loads(pickle.dumps(family))
    assert copy == family
    np.testing.assert_array_equal(copy.sample(2, 0).pooled[1], family.sample(2, 0).pooled[1])


def test_the_structure_seed_decides_what_tasks_share_and_nothing_else_does():
    family = LinearFamily(structure_seed=1)
    assert not np.allclose(family.directions_, LinearFamily(structure_seed=2).directions_)
    np.testing.assert_array_equal(family.directions_, LinearFamily(structure_seed=1, noise=3.0).directions_)


@settings(max_examples=30, deadline=None)
@given(
    n_tasks=st.integers(1, 8),
    shots=st.tuples(st.integers(1, 4), st.integers(0, 4)).map(lambda p: (p[0], p[0] + p[1])),
    query=st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1])),
    seed=st.integers(0, 2**31),
)
def test_every_task_has_sizes_within_the_ranges(n_tasks, shots, query, seed):
    tasks = Sinusoids(n_shots=shots, n_query=query).sample(n_tasks, seed)
    assert len(tasks) == n_tasks
    for task in tasks:
        assert shots[0] <= len(task.X) <= shots[1]
        n_query = 0 if task.X_query is None else len(task.X_query)
        assert query[0] <= n_query <= query[1]


@pytest.mark.parametrize(
    ("family", "changes", "message"),
    [
        (Sinusoids(), {"protocol": "reptile"}, "protocol must be one of"),
        (Sinusoids(), {"noise": -1.0}, "noise must be"),
        (Sinusoids(), {"n_shots": 0}, "n_shots must"),
        (LinearFamily(), {"n_latent": 11}, "n_features=10, got 11"),
        (QuadraticFamily(), {"n_latent": 0}, "at least 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_at_once(family, changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(family, **changes)


@pytest.mark.parametrize("n_tasks", [0, -1, 2.0, None])
def test_the_number_of_tasks_must_be_a_positive_int(n_tasks):
    with pytest.raises(ValueError, match="n_tasks must be an int"):
        Sinusoids().sample(n_tasks)
