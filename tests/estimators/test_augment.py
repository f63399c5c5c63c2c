"""``augment``: training tasks changed anew in every epoch; everything else stays as it is."""

import numpy as np
import pytest
import torch

from skmeta import FineTuneTransfer, MAMLRegressor, ProtoNetClassifier
from skmeta.estimators.base.fresh_tasks import AugmentedTraining
from skmeta.tasks import GaussianClusters, LinearFamily
from skmeta.tasks.augmentation import FeatureNoise
from skmeta.tasks.mixing import TaskMixUp

TASKS = GaussianClusters(n_ways=3, n_shots=2, n_query=4, n_features=4).sample(6, random_state=0)
CHEAP = {"max_epochs": 2, "steps_per_epoch": 2, "batch_size": 4, "random_state": 0}


def weights(estimator):
    return torch.cat([p.flatten() for p in estimator.net_.module_.parameters()])


@pytest.mark.parametrize("cls", [ProtoNetClassifier, FineTuneTransfer])
def test_augmented_tasks_teach_something_else(cls):
    plain, noisy = (cls(augment=a, **CHEAP).fit(TASKS) for a in (None, FeatureNoise(1.0)))
    assert not torch.equal(weights(plain), weights(noisy))


def test_the_seed_decides_the_augmentation():
    first, second = (MAMLRegressor(augment=TaskMixUp(), **CHEAP).fit(LinearFamily().sample(5, 0)) for _ in range(2))
    assert torch.equal(weights(first), weights(second))


def test_half_of_the_tasks_change_and_all_keep_their_order():
    def mirror(tasks, rng):
        return tasks.with_rows(-tasks.pooled[0])

    seen = []
    tasks = LinearFamily(n_shots=2, n_query=1).sample(50, random_state=0)
    AugmentedTraining(tasks, mirror, lambda tasks: seen.append(tasks) or tasks).draw(120)
    assert len(seen[1]) == 120
    mirrored = 0
    for i, task in enumerate(seen[1]):
        original = tasks[i % 50]
        assert np.array_equal(np.abs(task.X), np.abs(original.X))
        mirrored += np.array_equal(task.X, -original.X)
    assert 35 < mirrored < 85


def test_held_out_tasks_are_not_augmented():
    calls = []

    def watch(tasks, rng):
        calls.append(len(tasks))
        return tasks

    ProtoNetClassifier(augment=watch, validation_fraction=0.5, **CHEAP).fit(TASKS)
    assert calls == [8, 8]  # two epochs of two batches of four


def test_one_table_is_left_alone():
    def refuse(tasks, rng):
        raise AssertionError

    X, y = TASKS.pooled
    ProtoNetClassifier(augment=refuse, **CHEAP).fit(X, y)


def test_what_is_no_augmentation_is_refused():
    with pytest.raises(ValueError, match="augment of ProtoNetClassifier must be"):
        ProtoNetClassifier(augment="noise").fit(TASKS)
    with pytest.raises(ValueError, match="as many tasks"):
        ProtoNetClassifier(augment=lambda tasks, rng: tasks[:1], **CHEAP).fit(TASKS)
