"""The learners that measurements with nothing but defaults go through."""

from sklearn.base import is_classifier

from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.registry import all_estimators


def learners(kind, seed=0):
    """All "classification" or "regression" estimators that meta-train, by their names without the kind's ending."""
    ending = {"classification": "Classifier", "regression": "Regressor"}[kind]
    classes = [cls for cls in all_estimators() if issubclass(cls, MetaEstimator)]
    return {
        cls.__name__.removesuffix(ending): cls(random_state=seed)
        for cls in classes
        if is_classifier(cls()) == (kind == "classification")
    }
