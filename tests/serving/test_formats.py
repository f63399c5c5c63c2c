"""Whatever is fitted comes out of the formats that other people save scikit-learn models in as it went in."""

import io
from functools import cache

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EarlyStopping
from torch import nn

import skmeta
from skmeta import (
    FewShotClassifier,
    FewShotRegressor,
    MAMLRegressor,
    PerTask,
    PooledBaseline,
    ProtoNetClassifier,
    SourceSelector,
    TableEncoder,
    TaskMixtureRegressor,
)
from skmeta.registry import all_estimators
from tests.estimators.contract import CLUSTERS, cheap, tasks_for

CHEAP = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}
IN_EVERY_RUN = ("ProtoNetClassifier", "MAMLRegressor", "FewShotClassifier", "MetaKNeighborsClassifier")


def by_joblib(model, path):
    joblib.dump(model, path)
    return joblib.load(path, mmap_mode="r")


def by_cloudpickle(model, path):
    cloudpickle = pytest.importorskip("cloudpickle")
    return cloudpickle.loads(cloudpickle.dumps(model))


def by_skops(model, path):
    sio = pytest.importorskip("skops.io")
    sio.dump(model, path)
    return sio.load(path, trusted=skmeta.trusted_types())


def by_mlflow(model, path):
    mlflow = pytest.importorskip("mlflow.sklearn")
    # its own format, which is skops; without a list it would find out in another process what the model needs
    mlflow.save_model(model, str(path), skops_trusted_types=skmeta.trusted_types(), pip_requirements=["skmeta"])
    return mlflow.load_model(str(path))


FORMATS = [by_joblib, by_cloudpickle, by_skops, by_mlflow]


@cache
def fitted(cls):
    """A fitted estimator that has a task, and rows to ask about; all formats are given the same one."""
    if cls is SourceSelector:
        sources, target = CLUSTERS.sample(7, random_state=0)[:6], CLUSTERS.sample(7, random_state=0)[6]
        return SourceSelector(ProtoNetClassifier(**CHEAP), n_sources=2).fit(sources).adapt(target.X, target.y), target.X
    if cls in (PerTask, TableEncoder, FewShotClassifier, FewShotRegressor):
        tasks = tasks_for(MAMLRegressor if cls is FewShotRegressor else ProtoNetClassifier)
    else:
        tasks = tasks_for(cls)
    task = tasks[-1]
    if cls is PerTask:
        return PerTask(StandardScaler()).fit(tasks), task.X
    if cls is TableEncoder:
        table = pd.DataFrame({"size": task.X[:, 0], "maker": np.where(task.X[:, 1] > 0, "north", "south")})
        return TableEncoder().fit(table), table
    if cls.__name__.startswith("FewShot"):
        learner = ProtoNetClassifier(**CHEAP) if cls is FewShotClassifier else MAMLRegressor(**CHEAP)
        return cls(learner.fit(tasks)).fit(task.X, task.y), task.X
    if cls.__name__.startswith("TaskMixture"):
        X, y = tasks.pooled
        ids = np.repeat([f"site {i}" for i in range(len(tasks))], tasks.n_rows)
        return cheap(cls).fit(X, y, task=ids), X[:10]
    if cls.__name__.endswith("Baseline"):
        model = cls(LogisticRegression() if cls is PooledBaseline else LinearRegression())
        return model.fit(task.X, (task.y == task.y[0]) if cls is PooledBaseline else task.X[:, 0]), task.X_query
    return cheap(cls).fit(tasks[:-1]).adapt(task.X, task.y), task.X_query


def answers(model, X):
    ask = model.transform if not hasattr(model, "predict") else model.predict
    return ask(X)


@pytest.mark.parametrize("through", FORMATS)
@pytest.mark.parametrize(
    "cls",
    [pytest.param(c, marks=[] if c.__name__ in IN_EVERY_RUN else pytest.mark.full) for c in all_estimators()],
)
def test_an_estimator_answers_as_before(cls, through, tmp_path):
    model, X = fitted(cls)
    before = answers(model, X)
    assert_array_equal(answers(through(model, tmp_path / "model"), X), before)


