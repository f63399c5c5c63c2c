"""Where a table has more rows than the network reads together, trees that grow on all of them take part."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import log_loss

import skmeta
from skmeta import InContextClassifier, InContextRegressor, Task
from skmeta.estimators.base.trees import _unread
from skmeta.learners.in_context.heads import InContextClassification, InContextRegression

SMALL = {"cell_width": 8, "n_points": 3, "n_summary": 2, "row_width": 16, "row_heads": 2, "n_row_blocks": 2}


@pytest.fixture(autouse=True)
def few_rows_are_many(monkeypatch):
    monkeypatch.setattr("skmeta.learners.in_context.learner.MAX_SUPPORT", 64)


def stripes(n, seed=0):
    """Forty stripes along the first of three columns, of two classes in turn: a thousand rows show them, 64 do not."""
    X = np.random.default_rng(seed).uniform(size=(n, 3))
    return X, np.array(["even", "odd"])[np.floor(40 * X[:, 0]).astype(int) % 2]


@pytest.fixture(scope="module")
def halves():
    X, y = stripes(1500)
    return X[:1000], y[:1000], X[1000:], y[1000:]


def test_trees_are_believed_where_they_are_right(halves):
    X, y, X_test, y_test = halves
    clf = InContextClassifier().fit(X, y)
    assert "trees" in clf.task_.state and len(clf.task_.state["parts"]) == 2
    assert log_loss(y_test, clf.predict_proba(X_test)) < 0.55
    clf.task_.state.pop("trees")
    assert log_loss(y_test, clf.predict_proba(X_test)) > 0.65


def test_targets_move_to_the_mean_of_all_with_their_intervals(halves):
    X, y, X_test, y_test = halves
    steps, steps_test = (np.where(labels == "odd", 3.0, -3.0) for labels in (y, y_test))
    reg = InContextRegressor().fit(X, steps)
    mean, std = reg.predict(X_test, return_std=True)
    low, high = reg.predict(X_test, quantiles=[0.05, 0.95]).T
    np.testing.assert_allclose(mean, reg.predict(X_test), atol=1e-3)
    assert 0.8 < ((low < steps_test) & (steps_test < high)).mean() < 0.99
    reg.task_.state.pop("trees")
    before, std_before = reg.predict(X_test, return_std=True)
    assert np.square(mean - steps_test).mean() < 0.9 * np.square(before - steps_test).mean()
    assert std.mean() < std_before.mean()


def test_several_targets_have_shares_of_their_own(halves):
    X, y, X_test, _ = halves
    targets = np.column_stack([y == "odd", X[:, 1] + X[:, 2]]).astype(float)
    reg = InContextRegressor().fit(X, targets)
    assert reg.predict(X_test).shape == (500, 2)
    assert reg.predict(X_test, quantiles=[0.1, 0.9]).shape == (500, 2, 2)
    shares = reg.task_.state["trees"].shares
    assert shares[1, 0] > 0.9 > shares[0, 0]


@pytest.mark.parametrize("learner", [InContextClassification, InContextRegression])
def test_rows_are_left_out_by_the_part_that_has_read_them(learner, monkeypatch):
    monkeypatch.setattr(learner, "most_parts", 2)
    torch.manual_seed(0)
    net = learner(**SMALL).double().eval()
    X = torch.randn(1, 130, 2, generator=torch.Generator().manual_seed(0)).double()
    y = (X[..., 0] > 0).long() if learner.task_type == "classification" else X[..., :1]
    state = net.adapt(X, y)
    assert [rows.shape[1] for rows in state["dealt"]] == [33, 33]  # other parts are not encoded
    rows = torch.arange(130)[None]
    asked = net.ask_others(state, X, rows)
    with torch.no_grad():
        alone = [net.predict({"parts": [part]}, X) for part in state["parts"]]
    both = sum(out.softmax(-1) for out in alone) / 2 if y.ndim == 2 else sum(alone) / 2
    for row in range(130):
        read = [part for part in (0, 1) if row in state["dealt"][part][0]]
        wanted = alone[1 - read[0]][:, row] if read else both[:, row]
        found = asked[:, row]
        if y.ndim == 2:
            found, wanted = found.softmax(-1), wanted.softmax(-1) if read else wanted
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("dealt, unread", [([[0, 2]], [1, 3, 4]), ([[0, 2], [1, 3]], [0, 1, 2, 3, 4])])
def test_rows_that_some_part_has_not_read_can_be_held_back(dealt, unread):
    assert _unread([torch.tensor([rows]) for rows in dealt], 5).tolist() == unread


def test_they_are_the_same_in_copies_in_files_and_in_tasks(halves, tmp_path):
    X, y, X_test, _ = halves
    X, y = X[:300].copy(), y[:300]
    X[::7, 1] = np.nan
    clf = InContextClassifier().fit(X, y)
    plain = clf.predict_proba(X_test)
    np.testing.assert_allclose(clone(clf).fit(X, y).predict_proba(X_test), plain, rtol=1e-12)
    clf.save(tmp_path / "clf.skmeta")
    np.testing.assert_allclose(skmeta.load(tmp_path / "clf.skmeta").predict_proba(X_test), plain, rtol=1e-12)
    tasks = [Task(X, y, X_test), Task(X[:280], y[:280], X_test[:9]), Task(X[:20], y[:20], X_test[:9])]
    several = clf.predict_proba(tasks)
    np.testing.assert_allclose(several[0], plain, atol=1e-5)
    for answers, n in zip(several[1:], (280, 20)):
        one = InContextClassifier().fit(X[:n], y[:n]).predict_proba(X_test[:9])
        np.testing.assert_allclose(answers, one, atol=1e-5)


def test_rows_of_no_weight_are_not_there_and_large_offsets_do_not_matter(halves):
    X, y, X_test, _ = halves
    plain = InContextClassifier().partial_fit(X[:300], y[:300]).predict_proba(X_test)
    weight = np.r_[np.ones(300), np.zeros(50)]
    weighted = InContextClassifier().partial_fit(X[:350], y[:350], sample_weight=weight)
    np.testing.assert_allclose(weighted.predict_proba(X_test), plain, atol=1e-6)
    far = InContextClassifier().partial_fit(X[:300] + 1e9, y[:300])
    np.testing.assert_allclose(far.predict_proba(X_test + 1e9), plain, atol=0.02)


def test_many_classes_are_answered_by_one_kind_of_tree():
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(40), 10))
    X = np.column_stack([y + 0.2 * rng.normal(size=400), rng.normal(size=400)])
    clf = InContextClassifier().fit(X[:300], y[:300])
    assert not clf.task_.state["trees"].boosting
    np.testing.assert_allclose(clf.predict_proba(X[300:]).sum(1), 1)
    assert clf.score(X[300:], y[300:]) > 0.4  # .49 to .60, as the rows are dealt out


def test_rows_that_come_later_are_seen_by_trees_as_well(halves):
    X, y, X_test, _ = halves
    far = np.where(np.arange(300) < 240, 0.0, 30.0)[:, None] + X[:300]
    labels = np.where(np.arange(300) < 240, y[:300], "even")
    later = InContextClassifier().fit(far[:240], labels[:240]).partial_fit(far[240:], labels[240:])
    whole = InContextClassifier().fit(far, labels)
    np.testing.assert_allclose(later.predict_proba(X_test + 30), whole.predict_proba(X_test + 30), rtol=1e-12)


def test_answers_about_a_task_do_not_depend_on_the_classes_of_tasks_beside_it(halves):
    X, y, X_test, _ = halves
    clf, one = InContextClassifier().fit(X[:100], y[:100]), Task(X[:200], y[:200], X_test[:20])
    rng = np.random.default_rng(0)
    many = Task(rng.normal(size=(66, 3)), np.array([f"kind {i % 11}" for i in range(66)]), X_test[:20])
    np.testing.assert_allclose(clf.predict_proba([one, many])[0], clf.predict_proba([one])[0], atol=1e-5)


def test_the_unit_of_weights_does_not_matter(halves):
    X, y, X_test, _ = halves
    weight = np.random.default_rng(0).uniform(1, 2, size=300)
    plain = InContextClassifier().partial_fit(X[:300], y[:300], sample_weight=weight).predict_proba(X_test)
    shares = InContextClassifier().partial_fit(X[:300], y[:300], sample_weight=weight / weight.sum() / 1e3)
    np.testing.assert_allclose(shares.predict_proba(X_test), plain, atol=1e-3)


def test_a_cell_far_from_all_others_is_answered(halves):
    X, y, X_test, _ = halves
    asked = X_test[:3].copy()
    asked[0, 0] = 1e29
    clf = InContextClassifier().fit(X[:300] * [1e-12, 1, 1], y[:300])
    np.testing.assert_allclose(clf.predict_proba(asked).sum(1), 1)


@pytest.mark.parametrize("estimator", [InContextClassifier, InContextRegressor])
def test_the_order_of_rows_does_not_matter(halves, estimator):
    X, y, X_test, _ = halves
    X = X[:300].copy()
    X[::9, 2] = np.nan
    y = y[:300] if estimator is InContextClassifier else (y[:300] == "odd").astype(float)
    ask = "predict_proba" if estimator is InContextClassifier else "predict"
    order = np.random.default_rng(0).permutation(300)
    plain, again = estimator().fit(X, y), estimator().fit(X[order], y[order])
    np.testing.assert_allclose(getattr(again, ask)(X_test), getattr(plain, ask)(X_test), atol=1e-6)
    why, why_again = (one.explain(X_test[:5]).support for one in (plain, again))
    np.testing.assert_allclose(why_again, why[:, order], atol=1e-5)


@pytest.mark.parametrize("estimator", [InContextClassifier, InContextRegressor])
def test_constant_columns_and_columns_with_missing_cells_are_read_together(halves, estimator):
    X, y, X_test, _ = halves
    X = np.column_stack([X[:300], np.ones(300), np.full(300, np.nan)])
    X[::5, 1] = np.nan
    asked = np.column_stack([X_test, np.ones(500), np.full(500, np.nan)])
    answers = estimator().fit(X, y[:300] if estimator is InContextClassifier else X[:, 0]).predict(asked)
    assert len(answers) == 500
