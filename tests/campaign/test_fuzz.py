"""Tables drawn at random through all estimators: answers are finite, each row's own, and free of what means nothing."""

import warnings

import numpy as np
import pytest

from tests.campaign.subjects import BY_ROWS, ESTIMATORS, classifies, fitted, unfitted


def table(draw, classifies):
    n, d = draw.integers(6, 40), 4
    scale = 10.0 ** draw.integers(-3, 4, d)
    X = (draw.normal(size=(n, d)) * scale).astype(np.float32).astype(np.float64)
    if draw.random() < 0.3:
        X[:, draw.integers(d)] = draw.integers(0, 2, n)
    signal = X @ (draw.normal(size=d) / scale)
    if classifies:
        y = np.digitize(signal, np.quantile(signal, [0.4, 0.7]))
        y[:3] = [0, 1, 2]
        return X, y
    return X, signal * 10.0 ** draw.integers(-2, 3) + draw.normal()


def ask(estimator, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X)


def adapted(name, X, y):
    """An estimator whose task has the given rows; wrappers and mixtures are fitted to them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in BY_ROWS or name.startswith("TaskMixture"):
            return unfitted(name).fit(X, y)
        return fitted(name).adapt(X, y)


def check(name, seed):
    draw = np.random.default_rng(seed)
    X, y = table(draw, classifies(name))
    asked = table(draw, True)[0]
    one = adapted(name, X, y)
    answers = ask(one, asked)
    spread = max(np.abs(answers).max(), np.ptp(y) if not classifies(name) else 1.0)
    assert np.isfinite(answers).all(), "an answer is not finite"
    if answers.ndim == 2 and classifies(name):
        assert np.allclose(answers.sum(1), 1), "chances do not sum to one"
    some = draw.permutation(len(asked))[: len(asked) // 2 + 1]
    close = {"rtol": 1e-4, "atol": 1e-4 * spread}
    np.testing.assert_allclose(ask(one, asked[some]), answers[some], **close, err_msg="rows depend on each other")
    np.testing.assert_array_equal(ask(adapted(name, X, y), asked), answers, err_msg="not the same twice")
    np.testing.assert_allclose(ask(one, asked.astype(np.float32)), answers, **close, err_msg="the dtype matters")
    if getattr(one, "labels_", None) == "task":
        renamed = adapted(name, X, np.array([-3, 12, 70])[y])
        np.testing.assert_allclose(ask(renamed, asked), answers, **close, err_msg="the classes' names matter")


@pytest.mark.parametrize("name", ["ProtoNetClassifier", "MAMLRegressor", "PooledBaseline"])
def test_some_tables_are_answered_as_they_should_be(name):
    for seed in range(2):
        check(name, seed)


@pytest.mark.campaign
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "SourceSelector"])
def test_tables_are_answered_as_they_should_be(name, tally):
    for seed in range(25):
        check(name, seed)
        tally["random tables"] += 1
