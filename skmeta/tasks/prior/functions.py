"""Random functions: rows (n, p) to rows (n, q), of eight families from linear to tree-like.

The generator is always called ``rng``; every family standardises nothing and expects roughly standardised inputs.
"""

import numpy as np


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def log_integer(rng, low, high):
    """An integer in [low, high], small ones preferred."""
    return int(min(high, max(low, np.floor(log_uniform(rng, low, high + 1)))))


def standardise(x):
    return (x - x.mean(0, keepdims=True)) / (x.std(0, keepdims=True) + 1e-6)


def importances(rng, p):
    """Positive factors for p inputs, from all alike to a few that matter."""
    factors = np.exp(log_uniform(rng, 0.05, 3.0) * rng.standard_normal(p))
    return factors / np.sqrt((factors**2).mean())


ACTIVATIONS = (
    np.tanh,
    np.sin,
    np.abs,
    np.square,
    np.sign,
    lambda x: x,
    lambda x: np.maximum(x, 0),
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda x: np.exp(-np.square(x)),
    lambda x: np.log1p(np.exp(np.clip(x, -20, 20))),
    lambda x: (np.abs(x) < 1).astype(x.dtype),
    lambda x: np.sqrt(np.abs(x)),
)


def linear(rng, x, q):
    p = x.shape[1]
    return x @ (rng.standard_normal((p, q)) * importances(rng, p)[:, None]) / np.sqrt(p)


def neural_network(rng, x, q):
    width = log_integer(rng, 3, 48)
    hidden = x * importances(rng, x.shape[1])
    one_activation = rng.random() < 0.5
    activation = ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
    for _ in range(rng.integers(1, 4)):
        weights = rng.standard_normal((hidden.shape[1], width)) / np.sqrt(hidden.shape[1])
        if rng.random() < 0.3:
            weights *= rng.random(weights.shape) < rng.uniform(0.2, 1)
        if not one_activation:
            activation = ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
        bias = rng.standard_normal(width) * rng.uniform(0, 1.5)
        hidden = activation(standardise(hidden @ weights) * log_uniform(rng, 0.3, 4.0) + bias)
    return hidden @ (rng.standard_normal((width, q)) / np.sqrt(width))


def oblivious_trees(rng, x, q):
    """Trees that ask the same question at every node of a level, with random leaves."""
    n, p = x.shape
    n_trees, depth = log_integer(rng, 1, 24), int(rng.integers(1, 7))
    chance = importances(rng, p)
    columns = rng.choice(p, size=n_trees * depth, p=chance / chance.sum())
    thresholds = x[rng.integers(0, n, n_trees * depth), columns]
    leaf = (x[:, columns] > thresholds).reshape(n, n_trees, depth) @ (1 << np.arange(depth))
    values = rng.standard_normal((n_trees, 1 << depth, q))
    return values[np.arange(n_trees)[None], leaf].sum(1) / np.sqrt(n_trees)


def greedy_trees(rng, x, q):
    """Unbalanced trees: every split halves the leaf of a random row, so that crowded regions are cut finer."""
    n, p = x.shape
    n_trees = log_integer(rng, 1, 10)
    out = np.zeros((n, q))
    chance = importances(rng, p)
    chance /= chance.sum()
    for _ in range(n_trees):
        n_leaves = log_integer(rng, 2, 24)
        leaf = np.zeros(n, np.int64)
        for new in range(1, n_leaves):
            members = np.nonzero(leaf == leaf[rng.integers(n)])[0]
            column = rng.choice(p, p=chance)
            leaf[members[x[members, column] > x[members[rng.integers(len(members))], column]]] = new
        out += rng.standard_normal((n_leaves, q))[leaf]
    return out / np.sqrt(n_trees)


def smooth(rng, x, q, n_waves=64):
    """A draw from a Gaussian process by random Fourier features, at times additive or rough."""
    p = x.shape[1]
    waves = rng.standard_normal((p, n_waves)) * importances(rng, p)[:, None]
    waves /= log_uniform(rng, 0.4, 6.0) * np.sqrt(p)
    if rng.random() < 0.4:  # each wave along one column: an additive function
        waves *= np.eye(p)[rng.integers(0, p, n_waves)].T * np.sqrt(p)
    if rng.random() < 0.4:  # heavy-tailed frequencies
        waves *= 1.0 / rng.gamma(1.5, 1.0, n_waves)
    phases = rng.uniform(0, 2 * np.pi, n_waves)
    return np.cos(x @ waves + phases) @ rng.standard_normal((n_waves, q)) / np.sqrt(n_waves)


def nearest_centres(rng, x, q):
    """Values of the nearest of a few rows, hard or soft."""
    n, p = x.shape
    n_centres = min(n, log_integer(rng, 2, 32))
    scale = importances(rng, p)
    rows = x * scale
    centres = rows[rng.choice(n, n_centres, replace=False)]
    distance = (rows**2).sum(1)[:, None] - 2 * rows @ centres.T + (centres**2).sum(1)
    values = rng.standard_normal((n_centres, q))
    if rng.random() < 0.5:
        return values[distance.argmin(1)]
    sharp = distance / (distance.min(1, keepdims=True).mean() + 1e-6) / log_uniform(rng, 0.3, 3)
    share = np.exp(-(sharp - sharp.min(1, keepdims=True)))
    return share / share.sum(1, keepdims=True) @ values


def product(rng, x, q):
    """An interaction: two simple functions multiplied."""
    factors = [(linear, oblivious_trees, smooth, nearest_centres)[rng.integers(4)](rng, x, q) for _ in range(2)]
    return standardise(factors[0]) * standardise(factors[1])


FAMILIES = (linear, neural_network, oblivious_trees, greedy_trees, smooth, nearest_centres, product)
FAMILY_CHANCES = np.array([1.4, 1.8, 1.5, 1.0, 1.2, 0.8, 0.6])
FAMILY_CHANCES /= FAMILY_CHANCES.sum()


def random_function(rng, x, q):
    """Apply a function of a random family to the rows."""
    return FAMILIES[rng.choice(len(FAMILIES), p=FAMILY_CHANCES)](rng, x, q)
