"""scikit-learn's own conformance checks, of every public estimator of rows; what fails, the registry gives reasons for.

By default training is made short, since few of the checks ask what was learned. Those whose outcome may depend on it
are made in the full run, of estimators that have learned for three epochs; those that ask for accuracy, of estimators
with default parameters.
"""

import inspect

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from skmeta.registry import REGISTRY
from tests.conftest import LATER
from tests.estimators.contract import quick

#: checks that ask for accuracy, which an estimator that has hardly trained does not have
ASKS_FOR_LEARNING = ("check_classifiers_train", "check_regressors_train")
#: checks whose outcome may depend on what was learned
DEPENDS_ON_LEARNING = (
    *ASKS_FOR_LEARNING,
    "check_classifiers_classes",
    "check_decision_proba_consistency",
    "check_estimators_pickle",
    "check_fit_idempotent",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_regressors_int",
    "check_sample_weight_equivalence_on_dense_data",
)


def needs_an_argument(cls):
    """True of those that wrap a trained estimator, as scikit-learn's FrozenEstimator does: no defaults to check."""
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return any(p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)


def _name(check):
    return getattr(check, "func", check).__name__


def learned(cls, check):
    """The estimator that a check is made of: on rows in read-only memory it need not learn for as long again."""
    asks, is_again = _name(check) in ASKS_FOR_LEARNING, check.keywords.get("readonly_memmap")
    if "max_epochs" in cls().get_params() and (is_again or not asks):
        return cls(max_epochs=3)
    return quick(cls) if is_again and asks else cls()


CHECKED = [entry.cls for entry in REGISTRY.values() if entry.has("fit(X, y)") and not needs_an_argument(entry.cls)]


def expected_to_fail(estimator):
    return REGISTRY[type(estimator).__name__].fails


@parametrize_with_checks([quick(cls) for cls in CHECKED], expected_failed_checks=expected_to_fail)
def test_scikit_learn_check(estimator, check):
    # those whose turn comes in the full run alone are asked there, below, when they have learned
    is_later = type(estimator).__name__.startswith(LATER)
    if _name(check) not in (DEPENDS_ON_LEARNING if is_later else ASKS_FOR_LEARNING):
        check(estimator)


@pytest.mark.full
@pytest.mark.parametrize(
    "estimator, check",
    [
        pytest.param(learned(cls, check), check, id=f"{cls.__name__}-{_name(check)}")
        for cls in CHECKED
        for estimator, check in estimator_checks_generator(cls())
        if _name(check) in DEPENDS_ON_LEARNING and _name(check) not in expected_to_fail(estimator)
    ],
)
def test_scikit_learn_check_of_what_has_learned(estimator, check):
    check(estimator)


@pytest.mark.parametrize("cls", CHECKED)
def test_no_tag_makes_the_suite_smaller(cls):
    answers = hasattr(cls, "predict")
    assert len(list(estimator_checks_generator(cls()))) >= (50 if answers else 35)


def test_what_is_left_out_wraps_another_or_takes_tasks_only():
    left_out = set(REGISTRY) - {cls.__name__ for cls in CHECKED}
    assert left_out == {"FewShotClassifier", "FewShotRegressor", "PerTask", "SourceSelector"}
