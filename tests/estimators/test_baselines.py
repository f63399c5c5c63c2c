"""Baselines: scikit-learn's own estimators, asked as the learners are asked."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmeta import NotAdaptedError, PerTaskBaseline, PooledBaseline
from skmeta.tasks import GaussianClusters, LinearFamily
from tests.conftest import make_shared_tasks

BOTH = pytest.mark.parametrize("cls", [PerTaskBaseline, PooledBaseline])


# those of defaults are made beside all other estimators'
@parametrize_with_checks([PerTaskBaseline(Ridge()), PooledBaseline(Ridge())])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@BOTH
def test_it_is_what_its_estimator_is(cls):
    assert is_classifier(cls())
    assert is_regressor(cls(Ridge()))
    assert not hasattr(cls(Ridge()), "predict_proba")


@BOTH
def test_on_one_table_it_is_the_estimator_itself(cls):
    task = GaussianClusters(n_ways=3).sample(1, random_state=0)[0]
    ours, theirs = cls(KNeighborsClassifier(3)).fit(task.X, task.y), KNeighborsClassifier(3).fit(task.X, task.y)
    assert_array_equal(ours.predict_proba(task.X_query), theirs.predict_proba(task.X_query))


def test_per_task_sees_the_support_alone():
    tasks = LinearFamily().sample(5, random_state=0)
    answers = PerTaskBaseline(Ridge()).fit(tasks[:3]).predict(tasks)
    for task, answer in zip(tasks, answers):
        assert_allclose(answer, Ridge().fit(task.X, task.y).predict(task.X_query))


@pytest.mark.parametrize("refit", [True, False])
def test_pooled_sees_the_rows_of_all_tasks(refit):
    tasks = LinearFamily().sample(5, random_state=0)
    new = tasks[4]
    X, y = tasks[:4].pooled
    if refit:
        X, y = np.vstack([X, new.X]), np.concatenate([y, new.y])
    answer = PooledBaseline(Ridge(), refit=refit).fit(tasks[:4]).adapt(new.X, new.y).predict(new.X_query)
    assert_allclose(answer, Ridge().fit(X, y).predict(new.X_query))


@BOTH
def test_two_halves_equal_the_whole_and_adapt_starts_over(cls):
    tasks = LinearFamily().sample(4, random_state=0)
    a, b = tasks[2], tasks[3]
    meta = cls(Ridge()).fit(tasks[:2])
    whole = meta.adapt(a.X, a.y).predict(a.X_query)
    halves = meta.adapt(b.X, b.y).adapt(a.X[:4], a.y[:4]).partial_fit(a.X[4:], a.y[4:]).predict(a.X_query)
    assert_allclose(halves, whole)


@BOTH
def test_weights_reach_the_estimator(cls):
    task = LinearFamily().sample(1, random_state=0)[0]
    twice = cls(Ridge()).partial_fit(np.vstack([task.X, task.X[:1]]), np.append(task.y, task.y[0]))
    weighted = cls(Ridge()).partial_fit(task.X, task.y, sample_weight=[2.0] + [1.0] * 9)
    assert_allclose(weighted.predict(task.X_query), twice.predict(task.X_query))
    with pytest.raises(ValueError, match="sample_weight"):
        cls(KNeighborsClassifier()).partial_fit(task.X, np.arange(10) % 2, sample_weight=np.linspace(0, 1, 10))


@BOTH
def test_the_long_format_answers_as_single_tasks_do(cls):
    tasks = make_shared_tasks()
    X, y, ids = tasks.to_long()
    meta = cls().fit(X, y, task=ids)
    answers = meta.predict(X, task=ids)
    if cls is PerTaskBaseline:
        one = tasks[3]
        assert_array_equal(answers[ids == one.name], LogisticRegression().fit(one.X, one.y).predict(one.X))
    order = np.random.default_rng(0).permutation(len(y))
    assert_array_equal(meta.predict(X[order], task=ids[order]), answers[order])
    assert meta.score(X, y, task=ids) > 0.8
    with pytest.raises(ValueError, match="never seen"):
        meta.predict(X[:1], task=["elsewhere"])


@BOTH
def test_search_and_cross_validation_take_tasks_as_samples(cls):
    tasks = LinearFamily(spread=0.3).sample(12, random_state=0)
    search = GridSearchCV(cls(Ridge()), {"estimator__alpha": [0.1, 1e6]}, cv=3).fit(tasks)
    assert search.best_params_ == {"estimator__alpha": 0.1}
    assert cross_val_score(cls(make_pipeline(StandardScaler(), Ridge())), tasks, cv=3).shape == (3,)


def test_a_task_of_one_class_is_answered_by_it():
    task = (np.zeros((3, 2)), ["a", "a", "a"], np.ones((2, 2)), ["a", "a"])
    meta = PerTaskBaseline().fit([task, task])
    assert meta.predict([task])[0].tolist() == ["a", "a"]
    assert meta.predict_proba([task])[0].tolist() == [[1.0], [1.0]]


@BOTH
def test_it_says_what_is_missing(cls):
    tasks = LinearFamily().sample(3, random_state=0)
    with pytest.raises(NotFittedError):
        cls(Ridge()).predict(tasks)
    with pytest.raises(NotAdaptedError, match="partial_fit"):
        cls(Ridge()).fit(tasks).predict(tasks[0].X)
    with pytest.raises(ValueError, match="has none"):
        cls(Ridge()).fit(tasks).predict([(tasks[0].X, tasks[0].y)])


@BOTH
def test_a_pickle_answers_the_same(cls):
    tasks = LinearFamily().sample(3, random_state=0)
    meta = cls(Ridge()).fit(tasks[:2]).adapt(tasks[2].X, tasks[2].y)
    assert_array_equal(pickle.loads(pickle.dumps(meta)).predict(tasks[2].X_query), meta.predict(tasks[2].X_query))


def test_the_task_column_is_named_once():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"site": np.repeat(list("abc"), 8), "dose": rng.normal(size=24), "age": rng.normal(size=24)})
    features, site = table[["dose", "age"]], table["site"].to_numpy()
    y = table["dose"].to_numpy() + np.repeat([0.0, 5.0, 10.0], 8)
    for cls in (PerTaskBaseline, PooledBaseline):
        beside = cls(Ridge()).fit(features, y, task=site)
        for model in (cls(Ridge(), task="site").fit(table, y), cls(Ridge()).fit(table, y, task="site")):
            assert model.task_names_in_ == ["site"]
            assert_array_equal(model.predict(table), beside.predict(features, task=site))
            assert model.score(table, y) == beside.score(features, y, task=site)
            more = table[:2].assign(site="d")
            model.partial_fit(more, y[:2])
            beside_too = cls(Ridge()).fit(features, y, task=site).partial_fit(features[:2], y[:2], task=["d", "d"])
            assert_array_equal(model.predict(more), beside_too.predict(features[:2], task=["d", "d"]))
            model.adapt(more, y[:2] - 3)
            instead = cls(Ridge()).fit(features, y, task=site).partial_fit(features[:2], y[:2] - 3, task=["d", "d"])
            assert_array_equal(model.predict(more), instead.predict(features[:2], task=["d", "d"]))


def test_chances_of_tasks_known_by_their_ids_have_columns_of_all_known_classes():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"site": np.repeat(list("abc"), 8), "dose": rng.normal(size=24)})
    labels = np.where(table["dose"] > 0, "high", "low")
    labels[table["site"] == "a"] = np.where(table["dose"][:8] > 0, "high", "none")
    labels[table["site"] == "c"] = "low"
    model = PerTaskBaseline(task="site").fit(table, labels)
    assert model.classes_.tolist() == ["high", "low", "none"]
    p = model.predict_proba(table)
    for name, columns in (("a", [0, 2]), ("b", [0, 1]), ("c", [1])):
        mine = (table["site"] == name).to_numpy()
        alone = PerTaskBaseline().adapt(table.loc[mine, ["dose"]], labels[mine])
        assert_array_equal(p[np.ix_(mine, columns)], alone.predict_proba(table.loc[mine, ["dose"]]))
    assert_array_equal(p.sum(axis=1), 1)
    with pytest.raises(ValueError, match="predict_proba"):
        model.decision_function(table)
    same = PooledBaseline(task="site").fit(table, np.where(table["dose"] > 0, "high", "low"))
    assert same.classes_.tolist() == ["high", "low"]
    assert_array_equal(same.classes_[(same.decision_function(table) > 0).astype(int)], same.predict(table))
    scores = cross_validate(same, table, same.predict(table), cv=3, scoring=["roc_auc", "neg_log_loss"])
    assert np.isfinite(scores["test_roc_auc"]).all() and np.isfinite(scores["test_neg_log_loss"]).all()


@BOTH
@pytest.mark.parametrize("method", ["partial_fit", "adapt"])
def test_rows_that_its_estimator_refuses_leave_the_tasks_of_a_table_as_they_were(cls, method):
    X, y, ids = LinearFamily().sample(3, random_state=0).to_long()
    model = cls(Ridge()).fit(X, y, task=ids)
    before = model.predict(X, task=ids)
    bad = X[:4].copy()
    bad[0, 0] = np.nan
    for names in (ids[:4], ["new"] * 4):
        with pytest.raises(ValueError, match="NaN"):
            getattr(model, method)(bad, y[:4], task=names)
    assert_array_equal(model.predict(X, task=ids), before)
    with pytest.raises(ValueError, match="'new' was never seen"):
        model.predict(bad, task=["new"] * 4)
