"""What tables do to their variables: warped scales, categories, rounding, holes, noise columns, wrong labels."""

import numpy as np

from skmeta.tasks.prior.functions import log_integer, log_uniform, random_function, standardise


def classes_from_latent(rng, latent, n_classes):
    """Labels from a latent block: intervals of a score, the largest of noisy scores, or the nearest centre."""
    n = len(latent)
    kind = rng.random()
    if kind < 0.5 or (n_classes == 2 and kind < 0.7):
        one = latent.shape[1] == 1 or rng.random() < 0.5
        score = latent[:, 0] if one else latent @ rng.standard_normal(latent.shape[1])
        share = rng.dirichlet(np.full(n_classes, log_uniform(rng, 1.0, 20)))
        borders = np.quantile(score, np.cumsum(share)[:-1])
        if rng.random() < 0.4:  # a border that is crossed by chance
            score = score + log_uniform(rng, 0.02, 1.0) * score.std() * rng.logistic(size=n) * 0.55
        y = (score[:, None] > borders).sum(1)
    elif kind < 0.8:
        scores = standardise(random_function(rng, latent, n_classes)) * log_uniform(rng, 1, 12)
        scores = scores + rng.standard_normal(n_classes) * rng.uniform(0, 1.5)
        y = (scores + rng.gumbel(size=scores.shape)).argmax(1)
    else:
        centres = latent[rng.choice(n, n_classes, replace=n < n_classes)]
        y = ((latent[:, None] - centres) ** 2).sum(-1).argmin(1)
    return rng.permutation(n_classes)[y]


def target_from_latent(rng, latent):
    """A number from a latent block: one score, at times skewed, heavy-tailed or rounded, with or without noise."""
    y = latent @ rng.standard_normal(latent.shape[1]) if latent.shape[1] > 1 else latent[:, 0]
    y = standardise(y[:, None])[:, 0]
    if rng.random() < 0.35:
        skewed = np.exp(np.clip(y * rng.uniform(0.3, 1.2), -6, 6))
        y = (skewed, np.sign(y) * np.abs(y) ** rng.uniform(0.5, 2))[rng.integers(2)]
        y = standardise(y[:, None])[:, 0]
    noise = rng.choice([0.0, log_uniform(rng, 0.03, 0.7), log_uniform(rng, 0.1, 1.2)])
    if noise:
        errors = rng.standard_normal(len(y)) if rng.random() < 0.6 else rng.standard_t(3, len(y))
        if rng.random() < 0.25:  # errors that grow with the value
            errors = errors * np.exp(0.6 * y) / np.exp(0.6 * y).mean()
        y = y + noise * errors
    if rng.random() < 0.15:
        step = log_uniform(rng, 0.1, 1.0)
        y = np.round(y / step) * step
    return y


def _warp(rng, v):
    n = len(v)
    kind = rng.integers(6)
    if kind == 0:
        return np.exp(np.clip(v * log_uniform(rng, 0.3, 2), -8, 8))
    if kind == 1:
        return np.sign(v) * np.abs(v) ** log_uniform(rng, 0.3, 3)
    if kind == 2:
        return np.tanh(v * log_uniform(rng, 0.5, 3))
    if kind == 3:
        return np.argsort(np.argsort(v)) / n
    if kind == 4:
        return np.maximum(v, rng.normal())  # censored: many cells alike
    return v + log_uniform(rng, 0.05, 1.0) * rng.standard_normal(n)


def _discretise(rng, v):
    k = log_integer(rng, 2, 16)
    if rng.random() < 0.7:
        borders = np.sort(v[rng.integers(0, len(v), k - 1)])
    else:
        borders = np.linspace(v.min(), v.max(), k + 1)[1:-1]
    return np.searchsorted(borders, v)


def disguise_columns(rng, X, codes):
    """Measure the variables as tables do.

    Returns the columns (NaN where missing) and a (d,) bool array of those to be treated as categories.
    """
    n, d = X.shape
    X = standardise(X)
    if rng.random() < 0.5:
        chance = rng.random()
        for j in np.nonzero(rng.random(d) < chance)[0]:
            X[:, j] = _warp(rng, X[:, j])
    categorical = np.zeros(d, bool)
    if rng.random() < 0.45:
        chance, declared = rng.random(), rng.choice([0.0, 0.5, 1.0])
        for j in np.nonzero(rng.random(d) < chance)[0]:
            X[:, j] = _discretise(rng, X[:, j])
            categorical[j] = rng.random() < declared
    # Categories with effects of their own; now and then a table passes them off as numbers.
    passed_off = 0.0 if rng.random() < 0.7 else rng.random()
    for j, values in codes.items():
        X[:, j] = rng.permutation(values.max() + 1)[values]
        categorical[j] = rng.random() >= passed_off
    if rng.random() < 0.15 and d > 2:
        useless = rng.permutation(d)[: int(rng.integers(1, max(2, d // 2)))]
        X[:, useless] = rng.standard_normal((n, len(useless)))
        categorical[useless] = False
    if rng.random() < 0.25:
        punch_holes(rng, X)
    return X, categorical


def punch_holes(rng, X):
    """Make cells missing in some columns, by chance or because of the value itself."""
    n, d = X.shape
    share = log_uniform(rng, 0.01, 0.5)
    for j in np.nonzero(rng.random(d) < rng.random())[0]:
        rate = min(0.8, share * rng.exponential())
        if rng.random() < 0.3:
            hidden = np.argsort(np.argsort(X[:, j] + 1e-6 * rng.standard_normal(n))) / n < rate
            hidden &= rng.random(n) < 0.9
        else:
            hidden = rng.random(n) < rate
        X[hidden, j] = np.nan


def swap_labels(rng, y):
    """Now and then a share of the labels is drawn anew."""
    if rng.random() < 0.15:
        y = np.where(rng.random(len(y)) < rng.uniform(0, 0.2), y[rng.permutation(len(y))], y)
    return y
