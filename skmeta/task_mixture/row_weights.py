"""Weights of rows: how they compare, and how estimators of others are told them."""

import numpy as np
from sklearn.utils.validation import has_fit_parameter

_MOST = 1e12  # of a weight in its unit: what is added up stays a number, and one row among others can still be told


def relative(weight, n_rows, unit=None):
    """Weights in a unit, and that; without one it is their mean, so that what they are measured in says nothing."""
    if weight is None:
        return np.ones(n_rows), unit or 1.0
    if unit is None:
        largest = weight.max()  # whatever the unit, the sum is a number
        unit = largest * np.mean(weight / largest) if say_something(weight) else weight[0]  # alike: without rounding
    with np.errstate(over="ignore"):
        return np.minimum(weight / unit, _MOST), unit


def say_something(weight):
    """Whether some rows count more than others."""
    return weight.min() < weight.max()


def fit_parameters(estimator, weight):
    """Keywords that tell ``fit`` of the weights, or each step of a pipeline that takes them, are returned."""
    if weight is None or not say_something(weight):
        return {}
    weight, _ = relative(weight, len(weight))
    if not hasattr(estimator, "steps"):
        return {"sample_weight": weight}
    return {f"{name}__sample_weight": weight for name, step in estimator.steps if _takes_weights(step)}


def check_weighable(estimators):
    """Refuse estimators that could not be told."""
    for estimator in estimators:
        learner = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        if not _takes_weights(learner):
            raise ValueError(
                f"{type(learner).__name__} takes no sample_weight in fit, and rows that count differently are nothing "
                "to it: leave it out of the mixture, or fit the mixture without weights."
            )


def _takes_weights(estimator):
    return hasattr(estimator, "fit") and has_fit_parameter(estimator, "sample_weight")
