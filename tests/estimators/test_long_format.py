"""One long table with a task column: where the ids may come from, cold starts, scikit-learn's tools."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmeta import KShotSplit, MAMLClassifier, MAMLRegressor, TableEncoder, TaskKFold, TaskMixtureRegressor
from tests.estimators.contract import cheap

TINY = {"max_epochs": 1, "steps_per_epoch": 3, "random_state": 0}


def visits(n_sites=8, n_rows=8, seed=0):
    """Sites whose visits differ by a constant."""
    rng = np.random.default_rng(seed)
    site = np.repeat([f"site {i}" for i in range(n_sites)], n_rows)
    table = pd.DataFrame({"dose": rng.normal(size=len(site)), "weight": rng.normal(size=len(site)), "site": site})
    y = table["dose"] + np.repeat(rng.normal(size=n_sites), n_rows)
    return table, y.to_numpy()


TABLE, Y = visits()
FEATURES, SITE = TABLE[["dose", "weight"]], TABLE["site"]


@pytest.fixture(scope="module")
def by_site():
    return MAMLRegressor(**TINY).fit(TABLE, Y, task="site")


@pytest.mark.parametrize("task", [SITE, SITE.to_numpy(), SITE.tolist()])
def test_ids_beside_the_table_do_as_well_as_a_column_of_it(by_site, task):
    beside = MAMLRegressor(**TINY).fit(FEATURES, Y, task=task)
    assert_allclose(beside.predict(FEATURES, task=task), by_site.predict(TABLE, task="site"))
    assert by_site.feature_names_in_.tolist() == ["dose", "weight"]


def test_the_task_column_may_be_anywhere_when_rows_are_asked_about(by_site):
    assert_allclose(
        by_site.predict(TABLE[["site", "dose", "weight"]], task="site"), by_site.predict(FEATURES, task=SITE)
    )


def test_rows_of_an_unknown_task_get_the_answer_of_the_meta_learned_start(by_site):
    cold = by_site.predict(FEATURES[:5], task=["new"] * 5)
    assert_allclose(cold, by_site.adapt().predict(FEATURES[:5]), rtol=1e-5)


def test_known_and_unknown_tasks_may_be_asked_about_together(by_site):
    ids = SITE[:16].to_numpy(dtype=object, copy=True)
    ids[::2] = "new"
    both = by_site.predict(FEATURES[:16], task=ids)
    assert_allclose(both[::2], by_site.predict(FEATURES[:16:2], task=["new"] * 8), rtol=1e-5)
    assert_allclose(both[1::2], by_site.predict(FEATURES[1:16:2], task=ids[1::2]), rtol=1e-5)


@pytest.mark.parametrize(
    "known, asked",
    [
        ([1, 2], ["1", "2"]),
        (["1", "2"], [1, 2]),
        (["1", "2"], [1.0, 2.0]),
        (["a", "b"], ["a ", "c"]),
        (["a ", "b "], ["a", "c"]),
        (["2020-01-01", "2021-01-01"], np.array(["2020-01-01", "2022-01-01"], "datetime64[D]")),
        (np.array(["2020-01-01", "2021-01-01"], "datetime64[D]"), ["2020-01-01", "2022-01-01"]),
        ([("a", 1), ("b", 2)], [("a", "1"), ("b", 2)]),
        ([("a", 1), ("b", 2)], [("c", 1), ("a ", 7)]),
    ],
)
@pytest.mark.parametrize("cls", [MAMLRegressor, TaskMixtureRegressor])
def test_ids_that_only_look_like_known_ones_are_not_answered_as_new_tasks(cls, known, asked):
    def of_rows(ids):
        return [ids[i] for i in np.arange(20) % 2]

    X, rng = np.arange(40.0).reshape(20, 2), np.random.default_rng(0)
    meta = cheap(cls).fit(X, rng.normal(size=20), task=of_rows(known))
    meta.predict(X, task=of_rows(known))
    with pytest.raises(ValueError, match="write ids as they were written before"):
        meta.predict(X, task=of_rows(asked))
    with pytest.raises(ValueError, match="write ids as they were written before"):
        meta.partial_fit(X, rng.normal(size=20), task=of_rows(asked))


def test_new_tasks_are_opened_and_old_ones_extended():
    first = TABLE["site"] != "site 7"
    meta = MAMLRegressor(**TINY).fit(TABLE[first], Y[first], task="site")
    assert "site 7" not in meta.adapted_tasks_
    meta.partial_fit(TABLE[~first], Y[~first], task="site")
    assert meta.adapted_tasks_.tolist() == sorted(SITE.unique())
    alone = meta.predict(FEATURES[~first], task=SITE[~first])
    assert_allclose(alone, meta.adapt(FEATURES[~first], Y[~first]).predict(FEATURES[~first]), rtol=1e-4, atol=1e-5)


def test_nested_groups_are_tuples_and_an_unknown_class_is_answered_from_its_school():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"school": np.repeat(list("ABCD"), 10), "class": np.tile(np.repeat([1, 2], 5), 4)})
    table["hours"] = rng.normal(size=40)
    y = table["hours"].to_numpy() + 3.0 * table["school"].map(ord).to_numpy()
    meta = MAMLRegressor(**TINY).fit(table, y, task=["school", "class"])
    assert meta.adapted_tasks_.tolist() == [(s, c) for s in "ABCD" for c in (1, 2)]
    rows = table[table["school"] == "B"]
    of_a_new_class = meta.predict(rows.assign(**{"class": 9}), task=["school", "class"])
    of_the_school = meta.adapt(rows[["hours"]], y[rows.index]).predict(rows[["hours"]])
    assert_allclose(of_a_new_class, of_the_school, rtol=1e-5, atol=1e-6)


def test_a_task_of_which_one_class_was_seen_gives_probabilities_of_both():
    labels = np.where(np.median(Y) < Y, "yes", "no")
    labels[SITE == "site 0"] = "yes"
    meta = MAMLClassifier(**TINY).fit(TABLE, labels, task="site")
    assert meta.classes_.tolist() == ["no", "yes"]
    p = meta.predict_proba(TABLE[:8], task="site")
    assert p.shape == (8, 2) and (p > 0.0001).all()
    cold = meta.predict_proba(TABLE[:8].assign(site="never seen"), task="site")
    assert p[:, 1].mean() > cold[:, 1].mean()


def test_a_class_that_was_never_met_in_training_may_come_later():
    labels = np.where(np.median(Y) < Y, "yes", "no")
    meta = MAMLClassifier(**TINY).fit(TABLE, labels, task="site")
    meta.partial_fit(FEATURES[:4], ["maybe", "maybe", "no", "no"], task=["odd"] * 4)
    together = meta.predict_proba(FEATURES[:9], task=["odd"] * 2 + ["site 0"] * 7)
    assert together.shape == (9, 3)  # of the union of the two tasks' classes
    assert_array_equal(together[:2, 2], 0)  # this task has a class of its own, so only what it has shown is answered
    assert_array_equal(together[2:, 0], 0)


def test_ids_must_fit_the_rows(by_site):
    with pytest.raises(ValueError, match="task of each of the 64 rows"):
        by_site.predict(FEATURES, task=SITE[:5])
    with pytest.raises(ValueError, match="names columns, but X is a ndarray"):
        by_site.predict(FEATURES.to_numpy(), task="site")


# ---------------------------------------------------------------------- scikit-learn's tools


def test_a_pipeline_hands_ids_on():
    with sklearn.config_context(enable_metadata_routing=True):
        steps = make_pipeline(StandardScaler(), MAMLRegressor(**TINY)).fit(FEATURES, Y, task=SITE)
        by_hand = MAMLRegressor(**TINY).fit(StandardScaler().fit_transform(FEATURES), Y, task=SITE)
        scaled = StandardScaler().fit_transform(FEATURES)
        assert_allclose(steps.predict(FEATURES, task=SITE), by_hand.predict(scaled, task=SITE))
        assert steps.score(FEATURES, Y, task=SITE) == pytest.approx(by_hand.score(scaled, Y, task=SITE))


def test_a_pipeline_without_routing_takes_ids_for_its_last_step():
    steps = make_pipeline(StandardScaler(), MAMLRegressor(**TINY)).fit(FEATURES, Y, mamlregressor__task=SITE)
    assert steps.predict(FEATURES, task=SITE).shape == Y.shape


def test_columns_transformed_apart_keep_their_rows_with_their_ids():
    table = FEATURES.assign(ward=np.tile(["x", "y"], 32))
    columns = make_column_transformer((OneHotEncoder(), ["ward"]), (StandardScaler(), ["dose", "weight"]))
    for first in (columns, TableEncoder()):
        with sklearn.config_context(enable_metadata_routing=True):
            steps = make_pipeline(first, MAMLRegressor(**TINY)).fit(table, Y, task=SITE)
            assert steps.predict(table, task=SITE).shape == Y.shape


@pytest.mark.parametrize("cv", [GroupKFold(2), TaskKFold(2, n_shots=2), KShotSplit(4, 2), KFold(2, shuffle=True)])
def test_cross_validation_over_new_and_over_known_tasks(cv):
    groups = {} if isinstance(cv, KFold) else {"groups": SITE}
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_validate(MAMLRegressor(**TINY), FEATURES, Y, cv=cv, params={"task": SITE, **groups})
    assert np.isfinite(scores["test_score"]).all()


def test_a_column_name_travels_through_cross_validation():
    with sklearn.config_context(enable_metadata_routing=True):
        by_name = cross_validate(MAMLRegressor(**TINY), TABLE, Y, cv=KFold(2), params={"task": "site"})
        by_ids = cross_validate(MAMLRegressor(**TINY), FEATURES, Y, cv=KFold(2), params={"task": SITE})
    assert_array_equal(by_name["test_score"], by_ids["test_score"])


def test_a_search_over_settings_is_done_over_tasks():
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(MAMLRegressor(**TINY), {"inner_lr": [0.01, 0.1]}, cv=GroupKFold(2))
        search.fit(FEATURES, Y, task=SITE, groups=SITE)
        assert search.best_params_["inner_lr"] in (0.01, 0.1)
        assert search.best_estimator_.predict(FEATURES, task=SITE).shape == Y.shape
