"""Small batches are worked on by one thread, large ones by as many as the user allows; the setting stays the user's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from torch import nn

from skmeta import MAMLClassifier, ProtoNetClassifier
from skmeta.nets import MLP

SHORT = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}


class Watching(nn.Module):
    """An MLP that notes the number of threads that it is trained with."""

    seen = []  # noqa: RUF012

    def __init__(self, n_features_in, n_hidden=8):
        super().__init__()
        self.net = MLP(n_features_in, n_hidden=n_hidden)

    def forward(self, X):
        if self.training:
            self.seen.append(torch.get_num_threads())
        return self.net(X)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    Watching.seen.clear()
    yield
    torch.set_num_threads(before)


def test_small_batches_take_one_thread_and_the_setting_is_put_back(two_threads, cluster_tasks):
    ProtoNetClassifier(Watching, **SHORT).fit(cluster_tasks)
    assert Watching.seen and set(Watching.seen) == {1}
    assert torch.get_num_threads() == 2


def test_large_ones_take_what_the_user_allows(two_threads, cluster_tasks):
    ProtoNetClassifier(Watching, module__n_hidden=3000, **SHORT).fit(cluster_tasks)
    assert set(Watching.seen) == {2}


def test_a_fit_that_fails_puts_the_setting_back_too(two_threads, cluster_tasks):
    class Failing(Watching):
        def forward(self, X):
            if self.training:
                raise RuntimeError("out of memory")
            return super().forward(X)

    with pytest.raises(RuntimeError, match="out of memory"):
        ProtoNetClassifier(Failing, **SHORT).fit(cluster_tasks)
    assert torch.get_num_threads() == 2


def test_fits_in_threads_leave_the_setting_alone(two_threads, cluster_tasks):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda seed: MAMLClassifier(**SHORT).set_params(random_state=seed).fit(cluster_tasks), range(3)))
    assert torch.get_num_threads() == 2


def test_processes_of_a_search_share_the_cores():
    seen = Parallel(n_jobs=2)(delayed(torch.get_num_threads)() for _ in range(2))
    assert max(seen) <= max(1, cpu_count() // 2)
