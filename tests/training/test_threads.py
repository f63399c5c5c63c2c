"""Trainings in threads equal trainings in turn, and the global random generators are nobody's business."""

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skmeta import MAMLClassifier, MANNClassifier, ProtoNetClassifier, ReptileClassifier
from skmeta.tasks import GaussianClusters, TaskMixUp
from skmeta.training.randomness import Randomness

SHORT = {"max_epochs": 2, "steps_per_epoch": 3, "batch_size": 4}


class Noisy(nn.Module):
    """A body of one's own that draws from torch's global generator when it is made and when it is trained."""

    def __init__(self, n_features_in):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_features_in, 5))
        self.drop = nn.Dropout(0.3)

    def forward(self, X):
        noise = torch.rand(X.shape) if self.training else 0.5
        return self.drop(torch.tanh((X + 0.1 * noise) @ self.weight))


class OwnLoader:
    """A loader of one's own that knows of no seed."""

    def __init__(self, dataset, batch_size=16):
        self.dataset, self.batch_size = dataset, batch_size

    def __iter__(self):
        for _ in range(3):
            yield self.dataset.whole_tasks(torch.randperm(len(self.dataset))[: self.batch_size])


KINDS = {
    "episodes": lambda seed: MAMLClassifier(**SHORT, inner_steps=1, random_state=seed),
    "noisy body": lambda seed: ProtoNetClassifier(Noisy, **SHORT, random_state=seed),
    "random orders": lambda seed: MANNClassifier(**SHORT, random_state=seed),
    "random rows": lambda seed: ReptileClassifier(**SHORT, inner_steps=2, random_state=seed),
    "own loader": lambda seed: ProtoNetClassifier(
        **SHORT | {"steps_per_epoch": None}, iterator_train=OwnLoader
    ).set_params(random_state=seed),
    "augmented": lambda seed: ProtoNetClassifier(**SHORT, augment=TaskMixUp(), random_state=seed),
}


def weights(meta):
    return np.concatenate([part.detach().numpy().ravel() for part in meta.net_.module_.parameters()])


@pytest.fixture
def threads_switch_all_the_time():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("kind", KINDS)
def test_fits_in_threads_equal_fits_in_turn(kind, cluster_tasks, threads_switch_all_the_time, rng_untouched):
    def fitted(seed):
        return weights(KINDS[kind](seed).fit(cluster_tasks))

    seeds = [0, 1, 2, 0]
    in_turn = [fitted(seed) for seed in seeds]
    with ThreadPoolExecutor(4) as pool:
        in_threads = list(pool.map(fitted, seeds))
    for one, other in zip(in_turn, in_threads):
        np.testing.assert_array_equal(one, other)
    assert (in_turn[0] != in_turn[1]).any()


def test_a_distribution_in_threads_too(threads_switch_all_the_time, rng_untouched):
    clusters = GaussianClusters(n_ways=3, n_shots=3, n_query=4, n_features=4)

    def fitted(seed):
        return weights(ProtoNetClassifier(**SHORT, validation_fraction=0.25, random_state=seed).fit(clusters))

    in_turn = [fitted(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(in_turn, list(pool.map(fitted, (0, 1))))


def test_numbers_drawn_elsewhere_meanwhile_change_no_training_with_layers_of_the_house(
    cluster_tasks, threads_switch_all_the_time
):
    alone = weights(KINDS["episodes"](0).fit(cluster_tasks))
    done = threading.Event()

    def draw():
        while not done.is_set():
            torch.rand(3)

    other = threading.Thread(target=draw)
    meta = KINDS["episodes"](0)
    meta.fit(cluster_tasks)  # initial weights are drawn before the other thread begins
    meta.set_params(warm_start=True)
    first = meta.net_.history[:, "train_loss"]
    other.start()
    meta.fit(cluster_tasks)
    done.set()
    other.join()
    again = MAMLClassifier(**SHORT | {"max_epochs": 4}, inner_steps=1, random_state=0).fit(cluster_tasks)
    assert meta.net_.history[:, "train_loss"] == again.net_.history[:, "train_loss"]
    assert meta.net_.history[:2, "train_loss"] == first
    np.testing.assert_array_equal(weights(meta), weights(again))
    assert (alone != weights(meta)).any()


def test_within_as_global_torch_draws_from_the_trainings_own_numbers_and_is_left_as_found(rng_untouched):
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    own = Randomness("cpu", 3)
    with own.as_global():
        first = torch.rand(2)
    with own.as_global():
        with own.as_global():
            second = torch.rand(1)
        third = torch.rand(1)
    torch.testing.assert_close(torch.cat([first, second, third]), expected, rtol=0, atol=0)


def test_a_callback_of_ones_own_changes_nothing_by_watching(cluster_tasks, rng_untouched):
    class Watch(Callback):
        drawn = []

        def on_batch_begin(self, net, **kwargs):
            pass

        def on_epoch_end(self, net, **kwargs):
            Watch.drawn.append(float(torch.rand(())))

    alone = KINDS["episodes"](0).fit(cluster_tasks)
    watched = KINDS["episodes"](0).set_params(callbacks=[Watch()]).fit(cluster_tasks)
    np.testing.assert_array_equal(weights(alone), weights(watched))
    KINDS["episodes"](0).set_params(callbacks=[Watch()]).fit(cluster_tasks)
    assert Watch.drawn[:2] == Watch.drawn[2:]


def test_a_failed_fit_leaves_the_global_generators_too(cluster_tasks, rng_untouched):
    class Broken(Noisy):
        def forward(self, X):
            if self.training:
                torch.rand(7)
                raise RuntimeError("broken")
            return super().forward(X)

    with pytest.raises(RuntimeError, match="broken"), warnings.catch_warnings():
        ProtoNetClassifier(Broken, **SHORT, random_state=0).fit(cluster_tasks)
