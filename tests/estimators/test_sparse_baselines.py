"""Baselines keep sparse rows sparse, also where rows are added."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from skmeta import PerTaskBaseline, PooledBaseline


@pytest.mark.parametrize("baseline", [PerTaskBaseline(), PooledBaseline()], ids=repr)
def test_sparse_rows_are_answered_as_dense_ones(baseline):
    rng = np.random.default_rng(0)
    tasks = [(rng.normal(size=(8, 3)), np.arange(8) % 2) for _ in range(3)]
    X, y = tasks[0]
    dense = baseline.fit(tasks).partial_fit(X[:4], y[:4]).partial_fit(X[4:], y[4:]).predict_proba(X)
    rows = sparse.csr_matrix(X)
    baseline.fit([(sparse.csr_matrix(rows), labels) for rows, labels in tasks])
    baseline.partial_fit(rows[:4], y[:4]).partial_fit(rows[4:], y[4:])
    assert_allclose(baseline.predict_proba(rows), dense, rtol=1e-4)
