"""Searches over the workers of joblib's backends end as searches in turn."""

import joblib
import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV

from skmeta import ProtoNetClassifier
from skmeta.tasks import GaussianClusters

TASKS = GaussianClusters(n_ways=3, n_shots=3, n_query=4, n_features=4).sample(12, random_state=0)


class Body(torch.nn.Sequential):
    def __init__(self, n_features_in, width=4):
        super().__init__(torch.nn.Linear(n_features_in, width), torch.nn.Dropout(0.1))


def searched(n_jobs=None):
    meta = ProtoNetClassifier(Body, max_epochs=2, steps_per_epoch=3, random_state=0)
    search = GridSearchCV(meta, {"module__width": [3, 5], "lr": [0.1, 0.01]}, cv=3, n_jobs=n_jobs).fit(TASKS)
    return {name: np.asarray(values) for name, values in search.cv_results_.items() if "score" in name[-7:]}


@pytest.fixture(scope="module")
def in_turn():
    return searched()


def check(results, in_turn):
    assert "mean_test_score" in in_turn
    for name, values in in_turn.items():
        if "time" not in name:
            np.testing.assert_array_equal(results[name], values)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.full)])
def test_workers_of_this_machine(backend, in_turn):
    with joblib.parallel_config(backend):
        check(searched(n_jobs=2), in_turn)


@pytest.mark.full
def test_workers_of_dask(in_turn):
    distributed = pytest.importorskip("distributed", reason="dask is not installed: pip install 'skmeta[dask]'")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster), joblib.parallel_config("dask"):
        check(searched(n_jobs=-1), in_turn)


@pytest.mark.full
def test_workers_of_ray(in_turn):
    ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'skmeta[ray]'")
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with joblib.parallel_config("ray"):
            check(searched(n_jobs=2), in_turn)
    finally:
        ray.shutdown()