@pytest.mark.parametrize("through", FORMATS)
def test_a_pipeline_answers_as_before(through, tmp_path):
    tasks = CLUSTERS.sample(12, random_state=0)
    X, y = tasks[0].X, tasks[0].y
    for pipeline in (
        make_pipeline(StandardScaler(), ProtoNetClassifier(**CHEAP)).fit(X, y),
        make_pipeline(PerTask(StandardScaler()), ProtoNetClassifier(**CHEAP)).fit(tasks),
    ):
        asked = X if is_classifier(pipeline) and "task_" in vars(pipeline[-1]) else tasks
        found = through(pipeline, tmp_path / f"{type(asked).__name__}").predict(asked)
        for one, other in zip(found, pipeline.predict(asked)):
            assert_array_equal(one, other)


def test_tasks_known_by_their_names_are_known_to_the_copy(tmp_path):
    tasks = CLUSTERS.sample(6, random_state=0)
    X, y = tasks.pooled
    ids = np.repeat([f"site {i}" for i in range(len(tasks))], tasks.n_rows)
    model = ProtoNetClassifier(**CHEAP).fit(X, y, task=ids)
    assert_array_equal(by_skops(model, tmp_path / "model").predict(X, task=ids), model.predict(X, task=ids))


def test_no_function_is_trusted_nor_anything_that_runs_one():
    trusted = skmeta.trusted_types()
    assert not [name for name in trusted if name.startswith(("builtins.", "functools.", "operator.", "skorch."))]
    assert not [name for name in trusted if name.rpartition(".")[2].islower() and name != "numpy.dtype"]


def test_training_goes_on_from_a_copy_as_from_the_original(tmp_path):
    tasks = CLUSTERS.sample(12, random_state=0)
    model = ProtoNetClassifier(warm_start=True, callbacks=[EarlyStopping("train_loss")], **CHEAP).fit(tasks)
    copy = by_joblib(model, tmp_path / "model")
    for one in (model, copy):
        one.fit(tasks)
        assert len(one.net_.history) == 2
    for ours, theirs in zip(model.net_.module_.parameters(), copy.net_.module_.parameters()):
        assert_array_equal(ours.detach(), theirs.detach())


class Scaled(nn.Module):
    """A module of a user's own, which keeps what it has learned from rows in a plain attribute."""

    def __init__(self):
        super().__init__()
        self.width = 1.0

    def fit_rows(self, X):
        self.width = float(X.std())

    def forward(self, X):
        return X / self.width


def test_what_a_module_of_ones_own_has_learned_survives():
    tasks = CLUSTERS.sample(12, random_state=0)
    model = ProtoNetClassifier(Scaled, **CHEAP).fit(tasks)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    copy = joblib.load(file)
    assert copy.net_.module_.body.width == model.net_.module_.body.width != 1.0
    assert_array_equal(copy.predict(tasks)[0], model.predict(tasks)[0])


@pytest.mark.parametrize("cls", [ProtoNetClassifier, TaskMixtureRegressor])
@pytest.mark.parametrize("nested", [False, True])
def test_tasks_of_any_name_or_none_pass_through_skops(cls, nested, tmp_path):
    rng = np.random.default_rng(0)
    X, place = rng.normal(size=(60, 3)), np.repeat(np.arange(6), 10)
    y = (X[:, 0] > 0).astype(int) if cls is ProtoNetClassifier else X[:, 0] + place
    ids = np.column_stack([place // 3, place]) if nested else place
    model = cheap(cls).fit(X, y, task=ids)
    if cls is TaskMixtureRegressor and not nested:
        model.adapt(X[:5], y[:5])  # a task that has no name
        assert_array_equal(by_skops(model, tmp_path / "adapted").predict(X), model.predict(X))
    assert_array_equal(by_skops(model, tmp_path / "model").predict(X, task=ids), model.predict(X, task=ids))
