"""One list of public estimators: what it says of each is what a call finds."""

import copy
from functools import cache

import numpy as np
import pytest
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import skmeta
from skmeta.registry import REGISTRY, WAYS, all_estimators
from tests.estimators.contract import CLASSES, LINES, cheap, tasks_for, trained, trained_on_a_table

every_entry = pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)


def test_every_public_estimator_is_in_the_list():
    public = {name for name in skmeta.__all__ if isinstance(getattr(skmeta, name), type)}
    assert {name for name in public if issubclass(getattr(skmeta, name), BaseEstimator)} == set(REGISTRY)
    assert all(entry.cls is getattr(skmeta, name) for name, entry in REGISTRY.items())


def test_a_way_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is none of the ways in: fit"):
        all_estimators(way="fit(table)")


def made(entry):
    """An estimator that trains for a moment, and tasks for it."""
    if entry.name == "PerTask":
        return entry.cls(StandardScaler()), LINES.sample(12, random_state=0)
    if entry.name.startswith("FewShot"):
        inner = skmeta.ProtoNetClassifier if entry.name.endswith("Classifier") else skmeta.MAMLRegressor
        return entry.cls(cheap(inner).fit(tasks_for(inner))), tasks_for(inner)
    if entry.name == "SourceSelector":
        return entry.cls(cheap(skmeta.MAMLRegressor)), LINES.sample(12, random_state=0)
    if entry.name == "TableEncoder":
        return entry.cls(), LINES.sample(12, random_state=0)
    return cheap(entry.cls), tasks_for(entry.cls)[:6]


@cache
def _fitted_on_tasks(name):
    estimator, tasks = made(REGISTRY[name])
    return estimator.fit(tasks)


def fitted_on_tasks(estimator):
    """A copy of what all ways share that begin so; it refuses where the estimator does."""
    cls = type(estimator)
    return trained(cls) if cls in CLASSES else copy.copy(_fitted_on_tasks(cls.__name__))


def fitted_on_a_table(estimator, task):
    """The same of one table's rows."""
    cls = type(estimator)
    return trained_on_a_table(cls) if cls in CLASSES else estimator.fit(task.X, task.y)


def walked(way, estimator, tasks, path):
    """Go a way in; an answer, where it ends in one."""
    task = tasks[0]
    X, y, ids = tasks.to_long()
    if way == "save":
        has_table = REGISTRY[type(estimator).__name__].has("fit(X, y)")
        skmeta.save(fitted_on_a_table(estimator, task) if has_table else estimator.fit(tasks), path)
        return skmeta.load(path)
    if way == "fit(X, y, task=)":
        return estimator.fit(X, y, task=ids)
    if way == "fit(X, y)":
        return fitted_on_a_table(estimator, task)
    if way == "adapt":
        return fitted_on_tasks(estimator).adapt(task.X, task.y).predict(task.X_query)
    if way == "partial_fit":
        return estimator.partial_fit(task.X, task.y)
    if way == "fit(tasks)" or REGISTRY[type(estimator).__name__].has("fit(tasks)"):
        estimator = fitted_on_tasks(estimator)
    else:
        estimator = fitted_on_a_table(estimator, task)
    return {"fit(tasks)": lambda t: estimator, "predict(tasks)": estimator_method(estimator, "predict")}.get(
        way, estimator_method(estimator, "score")
    )(tasks)


def estimator_method(estimator, name):
    return lambda tasks: getattr(estimator, name)(tasks)


@every_entry
@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_is_there_or_is_refused_in_words(entry, way, tmp_path):
    estimator, tasks = made(entry)
    if entry.has(way):
        answer = walked(way, estimator, tasks, tmp_path / "saved")
        if way == "predict(tasks)":
            assert [len(one) for one in answer] == [len(task.X_query) for task in tasks]
        elif way == "score(tasks)":
            assert np.isfinite(answer) and (not is_classifier(estimator) or 0 <= answer <= 1)
        elif way == "adapt":
            assert len(answer) == len(tasks[0].X_query)
        else:
            assert isinstance(answer, BaseEstimator)
    else:
        assert len(entry.lacks[way]) > 10
        with pytest.raises((ValueError, TypeError, AttributeError, NotFittedError)) as refused:
            walked(way, estimator, tasks, tmp_path / "saved")
        assert len(str(refused.value)) > 10
