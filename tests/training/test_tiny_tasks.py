"""Tasks of so few rows that nothing, or next to nothing, is left to ask about."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from skmeta import FineTuneTransferRegressor, MAMLClassifier, MAMLRegressor, ProtoNetClassifier, Task

SHORT = {"max_epochs": 1, "steps_per_epoch": 3, "random_state": 0}
X = np.random.default_rng(0).normal(size=(12, 2))


def weights_of(estimator):
    return torch.cat([weight.flatten() for weight in estimator.net_.module_.parameters()])


@pytest.mark.parametrize(
    "estimator, tasks",
    [
        (MAMLRegressor(**SHORT), [(X[i : i + 1], X[i : i + 1, 0]) for i in range(12)]),
        (MAMLClassifier(labels="shared", **SHORT), [(X[i : i + 1], [i % 2]) for i in range(12)]),
        (ProtoNetClassifier(labels="task", **SHORT), [(X[i : i + 2], [0, 1]) for i in range(0, 12, 2)]),
        (
            ProtoNetClassifier(iterator_train=DataLoader, iterator_train__collate_fn=lambda batch: batch, **SHORT),
            [(X[:6], [0, 1] * 3), (X[6:], [0, 1] * 3)],
        ),
    ],
    ids=["one row", "one row of shared classes", "one row a class", "loader of whole tasks"],
)
def test_tasks_that_leave_no_query_row_are_refused(estimator, tasks):
    with pytest.raises(ValueError, match="no query row to learn from"):
        estimator.fit(tasks)
    assert not hasattr(estimator, "net_")


def test_a_batch_without_a_query_row_leaves_the_weights_finite():
    tasks = [(X[i : i + 1], X[i : i + 1, 0]) for i in range(6)] + [(X[6:], X[6:, 0])]
    meta = MAMLRegressor(max_epochs=2, steps_per_epoch=20, batch_size=1, random_state=0).fit(tasks)
    assert torch.isfinite(weights_of(meta)).all()
    assert np.isfinite(meta.net_.history[:, "train_loss"]).all()


def test_one_row_a_task_is_enough_to_pretrain_on():
    tasks = [Task(X[i : i + 1], X[i : i + 1, 0]) for i in range(12)]
    assert torch.isfinite(weights_of(FineTuneTransferRegressor(heads="shared", **SHORT).fit(tasks))).all()
