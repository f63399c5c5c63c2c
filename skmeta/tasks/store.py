"""Tasks as tensors: the pooled rows of a TaskSet on the device that trains, labels encoded."""

from functools import cached_property

import numpy as np
import torch
from scipy import sparse

#: cells of a dense block of sparse rows, or of a sample that is to speak for all
CELLS = 2**24


class TaskStore(torch.utils.data.Dataset):
    """Encoded tasks on one device; a *sample* of this data set is a task.

    Parameters
    ----------
    X : (N, d) float tensor, or SparseRows
        Pooled rows, task after task, support before query.
    y : (N,) int64 tensor of class codes, or (N, k) float tensor of targets
        Class codes count from 0 within each task or, with ``shared_labels``, over all tasks. A query row without
        a label has code -1 or a NaN target.
    n_support, n_query : (n_tasks,) int64 arrays
        Sizes; ``n_query`` is -1 for a task without query rows.
    n_classes : (n_tasks,) int64 array or None
        Classes of each task; None for regression.
    shared_labels : bool
        Whether class codes mean the same in every task.
    weight : (N,) float array or None
        Weights of the rows where they are support.
    exists : (n_tasks, C) bool array or None
        Which classes each task has, where these are not the first ``n_classes``.
    """

    def __init__(
        self,
        X,
        y,
        n_support,
        n_query,
        n_classes=None,
        shared_labels=False,
        weight=None,
        device="cpu",
        exists=None,
    ):
        self.X = as_rows(X, device=device)
        self.y = torch.as_tensor(y, device=device)
        n_support, n_query = np.asarray(n_support, dtype=np.int64), np.asarray(n_query, dtype=np.int64)
        self.has_query = bool((n_query >= 0).all())
        # on the host too, where it is decided what a batch looks like: a device that is asked must be waited for
        self.sizes = n_support, np.maximum(n_query, 0)
        self.n_support, self.n_query = (torch.as_tensor(sizes, device=device) for sizes in self.sizes)
        self.start = torch.cumsum(self.n_rows, 0) - self.n_rows
        self.is_classification = n_classes is not None
        self.n_classes = None if n_classes is None else torch.as_tensor(np.asarray(n_classes), device=device)
        self.max_classes = 0 if n_classes is None else int(np.max(n_classes, initial=0))
        self.shared_labels = shared_labels
        self.weight = None if weight is None else torch.as_tensor(weight, dtype=self.X.dtype, device=device)
        self.exists = None if exists is None else torch.as_tensor(exists, device=device)

    @property
    def n_rows(self):
        return self.n_support + self.n_query

    @property
    def device(self):
        return self.X.device

    @cached_property
    def all_are_answered(self):
        """Whether every row has a label."""
        return bool(is_answered(self.y).all())

    def __len__(self):
        return len(self.n_support)

    def __getitem__(self, i):
        return self.__getitems__([i])

    def __getitems__(self, tasks):
        """Whole tasks as one batch, so that a torch ``DataLoader`` with an identity ``collate_fn`` works too."""
        return self.whole_tasks(tasks)

    def rows(self, numbers):
        """(T, n, ...) rows by their numbers (T, n); as ``X[numbers]``, in half the time."""
        return self.X.index_select(0, numbers.flatten()).unflatten(0, numbers.shape)

    def some(self, chosen):
        """A store of some of the tasks, by a mask (n_tasks,) on the host."""
        rows = torch.as_tensor(np.repeat(chosen, sum(self.sizes)), device=self.device)
        of_tasks = [None if part is None else part.cpu().numpy()[chosen] for part in (self.n_classes, self.exists)]
        part = TaskStore(
            part_of(self.X, rows), self.y[rows], *(sizes[chosen] for sizes in self.sizes), of_tasks[0],
            self.shared_labels, None if self.weight is None else self.weight[rows], self.device, of_tasks[1],
        )  # fmt: skip
        part.has_query = self.has_query
        return part

    def class_mask(self, tasks):
        """(T, C) bool: the classes that exist in each of the given tasks; None for regression."""
        if not self.is_classification:
            return None
        if self.exists is not None:
            return self.exists[tasks]
        return torch.arange(self.max_classes, device=self.device) < self.n_classes[tasks][:, None]

    def whole_tasks(self, tasks, with_query=True):
        """The given tasks' own support and query rows, padded to the longest.

        Parameters
        ----------
        tasks : sequence of int
            Numbers of tasks, on the host.
        with_query : bool, default=True

        Returns
        -------
        batch : dict of tensors
            The keyword arguments of a learner's ``forward``; ``support_weight`` only where something was padded.
        y : (T * m,) or (T * m, k) tensor
            Query labels, flat; -1 or NaN where padded. None without query rows.
        """
        batch, numbers = {}, np.asarray(tasks)
        n_support, n_query = (sizes[numbers] for sizes in self.sizes)
        tasks = torch.as_tensor(numbers, device=self.device)
        support, is_row = _ranges(self.start[tasks], self.n_support[tasks], n_support.max(initial=0))
        batch["support_X"], batch["support_y"] = self.rows(support), self.y[support]
        if self.weight is not None or (n_support != n_support[:1]).any():
            weight = is_row.to(self.X.dtype)
            batch["support_weight"] = weight if self.weight is None else weight * self.weight[support]
            # labels of padded rows are somebody else's: any valid value will do, weight 0 hides it
            batch["support_y"] = torch.where(_like(is_row, batch["support_y"]), batch["support_y"], 0)
        y = None
        if with_query:
            start = self.start[tasks] + self.n_support[tasks]
            query, is_row = _ranges(start, self.n_query[tasks], n_query.max(initial=0))
            batch["query_X"] = self.rows(query)
            y = hide(self.y[query], is_row).flatten(0, 1)
        if self.is_classification:
            batch["class_mask"] = self.class_mask(tasks)
        return batch, y


