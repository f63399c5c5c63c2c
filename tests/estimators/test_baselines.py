"""Baselines: scikit-learn's own estimators, asked as the learners are asked."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmeta import NotAdaptedError, PerTaskBaseline, PooledBaseline
from skmeta.tasks import GaussianClusters, LinearFamily
from tests.conftest import make_shared_tasks

BOTH = pytest.mark.parametrize("cls", [PerTaskBaseline, PooledBaseline])


@parametrize_with_checks([PerTaskBaseline(), PooledBaseline(), PerTaskBaseline(Ridge()), PooledBaseline(Ridge())])
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
