"""Bad input: the error names the value and the remedy, and the estimator is as it was."""

import copy
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError

from skmeta import HyperNetClassifier, MAMLRegressor, NotAdaptedError, ProtoNetClassifier, Task, few_shot_curve
from skmeta.tasks import GaussianClusters, LinearFamily
from tests.estimators.contract import everything_in

CLUSTERS = GaussianClusters(n_ways=3, n_shots=3, n_query=4, n_features=4).sample(8, random_state=0)
LINES = LinearFamily(n_features=4, n_shots=6, n_query=4).sample(8, random_state=0)
T, R = CLUSTERS[0], LINES[0]
WITH_NAN = np.where(np.arange(36).reshape(9, 4) == 6, np.nan, T.X)
MIXED = np.array([["red", 1, 2, 3.0], ["blue", 1, 2, 3.0]], dtype=object)
NUMBERED, NAMED = Task(T.X, T.y, name="one"), Task(T.X, np.array(list("abc"))[T.y], name="two")


class Flat(torch.nn.Module):
    def forward(self, X):
        return X.sum()


class ThreeAxes(torch.nn.Module):
    def forward(self, X):
        return X[:, None]


class SevenFeatures(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(7, 3)

    def forward(self, X):
        return self.layer(X)


@cache
def _adapted(kind):
    if kind == "classifier":
        meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=1, random_state=0).fit(CLUSTERS)
        return meta.partial_fit(T.X, T.y).partial_fit(T.X, T.y, task=["a"] * 9)
    return MAMLRegressor(max_epochs=1, steps_per_epoch=1, random_state=0).fit(LINES).partial_fit(R.X, R.y)


def refit(**settings):
    return lambda est: est.set_params(**settings).fit(CLUSTERS if is_classifier(est) else LINES)


