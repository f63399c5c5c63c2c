"""The kernel's prototypes on torch tensors: logits of query rows by class means of embedded support rows."""

import ctypes

import torch

from skmeta.native.calling import Memory, Misfit, call, each, in_parts, scratch
from skmeta.native.stack import MOST_SIZES, Layers

MISFIT = "Rows, shares and offset do not fit one another or the network."


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
        self.tensors = [None if value is None else value.contiguous() for value in (X, shares, offset)]
        (n_tasks, rows, *_), (_, C, n), self.dtype = X.shape, shares.shape, X.dtype
        self.network = stack.network(params, X.shape[2:])
        laid_out = self.network.laid_out.get((n, rows, C, adds_row, offset is None))
        if laid_out is None:
            laid_out = self._lay_out(n, rows, C, adds_row, offset is not None)
            if len(self.network.laid_out) > MOST_SIZES:
                self.network.laid_out.clear()
            self.network.laid_out[(n, rows, C, adds_row, offset is None)] = laid_out
        self.problem, (n_kept, self.n_work, e) = laid_out
        if len(shares) != n_tasks or (offset is not None and offset.shape != (n_tasks, C, e)):
            raise Misfit(MISFIT)
        self.theta, self.n_kept = self.network.packed(params), n_kept
        self.parts = in_parts(n_tasks, 3 * n_tasks * rows * self.network.work)

    def _lay_out(self, n, rows, C, adds_row, has_offset):
        """The kernel's words for the problem, and the sizes that it asks for."""
        layers = self.network.stack.layers
        has_map = len(layers) > 1 and layers[-1].kind == "Linear" and layers[-1].window == (1, 1)
        problem = _Problem(self.network.layers, n, rows - n, C, has_map, adds_row, has_offset)
        sizes = (ctypes.c_int64 * 3)()
        if rows < n or not call("class_means_sizes", self.dtype, problem, sizes):
            raise Misfit(MISFIT)
        return problem, tuple(sizes)

    def half_logits(self):
        X, shares, offset = self.tensors
        self.kept = Memory(len(X) * self.n_kept, self.dtype)
        half = torch.empty(shares.shape[1], len(X), self.problem.m, dtype=self.dtype)
        work = scratch(self.parts, self.n_work, self.dtype)

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
        total = [torch.zeros(self.network.n_theta, dtype=self.dtype) for _ in self.parts]
        work, d_half = scratch(self.parts, self.n_work, self.dtype), d_half.contiguous()

        def run(i, tasks):
            arrays = self.theta, X, shares, d_half, self.kept.all, work[i], total[i], d_shares, d_offset
            call("class_means_derivative", self.dtype, self.problem, *arrays, len(X), tasks.start, tasks.stop)

        each(run, self.parts)
        return self.network.unpacked(sum(total[1:], total[0])), d_shares, d_offset

    def learn(self, scale, prior, hidden, query_labels, query_share):
        """All at once: logits (T, C, m), their cross-entropy, and its gradient by the parameters, a list.

        Logits are scale, a 0-d tensor, times half, and the prior (T, C) or None; a class is hidden where hidden (T, C),
        or None, is True. query_labels (T, m) are int64; query_share (T, m) tells what each row counts for. Behind all
        that come the gradients by shares, offset, scale and prior; None for what has none.
        """
        X, shares, offset = self.tensors
        shape = len(X), shares.shape[1], self.problem.m
        rows = [(scale, ()), (prior, shape[:2]), (query_share, shape[::2])]
        if any(value is not None and (value.shape != size or value.dtype != self.dtype) for value, size in rows):
            raise Misfit(MISFIT)
        if query_labels.shape != shape[::2] or query_labels.dtype != torch.int64 or not query_labels.is_cpu:
            raise Misfit(MISFIT)
        if hidden is not None and (hidden.shape != shape[:2] or hidden.dtype != torch.bool):
            raise Misfit(MISFIT)
        given = [None if v is None else v.contiguous() for v in (scale, prior, hidden, query_labels, query_share)]
        logits, losses, d_scale = (torch.empty(size, dtype=self.dtype) for size in (shape, len(X), len(X)))
        total = [torch.zeros(self.network.n_theta, dtype=self.dtype) for _ in self.parts]
        asked = (v if v is not None and v.requires_grad else None for v in (shares, offset, given[1]))
        d_shares, d_offset, d_prior = (None if v is None else torch.empty(v.shape, dtype=self.dtype) for v in asked)
        places = [0, self.n_kept, self.n_kept + self.n_work]
        size = places[-1] + shape[1] * shape[2]
        memory = Memory(len(self.parts) * size, self.dtype)

        def run(i, tasks):
            arrays = self.theta, X, shares, offset, *given, *(memory.at(i * size + place) for place in places)
            out = logits, losses, total[i], d_shares, d_offset, d_scale, d_prior
            call("class_means_learn", self.dtype, self.problem, *arrays, *out, tasks.start, tasks.stop)

        each(run, self.parts)
        gradients = self.network.unpacked(sum(total[1:], total[0]))
        return logits, losses.sum(), gradients, (d_shares, d_offset, d_scale.sum(), d_prior)
