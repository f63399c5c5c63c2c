"""k-means of one table seen through many column subsets at once."""

import numpy as np

# cells of the largest temporary array; more tasks than fit are clustered in blocks
_BLOCK_CELLS = 500_000

# centres settle on a sample of the rows; all rows are then assigned to them once
_LEAST_FIT_ROWS = 512
_FIT_ROWS_PER_CLUSTER = 64


def cluster_column_subsets(X, columns, n_clusters, rng, max_iter=20):
    """Cluster the rows of ``X`` once for each subset of its columns.

    All clusterings share the rows, so one matrix product serves many of them. The centres are found on a random
    sample of the rows, which is all the precision that pseudo-classes need.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Finite, on comparable scales.
    columns : ndarray of bool of shape (n_subsets, n_features)
        Columns that each clustering sees.
    n_clusters : int
    rng : numpy.random.Generator
    max_iter : int, default=20
        Upper limit of Lloyd's iterations; a clustering that no longer moves stops earlier.

    Returns
    -------
    labels : ndarray of shape (n_subsets, n_rows)
    distances : ndarray of shape (n_subsets, n_clusters, n_rows)
        Squared distance of each row to each centre, over the columns of the subset.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.clustering import cluster_column_subsets
    >>> X = np.array([[0.0, 0.0], [0.1, 9.0], [9.0, 0.1], [9.1, 9.1]])
    >>> columns = np.array([[True, False], [False, True]])
    >>> labels, _ = cluster_column_subsets(X, columns, n_clusters=2, rng=np.random.default_rng(0))
    >>> bool(labels[0, 0] == labels[0, 1] != labels[0, 2])  # the first column splits the rows in the middle
    True
    >>> bool(labels[1, 0] == labels[1, 2] != labels[1, 1])  # the second one splits even from odd rows
    True
    """
    X = np.ascontiguousarray(X, dtype=np.float32)
    columns = np.asarray(columns, dtype=np.float32)
    size = max(1, _BLOCK_CELLS // (n_clusters * max(X.shape)))
    blocks = [
        _cluster_block(X, columns[start : start + size], n_clusters, rng, max_iter)
        for start in range(0, len(columns), size)
    ]
    return np.concatenate([labels for labels, _ in blocks]), np.concatenate([distances for _, distances in blocks])


def _cluster_block(X, columns, n_clusters, rng, max_iter):
    sample = X[rng.permutation(len(X))[: max(_LEAST_FIT_ROWS, _FIT_ROWS_PER_CLUSTER * n_clusters)]]
    centres = _spread_out_centres(sample, columns, n_clusters, rng)
    labels = _offsets(sample, centres).argmin(axis=1)
    cluster = np.arange(n_clusters)[:, None]
    for _ in range(max_iter):
        members = (labels[:, None] == cluster).astype(np.float32)  # (T, C, n)
        counts = members.sum(axis=2, keepdims=True)
        means = _times_rows(members, sample) / np.maximum(counts, 1) * columns[:, None]
        centres = np.where(counts > 0, means, centres)  # an empty cluster stays where it was
        previous, labels = labels, _offsets(sample, centres).argmin(axis=1)
        if np.array_equal(previous, labels):
            break
    distances = np.maximum(_offsets(X, centres) + _row_norms(X, columns)[:, None], 0)
    return distances.argmin(axis=1), distances


def _spread_out_centres(X, columns, n_clusters, rng):
    """k-means++: each next centre is a row drawn in proportion to its squared distance to the nearest one."""
    row_norms = _row_norms(X, columns)
    n_subsets, n_rows = row_norms.shape
    centres = np.empty((n_subsets, n_clusters, X.shape[1]), dtype=np.float32)
    chosen = rng.integers(n_rows, size=n_subsets)
    nearest = np.full(row_norms.shape, np.inf, dtype=np.float32)
    for c in range(n_clusters):
        centres[:, c] = X[chosen] * columns
        distances = np.maximum(_offsets(X, centres[:, c : c + 1])[:, 0] + row_norms, 0)
        nearest = np.minimum(nearest, distances)
        mass = np.cumsum(nearest, axis=1, dtype=np.float64)
        mass += np.arange(1, n_rows + 1) * 1e-12  # rows that all coincide are drawn uniformly
        threshold = rng.random((n_subsets, 1)) * mass[:, -1:]
        chosen = np.minimum((mass < threshold).sum(axis=1), n_rows - 1)
    return centres


def _row_norms(X, columns):
    """Squared norms (T, n) of the rows over each subset of columns."""
    return columns @ (X**2).T


def _times_rows(weights, X):
    """(T, C, n) times (n, d) as one flat matrix product."""
    return (weights.reshape(-1, X.shape[0]) @ X).reshape(*weights.shape[:2], X.shape[1])


def _offsets(X, centres):
    """Squared distances (T, C, n) less the rows' own norms, which do not decide which centre is nearest.

    The centres are zero outside their subset's columns, so the product sees the subset alone.
    """
    flat = centres.reshape(-1, X.shape[1])
    cross = flat @ X.T
    cross *= -2
    cross += (flat**2).sum(axis=1, keepdims=True)
    return cross.reshape(*centres.shape[:2], X.shape[0])