C, M = "classifier", "regressor"
CASES = {
    # ------------------------------------------------------------------ tasks that do not hold what they must
    "no query rows": (
        C,
        lambda e: e.predict([Task(T.X, T.y, name="site 7")]),
        "'site 7' has none; Task(X, y, X_query)",
    ),
    "no query labels": (C, lambda e: e.score([Task(T.X, T.y, T.X_query, name="site 7")]), "'site 7' has no y_query"),
    "features differ": (
        C,
        lambda e: e.fit([Task(T.X, T.y, name="a"), Task(T.X[:, :2], T.y, name="b")]),
        "task 'b' has 2 features; task 'a' has 4",
    ),
    "features differ from training": (
        C,
        lambda e: e.predict([Task(T.X[:, :2], T.y, T.X_query[:, :2])]),
        "X has 2 features; ProtoNetClassifier is expecting 4 features",
    ),
    "rows differ from training": (M, lambda e: e.partial_fit(R.X[:, :2], R.y), "X has 2 features; expecting 4"),
    "one class in every task": (
        C,
        lambda e: e.fit([Task(T.X, ["a"] * 9)] * 3),
        "needs tasks with at least 2 classes; 'a'",
    ),
    "no support rows": (
        C,
        lambda e: e.fit([T, Task(np.empty((0, 4)), np.empty(0, int), T.X_query, T.y_query, name="x")]),
        "Task 'x' has no support rows; leave it out",
    ),
    "no tasks": (C, lambda e: e.fit([]), "empty list of tasks; at least one"),
    "no tasks in a set": (C, lambda e: e.fit(CLUSTERS[:0]), "no tasks; at least one"),
    "no tasks to answer": (C, lambda e: e.predict(CLUSTERS[:0]), "no tasks; at least one"),
    "not a task": (C, lambda e: e.fit([T, 3]), "Item 1; int; Task(X, y)"),
    "labels of two kinds": (C, lambda e: e.fit([NUMBERED, NAMED]), "all numbers or all text; task 'one'; task 'two'"),
    "text beside the numbers shown before": (
        C,
        lambda e: e.partial_fit(T.X, NAMED.y),
        "all numbers or all text; 'c' beside 2 from before; Use adapt",
    ),
    "text beside the numbers of a known task": (
        C,
        lambda e: e.partial_fit(T.X, NAMED.y, task=["a"] * 9),
        "all numbers or all text; 'c' beside 2 from before",
    ),
    "a column of labels too many": (C, lambda e: e.fit([Task(T.X, np.c_[T.y, T.y])]), "one label per row; (9, 2)"),
    "n_shots larger than a class": (
        C,
        lambda e: few_shot_curve(e, CLUSTERS, n_shots=[99]),
        "n_shots=99; class 0 of task 0 has 7 rows; Use fewer",
    ),
    "tasks to adapt to": (C, lambda e: e.partial_fit(CLUSTERS, None), "rows of one task; TaskSet; fit(tasks)"),
    # ------------------------------------------------------------------ cells and targets
    "NaN in a task": (
        C,
        lambda e: e.fit([T, Task(WITH_NAN, T.y, name="site 3")]),
        "X contains NaN; row 1 of X of task 'site 3', column 2",
    ),
    "NaN in query rows": (
        C,
        lambda e: e.predict([T, Task(T.X, T.y, WITH_NAN)]),
        "X contains NaN; row 1 of X_query of task 1, column 2",
    ),
    "NaN in rows": (C, lambda e: e.partial_fit(WITH_NAN, T.y), "X contains NaN; row 1, column 2"),
    "infinity": (M, lambda e: e.partial_fit(R.X * np.inf, R.y), "infinity; row 0, column 0"),
    "text in rows": (C, lambda e: e.partial_fit(MIXED, [0, 1]), "'red'; row 0, column 0; OneHotEncoder"),
    "text in tasks": (C, lambda e: e.fit([(MIXED, [0, 1])] * 2), "'red'; row 0 of X of task 0; OneHotEncoder; PerTask"),
    "NaN targets": (
        M,
        lambda e: e.fit([R, Task(R.X, np.where(np.arange(6) == 4, np.nan, R.y), name="site 3")]),
        "NaN or infinity: nan in row 4 of X of task 'site 3'; Leave such rows out",
    ),
    "text targets": (M, lambda e: e.partial_fit(R.X, ["a"] * 6), "numeric targets; 'a'; A classifier"),
    "another number of targets": (M, lambda e: e.partial_fit(R.X, np.c_[R.y, R.y]), "2 targets; 1 were"),
    "continuous labels": (C, lambda e: e.partial_fit(R.X, R.y), "Unknown label type: continuous"),
    "no labels": (C, lambda e: e.fit(T.X), "requires y to be passed"),
    "unknown classes": (C, lambda e: e.partial_fit(T.X, T.y, classes=[0, 1]), "[2]; declared classes [0, 1]; adapt"),
    "negative weight": (C, lambda e: e.partial_fit(T.X, T.y, sample_weight=-np.ones(9)), "non-negative; -1.0"),
    "too few weights": (C, lambda e: e.partial_fit(T.X, T.y, sample_weight=[1.0]), "9 non-negative numbers; (1,)"),
    "nothing has weight": (C, lambda e: e.adapt(T.X, T.y, sample_weight=np.zeros(9)), "Every sample_weight is 0"),
    "too few task ids": (C, lambda e: e.partial_fit(T.X, T.y, task=[1, 2]), "task of each of the 9 rows; (2,)"),
    "a task id never seen": (
        C,
        lambda e: e.predict(T.X, task=["b"] * 9),
        "never seen: 'b'; partial_fit(X, y, task=ids)",
    ),
    # ------------------------------------------------------------------ modules and devices
    "a module that gives a number": (C, refit(module=Flat), "Flat; (n_rows, 4) to (n_rows, n_out); 2 rows became ()"),
    "a module that adds an axis": (C, refit(module=ThreeAxes), "ThreeAxes; 2 rows became (2, 1, 4)"),
    "a module for other rows": (M, refit(module=SevenFeatures), "SevenFeatures cannot take rows of 4 features"),
    "no module": (C, refit(module="MLP"), "torch module class or instance; 'MLP'"),
    "a device that is not there": (C, refit(device="cuda:99"), "'cuda:99' is not there; device='cpu'"),
    "no device": (C, refit(device="gpu"), "'gpu' is no torch device; 'cuda'"),
    "None for a device": (C, refit(device=None), "device=None is no torch device; 'auto'"),
    "ids beside whole tasks": (C, lambda e: e.fit(CLUSTERS, task=["a"] * 8), "task=; whole tasks already"),
    # ------------------------------------------------------------------ settings
    "labels": (C, refit(labels="both"), "labels; 'auto', 'task' or 'shared'; 'both'"),
    "target_scaling": (M, refit(target_scaling="x"), "target_scaling; 'pooled'; 'x'"),
    "inner_lr": (M, refit(inner_lr="lern"), "inner_lr; 'learn-step'; 'lern'"),
    "negative inner_lr": (M, refit(inner_lr=-1.0), "inner_lr; non-negative; -1.0"),
    "inner_steps": (M, refit(inner_steps=2.5), "inner_steps; integer; 2.5"),
    "adapt_steps of a trained one": (M, lambda e: e.set_params(adapt_steps=-1).adapt(R.X, R.y), "adapt_steps; -1"),
    "adapt_params": (M, refit(adapt_params="heads"), "'all'; 'body'; 'head'; 'heads'"),
    "engine": (M, refit(engine="fast"), "engine; 'closed_form'; 'fast'"),
    "scale": (C, refit(scale=-1), "scale; positive number or 'learn'; -1"),
    "priors": (C, refit(priors="yes"), "priors; 'auto', True or False; 'yes'"),
    "n_ways": (C, refit(n_ways=1), "n_ways; at least 2; 1"),
    "n_shots": (C, refit(n_shots=0), "n_shots; positive integer or a (low, high) pair; 0"),
    "n_shots as a range": (C, refit(n_shots=(5, 1)), "n_shots; (low, high); (5, 1)"),
    "n_query": (C, refit(n_query="ten"), "n_query; positive integer; 'ten'"),
    "max_epochs": (C, refit(max_epochs=1.5), "max_epochs; non-negative integer; 1.5"),
    "steps_per_epoch": (C, refit(steps_per_epoch=0), "steps_per_epoch; positive integer; 0"),
    "batch_size": (C, refit(batch_size=0), "batch_size; positive integer; 0"),
    "lr": (C, refit(lr="fast"), "lr; non-negative number; 'fast'"),
    "optimizer": (C, refit(optimizer="adam"), "optimizer; torch.optim.Adam; 'adam'"),
    "criterion": (M, refit(criterion="mse"), "criterion; torch loss class; 'mse'"),
    "callbacks": (C, refit(callbacks="early"), "callbacks; list of skorch callbacks; 'early'"),
    "validation_fraction": (C, refit(validation_fraction=2.0), "validation_fraction; between 0 and 1; 2.0"),
    "all tasks held out": (C, refit(validation_fraction=0.99), "validation_fraction=0.99 of 8 tasks leaves none"),
    "random_state": (C, refit(random_state="x"), "'x' cannot be used to seed"),
}


