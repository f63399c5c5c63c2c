"""Tasks as samples and rows of many tasks in one table: the same answers as one task at a time."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_classifier
from sklearn.metrics import r2_score

from skmeta import InContextClassifier, MAMLRegressor, NotAdaptedError, ProtoNetClassifier, Task, TaskSet, split_tasks
from skmeta.estimators.base.targets import r2_over_tasks
from skmeta.tasks import GaussianClusters, LinearFamily
from tests.conftest import make_shared_tasks
from tests.estimators.contract import (
    answers,
    cheap,
    every_classifier,
    every_estimator,
    every_regressor,
    one_task,
    ragged_tasks,
    tasks_for,
    trained,
    trained_on_shared_labels,
)

#: many tasks are answered in single precision by the learners that bear it
AS_ALONE = {"rtol": 1e-4, "atol": 1e-5}


# ---------------------------------------------------------------------- predict(tasks), score(tasks)


@every_estimator
def test_tasks_together_are_answered_as_each_alone(cls):
    tasks, meta = ragged_tasks(cls), trained(cls)
    together = meta.predict_proba(tasks) if is_classifier(meta) else meta.predict(tasks)
    assert together.shape == (9,)
    for task, answer in zip(tasks, together, strict=True):
        assert_allclose(answer, answers(trained(cls).adapt(task.X, task.y), task.X_query), **AS_ALONE)
    for task, answer in zip(tasks[:3], together):
        assert_allclose(answer, (meta.predict_proba if is_classifier(meta) else meta.predict)([task])[0], **AS_ALONE)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLRegressor, InContextClassifier])
def test_any_container_of_tasks_will_do(cls):
    tasks, meta = ragged_tasks(cls)[:3], trained(cls)
    expected = meta.score(tasks)
    listed = list(tasks)
    objects = np.empty(len(listed), dtype=object)
    objects[:] = listed
    tuples = [(task.X, task.y, task.X_query, task.y_query) for task in listed]
    for container in (tuples, listed, tuple(listed), objects):
        assert meta.score(container) == expected


@every_classifier
def test_the_score_of_tasks_is_the_mean_accuracy(cls):
    tasks, meta = ragged_tasks(cls), trained(cls)
    by_hand = [np.mean(answer == t.y_query) for t, answer in zip(tasks, meta.predict(tasks), strict=True)]
    assert meta.score(tasks) == pytest.approx(np.mean(by_hand))


@every_regressor
def test_the_score_of_tasks_is_what_each_tasks_mean_leaves_unexplained(cls):
    tasks, meta = ragged_tasks(cls), trained(cls)
    errors = [answer - t.y_query for t, answer in zip(tasks, meta.predict(tasks), strict=True)]
    spread = [t.y_query - t.y_query.mean() for t in tasks]
    by_hand = 1 - sum((e**2).sum() for e in errors) / sum((s**2).sum() for s in spread)
    assert meta.score(tasks) == pytest.approx(by_hand)


@every_estimator
def test_tasks_without_a_query_part_are_split_the_same_way_every_time(cls):
    tasks = TaskSet([Task(t.X, t.y) for t in tasks_for(cls)])
    meta = trained(cls)
    split = split_tasks(tasks, meta.n_shots, random_state=0, per_class=is_classifier(meta))
    assert meta.score(tasks) == meta.score(tasks) == meta.score(split)


@every_estimator
def test_query_labels_are_never_looked_at(cls):
    tasks, meta = tasks_for(cls), trained(cls)
    unlabelled = TaskSet([Task(t.X, t.y, t.X_query) for t in tasks])
    for a, b in zip(meta.predict(tasks), meta.predict(unlabelled)):
        assert_array_equal(a, b)


@every_classifier
def test_labels_of_tasks_come_back_as_they_went_in(cls):
    names = np.array(["cat", "dog", "eel"])
    tasks = TaskSet([Task(t.X, names[t.y], t.X_query, names[t.y_query]) for t in tasks_for(cls)])
    named = trained(cls).predict(tasks)
    numbered = trained(cls).predict(tasks_for(cls))
    for a, b in zip(named, numbered):
        assert_array_equal(a, names[b])


# ---------------------------------------------------------------------- one long table


def long_table(tasks):
    """The tasks' supports as one table, tasks mixed but each task's rows in their order; their queries as another."""
    task_of_row = np.repeat(np.arange(len(tasks)), [len(t.y) for t in tasks])
    mixed = np.random.default_rng(0).permutation(task_of_row)
    order = np.empty(len(mixed), dtype=int)
    order[np.argsort(mixed, kind="stable")] = np.arange(len(mixed))
    X, y = np.concatenate([t.X for t in tasks])[order], np.concatenate([t.y for t in tasks])[order]
    ids = np.repeat([f"id{i:02}" for i in range(len(tasks))], [len(t.y) for t in tasks])[order]
    X_query = np.concatenate([t.X_query for t in tasks])
    y_query = np.concatenate([t.y_query for t in tasks])
    query_ids = np.repeat([f"id{i:02}" for i in range(len(tasks))], [len(t.y_query) for t in tasks])
    return (X, y, ids), (X_query, y_query, query_ids)


@every_estimator
def test_a_long_table_trains_like_the_tasks_in_it(cls):
    (X, y, ids), _ = long_table(tasks_for(cls)[:4])
    labels = {"labels": "task"} if is_classifier(cls()) else {}
    long = cheap(cls, **labels).fit(X, y, task=ids)
    tasks = cheap(cls, **labels).fit(TaskSet.from_long(X, y, ids))
    task = one_task(cls, seed=2)
    assert_array_equal(
        answers(long.adapt(task.X, task.y), task.X_query), answers(tasks.adapt(task.X, task.y), task.X_query)
    )  # fmt: skip


@every_estimator
def test_rows_of_known_tasks_are_answered_by_their_own_task(cls):
    tasks = tasks_for(cls)
    (X, y, ids), (X_query, y_query, query_ids) = long_table(tasks)
    meta = trained(cls).partial_fit(X, y, task=ids)
    assert sorted(meta.adapted_tasks_) == sorted(set(ids))
    assert_allclose(
        np.asarray(meta.predict(X_query, task=query_ids), dtype=float),
        np.concatenate(list(meta.predict(tasks))),
        **AS_ALONE,
    )
    shuffled = np.random.default_rng(1).permutation(len(y_query))
    assert_allclose(
        meta.predict(X_query[shuffled], task=query_ids[shuffled]), meta.predict(X_query, task=query_ids)[shuffled],
        **AS_ALONE,
    )  # fmt: skip


@every_estimator
def test_rows_may_be_added_to_known_tasks(cls):
    (X, y, ids), (X_query, _, query_ids) = long_table(tasks_for(cls))
    at_once = trained(cls).partial_fit(X, y, task=ids)
    half = len(y) // 2
    in_two = trained(cls).partial_fit(X[:half], y[:half], task=ids[:half])
    in_two.partial_fit(X[half:], y[half:], task=ids[half:])
    assert_allclose(
        np.asarray(in_two.predict(X_query, task=query_ids), dtype=float),
        np.asarray(at_once.predict(X_query, task=query_ids), dtype=float),
        atol=1e-7,
    )


@every_classifier
def test_the_long_score_is_accuracy_over_rows(cls):
    (X, y, ids), (X_query, y_query, query_ids) = long_table(tasks_for(cls))
    meta = trained(cls).partial_fit(X, y, task=ids)
    answer = meta.predict(X_query, task=query_ids)
    assert meta.score(X_query, y_query, task=query_ids) == pytest.approx(np.mean(answer == y_query))
    assert_array_equal(meta.predict_proba(X_query, task=query_ids).argmax(1), answer)


@every_regressor
def test_the_long_score_is_r2_over_rows(cls):
    (X, y, ids), (X_query, y_query, query_ids) = long_table(tasks_for(cls))
    meta = trained(cls).partial_fit(X, y, task=ids)
    expected = r2_score(y_query, meta.predict(X_query, task=query_ids))
    assert meta.score(X_query, y_query, task=query_ids) == pytest.approx(expected)


@every_estimator
def test_tasks_never_seen_are_split_and_scored(cls):
    (X, y, ids), _ = long_table(tasks_for(cls, seed=4))
    assert np.isfinite(trained(cls).score(X, y, task=ids))


def test_a_task_id_never_seen_is_refused_where_rows_are_needed(cluster_tasks):
    (X, y, ids), _ = long_table(cluster_tasks)
    meta = ProtoNetClassifier(labels="task", max_epochs=1).fit(X, y, task=ids)
    with pytest.raises(ValueError, match=r"1 task ids were never seen: 'nobody'.*partial_fit\(X, y, task=ids\)"):
        meta.predict(X[:2], task=["nobody", ids[0]])


def test_without_known_tasks_ids_mean_nothing(cluster_tasks):
    meta = ProtoNetClassifier(max_epochs=1).fit(cluster_tasks)
    with pytest.raises(NotAdaptedError, match="knows no tasks by id"):
        meta.predict(cluster_tasks[0].X, task=["a"] * len(cluster_tasks[0].X))


# ---------------------------------------------------------------------- whose classes they are


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: make_shared_tasks(), "shared"),  # names that every task has
        (lambda: GaussianClusters(n_ways=3, n_features=4).sample(20, random_state=0), "task"),  # a mere numbering
        (lambda: TaskSet([(np.eye(2), [f"a{i}", f"b{i}"]) for i in range(5)]), "task"),  # names of their own
    ],
)
def test_the_regime_is_found_in_the_data(make, expected):
    assert ProtoNetClassifier(max_epochs=0).fit(make()).labels_ == expected


def test_a_numbering_that_means_the_same_everywhere_is_found_to_be_shared():
    tasks = TaskSet([Task(t.X, (t.y == "leave").astype(int)) for t in make_shared_tasks()])
    assert ProtoNetClassifier(max_epochs=0).fit(tasks).labels_ == "shared"


@pytest.mark.parametrize("labels", ["task", "shared"])
def test_the_regime_can_be_said(labels, cluster_tasks):
    assert ProtoNetClassifier(labels=labels, max_epochs=0).fit(cluster_tasks).labels_ == labels


@every_classifier
def test_shared_probabilities_are_in_the_order_of_the_classes(cls):
    meta = trained_on_shared_labels(cls)
    split = split_tasks(make_shared_tasks(seed=5), 5, random_state=0)
    for p, classes, answer in zip(meta.predict_proba(split), meta.task_classes(split), meta.predict(split)):
        assert list(classes) == ["leave", "stay"]
        assert_array_equal(classes[p.argmax(1)], answer)


@every_regressor
def test_targets_standardised_by_each_support_train_and_come_back_in_their_units(cls):
    tasks = [(t.X, 1000 + 50 * t.y, t.X_query, 1000 + 50 * t.y_query) for t in tasks_for(cls)]
    untrained = cheap(cls, target_scaling="task", max_epochs=0, validation_fraction=0.25).fit(tasks)
    meta = cheap(cls, target_scaling="task", validation_fraction=0.25).fit(tasks)
    assert np.isfinite(meta.net_.history[:, "train_loss"]).all()
    assert np.isfinite(meta.net_.history[:, "valid_loss"]).all()
    moved = [
        (a != b).any() for a, b in zip(meta.net_.module_.parameters(), untrained.net_.module_.parameters(), strict=True)
    ]
    assert any(moved)
    X, y, X_query, _ = tasks[0]
    answers = meta.partial_fit(X, y).predict(X_query)
    assert 500 < answers.mean() < 1500
    # units do not matter: the same rows in other units give the same answers in those
    again = cheap(cls, target_scaling="task", validation_fraction=0.25)
    again.fit([(X, 2 * y - 7, X_query, 2 * y_query - 7) for X, y, X_query, y_query in tasks])
    assert_allclose(again.partial_fit(X, 2 * y - 7).predict(X_query), 2 * answers - 7, rtol=1e-3)


def test_r2_of_targets_that_do_not_vary_is_that_of_scikit_learn():
    lines = LinearFamily(n_features=4, n_shots=6, n_query=4).sample(3, random_state=0)
    meta = MAMLRegressor(max_epochs=0, random_state=0).fit(lines)
    one_row_each = [Task(line.X, line.y, line.X_query[:1], line.y_query[:1]) for line in lines]
    assert meta.score(one_row_each) == r2_score([1.0, 1.0], [0.0, 2.0]) == 0.0
    met = [Task(line.X, line.y, line.X_query, np.full(4, a)) for line, a in zip(lines, (1.0, 2.0))]
    assert r2_over_tasks([task.y_query for task in met], met) == r2_score([1.0, 1.0], [1.0, 1.0]) == 1.0
