"""Fingerprints: what a task looks like in a fixed number of figures, so that tasks can be compared."""

import numpy as np

#: rows of a task that the kernel scores look at; enough to tell straight from bent, few enough to be quick
MOST_ROWS = 200
#: products of two features are looked at for at most so many features
MOST_CROSSED = 16
#: the form that so many products make is compared up to its factor, in about half the square of that many figures
MOST_IN_A_FORM = 60
#: penalty of the regression weights, for standardised features and targets
RIDGE = 0.1


def fingerprint(X, y, classes=None):
    """What the rows look like, how the labels depend on each feature, and how bent that dependence is.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        Standardised over all tasks.
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
        Floats are targets; anything else is a class label.
    classes : array-like, default=None
        Classes that mean the same in all tasks. None: every task has its own, so that nothing may depend on which
        class is called what.

    Returns
    -------
    figures : ndarray
        Equally many for all tasks of a kind.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.tasks.fingerprints import fingerprint
    >>> X = np.linspace(-1, 1, 12).reshape(-1, 1)
    >>> bool(np.allclose(fingerprint(X, X[:, 0] > 0), fingerprint(X, X[:, 0] <= 0)))
    True
    """
    rows = [X.mean(0), np.log(X.std(0) + 1e-3)]
    if y.dtype.kind == "f":
        return np.concatenate([*rows, *_of_targets(X, y.reshape(len(y), -1))])
    members = np.equal.outer(np.unique(y) if classes is None else np.asarray(classes), y).astype(float)
    return np.concatenate([*rows, *(_of_own_classes(X, members) if classes is None else _of_shared(X, members))])


def _of_targets(X, y):
    centred = y - y.mean(0)
    scale = centred.std(0)
    centred = centred / np.where(scale > 0, scale, 1.0)
    straight = X - X.mean(0)
    yield _ridge(straight, centred).ravel()
    i, j = np.triu_indices(X.shape[1]) if X.shape[1] <= MOST_CROSSED else np.diag_indices(X.shape[1])
    products = X[:, i] * X[:, j]
    bent = _ridge(np.hstack([straight, products - products.mean(0)]), centred)[X.shape[1] :]
    yield bent.ravel()
    if 1 < len(bent) <= MOST_IN_A_FORM:
        yield from (_line_of(weights) for weights in bent.T)
    yield from (kernel_scores(X, target) for target in centred.T)


def _line_of(weights):
    """The projector onto them: functions that share a form, each with a factor of its own, share this line."""
    line = np.outer(weights, weights) / max(weights @ weights, 1e-12)
    return line[np.triu_indices(len(weights))]


def _of_own_classes(X, members):
    """Where the classes of a task differ: the share of each feature's variance, and the main directions."""
    count = members.sum(1)
    means = members @ X / count[:, None] - X.mean(0)
    spread = np.square(X - X.mean(0)).sum(0)
    between = (count[:, None] * np.square(means)).sum(0) / np.where(spread > 0, spread, 1.0)
    scatter = (means * count[:, None]).T @ means
    scatter = scatter / max(np.trace(scatter), 1e-12)
    yield between
    yield scatter[np.triu_indices(len(scatter))]


def _of_shared(X, members):
    """Where each class lies, relative to the others; a class without rows lies in the middle."""
    count = members.sum(1)
    means = members @ X / np.maximum(count, 1)[:, None] - X.mean(0)
    yield np.where(count[:, None] > 0, means, 0.0).ravel()
    yield count / max(count.sum(), 1)


def _ridge(X, y):
    """Weights of a ridge regression, by way of the rows where those are fewer than the features."""
    n_rows, n_features = X.shape
    if n_rows < n_features:
        return X.T @ np.linalg.solve(X @ X.T + RIDGE * n_rows * np.eye(n_rows), y)
    return np.linalg.solve(X.T @ X + RIDGE * n_rows * np.eye(n_features), X.T @ y)


def kernel_scores(X, y):
    """Leave-one-out R2 of ridge regressions that are straight, quadratic, and smooth."""
    X, y = X[:MOST_ROWS], y[:MOST_ROWS]
    variance = np.square(y - y.mean()).mean()
    if len(y) < 3 or variance == 0:
        return np.zeros(3)
    inner = X @ X.T / X.shape[1]
    squared = np.diag(inner)
    apart = np.maximum(squared[:, None] + squared - 2 * inner, 0)
    width = np.median(apart[np.triu_indices(len(apart), 1)]) + 1e-12
    scores = []
    for kernel in (1 + inner, np.square(1 + inner), 1 + 4 * np.exp(-2 * apart / width)):
        inverse = np.linalg.inv(kernel + 0.05 * np.eye(len(y)))
        left_out = inverse @ y / np.diag(inverse)
        scores.append(max(1 - np.square(left_out).mean() / variance, -1.0))
    return np.asarray(scores)