def learned(estimator):
    """All but the parameters, which a case may have set on its way."""
    parameters = {*estimator.get_params(deep=False), "_routed"}
    return {name: value for name, value in everything_in(estimator).items() if name not in parameters}


@pytest.mark.parametrize("name", CASES)
def test_the_error_names_value_and_remedy_and_nothing_changes(name):
    kind, call, words = CASES[name]
    estimator = copy.copy(_adapted(kind))
    before = learned(estimator)
    with pytest.raises((ValueError, TypeError)) as error:
        call(estimator)
    for word in words.split("; "):
        assert word in str(error.value)
    assert learned(estimator) == before


@pytest.mark.parametrize("wrong", ["inner_lrr", "modul__n_hidden"])
def test_a_parameter_that_does_not_exist_is_refused_at_once(wrong):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{wrong}'"):
        ProtoNetClassifier(**{wrong: 1})
    with pytest.raises(ValueError, match=f"Invalid parameter '{wrong.partition('__')[0]}'"):
        ProtoNetClassifier().set_params(**{wrong: 1})


def test_a_name_that_is_nearly_right_or_was_right_once_is_answered_by_the_right_one():
    with pytest.raises(TypeError, match="'inner_setps': did you mean 'inner_steps'"):
        MAMLRegressor(inner_setps=3)
    with pytest.raises(TypeError, match="no parameter 'first_order' any more: say gradient='first-order'"):
        MAMLRegressor(first_order=True)
    with pytest.raises(TypeError, match="no parameter 'n_code' any more: leave it out, since codes are 64 wide"):
        HyperNetClassifier(n_code=8)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"module__n_hiden": 3}, "n_hiden"),
        ({"optimizer__weight_decai": 1}, "weight_decai"),
        ({"iterator_train__step": 3}, "step"),
        ({"criterion__reductio": "sum"}, "reductio"),
    ],
)
def test_a_wrong_name_behind_a_prefix_is_refused_in_fit(wrong, words):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{words}'"):
        ProtoNetClassifier(**wrong).fit(CLUSTERS)


def test_before_fit_and_before_a_task_the_error_says_what_to_call():
    with pytest.raises(NotFittedError, match="Call 'fit'"):
        ProtoNetClassifier().predict(T.X)
    with pytest.raises(NotFittedError, match="Call 'fit'"):
        ProtoNetClassifier().predict(CLUSTERS)
    with pytest.raises(NotAdaptedError, match=r"partial_fit\(X, y\) or adapt\(X, y\), or ask for predict\(tasks\)"):
        ProtoNetClassifier(max_epochs=0).fit(CLUSTERS).predict(T.X)


def test_query_rows_without_labels_are_left_out_of_training():
    unlabelled = [Task(t.X, t.y, t.X_query) for t in CLUSTERS]
    bare = [Task(t.X, t.y) for t in CLUSTERS]
    a, b = (
        ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(tasks).predict_proba(CLUSTERS)
        for tasks in (unlabelled, bare)
    )
    for p, q in zip(a, b):
        assert np.isfinite(p).all()
        np.testing.assert_array_equal(p, q)
