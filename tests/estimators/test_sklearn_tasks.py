"""scikit-learn's tools around an estimator, with whole tasks as the samples, or with a column of task ids."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    LeaveOneOut,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import MAMLClassifier, MAMLRegressor, ProtoNetClassifier, TaskSet

SHORT = {"max_epochs": 1, "steps_per_epoch": 2, "batch_size": 4, "random_state": 0}


def proto(**params):
    return ProtoNetClassifier(**SHORT | params)


def containers(tasks):
    objects = np.empty(len(tasks), dtype=object)
    objects[:] = list(tasks)
    return {"TaskSet": tasks, "list": list(tasks), "tuple": tuple(tasks), "object array": objects}


# ---------------------------------------------------------------------- tasks as samples


@pytest.mark.parametrize("container", ["TaskSet", "list", "tuple", "object array"])
def test_grid_search_takes_any_container(container, cluster_tasks):
    tasks = containers(cluster_tasks)[container]
    search = GridSearchCV(proto(), {"lr": [0.001, 0.01]}, cv=3, error_score="raise").fit(tasks)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.n_features_in_ == 4
    assert search.predict(tasks).shape == (16,)


@pytest.mark.parametrize(
    "estimator, grid",
    [
        (MAMLClassifier(**SHORT), {"inner_lr": [0.01, 0.1], "inner_steps": [1, 3]}),
        (proto(), {"module__n_hidden": [4, 8], "optimizer__weight_decay": [0.0, 0.1]}),
    ],
)
def test_grid_search_over_inner_and_routed_parameters(estimator, grid, cluster_tasks):
    search = GridSearchCV(estimator, grid, cv=2, error_score="raise").fit(cluster_tasks)
    assert len(search.cv_results_["params"]) == 4


def test_grid_search_of_a_regressor(sinusoid_tasks):
    search = GridSearchCV(MAMLRegressor(**SHORT), {"inner_lr": [0.001, 0.01]}, cv=2, error_score="raise")
    assert np.isfinite(search.fit(sinusoid_tasks).best_score_)


def test_two_workers_give_what_one_gives(cluster_tasks):
    one, two = (
        GridSearchCV(proto(), {"lr": [0.001, 0.01]}, cv=2, n_jobs=n_jobs, error_score="raise")
        .fit(cluster_tasks)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_randomized_and_halving_search(cluster_tasks):
    space = {"lr": [0.001, 0.003, 0.01]}
    random = RandomizedSearchCV(proto(), space, n_iter=2, cv=2, random_state=0, error_score="raise")
    assert random.fit(cluster_tasks).best_score_ > 1 / 3
    # scikit-learn counts classes for a default min_resources, and tasks have none: say a number
    halving = HalvingGridSearchCV(proto(), space, cv=2, min_resources=5, random_state=0, error_score="raise")
    assert halving.fit(cluster_tasks).n_resources_ == [5, 15]
    by_epochs = HalvingGridSearchCV(
        proto(), space, cv=2, resource="max_epochs", min_resources=1, max_resources=3, random_state=0
    )
    assert by_epochs.fit(cluster_tasks).n_resources_ == [1, 3]


def test_nested_cross_validation(cluster_tasks):
    inner = GridSearchCV(proto(), {"lr": [0.001, 0.01]}, cv=2)
    assert (cross_val_score(inner, cluster_tasks, cv=2, error_score="raise") > 1 / 3).all()


@pytest.mark.parametrize(
    "splitter, n_splits", [(3, 3), (KFold(4, shuffle=True, random_state=0), 4), (GroupKFold(2), 2), (LeaveOneOut(), 16)]
)
def test_any_splitter_of_samples_splits_tasks(splitter, n_splits, cluster_tasks):
    domain = np.arange(16) % 2 if isinstance(splitter, GroupKFold) else None
    scores = cross_val_score(proto(max_epochs=0), cluster_tasks, cv=splitter, groups=domain, error_score="raise")
    assert len(scores) == n_splits


def test_cross_validate_returns_what_it_does_for_rows(cluster_tasks):
    result = cross_validate(
        proto(), cluster_tasks, cv=2, return_estimator=True, return_train_score=True, return_indices=True,
        error_score="raise",
    )  # fmt: skip
    test = cluster_tasks[result["indices"]["test"][0]]
    assert result["estimator"][0].score(test) == result["test_score"][0]


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_cross_val_predict_gives_every_task_its_answers(method, cluster_tasks):
    answers = cross_val_predict(proto(), cluster_tasks, cv=KFold(4, shuffle=True, random_state=0), method=method)
    assert answers.shape == (16,)
    assert all(len(answer) == len(task.y_query) for answer, task in zip(answers, cluster_tasks))


def test_curves_over_tasks(cluster_tasks):
    # y is positional in these two, so None is said
    sizes, train, test = learning_curve(proto(), cluster_tasks, None, train_sizes=[4, 8], cv=2, error_score="raise")
    assert sizes.tolist() == [4, 8]
    assert np.isfinite(test).all()
    train, test = validation_curve(
        proto(), cluster_tasks, None, param_name="lr", param_range=[0.001, 0.01], cv=2, error_score="raise"
    )
    assert test.shape == (2, 2)


def test_a_pipeline_passes_tasks_through(cluster_tasks):
    pipe = make_pipeline(None, proto()).fit(cluster_tasks)
    assert 1 / 3 < pipe.score(cluster_tasks) <= 1
    assert pipe.predict(cluster_tasks).shape == (16,)


# ---------------------------------------------------------------------- one long table


def long_table(tasks):
    X, y, ids = TaskSet(list(tasks)).to_long()
    return X, y, np.array([f"id{i}" for i in ids])


def test_without_routing_a_pipeline_takes_ids_in_fit(shared_tasks):
    X, y, ids = shared_tasks.to_long()
    pipe = make_pipeline(StandardScaler(), proto()).fit(X, y, protonetclassifier__task=ids)
    assert len(pipe[-1].adapted_tasks_) == 12


def test_routing_carries_ids_through_pipelines_searches_and_curves(cluster_tasks):
    X, y, ids = long_table(cluster_tasks)
    params = {"task": ids, "groups": ids}
    settings = {"cv": GroupKFold(2), "error_score": "raise"}
    with config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), proto(labels="task"))
        pipe.fit(X, y, task=ids)
        assert 1 / 3 < pipe.score(X, y, task=ids) <= 1
        assert len(pipe.predict(X, task=ids)) == len(y)
        assert (cross_val_score(pipe, X, y, params=params, **settings) > 1 / 3).all()
        grid = {"protonetclassifier__lr": [0.001, 0.01]}
        search = GridSearchCV(pipe, grid, **settings).fit(X, y, **params)
        assert search.best_score_ > 1 / 3
        assert np.isfinite(learning_curve(pipe, X, y, train_sizes=[0.5, 1.0], params=params, **settings)[2]).all()
        _, test = validation_curve(
            pipe, X, y, param_name="protonetclassifier__lr", param_range=[0.01], params=params, **settings
        )
        assert np.isfinite(test).all()


def test_routing_on_leaves_tasks_as_samples_alone(cluster_tasks):
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(proto(), {"lr": [0.001, 0.01]}, cv=2, error_score="raise").fit(cluster_tasks)
    assert search.best_score_ > 1 / 3
