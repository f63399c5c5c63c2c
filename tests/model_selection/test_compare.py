"""Several estimators on the same tasks and the same rows."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import MetaOptNetRegressor, PerTask, ProtoNetClassifier, task_scorer
from skmeta.model_selection import compare
from skmeta.model_selection.compare import summary
from skmeta.tasks import GaussianClusters, LinearFamily
from skmeta.tasks.splitting import split_tasks

TASKS = GaussianClusters(n_ways=3, n_shots=10, n_query=0).sample(12, random_state=0)
CHEAP = {"max_epochs": 1, "steps_per_epoch": 3, "random_state": 0}


class Fails(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise RuntimeError("out of ideas")


def test_every_estimator_is_asked_the_same_and_scored_task_by_task():
    scores = compare(
        {"means": NearestCentroid(), "again": NearestCentroid()}, TASKS, [1, 3], cv=3, n_repeats=2, per_task=True
    )
    assert len(scores) == 2 * 2 * 2 * 12
    mine, again = (scores[scores["estimator"] == name]["score"].to_numpy() for name in ("means", "again"))
    np.testing.assert_array_equal(mine, again)
    assert sorted(scores[scores["n_shots"] == 1]["task"].unique()) == list(range(12))
    assert 1 / 3 < mine.mean() < 1


def test_a_score_is_that_of_the_estimator_fitted_outside_of_the_fold():
    train, test = np.arange(6), np.arange(6, 12)
    meta = ProtoNetClassifier(**CHEAP)
    scores = compare([meta], TASKS, 2, cv=[(train, test)], n_repeats=1, random_state=3, per_task=True)
    drawn = split_tasks(TASKS[test], 2, random_state=np.random.RandomState(3).randint(2**31 - 1))
    expected = task_scorer("accuracy").per_task(meta.fit(TASKS[train]), drawn)
    np.testing.assert_array_equal(scores["score"], expected)
    assert scores["task"].tolist() == test.tolist()


def test_the_summary_has_means_intervals_and_paired_differences_by_hand():
    import pandas as pd

    scores = pd.DataFrame(
        [
            {"estimator": name, "n_shots": 1, "fold": 0, "task": task, "repeat": 0, "score": score, "fit_seconds": 2.0,
             "error": ""}
            for name, values in {"a": [0.1, 0.2, 0.3], "b": [0.2, 0.4, 0.6]}.items()
            for task, score in enumerate(values)
        ]
    )  # fmt: skip
    table = summary(scores, "a")
    half = 4.30265273 * 0.1 / np.sqrt(3)  # t of two degrees of freedom, times the standard error
    np.testing.assert_allclose(
        table.loc[("a", 1), ["mean", "low", "high"]].astype(float), [0.2, 0.2 - half, 0.2 + half]
    )
    np.testing.assert_allclose(table.loc[("a", 1), ["difference", "difference_low"]].astype(float), 0)
    line = table.loc[("b", 1), ["difference", "difference_low", "difference_high"]].astype(float)
    np.testing.assert_allclose(line, [0.2, 0.2 - half, 0.2 + half])
    assert table.loc[("b", 1), "n_tasks"] == 3


def test_ours_and_scikit_learns_pipelines_and_a_failure_stand_side_by_side(capsys):
    estimators = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "ours": make_pipeline(PerTask(StandardScaler()), ProtoNetClassifier(**CHEAP)),
        "fails": Fails(),
    }
    table = compare(estimators, TASKS, [1, 5], cv=2, n_repeats=1, scoring="neg_log_loss", reference="ours", verbose=1)
    assert table.index.get_level_values("estimator").unique().tolist() == list(estimators)
    assert (table.loc["ours", "difference"] == 0).all()
    assert (table.loc[["logistic", "ours"], "n_tasks"] == 12).all()
    assert (table.loc["fails", "n_failed"] == 2).all() and table.loc["fails", "mean"].isna().all()
    assert table.loc["fails", "error"].iloc[0] == "RuntimeError: out of ideas"
    assert "6/6" in capsys.readouterr().err  # three estimators, two folds


def test_regressors_show_rows_of_the_task_and_not_of_a_class():
    tasks = LinearFamily(n_features=3, n_shots=30, n_query=0).sample(8, random_state=0)
    table = compare([DummyRegressor(), Ridge(1e-6), MetaOptNetRegressor(**CHEAP)], tasks, 10, cv=2)
    assert table.loc[("Ridge", 10), "mean"] > 0.9 > table.loc[("DummyRegressor", 10), "mean"]
    assert table.loc[("Ridge", 10), "difference_low"] > 0.9


def test_two_of_one_class_get_numbers_and_jobs_change_nothing():
    estimators = [NearestCentroid(), NearestCentroid(metric="manhattan")]
    one, two = (compare(estimators, TASKS, 1, cv=2, n_jobs=n).drop(columns="fit_seconds") for n in (None, 2))
    assert one.index.get_level_values(0).tolist() == ["NearestCentroid", "NearestCentroid 2"]
    assert one.equals(two)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (([LogisticRegression(), Ridge()], TASKS), "Classifiers cannot be compared with regressors"),
        (([], TASKS), "no estimator"),
        (([("a", LogisticRegression()), ("a", LogisticRegression())], TASKS), "called 'a'"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        compare(*arguments)
    with pytest.raises(ValueError, match="reference='x' is none"):
        compare([LogisticRegression()], TASKS, reference="x")
    with pytest.raises(ValueError, match="cv=13"):
        compare([LogisticRegression()], TASKS, cv=13)


def test_pandas_is_needed_for_the_table_only():
    code = "import sys; sys.modules['pandas'] = None; import skmeta; from skmeta.model_selection import compare"
    subprocess.run([sys.executable, "-c", code], check=True)
