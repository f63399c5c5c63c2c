"""A class that a task has not shown is answered only if it is declared, or if all of the task's classes are shared."""

import copy
from functools import cache

import numpy as np
from numpy.testing import assert_array_equal

from skmeta import ProtoNetClassifier, Task
from skmeta.tasks import GaussianClusters
from tests.estimators.contract import cheap, every_classifier

rng = np.random.default_rng(0)
CENTRES = 4 * rng.normal(size=(13, 6))
X = np.repeat(CENTRES[:8], 6, axis=0) + 0.5 * rng.normal(size=(48, 6))
Y = np.repeat(np.arange(8), 6)
#: one row of each of five classes that no fit has seen, and rows to answer
ONE_SHOT = CENTRES[8:] + 0.3 * rng.normal(size=(5, 6))
NEW = np.arange(8, 13)
ASKED, TRUTH = np.repeat(CENTRES[8:], 8, axis=0) + 0.5 * rng.normal(size=(40, 6)), np.repeat(NEW, 8)


@cache
def _learned(cls):
    return cheap(cls).fit(X, Y)


def learned(cls):
    """A classifier of the table. Training is shared between tests, the estimator is not."""
    return copy.copy(_learned(cls))


@every_classifier
def test_after_one_table_other_classes_are_the_tasks_own(cls):
    meta = learned(cls)
    assert meta.labels_ == "shared"
    meta.adapt(ONE_SHOT, NEW)
    assert_array_equal(meta.classes_, NEW)
    assert set(meta.predict(ASKED)) <= set(NEW)
    assert meta.predict_proba(ASKED).shape == (40, 5)
    assert np.isfinite(meta.decision_function(ASKED)).all()


@every_classifier
def test_many_tasks_of_other_classes_answer_their_own_only(cls):
    meta = learned(cls)
    other = Task(X[:18], Y[:18], X[:3], Y[:3])
    mixed = Task(np.concatenate([X[:2], ONE_SHOT[:1]]), [0, 0, 8], ASKED[:4])
    tasks = [Task(ONE_SHOT, NEW, ASKED, TRUTH), other, mixed]
    classes = meta.task_classes(tasks)
    assert_array_equal(classes[0], NEW)
    assert_array_equal(classes[1], np.arange(8))  # it has shown nothing but shared classes
    assert_array_equal(classes[2], [0, 8])
    answers, chances = meta.predict(tasks), meta.predict_proba(tasks)
    assert set(answers[0]) <= set(NEW) and set(answers[2]) <= {0, 8}
    assert [p.shape for p in chances] == [(40, 5), (3, 8), (4, 2)]
    alone = [meta.adapt(task.X, task.y).predict_proba(task.X_query) for task in tasks]
    for p, one in zip(chances, alone):
        np.testing.assert_allclose(p, one, rtol=1e-3, atol=1e-4)


def test_declared_classes_may_be_answered_beside_new_ones():
    meta = learned(ProtoNetClassifier)
    meta.adapt(ONE_SHOT, NEW, classes=np.arange(13))
    assert_array_equal(meta.classes_, np.arange(13))
    p = meta.predict_proba(ASKED)
    assert (p[:, :8].max(1) > 0).all() and set(meta.predict(ASKED)) & set(NEW)


def test_a_table_with_n_way_episodes_has_classes_of_its_own():
    assert cheap(ProtoNetClassifier, n_ways=5).fit(X, Y).labels_ == "task"


def test_unseen_classes_are_told_apart_far_better_than_by_chance():
    tasks = GaussianClusters(n_ways=5, n_shots=1, n_query=10, n_features=6).sample(6, random_state=1)
    meta = ProtoNetClassifier(max_epochs=0, random_state=0).fit(X, Y)
    renamed = [Task(t.X, t.y + 100, t.X_query, t.y_query + 100) for t in tasks]
    assert meta.score(renamed) > 0.5
