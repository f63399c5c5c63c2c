"""A meta-trained estimator as a plain one: fit adapts, clone keeps what was meta-learned."""

import narwhals
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import FewShotClassifier, FewShotRegressor, PerTask, ProtoNetClassifier
from tests.conftest import make_shared_tasks
from tests.estimators.contract import cheap

NAMES = list("abcd")


@pytest.fixture(scope="module")
def meta(cluster_tasks):
    return ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(cluster_tasks)


def test_a_clone_keeps_the_learner_and_forgets_the_task(meta, cluster_tasks):
    task = cluster_tasks[0]
    fitted = FewShotClassifier(meta, adaptation={"batch_size": 3}).fit(task.X, task.y)
    twin = clone(fitted)
    assert twin.learner is meta
    assert twin.adaptation == {"batch_size": 3}
    with pytest.raises(NotFittedError):
        twin.predict(task.X_query)
    assert_array_equal(twin.fit(task.X, task.y).predict_proba(task.X_query), fitted.predict_proba(task.X_query))


def test_a_clone_keeps_what_metadata_was_asked_for(meta):
    with config_context(enable_metadata_routing=True):
        asking = FewShotClassifier(meta).set_fit_request(sample_weight=True)
        assert clone(asking).get_metadata_routing().fit.requests == {"sample_weight": True}


def test_fit_forgets_the_columns_of_the_fit_before(meta, cluster_tasks):
    task = cluster_tasks[0]
    few = FewShotClassifier(meta).fit(pd.DataFrame(task.X, columns=NAMES), task.y)
    assert few.feature_names_in_.tolist() == NAMES
    assert not hasattr(few.fit(task.X, task.y), "feature_names_in_")


def test_a_failed_fit_leaves_the_task_before(meta, cluster_tasks):
    task = cluster_tasks[0]
    few = FewShotClassifier(meta).fit(task.X, task.y)
    before = few.predict_proba(task.X_query)
    with pytest.raises(ValueError, match="features"):
        few.fit(task.X[:, :2], task.y)
    assert_array_equal(few.predict_proba(task.X_query), before)


def test_rows_in_two_portions_are_as_good_as_all_at_once(meta, cluster_tasks):
    task = cluster_tasks[0]
    at_once = FewShotClassifier(meta).fit(task.X, task.y)
    portions = FewShotClassifier(meta).partial_fit(task.X[:4], task.y[:4]).partial_fit(task.X[4:], task.y[4:])
    np.testing.assert_allclose(portions.predict_proba(task.X_query), at_once.predict_proba(task.X_query), rtol=1e-7)


def test_the_kind_of_learner_must_be_the_kind_of_wrapper(meta, cluster_tasks):
    task = cluster_tasks[0]
    with pytest.raises(ValueError, match="FewShotRegressor is a ProtoNetClassifier"):
        FewShotRegressor(meta).fit(task.X, task.y)


def test_whole_tasks_are_for_the_learner_to_answer(meta, cluster_tasks):
    few = FewShotClassifier(meta).fit(cluster_tasks[0].X, cluster_tasks[0].y)
    with pytest.raises(ValueError, match=r"learner\.predict\(tasks\)"):
        few.predict(cluster_tasks)


def test_ensembles_that_number_classes_take_learners_whose_classes_are_each_tasks_own_and_hear_what_others_ask_for():
    named = make_shared_tasks()
    task, asked = named[0], named[1].X
    own, shared = (cheap(ProtoNetClassifier, labels=labels).fit(named) for labels in ("task", "shared"))
    vote = VotingClassifier([("few", FewShotClassifier(own))], voting="soft").fit(task.X, task.y)
    alone = FewShotClassifier(own).fit(task.X, task.y)
    assert_array_equal(vote.predict(asked), alone.predict(asked))
    with pytest.raises(ValueError, match="number classes before their members see them.*labels='task'"):
        VotingClassifier([("few", FewShotClassifier(shared))]).fit(task.X, task.y)


def test_columns_are_those_of_fit_even_where_the_learner_knows_no_names(meta, cluster_tasks):
    task = cluster_tasks[0]
    frame = pd.DataFrame(task.X, columns=NAMES)
    few = FewShotClassifier(meta).fit(frame, task.y)
    for ask in (few.predict, lambda X: few.partial_fit(X, task.y)):
        with pytest.raises(ValueError, match="Feature names must be in the same order"):
            ask(frame[NAMES[::-1]])
    assert not hasattr(FewShotClassifier(meta).fit(frame.set_axis(range(4), axis=1), task.y), "feature_names_in_")


@pytest.mark.parametrize("kind", ["pandas", "polars", "lists"])
def test_rows_that_preprocessing_is_fitted_to_anew_may_be_of_any_kind(kind, cluster_tasks):
    pytest.importorskip("polars")
    pipe = make_pipeline(PerTask(StandardScaler(), fit_on="support"), cheap(ProtoNetClassifier)).fit(cluster_tasks)
    task = cluster_tasks[0]

    def rows(X):
        return X.tolist() if kind == "lists" else narwhals.from_numpy(X, schema=NAMES, backend=kind).to_native()

    first = rows(task.X[:4])
    few = FewShotClassifier(pipe).partial_fit(first, task.y[:4])
    if kind == "lists":
        first[0][0] = 1e9  # the user's own
    few.partial_fit(rows(task.X[4:]), task.y[4:])
    expected = FewShotClassifier(pipe).fit(task.X, task.y).predict_proba(task.X_query)
    np.testing.assert_allclose(few.predict_proba(rows(task.X_query)), expected, rtol=1e-6)
