"""Batches of single rows, the tasks they come from beside them: what supervised pretraining looks at."""

import torch

from skmeta.tasks.segments import Dice
from skmeta.tasks.store import TaskStore, is_answered


class RowLoader:
    """Goes over the labelled rows of all tasks in random order; skorch's ``iterator_train`` for pretraining.

    To a learner a row is a small episode: a task without support, with a single query row, and its ``task_index``
    (the position of the task in the data set). Large tasks so count for more than small ones, and nothing is padded.

    Parameters
    ----------
    dataset : TaskStore or object with ``draw(n_tasks) -> TaskStore``
        Stored tasks, or a source that makes new ones each epoch (of which the index then says nothing).
    batch_size : int, default=16
        Tasks for which an endless source is asked, for each step.
    rows : int or None, default=None
        Rows in a batch; None takes a tenth of all rows, but 16 at least and 128 at most.
    steps : int or None, default=None
        Batches in an epoch; None goes over the rows once, and at least 10 steps.
    seed : int or None, default=None
        A fixed seed gives the same batches in every epoch; None draws
        from the attribute ``generator`` or, where that is None, torch's global one.
    """

    generator = None  # torch's, on the device of the tasks; whoever trains sets it
    hides = False  # rows without a label are never drawn

    def __init__(self, dataset, batch_size=16, rows=None, steps=None, seed=None):
        self.dataset, self.batch_size, self.rows, self.steps, self.seed = dataset, batch_size, rows, steps, seed
        self._is_stored = isinstance(dataset, TaskStore)
        self._labelled = torch.nonzero(is_answered(dataset.y))[:, 0] if self._is_stored else None

    def _rows_per_batch(self, n_rows):
        return self.rows or min(128, max(16, -(-n_rows // 10)))

    def __len__(self):
        if self.steps is not None:
            return self.steps
        if not self._is_stored and len(self.dataset) == 1:
            return 10
        n_rows = len(self._labelled) if self._is_stored else len(self.dataset.X)
        return max(10, -(-n_rows // self._rows_per_batch(n_rows)))

    def __iter__(self):
        store, labelled = self.dataset, self._labelled
        if not self._is_stored:
            # changed versions of known tasks come in their order, so that the index keeps its meaning
            store = store.draw(len(store) if len(store) > 1 else len(self) * self.batch_size)
            labelled = torch.nonzero(is_answered(store.y))[:, 0]
        dice = Dice(store.device, self.seed, self.generator)
        size = min(self._rows_per_batch(len(labelled)), len(labelled))
        needed = len(self) * size
        order = torch.cat([dice.permutation(len(labelled)) for _ in range(-(-needed // len(labelled)))])[:needed]
        task_of_row = torch.repeat_interleave(torch.arange(len(store), device=store.device), store.n_rows)
        some_lack_classes = store.is_classification and bool((store.n_classes < store.max_classes).any())
        for rows in labelled[order].split(size):
            task, X = task_of_row[rows], store.X[rows]
            batch = {"support_X": X[:, None][:, :0], "support_y": store.y[rows][:, None][:, :0]}
            batch |= {"query_X": X[:, None], "task_index": task}
            if some_lack_classes:
                batch["class_mask"] = store.class_mask(task)
            yield batch, store.y[rows]
