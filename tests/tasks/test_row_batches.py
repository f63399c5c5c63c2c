"""Row batches: every labelled row once an epoch, with its task beside it."""

import numpy as np
import torch

from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore


def store(n_support=(3, 5, 40), n_query=(0, 2, 0), **settings):
    n_rows = sum(n_support) + sum(n_query)
    X = torch.arange(n_rows, dtype=torch.float32)[:, None]
    return TaskStore(X, torch.arange(n_rows) % 2, np.array(n_support), np.array(n_query), [2, 2, 2], **settings)


def test_an_epoch_shows_every_row_once_with_its_label_and_its_task():
    seen = []
    for batch, y in RowLoader(store(), rows=7, steps=8, seed=0):
        assert batch["support_X"].shape[1:] == (0, 1)
        assert batch["query_X"].shape[1:] == (1, 1)
        assert "class_mask" not in batch
        seen += list(zip(batch["query_X"].flatten().tolist(), y.tolist(), batch["task_index"].tolist()))
    rows = sorted(set(seen))
    assert [row for row, _, _ in rows] == list(range(50))
    assert all(label == row % 2 for row, label, _ in rows)
    assert [task for _, _, task in rows] == [0] * 3 + [1] * 7 + [2] * 40
    assert len(seen) == 56  # eight batches of seven go on into the next round


def test_rows_without_a_label_are_left_out():
    some = store()
    some.y[:10] = -1
    shown = torch.cat([batch["query_X"].flatten() for batch, _ in RowLoader(some, seed=0)])
    assert shown.min() == 10


def test_classes_are_masked_where_tasks_differ_in_their_number():
    some = store()
    some.n_classes = torch.tensor([1, 2, 2])
    batch, _ = next(iter(RowLoader(some, rows=50, seed=0)))
    assert torch.equal(batch["class_mask"][:, 1], batch["task_index"] > 0)


def test_small_tables_get_ten_steps_and_large_ones_go_over_their_rows():
    assert len(RowLoader(store())) == 10
    assert len(RowLoader(store(n_support=(10, 10, 12_778)))) == 100


def test_a_seed_repeats_itself_and_no_seed_goes_on():
    torch.manual_seed(0)
    fixed, free = RowLoader(store(), seed=1), RowLoader(store())
    first = [y for _, y in fixed]
    assert all(torch.equal(a, b) for a, (_, b) in zip(first, fixed, strict=True))
    once = torch.cat([b["query_X"].flatten() for b, _ in free])
    assert not torch.equal(once, torch.cat([b["query_X"].flatten() for b, _ in free]))


def test_changed_versions_of_known_tasks_keep_their_index():
    class Changed:
        X = store().X

        def draw(self, n_tasks):
            assert n_tasks == 3
            return store()

        def __len__(self):
            return 3

    batch, _ = next(iter(RowLoader(Changed(), rows=50)))
    assert torch.equal(
        batch["task_index"], (batch["query_X"].flatten() >= 3).long() + (batch["query_X"].flatten() >= 10)
    )
