"""Callbacks of scikit-learn see every epoch of every fit: alone, in a search, in a pipeline."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import MAMLClassifier, PerTask, ProtoNetClassifier

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from version 1.9 on")

SHORT = {"max_epochs": 3, "steps_per_epoch": 2, "batch_size": 4, "random_state": 0}


class Heard:
    """Writes down what it hears; a callback that follows scikit-learn's protocol."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.stop_after, self.heard = stop_after, []

    def setup(self, estimator, context):
        self.heard.append("setup")

    def teardown(self, estimator, context):
        self.heard.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if type(estimator).__name__.startswith(("Proto", "MAML")):
            self.heard.append(context.task_name)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
def test_every_epoch_is_heard_of_and_the_weights_are_what_they_are_without(cls, cluster_tasks):
    heard = Heard()
    meta = cls(**SHORT).set_callbacks(heard).fit(cluster_tasks)
    assert heard.heard == ["setup", "epoch", "epoch", "epoch", "fit", "teardown"]
    alone = cls(**SHORT).fit(cluster_tasks)
    np.testing.assert_array_equal(meta.predict(cluster_tasks[:2])[0], alone.predict(cluster_tasks[:2])[0])
    assert not [name for name in vars(meta) if "ctx" in name]
    for copied in (copy.deepcopy(meta), pickle.loads(pickle.dumps(meta)), clone(meta).fit(cluster_tasks)):
        np.testing.assert_array_equal(copied.predict(cluster_tasks[:2])[0], alone.predict(cluster_tasks[:2])[0])


def test_a_callback_may_stop_training(cluster_tasks):
    meta = ProtoNetClassifier(**SHORT).set_callbacks(Heard(stop_after=2)).fit(cluster_tasks)
    assert len(meta.net_.history) == 2


def test_callbacks_hear_the_end_of_a_fit_that_fails(cluster_tasks):
    heard = Heard()
    meta = ProtoNetClassifier(**SHORT | {"max_epochs": -1}).set_callbacks(heard)
    with pytest.raises(ValueError, match="max_epochs"):
        meta.fit(cluster_tasks)
    heard.heard.clear()
    with pytest.raises(ValueError):
        meta.set_params(max_epochs=1).fit([])
    assert heard.heard == ["setup", "teardown"]


def test_progress_is_shown_of_every_fit_of_a_search_without_a_warning(cluster_tasks, recwarn):
    heard = Heard()
    search = GridSearchCV(ProtoNetClassifier(**SHORT), {"lr": [0.1, 0.01]}, cv=2).set_callbacks(heard)
    search.fit(cluster_tasks)
    assert heard.heard.count("epoch") == 3 * 5
    assert not [warning for warning in recwarn if "callbacks" in str(warning.message)]


def test_epochs_are_heard_of_in_a_pipeline(cluster_tasks):
    heard = Heard()
    pipeline = make_pipeline(PerTask(StandardScaler()), ProtoNetClassifier(**SHORT)).set_callbacks(heard)
    pipeline.fit(cluster_tasks)
    assert heard.heard.count("epoch") == 3


def test_scores_of_one_table_are_monitored_epoch_by_epoch():
    X, y = load_iris(return_X_y=True)
    monitor = callback.ScoringMonitor(scoring="accuracy")
    meta = ProtoNetClassifier(**SHORT).set_callbacks(monitor).fit(X, y)
    scores = monitor.get_logs().data_as_pandas
    assert len(scores) == 4  # three epochs and the whole fit
    # epochs are scored as they are, and the whole fit as it is calibrated at its end
    assert meta.score(X, y) in scores["accuracy"].tolist()
