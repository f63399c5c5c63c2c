"""Members that a mixture cannot use are refused in words, and wide tables are cheap."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from skmeta import MAMLRegressor, TaskMixtureClassifier, TaskMixtureRegressor
from skmeta.mixed_models.design import Design

RNG = np.random.default_rng(0)
X, IDS = RNG.normal(size=(24, 3)), np.arange(24) % 4
Y = X[:, 0] + IDS


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"pooled": LogisticRegression()}, "LogisticRegression is a classifier, but .* is made of regressors"),
        ({"per_task": LogisticRegression()}, "LogisticRegression is a classifier, but .* is made of regressors"),
        ({"pooled": Ridge}, "pooled .* must be 'default', an estimator or a list of them, got <class"),
        ({"per_task": Ridge}, "per_task .* must be None or an estimator, got <class"),
        ({"meta": [Ridge()]}, "meta .* must be a list of meta-learning estimators"),
        ({"meta": [MAMLRegressor]}, "meta .* must be a list of meta-learning estimators"),
        ({"n_jobs": "2"}, "n_jobs .* must be None or an integer other than 0, got '2'"),
        ({"n_jobs": 0}, "n_jobs .* must be None or an integer other than 0, got 0"),
    ],
)
def test_a_regressor_refuses_what_it_cannot_use(settings, words):
    with pytest.raises(ValueError, match=words):
        TaskMixtureRegressor(**settings).fit(X, Y, task=IDS)


class Mean:
    """A member that has what is asked of one, and no tags."""

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self

    def fit(self, X, y):
        self.mean = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean)


def test_a_member_needs_no_more_than_its_methods():
    assert np.isfinite(TaskMixtureRegressor(pooled=Mean()).fit(X, Y, task=IDS).predict(X, task=IDS)).all()


@pytest.mark.parametrize("other", [Ridge(), LinearSVC()])
def test_a_classifier_refuses_members_without_chances(other):
    for settings in ({"pooled": [LogisticRegression(), other]}, {"per_task": other}):
        with pytest.raises(ValueError, match=f"{type(other).__name__} has no predict_proba"):
            TaskMixtureClassifier(**settings).fit(X, Y.mean() < Y, task=IDS)


def test_one_row_that_counts_for_all_leaves_intervals():
    weight = np.r_[1e300, np.ones(23)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mixture = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, Y, sample_weight=weight, task=IDS)
        assert all(np.isfinite(part).all() for part in mixture.predict(X, return_std=True, task=IDS))


@pytest.mark.parametrize("n_columns", [22, 26])
def test_the_axes_of_a_table_wider_than_long_are_those_of_its_covariance(n_columns):
    wide = RNG.normal(size=(24, n_columns)) * np.linspace(1, 3, n_columns)
    weight = RNG.uniform(0.5, 2, size=24)
    design = Design("slopes").fit(wide, weight)
    Z = np.clip((wide - design.mean) / design.scale, -5, 5)
    values, vectors = np.linalg.eigh((Z.T * weight) @ Z / weight.sum())
    kept = vectors[:, np.argsort(values)[::-1][:20]]
    np.testing.assert_allclose(np.abs(kept.T @ design.rotation), np.eye(20), atol=1e-8)


def test_a_table_of_thousands_of_columns_and_few_rows_is_not_squared(monkeypatch):
    def refused(matrix):
        assert len(matrix) < 100
        return eigh(matrix)

    eigh = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", refused)
    wide = RNG.normal(size=(24, 3000))
    assert Design("slopes").fit(wide)(wide).shape == (24, 21)
    assert Design("slopes").fit(wide[:6])(wide).shape == (24, 6)
