"""Metrics of scikit-learn over tasks: means by hand, undefined tasks, and what the estimator has to offer."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, r2_score, roc_auc_score
from sklearn.model_selection import KFold, cross_val_score

from skmeta import PerTaskBaseline, PooledBaseline, ProtoNetClassifier, Task, few_shot_curve, task_scorer
from tests.conftest import make_shared_tasks


def halves(tasks, n_support=6):
    return [Task(t.X[:n_support], t.y[:n_support], t.X[n_support:], t.y[n_support:], name=t.name) for t in tasks]


TASKS = halves(make_shared_tasks(6))
ONE_ROW = Task(TASKS[0].X[:2], ["leave", "stay"], name="tiny")


@pytest.fixture(scope="module")
def meta():
    return ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(TASKS)


def test_the_score_is_the_mean_over_tasks(meta):
    p = meta.predict_proba(TASKS)
    losses = [log_loss(task.y_query, q, labels=["leave", "stay"]) for task, q in zip(TASKS, p)]
    areas = [roc_auc_score(task.y_query == "stay", q[:, 1]) for task, q in zip(TASKS, p)]
    assert_allclose(task_scorer("neg_log_loss")(meta, TASKS), -np.mean(losses))
    assert_allclose(task_scorer("roc_auc")(meta, TASKS), np.mean(areas))
    assert_allclose(task_scorer("accuracy")(meta, TASKS), meta.score(TASKS))


def test_a_task_without_a_query_row_is_left_out(meta):
    tasks = [*make_shared_tasks(3), ONE_ROW]
    scores = task_scorer("accuracy").per_task(meta, tasks)
    assert np.isnan(scores).tolist() == [False, False, False, True]
    with pytest.warns(UserWarning, match="undefined on 1 of 4 tasks"):
        assert_allclose(task_scorer("accuracy")(meta, tasks), scores[:3].mean())
    assert_allclose(meta.score(tasks), scores[:3].mean())


def test_tasks_that_all_lack_query_rows_have_no_score(meta):
    for score in (task_scorer("accuracy"), lambda estimator, tasks: estimator.score(tasks)):
        with pytest.raises(ValueError, match="has a query row to score"):
            score(meta, [ONE_ROW])


def test_an_error_says_why_a_metric_is_undefined(meta):
    one_class = [Task(t.X, t.y, t.X_query[:1], t.y_query[:1]) for t in TASKS]
    with pytest.raises(ValueError, match="undefined on every one of the 6 tasks"):
        task_scorer("roc_auc")(meta, one_class)
    of_three = [Task(np.eye(6), [0, 0, 1, 1, 2, 2], np.eye(6), [0, 0, 1, 1, 2, 2])]
    three = ProtoNetClassifier(labels="task", max_epochs=0).fit(of_three)
    with pytest.raises(ValueError, match="average='binary'"):
        task_scorer("f1")(three, of_three)


def test_query_rows_without_labels_cannot_be_scored(meta):
    with pytest.raises(ValueError, match="task 'site 9' has no y_query"):
        task_scorer("accuracy")(meta, [*TASKS, Task(TASKS[0].X, TASKS[0].y, TASKS[0].X, name="site 9")])


def test_no_metric_is_refused_at_once():
    with pytest.raises(ValueError, match="needs a metric"):
        task_scorer(None)


@pytest.mark.parametrize("baseline", [PerTaskBaseline(), PooledBaseline(), PooledBaseline(refit=False)], ids=repr)
def test_baselines_are_scored_and_drawn_as_the_learners_are(baseline):
    baseline.fit(TASKS)
    assert_allclose(task_scorer("accuracy")(baseline, TASKS), baseline.score(TASKS))
    for p, classes in zip(baseline.predict_proba(TASKS), baseline.task_classes(TASKS)):
        assert p.shape[1] == len(classes)
    assert few_shot_curve(baseline, make_shared_tasks(3), n_shots=[2], n_repeats=1).scores.shape == (1, 1, 3)


def test_rows_of_a_long_table_are_scored_task_by_task():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"site": np.repeat(list("abcd"), 10), "dose": rng.normal(size=40)})
    y = table["dose"].to_numpy() + np.repeat([0.0, 5.0, 10.0, 15.0], 10) + 0.1 * rng.normal(size=40)
    cv = KFold(2, shuffle=True, random_state=0)
    scores = cross_val_score(PooledBaseline(Ridge(), task="site"), table, y, cv=cv, scoring=task_scorer("r2"))
    by_hand = []
    for train, test in cv.split(table):
        answers = PooledBaseline(Ridge(), task="site").fit(table.iloc[train], y[train]).predict(table.iloc[test])
        sites = table["site"].to_numpy()[test]
        by_hand.append(np.mean([r2_score(y[test][sites == one], answers[sites == one]) for one in "abcd"]))
    assert_allclose(scores, by_hand)
    labels = np.where(table["dose"] > 0, "high", "low")
    model = PerTaskBaseline(task="site").fit(table, labels)
    p = model.predict_proba(table)
    by_hand = np.mean([log_loss(labels[rows], p[rows]) for rows in np.arange(40).reshape(4, 10)])
    assert task_scorer("neg_log_loss")(model, table, labels) == pytest.approx(-by_hand)
    beside = PooledBaseline(Ridge()).fit(table[["dose"]], y, task=table["site"])
    with pytest.raises(ValueError, match="name it as the parameter task= of PooledBaseline"):
        task_scorer("r2")(beside, table, y)
