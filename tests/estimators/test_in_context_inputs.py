"""Weights, units and columns that come as users have them."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_diabetes, load_wine

from skmeta import InContextClassifier, InContextRegressor


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    return X[rows], y[rows]


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.mark.parametrize("unit", [1 / 40, 1e-9, 1e6])
def test_weights_compare_rows_whatever_their_unit(wine, diabetes, unit):
    weight = np.where(np.arange(40) % 3, 1.0, 2.0)
    for make, (X, y), ask in ((InContextClassifier, wine, "predict_proba"), (InContextRegressor, diabetes, "predict")):
        plain, scaled = (
            getattr(make().partial_fit(X[:40], y[:40], sample_weight=w), ask)(X[40:60]) for w in (weight, unit * weight)
        )
        np.testing.assert_allclose(scaled, plain, rtol=1e-5)


def test_rows_appended_later_are_weighed_in_the_unit_of_the_first(wine):
    X, y = wine
    one, other = InContextClassifier(), InContextClassifier()
    for clf, unit in ((one, 1.0), (other, 0.01)):
        clf.partial_fit(X[:100], y[:100], sample_weight=np.full(100, unit))
        clf.partial_fit(X[100:105], y[100:105], sample_weight=np.full(5, 2 * unit))
        assert clf.n_rows_encoded_ == 100
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("unit", [1e300, 1e-200])
def test_targets_of_any_size_are_answered_in_their_unit(diabetes, unit):
    X, y = diabetes
    reg, plain = InContextRegressor().fit(X[:80], unit * y[:80]), InContextRegressor().fit(X[:80], y[:80])
    mean, std = reg.predict(X[80:90], return_std=True)
    np.testing.assert_allclose(mean / unit, plain.predict(X[80:90]), rtol=1e-6)
    np.testing.assert_allclose(std / unit, plain.predict(X[80:90], return_std=True)[1], rtol=1e-6)


def test_drawn_targets_have_the_quantiles_of_the_answer(diabetes):
    X, y = diabetes
    reg = InContextRegressor().fit(X[:100], np.c_[y, -y][:100])
    drawn = reg.sample_y(X[100:103], n_samples=4000, random_state=0)
    assert drawn.shape == (3, 2, 4000)
    low, high = np.moveaxis(reg.predict(X[100:103], quantiles=[0.2, 0.9]), -1, 0)
    np.testing.assert_allclose((drawn < low[..., None]).mean(-1), 0.2, atol=0.03)
    np.testing.assert_allclose((drawn < high[..., None]).mean(-1), 0.9, atol=0.03)
    np.testing.assert_array_equal(drawn, reg.sample_y(X[100:103], n_samples=4000, random_state=0))


def test_tensors_are_read_as_arrays(wine):
    X, y = wine
    from_tensors = InContextClassifier().fit(torch.tensor(X[:60]), torch.tensor(y[:60]))
    np.testing.assert_array_equal(
        from_tensors.predict_proba(torch.tensor(X[60:])),
        InContextClassifier().fit(X[:60], y[:60]).predict_proba(X[60:]),
    )


@pytest.mark.parametrize("wanted", [[99], [-14]])
def test_categorical_columns_that_are_not_there_are_named(wine, wanted):
    with pytest.raises(ValueError, match=rf"names columns \[{wanted[0]}\], but X has 13"):
        InContextClassifier(categorical_features=wanted).fit(*wine)


@pytest.mark.parametrize("pretrained", [None, 3])
def test_pretrained_is_a_path_or_a_yes_or_no(wine, pretrained):
    with pytest.raises(ValueError, match="pretrained must be True .* or a path, got"):
        InContextClassifier(pretrained=pretrained).fit(*wine)


def frame_with(column):
    return pd.DataFrame({"size": np.arange(40.0), "said": column}), np.arange(40) % 2


def test_free_text_is_warned_of_and_names_are_not():
    with pytest.warns(UserWarning, match="Column 'said' looks like free text .*TfidfVectorizer"):
        InContextClassifier().fit(*frame_with([f"where is my order number {i} please" for i in range(40)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        InContextClassifier().fit(*frame_with([f"customer {i}" for i in range(40)]))
        InContextClassifier().fit(*frame_with(["not at all like me", "very much like me"] * 20))


def test_dates_are_refused_with_the_remedy():
    X, y = frame_with(pd.date_range("2026-01-01", periods=40))
    with pytest.raises(ValueError, match="Column 'said' holds dates.*TableEncoder"):
        InContextClassifier().fit(X, y)


def test_where_another_tool_is_likely_to_be_better_it_is_named(monkeypatch, wine):
    monkeypatch.setattr("skmeta.estimators.base.served_in_context.MANY_ROWS", 100)
    X, y = wine
    with pytest.warns(UserWarning, match="has 101 rows.*HistGradientBoosting"):
        InContextClassifier().fit(X[:101], y[:101])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        InContextClassifier().fit(X[:100], y[:100])


def test_the_number_of_threads_is_left_as_it_was(wine):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        InContextClassifier().fit(*wine).predict(wine[0])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
