"""The kernel's prototypes on torch tensors: logits of query rows by class means of embedded support rows."""

import ctypes

import torch

from skmeta.native.calling import Memory, Misfit, call, each, in_parts
from skmeta.native.stack import Layers


class _Problem(ctypes.Structure):
    _fields_ = [
        ("net", Layers),
        ("n", ctypes.c_int64),
        ("m", ctypes.c_int64),
        ("C", ctypes.c_int64),
        ("has_map", ctypes.c_int64),
        ("adds_row", ctypes.c_int64),
        ("has_offset", ctypes.c_int64),
    ]


class ClassMeans:
    """Half the logits (C, T, m) of query rows, up to a constant of each row, and the derivative.

    See ``skmeta.learners.class_means`` for the mathematics. Rows X (T, n + m, ...), support before query, are embedded
    by a stack whose parameters are these, and are added themselves if ``adds_row``; shares (T, C, n), offset (T, C, e)
    or None.
    """

    def __init__(self, stack, params, X, shares, offset=None, adds_row=False):
        tensors = X, shares, offset
        self.tensors = [None if value is None else value.contiguous() for value in tensors]
        (n_tasks, rows, *_), (_, C, n) = X.shape, shares.shape
        self.network, self.dtype = stack.network(params, X.shape[2:]), X.dtype
        last = stack.layers[-1]
        has_map = len(stack.layers) > 1 and last.kind == "Linear" and last.window == (1, 1)
        self.problem = _Problem(self.network.layers, n, rows - n, C, has_map, adds_row, offset is not None)
        sizes = (ctypes.c_int64 * 3)()
        fits = call("class_means_sizes", self.dtype, self.problem, sizes)
        n_kept, self.n_work, e = sizes
        if not fits or rows < n or len(shares) != n_tasks or (offset is not None and offset.shape != (n_tasks, C, e)):
            raise Misfit("Rows, shares and offset do not fit one another or the network.")
        self.theta = self.network.packed(params)
        self.kept = Memory(n_tasks * n_kept, self.dtype)
        self.parts = in_parts(n_tasks, 3 * n_tasks * rows * self.network.work)

    def half_logits(self):
        X, shares, offset = self.tensors
        half = torch.empty(shares.shape[1], len(X), self.problem.m, dtype=self.dtype)
        work = torch.empty(len(self.parts), self.n_work, dtype=self.dtype)

        def run(i, tasks):
            arrays = self.theta, X, shares, offset, self.kept.all, work[i], half
            call("class_means_logits", self.dtype, self.problem, *arrays, len(X), tasks.start, tasks.stop)

        each(run, self.parts)
        return half

    def derivative(self, d_half, by_shares, by_offset):
        """By the parameters, a list; and by shares and offset, where that is asked for."""
        X, shares, offset = self.tensors
        d_shares = torch.empty_like(shares) if by_shares else None
        d_offset = torch.empty_like(offset) if by_offset else None
        total = torch.zeros(len(self.parts), self.network.n_theta, dtype=self.dtype)
        work, d_half = torch.empty(len(self.parts), self.n_work, dtype=self.dtype), d_half.contiguous()

        def run(i, tasks):
            arrays = self.theta, X, shares, d_half, self.kept.all, work[i], total[i], d_shares, d_offset
            call("class_means_derivative", self.dtype, self.problem, *arrays, len(X), tasks.start, tasks.stop)

        each(run, self.parts)
        return self.network.unpacked(total.sum(0) if len(total) > 1 else total[0]), d_shares, d_offset
