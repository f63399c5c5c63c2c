"""k-means over many column subsets at once."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from skmeta.tasks.clustering import cluster_column_subsets


def test_well_separated_groups_are_found_in_the_columns_that_hold_them():
    rng = np.random.default_rng(0)
    groups = rng.integers(3, size=(2, 300))  # two independent groupings, one in columns 0-1, one in columns 2-3
    X = np.repeat(10.0 * groups, 2, axis=0).T + 0.1 * rng.standard_normal((300, 4))
    columns = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
    labels, _ = cluster_column_subsets(X, columns, 3, rng)
    for found, truth in zip(labels, groups):
        pairs = set(zip(found.tolist(), truth.tolist()))
        assert len(pairs) == 3  # a renaming of the groups


def test_distances_are_those_to_the_centres_over_the_subset_only():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 5))
    columns = np.array([[1, 0, 1, 0, 1]], dtype=bool)
    labels, distances = cluster_column_subsets(X, columns, 4, rng, max_iter=100)
    seen = X[:, columns[0]]
    centres = np.stack([seen[labels[0] == c].mean(axis=0) for c in range(4)])
    expected = ((seen[None] - centres[:, None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(distances[0], expected, atol=1e-4)
    np.testing.assert_array_equal(labels[0], distances[0].argmin(axis=0))


def test_inertia_is_close_to_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((800, 12)) * rng.uniform(0.5, 2, 12)
    columns = rng.random((30, 12)) < 0.4
    columns[~columns.any(axis=1), 0] = True
    _, distances = cluster_column_subsets(X, columns, 5, rng)
    ours = distances.min(axis=1).sum(axis=1)
    theirs = [KMeans(5, n_init=1, random_state=0).fit(X[:, chosen]).inertia_ for chosen in columns]
    assert np.mean(ours / theirs) < 1.1


@pytest.mark.parametrize("n_subsets", [1, 7])
def test_blocks_of_subsets_leave_no_subset_out(n_subsets, monkeypatch):
    monkeypatch.setattr("skmeta.tasks.clustering._BLOCK_CELLS", 1)  # one subset a block
    rng = np.random.default_rng(0)
    labels, distances = cluster_column_subsets(rng.normal(size=(20, 3)), np.ones((n_subsets, 3), bool), 2, rng)
    assert labels.shape == (n_subsets, 20)
    assert distances.shape == (n_subsets, 2, 20)


def test_rows_that_all_coincide_do_not_break_it():
    labels, distances = cluster_column_subsets(
        np.zeros((10, 2)), np.array([[True, False]]), 3, np.random.default_rng(0)
    )
    assert labels.shape == (1, 10)
    assert (distances == 0).all()
