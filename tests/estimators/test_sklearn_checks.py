"""scikit-learn's own conformance checks: every estimator, default parameters, nothing expected to fail."""

import inspect

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmeta.estimators import all_estimators


def needs_an_argument(cls):
    """True of those that wrap a trained estimator, as scikit-learn's FrozenEstimator does: no defaults to check."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return any(p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)


CHECKED = [cls for cls in all_estimators() if not needs_an_argument(cls)]


@parametrize_with_checks([cls() for cls in CHECKED])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", CHECKED)
def test_no_tag_makes_the_suite_smaller(cls):
    assert len(list(estimator_checks_generator(cls()))) >= 50


def test_only_wrappers_of_a_trained_estimator_are_left_out():
    left_out = {cls.__name__ for cls in all_estimators()} - {cls.__name__ for cls in CHECKED}
    assert left_out <= {"FewShotClassifier", "FewShotRegressor"}
