"""Small tables of sites, and mixtures that are fitted to them in a moment."""

import copy
from functools import cache

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from skmeta import TaskMixtureClassifier, TaskMixtureRegressor

KINDS = ["regressor", "classifier"]


def sites(n_tasks=12, n_rows=8, seed=0):
    """Rows of sites whose answers differ by a constant."""
    rng = np.random.default_rng(seed)
    site = np.repeat(np.arange(n_tasks), n_rows)
    X = rng.normal(size=(len(site), 2))
    y = X[:, 0] + 2 * rng.normal(size=n_tasks)[site] + 0.1 * rng.normal(size=len(site))
    return X, y, site


X, Y, SITE = sites()


def mixture(kind="regressor", **params):
    if kind == "regressor":
        return TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0, **params)
    return TaskMixtureClassifier(LogisticRegression(), cv=2, random_state=0, **params)


@cache
def _learned(kind):
    return mixture(kind).fit(X, targets(kind), task=SITE)


def learned(kind="regressor"):
    """A mixture fitted to the sites. Fitting is shared between tests, the mixture is not."""
    return copy.copy(_learned(kind))


def targets(kind, y=Y):
    return y if kind == "regressor" else np.where(y > 0, "high", "low")


def answers(model, rows=X, **params):
    return getattr(model, "predict_proba", model.predict)(rows, **params)
