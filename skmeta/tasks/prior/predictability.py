"""How much of a table's target can be predicted at all, and which tables are kept.

Random functions give tables that are mostly noise; real tables that anybody keeps are not. A third of raw draws
cannot be predicted at all, and a learner trained on them learns to distrust its support.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

PROBE_ROWS = 112


def predictability(X, y, categorical, classification):
    """Leave-one-out R^2 of a kernel ridge machine on ranks (and on equal categories), on at most 112 rows."""
    X, y = X[:PROBE_ROWS], y[:PROBE_ROWS]
    n = len(X)
    missing = np.isnan(X)
    ranks = np.where(missing, 0.0, 2 * rankdata(np.where(missing, np.inf, X), axis=0) / n - 1)
    distance = cdist(ranks[:, ~categorical], ranks[:, ~categorical], "cityblock") if not categorical.all() else 0.0
    for j in np.nonzero(categorical)[0]:
        distance = distance + (X[:, j, None] != X[None, :, j])
    kernel = np.exp(-2 * distance / max(distance.mean(), 1e-9))
    Y = np.eye(int(y.max()) + 1)[y] if classification else y[:, None]
    Y = Y - Y.mean(0)
    inverse = np.linalg.inv(kernel + 0.1 * np.eye(n))
    error = inverse @ Y / np.diag(inverse)[:, None]
    total = (Y**2).sum()
    return 1 - (error**2).sum() / total if total > 1e-12 else 0.0


def chance_to_keep(r2):
    """Thin out unpredictable tables until predictability is spread as it is among real ones."""
    return 0.05 if r2 < 0.02 else 0.3 if r2 < 0.12 else 0.65 if r2 < 0.3 else 1.0
