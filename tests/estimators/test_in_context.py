"""The pretrained estimators: mixed tables, many classes, large supports, distributions, fine-tuning."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta.estimators.in_context import InContextClassifier, InContextRegressor, mixture_quantiles
from skmeta.tasks import GaussianClusters, Sinusoids


@pytest.fixture(scope="module")
def wine():
    return train_test_split(*load_wine(return_X_y=True), train_size=60, random_state=0, stratify=load_wine().target)


@pytest.fixture(scope="module")
def diabetes():
    return train_test_split(*load_diabetes(return_X_y=True), train_size=150, random_state=0)


def mixed_frame(n=80, seed=0):
    """Numbers with holes, strings with an effect of their own, an ordered category, a flag."""
    rng = np.random.default_rng(seed)
    colour = rng.choice(["red", "green", "blue", "grey"], n)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "colour": pd.Series(colour, dtype=object),
            "grade": pd.Categorical(rng.choice(["a", "b"], n)),
            "flag": rng.random(n) < 0.5,
        }
    )
    y = np.where(np.isin(colour, ["red", "blue"]), "yes", "no")
    return frame, y


def test_it_beats_nearest_neighbours_on_a_table_of_scikit_learn():
    split = train_test_split(*load_breast_cancer(return_X_y=True), train_size=100, random_state=0)
    X, X_test, y, y_test = split
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier())
    ours, theirs = (clf.fit(X, y).predict_proba(X_test) for clf in (InContextClassifier(), neighbours))
    assert log_loss(y_test, ours) < 0.5 * log_loss(y_test, theirs)
    assert roc_auc_score(y_test, ours[:, 1]) > roc_auc_score(y_test, theirs[:, 1])


def test_the_regressor_beats_nearest_neighbours(diabetes):
    X, X_test, y, y_test = diabetes
    ours = InContextRegressor().fit(X, y).score(X_test, y_test)
    assert ours > 0.05 + make_pipeline(StandardScaler(), KNeighborsRegressor()).fit(X, y).score(X_test, y_test)


def test_fit_trains_nothing(wine):
    X, _, y, _ = wine
    clf = InContextClassifier().fit(X, y)
    assert len(clf.net_.history) == 0
    np.testing.assert_array_equal(clf.predict_proba(X), InContextClassifier(random_state=7).fit(X, y).predict_proba(X))


def test_strings_categories_and_missing_cells_are_read_as_they_are():
    frame, y = mixed_frame()
    clf = InContextClassifier().fit(frame[:60], y[:60])
    assert clf.columns_.is_categorical.tolist() == [False, True, True, False]
    assert clf.score(frame[60:], y[60:]) > 0.9
    np.testing.assert_array_equal(clf.classes_, ["no", "yes"])


def test_a_category_never_seen_is_a_missing_cell():
    frame, y = mixed_frame()
    clf = InContextClassifier().fit(frame, y)
    strange, missing = frame[:5].copy(), frame[:5].copy()
    strange["colour"], missing["colour"] = "mauve", None
    np.testing.assert_array_equal(clf.predict_proba(strange), clf.predict_proba(missing))


def test_categories_may_be_named_or_denied():
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(12.0), 8))
    y = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])[codes.astype(int)]
    frame = pd.DataFrame({"code": codes, "other": rng.normal(size=96)})
    by_name = InContextClassifier(categorical_features=["code"]).fit(frame, y)
    by_mask = InContextClassifier(categorical_features=[True, False]).fit(frame.to_numpy(), y)
    np.testing.assert_array_equal(by_name.predict_proba(frame), by_mask.predict_proba(frame.to_numpy()))
    shuffled = frame.assign(code=(frame["code"] * 5 + 3) % 12)  # other names for the same categories
    again = InContextClassifier(categorical_features=["code"]).fit(shuffled, y)
    np.testing.assert_allclose(again.predict_proba(shuffled), by_name.predict_proba(frame), atol=0.02)
    with pytest.raises(ValueError, match=r"does not have: \['colour'\]"):
        InContextClassifier(categorical_features=["colour"]).fit(frame, y)


def test_new_categories_may_come_with_partial_fit():
    frame, y = mixed_frame()
    warm = frame["colour"].isin(["red", "green"]).to_numpy()
    clf = InContextClassifier().fit(frame[warm], y[warm])
    clf.partial_fit(frame[~warm], y[~warm])
    whole = InContextClassifier().fit(pd.concat([frame[warm], frame[~warm]]), np.r_[y[warm], y[~warm]])
    np.testing.assert_allclose(clf.predict_proba(frame), whole.predict_proba(frame), atol=1e-6)


def test_numbers_that_turn_into_strings_are_refused():
    frame, y = mixed_frame()
    clf = InContextClassifier().fit(frame, y)
    with pytest.raises((TypeError, ValueError), match="Column 'size' of X is taken as numbers"):
        clf.predict(frame.assign(size="big"))


def test_infinity_is_refused_and_nan_is_not(wine):
    X, _, y, _ = wine
    X = X.copy()
    X[0, 0] = np.nan
    assert np.isfinite(InContextClassifier().fit(X, y).predict_proba(X)).all()
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        InContextClassifier().fit(X, y)


@pytest.mark.parametrize(("n", "rounding"), [(60, 1e-8), (120, 1e-4)])  # in double and in single precision
def test_rows_are_answered_one_by_one_as_together(n, rounding):
    X, y = load_wine(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(X))
    clf = InContextClassifier().fit(X[rows[:n]], y[rows[:n]])
    together = clf.predict_proba(X)
    for row in range(0, len(X), 19):
        np.testing.assert_allclose(clf.predict_proba(X[[row]]), together[[row]], rtol=rounding)
    few = clf.predict_proba(X[:9])
    np.testing.assert_allclose(clf.predict_proba(X[:9][::-1]), few[::-1], rtol=rounding)
    np.testing.assert_allclose(clf.predict_proba(X[::-1]), together[::-1], rtol=rounding)


def test_orders_of_rows_columns_and_names_of_classes_do_not_matter(wine):
    X, X_test, y, _ = wine
    plain = InContextClassifier().fit(X, y).predict_proba(X_test)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    names = np.array(["c", "a", "b"])
    moved = InContextClassifier().fit(X[rows][:, columns], names[y[rows]])
    np.testing.assert_allclose(moved.predict_proba(X_test[:, columns])[:, [2, 0, 1]], plain, atol=2e-3)


def test_large_offsets_do_not_eat_small_differences(wine):
    X, X_test, y, _ = wine
    plain = InContextClassifier().fit(X, y).predict_proba(X_test)
    shifted = InContextClassifier().fit(X + 1e9, y).predict_proba(X_test + 1e9)
    np.testing.assert_allclose(shifted, plain, atol=1e-3)


def test_any_number_of_classes():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(37), 4)
    centres = rng.normal(size=(37, 6)) * 5
    X = centres[y] + 0.3 * rng.normal(size=(148, 6))
    clf = InContextClassifier().fit(X, y)
    assert clf.predict_proba(X).shape == (148, 37)
    assert clf.score(centres, np.arange(37)) > 0.8


def test_a_support_beyond_the_limit_is_dealt_out_and_still_right():
    X, y = load_digits(return_X_y=True)
    clf = InContextClassifier().fit(X[:1200], y[:1200])
    assert len(clf.task_.state["parts"]) == 2
    assert clf.score(X[1200:], y[1200:]) > 0.9


def test_wide_tables_are_read(wine):
    X, X_test, y, y_test = wine
    noise = np.random.default_rng(0).normal(size=(178, 300))
    clf = InContextClassifier().fit(np.c_[X, noise[:60]], y)
    assert clf.score(np.c_[X_test, noise[60:]], y_test) > 0.85


def test_halves_of_the_rows_equal_the_whole(wine):
    X, X_test, y, _ = wine
    halves = InContextClassifier().partial_fit(X[:30], y[:30]).partial_fit(X[30:], y[30:])
    np.testing.assert_allclose(halves.predict_proba(X_test), InContextClassifier().fit(X, y).predict_proba(X_test))


def test_quantiles_and_standard_deviations_belong_to_one_distribution(diabetes):
    X, X_test, y, y_test = diabetes
    reg = InContextRegressor().fit(X, y)
    mean, std = reg.predict(X_test, return_std=True)
    quantiles = reg.predict(X_test, quantiles=[0.05, 0.5, 0.95])
    assert quantiles.shape == (len(X_test), 3) and (np.diff(quantiles, axis=1) > 0).all()
    np.testing.assert_allclose(mean, reg.predict(X_test), rtol=1e-5)
    assert (std > 0).all() and (np.abs(quantiles[:, 1] - mean) < std).all()
    covered = ((quantiles[:, 0] < y_test) & (y_test < quantiles[:, 2])).mean()
    assert 0.8 < covered < 0.98


def test_quantiles_of_two_known_mixtures():
    share = np.array([[1.0, 0.0], [0.5, 0.5]])
    means, scales = np.array([[3.0, 9.0], [-1.0, 1.0]]), np.array([[2.0, 1.0], [0.1, 0.1]])
    assert mixture_quantiles(share, means, scales, [0.5])[0, 0] == pytest.approx(3.0)
    # the quarter is the middle of the left one of two equal peaks
    assert mixture_quantiles(share, means, scales, [0.25])[1, 0] == pytest.approx(-1.0)
    np.testing.assert_allclose(mixture_quantiles(share, means, scales, [0.8413447460685429])[0, 0], 5.0, atol=1e-6)
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        mixture_quantiles(share, means, scales, [0.0])


def test_predictions_follow_the_units_of_the_target(diabetes):
    X, X_test, y, _ = diabetes
    plain = InContextRegressor().fit(X, y).predict(X_test, return_std=True)
    scaled = InContextRegressor().fit(X, 1e4 * y - 7).predict(X_test, return_std=True)
    np.testing.assert_allclose(scaled[0], 1e4 * plain[0] - 7, rtol=1e-3)
    np.testing.assert_allclose(scaled[1], 1e4 * plain[1], rtol=1e-3)


def test_several_targets_have_distributions_of_their_own(diabetes):
    X, X_test, y, _ = diabetes
    two = InContextRegressor().fit(X, np.c_[y, -y])
    mean, std = two.predict(X_test, return_std=True)
    assert mean.shape == std.shape == (len(X_test), 2)
    assert two.predict(X_test, quantiles=[0.1, 0.9]).shape == (len(X_test), 2, 2)
    with pytest.raises(ValueError, match="cannot be asked for together"):
        two.predict(X_test, return_std=True, quantiles=[0.5])


@pytest.mark.parametrize(
    ("estimator", "distribution"),
    [
        (InContextClassifier(labels="shared"), GaussianClusters(n_ways=3, n_shots=5, n_query=5, n_features=3)),
        (InContextRegressor(), Sinusoids(n_shots=10)),
    ],
)
def test_tasks_continue_the_training_and_answer_tasks(estimator, distribution):
    tasks = distribution.sample(4, random_state=0)
    before = clone(estimator).set_params(max_epochs=0).fit(tasks)
    meta = clone(estimator).set_params(max_epochs=1, random_state=0).fit(tasks)
    weights = [dict(m.net_.module_.named_parameters())["skip"].detach() for m in (before, meta)]
    change = (weights[0] - weights[1]).abs().max()
    assert 0 < change < 0.05
    answers = meta.predict(tasks)
    assert answers.shape == (4,) and answers[0].shape == tasks[0].y_query.shape
    one = meta.adapt(tasks[3].X, tasks[3].y).predict(tasks[3].X_query)
    if distribution.task_type == "classification":
        np.testing.assert_array_equal(one, answers[3])
    else:
        np.testing.assert_allclose(one, answers[3], rtol=1e-3, atol=1e-3)


def test_pickles_answer_alike(wine):
    X, X_test, y, _ = wine
    clf = InContextClassifier().fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X_test), clf.predict_proba(X_test))


def test_it_takes_the_place_of_neighbours_in_scikit_learns_tools(wine):
    X, _, y, _ = wine
    scores = cross_val_score(make_pipeline(StandardScaler(), InContextClassifier()), X, y, cv=3)
    assert scores.mean() > 0.9


def test_without_pretrained_weights_it_learns_from_the_table(wine):
    X, X_test, y, y_test = wine
    clf = InContextClassifier(pretrained=False, max_epochs=1, random_state=0).fit(X, y)
    assert len(clf.net_.history) == 1 and clf.score(X_test, y_test) > 0.8


def test_the_column_that_decides_is_named_and_its_rows_are(wine):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    y = (X[:, 2] > 0).astype(int)
    clear = np.abs(X[:, 2]) > 0.5
    why = InContextClassifier().fit(X, y).explain(X[clear])
    assert (why.columns.argmax(1) == 2).mean() > 0.95
    # rows of the predicted class speak for it, the others against it
    same = y[clear][:, None] == y[None]
    assert why.support[same].sum() > 0 > why.support[~same].sum()


def test_contributions_of_rows_and_the_mean_sum_to_the_experts_score(diabetes):
    X, X_test, y, _ = diabetes
    reg = InContextRegressor().fit(X, y)
    total = reg.explain(X_test[:20]).support.sum(1) + y.mean()
    part = reg.task_.state["parts"][0]
    assert np.corrcoef(total, reg.predict(X_test[:20]))[0, 1] > 0.95
    np.testing.assert_allclose(part["mean"].item() * reg.target_scale_ + reg.target_mean_, [y.mean()])


def test_a_dealt_out_support_is_explained_in_its_own_order(monkeypatch, wine):
    X, X_test, y, _ = wine
    monkeypatch.setattr("skmeta.learners.in_context.learner.MAX_SUPPORT", 32)
    clf = InContextClassifier().fit(X, y)
    why = clf.explain(X_test[:10])
    assert why.support.shape == (10, 60)
    same = clf.predict(X_test[:10])[:, None] == y[None]
    assert why.support[same].mean() > 0 > why.support[~same].mean()


def test_of_dozens_of_classes_the_tuned_experts_are_heard():
    shape = {"n_informative": 6, "n_redundant": 0, "n_clusters_per_class": 1}
    X, y = make_classification(320, 8, n_classes=12, random_state=0, **shape)
    mine, plane = (
        log_loss(y[120:], clf.fit(X[:120], y[:120]).predict_proba(X[120:]))
        for clf in (InContextClassifier(), LogisticRegression())
    )
    assert mine < plane
    assert mine < 1.5  # 1.56 without them
