"""The kernel's ridge regression on torch tensors."""

import ctypes
from functools import lru_cache

import torch

from skmeta.native.calling import Memory, call, each, in_parts, known, scratch

#: larger systems are for the library's factorisation, which is blocked for the caches
MOST_EQUATIONS = 256


def fits_ridge(support, targets, penalty, query=None):
    """Whether the kernel solves such a problem."""
    n_tasks, n, e = support.shape
    return (
        known([support, targets, penalty, query])
        and targets.shape[::2] == (n_tasks, n)
        and penalty.dim() == 0
        and 0 < min(n, e) <= MOST_EQUATIONS
        and (query is None or query.shape[::2] == (n_tasks, e) and query.shape[1] > 0)
    )


@lru_cache(1024)
def _memory(dtype, *sizes):
    """How many numbers are kept of a task, and how many a thread works in."""
    found = (ctypes.c_int64 * 2)()
    call("ridge_sizes", dtype, *sizes, found)
    return tuple(found)


class Ridge:
    """``W`` (T, k, e) from support (T, n, e), targets (T, k, n) and a penalty; or its answers (T, k, m) to a query."""

    def __init__(self, support, targets, penalty, query=None):
        tensors = support, targets, query
        self.tensors = [None if value is None else value.contiguous() for value in tensors]
        self.penalty, (self.n_tasks, n, e), k = penalty, support.shape, targets.shape[1]
        m = 0 if query is None else query.shape[1]
        self.dtype, self.sizes = support.dtype, (n, e, k, m)
        n_kept, self.n_work = _memory(self.dtype, *self.sizes)
        self.kept = Memory(self.n_tasks * n_kept, self.dtype)
        self.parts = in_parts(self.n_tasks, self.n_tasks * e * (n * min(n, e) + 3 * k * (n + m)))
        self.shape_out = self.n_tasks, k, e if query is None else m

    def answers(self):
        return self._run("ridge", [self.penalty, *self.tensors, self.kept.all], [self.shape_out])[0]

    def derivative(self, d_out):
        """By support, targets, the query and the penalty, given that by the answers."""
        shapes = [None if value is None else value.shape for value in self.tensors]
        given = [*self.tensors, d_out.contiguous(), self.kept.all]
        *found, of_tasks = self._run("ridge_derivative", given, [*shapes, (self.n_tasks,)])
        return *found, of_tasks.sum()

    def _run(self, name, given, shapes):
        """Call a function that makes tensors of these shapes from the given ones, task by task."""
        work = scratch(self.parts, self.n_work, self.dtype)
        made = [None if shape is None else torch.empty(shape, dtype=self.dtype) for shape in shapes]

        def run(i, tasks):
            call(name, self.dtype, *self.sizes, *given, work[i], *made, tasks.start, tasks.stop)

        each(run, self.parts)
        return made
