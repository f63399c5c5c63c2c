"""Ways a table comes to be: a graph of causes, a function of independent columns, clusters with labels.

Each returns the columns ``X`` (n, d), a latent block the target is made from (or the labels), and a dict of
categorical columns {position: integer codes}, whose categories had an effect of their own.
"""

import numpy as np

from skmeta.tasks.prior.functions import (
    importances,
    log_integer,
    log_uniform,
    neural_network,
    random_function,
    standardise,
)


def root_columns(rng, n, p):
    """Columns without causes: normal, uniform, clustered, correlated or heavy-tailed."""
    kind = rng.integers(5)
    if kind == 0:
        x = rng.standard_normal((n, p))
    elif kind == 1:
        x = rng.uniform(-1.7, 1.7, (n, p))
    elif kind == 2:
        n_clusters = log_integer(rng, 2, 12)
        share = rng.dirichlet(np.full(n_clusters, log_uniform(rng, 0.5, 5)))
        centres = rng.standard_normal((n_clusters, p)) * log_uniform(rng, 0.5, 3)
        spread = np.exp(0.5 * rng.standard_normal((n_clusters, p)))
        cluster = rng.choice(n_clusters, n, p=share)
        x = centres[cluster] + spread[cluster] * rng.standard_normal((n, p))
    elif kind == 3:
        mix = rng.standard_normal((p, p)) * importances(rng, p)
        x = rng.standard_normal((n, p)) @ mix.T
    else:
        x = rng.standard_t(rng.uniform(2, 6), (n, p))
    return standardise(x)


def categories(rng, n):
    """Random codes with uneven shares."""
    k = log_integer(rng, 2, 14)
    return rng.choice(k, n, p=rng.dirichlet(np.full(k, log_uniform(rng, 0.6, 10))))


def category_effects(rng, codes, width=1):
    """The vector each category stands for, laid out by row and standardised."""
    effects = rng.standard_normal((codes.max() + 1, width))
    return standardise(effects[codes])


def causal_graph(rng, n, d):
    """Blocks of variables computed from earlier blocks; columns and target are picked among them."""
    n_nodes = log_integer(rng, 2, 14)
    needed = int((d + 2) * rng.uniform(1.0, 2.0)) + 2
    widths = np.maximum(1, rng.multinomial(needed, rng.dirichlet(np.full(n_nodes, 1.5))))
    noise = log_uniform(rng, 1e-3, 0.6)
    n_roots = int(rng.integers(1, max(2, n_nodes // 2) + 1))
    categorical_share = rng.uniform(0, 1) if rng.random() < 0.35 else 0.0
    nodes, codes_of = [], {}
    for i, width in enumerate(widths):
        if i < n_roots and rng.random() < categorical_share:
            codes_of[i] = categories(rng, n)
            value = category_effects(rng, codes_of[i], width)
        elif i < n_roots:
            value = root_columns(rng, n, width)
        else:
            parents = rng.choice(i, min(i, int(rng.integers(1, 4))), replace=False)
            if rng.random() < 0.6 or len(parents) == 1:
                value = random_function(rng, np.concatenate([nodes[j] for j in parents], 1), width)
            else:
                parts = [standardise(random_function(rng, nodes[j], width)) for j in parents]
                value = (sum(parts), np.prod(parts, 0), np.max(parts, 0))[rng.integers(3)]
            value = standardise(value)
            uneven = np.abs(rng.standard_normal(width)) if rng.random() < 0.5 else 1.0
            value = value + noise * uneven * rng.standard_normal(value.shape)
        nodes.append(value)
    has_causes = n_roots < n_nodes and rng.random() < 0.85
    target = int(rng.integers(n_roots, n_nodes)) if has_causes else int(rng.integers(0, n_nodes))
    columns = [(i, j) for i in range(n_nodes) for j in range(widths[i] if i not in codes_of else 1)]
    rng.shuffle(columns)
    columns = [tuple(c) for c in columns]
    if rng.random() < 0.7:  # the block the target is made from stays hidden, as far as columns suffice
        columns.sort(key=lambda c: c[0] == target)
    latent = nodes[target]
    if rng.random() < 0.5:
        latent = latent[:, [int(rng.integers(latent.shape[1]))]]
    X = rng.standard_normal((n, d))
    codes = {}
    for position, (i, j) in enumerate(columns[:d]):
        X[:, position] = nodes[i][:, j]
        if i in codes_of:
            codes[position] = codes_of[i]
    return X, latent, codes


def direct_function(rng, n, d):
    """Columns first, then a latent block that is one or two random functions of them and noise."""
    X = root_columns(rng, n, d)
    if rng.random() < 0.3:
        k = int(rng.integers(1, d + 1))
        X[:, rng.permutation(d)[:k]] = root_columns(rng, n, k)
    codes = {}
    if rng.random() < 0.4:
        share = 1.0 if rng.random() < 0.35 else rng.random()
        for position in np.nonzero(rng.random(d) < share)[0]:
            codes[int(position)] = categories(rng, n)
            X[:, position] = category_effects(rng, codes[int(position)])[:, 0]
    causes = X * importances(rng, d) if rng.random() < 0.5 else X
    latent = standardise(random_function(rng, causes, int(rng.integers(1, 6))))
    if rng.random() < 0.3:
        latent = standardise(latent + standardise(random_function(rng, X, latent.shape[1])))
    return X, latent + log_uniform(rng, 1e-3, 0.8) * rng.standard_normal(latent.shape), codes


def labelled_clusters(rng, n, d, n_classes):
    """Labels first, then rows around the centres of each class, with categories drawn class by class."""
    share = rng.dirichlet(np.full(n_classes, log_uniform(rng, 1.0, 20)))
    n_clusters = n_classes * (1 if rng.random() < 0.5 else int(rng.integers(1, 4)))
    class_of = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n_clusters - n_classes)])
    chance = share[class_of] / np.bincount(class_of, minlength=n_classes)[class_of]
    cluster = rng.choice(n_clusters, n, p=chance / chance.sum())
    k = int(rng.integers(1, d + 1)) if rng.random() < 0.6 else d
    centres = rng.standard_normal((n_clusters, k)) * log_uniform(rng, 0.3, 3.0) * importances(rng, k)
    spread = np.exp(rng.uniform(0, 0.8) * rng.standard_normal((n_clusters, k)))
    X = centres[cluster] + spread[cluster] * rng.standard_normal((n, k))
    if rng.random() < 0.5 and k > 1:
        X = X @ rng.standard_normal((k, k)) / np.sqrt(k)
    if k < d:
        echo = X @ rng.standard_normal((k, d - k)) / np.sqrt(k) if rng.random() < 0.5 else 0.0
        X = np.concatenate([X, echo + log_uniform(rng, 0.1, 2) * rng.standard_normal((n, d - k))], 1)
        X = X[:, rng.permutation(d)]
    if rng.random() < 0.3:
        X = standardise(X) + 0.5 * standardise(neural_network(rng, standardise(X), d))
    codes = {}
    if rng.random() < 0.35:
        part = 1.0 if rng.random() < 0.4 else rng.random()
        evenness = log_uniform(rng, 0.5, 8)
        for position in np.nonzero(rng.random(d) < part)[0]:
            n_levels = log_integer(rng, 2, 10)
            base = rng.dirichlet(np.full(n_levels, 2.0))
            tables = rng.dirichlet(base * n_levels * evenness + 0.02, n_clusters).cumsum(1)
            codes[int(position)] = (rng.random(n)[:, None] > tables[cluster]).sum(1).clip(0, n_levels - 1)
    return X, rng.permutation(n_classes)[class_of[cluster]], codes
