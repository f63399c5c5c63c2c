"""The task column is named once: every method, scorer and tool of scikit-learn then asks the right question."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.inspection import permutation_importance
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, cross_validate, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import BayesianHeadRegressor, MAMLClassifier, ProtoNetClassifier
from skmeta.preprocessing import TableEncoder

rng = np.random.default_rng(0)
SITE = np.repeat([f"site {i}" for i in range(12)], 10)
LEVEL = np.repeat(3 * rng.normal(size=12), 10)
TABLE = pd.DataFrame({"store": SITE, "size": rng.normal(size=120), "age": rng.normal(size=120)})
FEATURES = TABLE[["size", "age"]]
Y = LEVEL + TABLE["size"].to_numpy() + 0.1 * rng.normal(size=120)
QUICK = {"max_epochs": 2, "steps_per_epoch": 5, "random_state": 0}


def model(**params):
    return BayesianHeadRegressor(**QUICK | params)


def by_hand(cv, *metrics):
    """What a loop asks that hands the ids on: one list of scores for each metric."""
    scores = []
    for train, test in cv.split(TABLE, Y):
        one = model().fit(FEATURES.iloc[train], Y[train], task=SITE[train])
        answers = one.predict(FEATURES.iloc[test], task=SITE[test])
        scores.append([metric(Y[test], answers) for metric in metrics])
    return zip(*scores)


def test_the_parameter_and_the_argument_say_the_same():
    named, given = model(task="store").fit(TABLE, Y), model().fit(TABLE, Y, task="store")
    beside = model().fit(FEATURES, Y, task=SITE)
    for one in (named, given):
        assert one.task_names_in_ == ["store"] and one.n_features_in_ == 2
        assert_array_equal(one.predict(TABLE), beside.predict(FEATURES, task=SITE))
        assert one.score(TABLE, Y) == beside.score(FEATURES, Y, task=SITE)
    assert not hasattr(beside, "task_names_in_")


def test_named_scorers_ask_with_the_task():
    cv = KFold(3, shuffle=True, random_state=0)
    scores = cross_validate(model(task="store"), TABLE, Y, cv=cv, scoring=["r2", "neg_mean_absolute_error"])
    r2, error = by_hand(cv, r2_score, mean_absolute_error)
    assert_allclose(scores["test_r2"], r2, rtol=1e-6)
    assert_allclose(-scores["test_neg_mean_absolute_error"], error, rtol=1e-6)


def test_searches_curves_and_importances_keep_the_task():
    cv = KFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(model(task="store"), {"lr": [0.001, 0.003]}, cv=cv, scoring="r2").fit(TABLE, Y)
    assert search.best_score_ > 0.8
    assert_array_equal(search.predict(TABLE), search.best_estimator_.predict(TABLE))
    _, train, _ = learning_curve(
        model(task="store"), TABLE, Y, cv=cv, train_sizes=[1.0], scoring="r2", shuffle=True, random_state=0
    )
    assert train.mean() > 0.8
    importance = permutation_importance(model(task="store").fit(TABLE, Y), TABLE, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() == 0  # the store itself


def test_pipelines_that_keep_the_column_keep_the_task():
    scale = make_column_transformer((StandardScaler(), ["size", "age"]), remainder="passthrough")
    scale.set_output(transform="pandas").set_params(verbose_feature_names_out=False)
    pipeline = make_pipeline(scale, model(task="store")).fit(TABLE, Y)
    assert pipeline.score(TABLE, Y) > 0.8
    assert cross_validate(pipeline, TABLE, Y, cv=3, scoring="r2")["test_score"].shape == (3,)


def test_a_step_that_drops_the_column_gets_an_error_that_says_so():
    drop = make_column_transformer((StandardScaler(), ["size", "age"])).set_output(transform="pandas")
    with pytest.raises(ValueError, match="no column 'store'.*If a step before drops or renames it"):
        make_pipeline(drop, model(task="store")).fit(TABLE, Y)
    with pytest.raises(ValueError, match="names columns, but X is a ndarray"):
        make_pipeline(TableEncoder(), model(task="store")).fit(TABLE, Y)


def test_nested_tasks_by_several_names():
    table = TABLE.assign(region=np.repeat(["north", "south"], 60))
    nested = model(task=["region", "store"]).fit(table, Y)
    assert nested.task_names_in_ == ["region", "store"]
    assert nested.score(table, Y) > 0.8
    new = table.assign(store="never seen")
    assert np.isfinite(nested.predict(new)).all()  # from all the rows of its region


def test_new_tasks_are_answered_cold_by_the_column_without_a_word():
    meta = model(task="store").fit(TABLE, Y)
    assert np.isfinite(meta.predict(TABLE.assign(store="never seen"))).all()


def test_asked_without_any_task_it_answers_cold_and_says_so():
    meta = model(task="store").fit(TABLE, Y)
    with pytest.warns(UserWarning, match="knows tasks by their ids but is asked without them"):
        cold = meta.predict(FEATURES)
    assert_allclose(cold, meta.predict(TABLE.assign(store="never seen")), rtol=1e-6)


def test_rows_of_the_column_are_added_to_their_tasks():
    meta = model(task="store").fit(TABLE, Y)
    more = TABLE.iloc[:5].assign(store="site new")
    assert "site new" in meta.partial_fit(more, Y[:5]).adapted_tasks_
    one = meta.adapt(TABLE.iloc[:10], Y[:10])  # the rows are one task's
    assert_allclose(one.predict(FEATURES.iloc[:3]), one.predict(FEATURES.iloc[:3]))


def test_classifiers_too():
    labels = np.where(Y > LEVEL, "high", "low")
    meta = MAMLClassifier(task="store", **QUICK).fit(TABLE, labels)
    scores = cross_val_score(MAMLClassifier(task="store", **QUICK), TABLE, labels, cv=GroupKFold(3), groups=SITE)
    assert scores.shape == (3,)
    assert meta.predict_proba(TABLE).shape == (120, 2)
    assert set(ProtoNetClassifier(task="store", **QUICK).fit(TABLE, labels).predict(TABLE)) <= {"high", "low"}
