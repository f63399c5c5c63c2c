"""Rows appended to an encoded support: close to a new encoding, whatever the portions they come in."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import skmeta
from skmeta.estimators.in_context import InContextClassifier, InContextRegressor

N, MORE = 120, 30


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, :12], y


@pytest.fixture(scope="module")
def appended(cancer):
    X, y = cancer
    return InContextClassifier().fit(X[:N], y[:N]).partial_fit(X[N : N + MORE], y[N : N + MORE])


def test_appended_rows_count_nearly_as_encoded_ones(cancer, appended):
    X, y = cancer
    assert appended.n_rows_encoded_ == N and len(appended.task_.rows.y) == N + MORE
    few, all_rows = (InContextClassifier().fit(X[:n], y[:n]).predict_proba(X[200:]) for n in (N, N + MORE))
    distance = np.abs(appended.predict_proba(X[200:]) - all_rows).mean()
    assert distance < 0.025
    assert distance < 0.6 * np.abs(few - all_rows).mean()


def test_portions_do_not_matter(cancer, appended):
    X, y = cancer
    clf = InContextClassifier().fit(X[:N], y[:N])
    for rows in (slice(N, N + 1), slice(N + 1, N + 11), slice(N + 11, N + MORE)):
        clf.partial_fit(X[rows], y[rows])
    np.testing.assert_allclose(clf.predict_proba(X), appended.predict_proba(X), atol=1e-4)


def test_copies_on_disk_answer_alike(tmp_path, cancer, appended):
    X, _ = cancer
    appended.save(tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(appended)), skmeta.load(tmp_path / "model")):
        assert again.n_rows_encoded_ == N
        np.testing.assert_allclose(again.predict_proba(X), appended.predict_proba(X), atol=1e-4)


def test_a_call_leaves_earlier_copies_of_the_estimator_alone(cancer):
    X, y = cancer
    clf = InContextClassifier().fit(X[:N], y[:N])
    before, other = clf.predict_proba(X), copy.copy(clf)
    clf.partial_fit(X[N : N + 5], y[N : N + 5])
    np.testing.assert_array_equal(other.predict_proba(X), before)
    assert np.abs(clf.predict_proba(X) - before).max() > 0


def test_much_growth_and_new_classes_encode_anew(cancer):
    X, y = cancer
    clf = InContextClassifier().fit(X[:N], y[:N])
    grown = copy.copy(clf).partial_fit(X[N : 2 * N], y[N : 2 * N])
    assert grown.n_rows_encoded_ == 2 * N
    np.testing.assert_allclose(
        grown.predict_proba(X), InContextClassifier().fit(X[: 2 * N], y[: 2 * N]).predict_proba(X), rtol=1e-5
    )
    assert InContextClassifier(labels="task").fit(X[:N], y[:N]).partial_fit(X[N : N + 2], [5, 5]).n_rows_encoded_ > N


def test_a_new_category_encodes_anew(cancer):
    X, y = cancer
    frame = pd.DataFrame(X).add_prefix("x").assign(site=np.where(np.arange(len(X)) < N, "a", "b"))
    clf = InContextClassifier().fit(frame[:N], y[:N])
    same = frame[N : N + 3].assign(site="a")
    assert copy.copy(clf).partial_fit(same, y[N : N + 3]).n_rows_encoded_ == N
    assert clf.partial_fit(frame[N : N + 3], y[N : N + 3]).n_rows_encoded_ == N + 3


def test_weights_of_appended_rows_count(cancer):
    X, y = cancer
    clf = InContextClassifier().fit(X[:N], y[:N])
    new, twice = X[N : N + 4], np.repeat(np.arange(N, N + 4), 2)
    weighted = copy.copy(clf).partial_fit(new, y[N : N + 4], sample_weight=np.full(4, 2.0)).predict_proba(X)
    repeated = clf.partial_fit(X[twice], y[twice]).predict_proba(X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-4)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_regressors_grow_too(n_targets):
    X, y = load_diabetes(return_X_y=True)
    y = y if n_targets == 1 else np.c_[y, -3 * y]
    grown = InContextRegressor().fit(X[:N], y[:N]).partial_fit(X[N : N + MORE], y[N : N + MORE])
    few, all_rows = (InContextRegressor().fit(X[:n], y[:n]).predict(X[200:]) for n in (N, N + MORE))
    assert grown.n_rows_encoded_ == N
    assert np.abs(grown.predict(X[200:]) - all_rows).mean() < 0.6 * np.abs(few - all_rows).mean()


def test_supports_that_are_dealt_out_are_encoded_anew_for_their_trees(monkeypatch, cancer):
    X, y = cancer
    monkeypatch.setattr("skmeta.learners.in_context.learner.MAX_SUPPORT", 64)
    clf = InContextClassifier().fit(X[:N], y[:N]).partial_fit(X[N : N + 9], y[N : N + 9])
    assert clf.n_rows_encoded_ == N + 9 and len(clf.task_.state["parts"]) == 2
    assert clf.score(X[200:], y[200:]) > 0.85
    support = clf.explain(X[200:210]).support
    assert support.shape == (10, N + 9)
    same = clf.predict(X[200:210])[:, None] == y[None, : N + 9]
    assert support[same].mean() > 0 > support[~same].mean()


def shifted(n_near=240, n_far=60):
    """A table whose last rows lie far from its first in one of four columns, and its targets; then further far rows."""
    X = np.random.default_rng(0).normal(size=(n_near + 2 * n_far, 4))
    X[n_near:, 0] += 30
    return X[: n_near + n_far], X[n_near + n_far :]


def test_rows_out_of_the_range_of_the_encoded_ones_are_answered_as_by_a_fit_on_all():
    X, far = shifted()
    parts = slice(None, 240), slice(240, None)
    classes = np.where(X[:, 1] > 0, "up", "down")
    classes[240:] = "up"
    clf, reg = InContextClassifier(), InContextRegressor()
    for rows in parts:
        clf.partial_fit(X[rows], classes[rows], classes=["down", "up"])
        reg.partial_fit(X[rows], X[rows, 0])
    chances = InContextClassifier().fit(X, classes).predict_proba(far)
    np.testing.assert_allclose(clf.predict_proba(far), chances, atol=0.01)
    off = np.sqrt(np.square(reg.predict(far) - far[:, 0]).mean())
    assert off < 0.1


def test_a_target_out_of_the_range_of_the_encoded_ones_encodes_anew():
    X, _ = shifted()
    y = X[:, 1]
    reg = InContextRegressor().fit(X[:240], y[:240])
    assert copy.copy(reg).partial_fit(X[:3] + 0.01, y[:3]).n_rows_encoded_ == 240
    assert copy.copy(reg).partial_fit(X[:3], y[:3] + [0, 0, 30]).n_rows_encoded_ == 243
    both = np.column_stack([y, -y])
    two = InContextRegressor().fit(X[:240], both[:240])
    assert two.partial_fit(X[:3], both[:3] - [[0, 30]]).n_rows_encoded_ == 243


def test_a_column_that_first_varies_or_is_first_present_in_later_rows_encodes_anew():
    X, _ = shifted(n_far=0, n_near=120)
    for unseen in (0.0, np.nan):
        first = X.copy()
        first[:, 2] = unseen
        clf = InContextClassifier().fit(first, X[:, 0] > 0)
        assert copy.copy(clf).partial_fit(first[:3], X[:3, 0] > 0).n_rows_encoded_ == 120
        assert clf.partial_fit(X[:3], X[:3, 0] > 0).n_rows_encoded_ == 123


def test_few_rows_far_out_in_turn_are_the_same_in_copies_on_disk(tmp_path):
    X, far = shifted(n_far=5)
    reg = InContextRegressor().fit(X[:240], X[:240, 0])
    for row in range(240, 245):
        reg.partial_fit(X[[row]], X[[row], 0])
    assert reg.n_rows_encoded_ < 245  # the first of them makes room for the others
    reg.save(tmp_path / "model")
    np.testing.assert_allclose(skmeta.load(tmp_path / "model").predict(far), reg.predict(far), rtol=1e-4)


def test_an_estimator_from_a_file_learns_on_after_its_first_answer():
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    clf = InContextClassifier().fit(X[:40], y[:40])
    copied = pickle.loads(pickle.dumps(clf))
    np.testing.assert_allclose(copied.predict_proba(X), clf.predict_proba(X))
    for one in (clf, copied):
        one.partial_fit(X[40:], y[40:])
    np.testing.assert_allclose(copied.predict_proba(X), clf.predict_proba(X))
