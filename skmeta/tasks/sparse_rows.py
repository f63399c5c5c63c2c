"""Sparse rows become dense where they are gathered, batch by batch, and never all at once."""

import numpy as np
import torch
from scipy import sparse

#: cells of a dense block, or of a sample that is to speak for all rows
CELLS = 2**24


class SparseRows:
    """A sparse matrix in the place of a tensor of rows: rows that are asked for are made dense.

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
