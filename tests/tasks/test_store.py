"""Tasks as padded tensors: padding is marked, and never changes what a task holds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skmeta.tasks import TaskSet
from skmeta.tasks.store import TaskStore, hide, is_answered, similar_size_chunks
from tests.tasks.strategies import ragged_tasks


def store_of(tasks, **settings):
    X, y = tasks.pooled
    y = np.where(tasks.is_labelled_row, y, -1)
    return TaskStore(
        torch.as_tensor(X), y, tasks.n_support, tasks.n_query, n_classes=np.full(len(tasks), 4), **settings
    )


def two_tasks():
    """Rows 0 1 | 2 and 3 | 4 5: two support and one query row, one support and two query rows."""
    return TaskSet.from_pool(np.arange(6.0)[:, None], np.array([0, 1, 1, 0, 1, 0]), [2, 1], [1, 2])


def test_padding_by_hand():
    batch, y = store_of(two_tasks()).whole_tasks(torch.tensor([0, 1]))
    assert batch["support_X"].shape == (2, 2, 1)
    assert batch["support_X"][0].flatten().tolist() == [0, 1]
    assert batch["support_X"][1, 0].item() == 3
    assert batch["support_weight"].tolist() == [[1, 1], [1, 0]]
    assert batch["query_X"][1].flatten().tolist() == [4, 5]
    assert y.tolist() == [1, -1, 1, 0]
    assert batch["class_mask"].tolist() == [[True] * 4] * 2


def test_without_padding_there_are_no_weights():
    tasks = TaskSet.from_pool(np.arange(4.0)[:, None], np.array([0, 1, 1, 0]), [1, 1], [1, 1])
    batch, y = store_of(tasks).whole_tasks(torch.tensor([0, 1]))
    assert "support_weight" not in batch
    assert y.tolist() == [1, 0]


def test_weights_of_rows_come_with_them():
    batch, _ = store_of(two_tasks(), weight=np.array([0.5, 2, 9, 3, 9, 9])).whole_tasks(torch.tensor([0, 1]))
    assert batch["support_weight"].tolist() == [[0.5, 2], [3, 0]]


def test_classes_a_task_does_not_have_are_masked():
    store = TaskStore(torch.zeros(3, 1), np.array([0, 1, 0]), [2, 1], [-1, -1], n_classes=[2, 1])
    assert store.class_mask(torch.tensor([0, 1])).tolist() == [[True, True], [True, False]]


@given(ragged_tasks(query="all"), st.data())
def test_padding_never_changes_content(tasks, data):
    chosen = data.draw(st.lists(st.integers(0, len(tasks) - 1), min_size=1, max_size=5))
    batch, y = store_of(tasks).whole_tasks(torch.tensor(chosen))
    y = y.view(len(chosen), -1)
    for row, i in enumerate(chosen):
        task = tasks[i]
        n, m = len(task.y), len(task.y_query)
        np.testing.assert_array_equal(batch["support_X"][row, :n], task.X)
        np.testing.assert_array_equal(batch["support_y"][row, :n], task.y)
        np.testing.assert_array_equal(batch["query_X"][row, :m], task.X_query)
        np.testing.assert_array_equal(y[row, :m], task.y_query)
        assert (y[row, m:] == -1).all()
        if "support_weight" in batch:
            assert batch["support_weight"][row].tolist() == [1.0] * n + [0.0] * (batch["support_X"].shape[1] - n)
        assert ((batch["support_y"] >= 0) & (batch["support_y"] < 4)).all()


def test_regression_targets_are_padded_with_nan():
    tasks = two_tasks()
    store = TaskStore(torch.zeros(6, 1), torch.arange(12.0).view(6, 2), tasks.n_support, tasks.n_query)
    batch, y = store.whole_tasks(torch.tensor([0, 1]))
    assert y[0].tolist() == [4, 5]
    assert y[1].isnan().all()
    assert is_answered(y).tolist() == [True, False, True, True]
    assert batch["support_y"].isfinite().all()
    assert "class_mask" not in batch


def test_hiding_marks_labels_and_targets():
    keep = torch.tensor([[True, False]])
    assert hide(torch.tensor([[3, 4]]), keep).tolist() == [[3, -1]]
    assert hide(torch.ones(1, 2, 1), keep).isnan().flatten().tolist() == [False, True]


def test_a_torch_data_loader_takes_it():
    loader = torch.utils.data.DataLoader(store_of(two_tasks()), batch_size=2, collate_fn=lambda batch: batch)
    batch, y = next(iter(loader))
    assert batch["support_X"].shape == (2, 2, 1)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 50)), max_size=40),
    st.integers(1, 300),
    st.sampled_from([0.0, 0.25, 1.0]),
)
def test_chunks_hold_every_task_once_within_the_budget_and_pad_cheaply(sizes, max_rows, max_waste):
    n_support = np.array([a for a, _ in sizes], dtype=int)
    n_query = np.maximum([b for _, b in sizes], 0).astype(int)
    chunks = list(similar_size_chunks(n_support, n_query, max_rows, max_waste))
    assert sorted(np.concatenate(chunks).tolist() if chunks else []) == list(range(len(sizes)))
    for chunk in chunks:
        padded = len(chunk) * (n_support[chunk].max() + n_query[chunk].max())
        if len(chunk) > 1:
            assert padded <= max_rows
            assert padded <= (1 + max_waste) * (n_support[chunk] + n_query[chunk]).sum()


@pytest.mark.parametrize("n_tasks", [1, 7])
def test_tasks_of_one_size_share_a_chunk(n_tasks):
    (chunk,) = similar_size_chunks(np.full(n_tasks, 5), np.full(n_tasks, 3), max_rows=1000)
    assert len(chunk) == n_tasks