def _ranges(start, length, longest):
    """Row numbers ``start[t] + 0, 1, ...`` padded to the longest, and which of them are real."""
    steps = torch.arange(int(longest), device=start.device)
    is_row = steps < length[:, None]
    return torch.where(is_row, start[:, None] + steps, start[:, None].clamp(min=0) * 0), is_row


def _like(mask, y):
    return mask if y.ndim == mask.ndim else mask[..., None]


def hide(y, keep):
    """Labels with -1 (classes) or NaN (targets) where ``keep`` is False."""
    nothing = torch.nan if y.is_floating_point() else -1
    return torch.where(_like(keep, y), y, nothing)


def is_answered(y):
    """Which of the flat query labels are real: neither padding nor unlabelled."""
    return ~y.isnan().flatten(1).any(1) if y.is_floating_point() else y >= 0


def similar_size_chunks(n_support, n_query, max_rows, max_waste=0.25):
    """Positions of tasks in chunks that pad cheaply and fit a row budget.

    Tasks are taken in order of size; a chunk ends where padding it to its largest task would add more than
    ``max_waste`` to its rows, or where it would hold more than ``max_rows`` padded rows.
    """
    n_support, n_query = np.asarray(n_support), np.maximum(np.asarray(n_query), 0)
    if len(n_support) and (n_support == n_support[0]).all() and (n_query == n_query[0]).all():
        size = max(1, max_rows // max(n_support[0] + n_query[0], 1))
        yield from (np.arange(i, min(i + size, len(n_support))) for i in range(0, len(n_support), size))
        return
    order = np.lexsort((n_query, n_support)).tolist()
    n_support, n_query = n_support.tolist(), n_query.tolist()  # single entries of an array take long to read
    chunk, used, widest_support, widest_query = [], 0, 0, 0
    for task in order:
        support, query = max(widest_support, n_support[task]), max(widest_query, n_query[task])
        padded = (len(chunk) + 1) * (support + query)
        rows = used + n_support[task] + n_query[task]
        if chunk and (padded > max_rows or padded > (1 + max_waste) * rows):
            yield np.asarray(chunk)
            chunk, rows = [], n_support[task] + n_query[task]
            support, query = n_support[task], n_query[task]
        chunk.append(task)
        used, widest_support, widest_query = rows, support, query
    if chunk:
        yield np.asarray(chunk)


class SparseRows:
    """A sparse matrix in the place of a tensor of rows: those that are asked for, batch by batch, are made dense.

    Parameters
    ----------
    matrix : sparse matrix of shape (n_rows, n_features)
    dtype : torch dtype
    device : str or torch device, default="cpu"
        Where dense rows go; the matrix stays on the host.

    Examples
    --------
    >>> import torch
    >>> from scipy.sparse import csr_matrix
    >>> rows = SparseRows(csr_matrix([[0, 1], [0, 0], [2, 0]]), torch.float32)
    >>> rows[torch.tensor([2, 0])]
    tensor([[2., 0.],
            [0., 1.]])
    """

    ndim = 2

    def __init__(self, matrix, dtype, device="cpu"):
        self.dtype, self.device = dtype, torch.device(device)
        self.matrix = matrix.tocsr().astype(torch.empty(0, dtype=dtype).numpy().dtype)
        self.shape = torch.Size(matrix.shape)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        rows = rows.cpu().numpy() if isinstance(rows, torch.Tensor) else rows
        return torch.from_numpy(self.matrix[rows].toarray()).to(self.device)

    def index_select(self, dim, numbers):
        """Rows by their numbers; ``dim`` is 0."""
        return self[numbers]

    def part(self, rows):
        """Some rows, by a mask or numbers, that stay sparse."""
        return SparseRows(self.matrix[rows.cpu().numpy()], self.dtype, self.device)

    def to(self, where):
        """A copy of these rows has another dtype, or another device to go to."""
        if isinstance(where, torch.dtype):
            return SparseRows(self.matrix, where, self.device)
        return SparseRows(self.matrix, self.dtype, where)


def as_rows(X, dtype=None, device=None):
    """A table as a tensor of rows, or as :class:`SparseRows` where it is sparse."""
    if isinstance(X, SparseRows):
        return X if device is None else X.to(device)
    if sparse.issparse(X):
        return SparseRows(X, dtype or torch.float64, device or "cpu")
    return torch.as_tensor(X, dtype=dtype, device=device)


def part_of(X, rows):
    """Some rows, by a mask or numbers, of the kind that all are of."""
    return X.part(rows) if isinstance(X, SparseRows) else X[rows]


def sample_of(X):
    """Dense rows that speak for all: all of them, or of sparse ones so many, evenly spread, as a block can hold."""
    if not isinstance(X, SparseRows):
        return X
    most = max(2, CELLS // max(X.shape[1], 1))
    return X[:] if len(X) <= most else X[np.linspace(0, len(X) - 1, most).astype(int)]


def rows_at_once(X, most):
    """How many rows of a table, ``most`` or fewer, make a dense block."""
    return max(1, min(most, CELLS // max(X.shape[1], 1)))
