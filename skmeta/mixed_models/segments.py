"""Rows sorted by task: sums over each task, a random order within each, and the rows of some of them."""

import numpy as np
from scipy import sparse

_TASKS_TO_LEARN_FROM = 200  # the spread of effects is known well enough from so many


class Segments:
    """Sums over the rows of each task, where ``code`` is sorted; only tasks that have rows count.

    Parameters
    ----------
    code : (N,) array of int
    weight : (N,) array or None
        What rows count by; None is 1 for each.
    """

    def __init__(self, code, weight=None):
        is_first = np.ones(len(code), dtype=bool)
        is_first[1:] = code[1:] != code[:-1]
        self.first = np.flatnonzero(is_first)
        self.codes = code[self.first]
        self.size = np.diff(np.append(self.first, len(code)))
        self.of_row = np.cumsum(is_first) - 1
        self.weight = weight
        self.mass = self.size if weight is None else self.sums(np.ones(len(code)))  # of each task's rows

    def sums(self, values):
        """(N, ...) to (tasks, ...)."""
        if not len(self.first):
            return np.zeros((0, *values.shape[1:]))
        values = values if self.weight is None else (values.T * self.weight).T
        return np.add.reduceat(values, self.first, axis=0)

    def mean(self, values):
        """The mean of (N,) values over all rows."""
        return np.average(values, weights=self.weight)

    def moments(self, Z):
        """(tasks, p, p) of Z'Z, tasks of the same size in one product."""
        Z = Z if self.weight is None else Z * np.sqrt(self.weight)[:, None]
        out = np.empty((len(self.first), Z.shape[1], Z.shape[1]))
        for size in np.unique(self.size):
            tasks = np.flatnonzero(self.size == size)
            block = Z[self.first[tasks][:, None] + np.arange(size)]
            out[tasks] = block.transpose(0, 2, 1) @ block
        return out

    def block_diagonal(self, Z):
        """(N, tasks * p) sparse: products with all tasks' effects in one go, however unequal their sizes."""
        n_rows, p = Z.shape
        columns = (self.of_row[:, None] * p + np.arange(p)).ravel()
        ends = np.arange(0, n_rows * p + 1, p)
        return sparse.csr_matrix((Z.ravel(), columns, ends), shape=(n_rows, len(self.codes) * p))


def random_ranks(code, size, rng):
    """Each row's place in a random order of its task's rows; ``code`` is sorted."""
    shuffled = rng.permutation(len(code))
    order = shuffled[np.argsort(code[shuffled], kind="stable")]
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(np.cumsum(size) - size, size)
    return rank


def rows_of_some_tasks(code, n_tasks=_TASKS_TO_LEARN_FROM):
    """Positions of the rows of at most so many tasks, spread evenly over the sorted ``code``."""
    names = np.unique(code)
    if len(names) <= n_tasks:
        return np.arange(len(code))
    return np.flatnonzero(np.isin(code, names[np.linspace(0, len(names) - 1, n_tasks).astype(int)]))
