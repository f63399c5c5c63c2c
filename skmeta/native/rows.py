"""The kernel's function of rows on torch tensors."""

import ctypes

import torch

from skmeta.native.calling import Memory, Misfit, call, each, in_parts
from skmeta.native.stack import Layers


class _Description(ctypes.Structure):
    _fields_ = [
        ("net", ctypes.POINTER(Layers)),
        ("params", ctypes.c_void_p),
        ("mean", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("past", ctypes.c_void_p),
        ("limit", ctypes.c_double),
    ]


class RowFunction:
    """Rows (n, d) to (C, n): a stack of "Linear" and activations, the last "Linear", whose parameters are these.

    No row feels the others.

    standard : (mean (d,), scale (d,), limit) or None
        Columns become ``(x - mean) / scale``, and what is then beyond the limit is cut off.
    past : (C, d) tensor or None
        What goes past the layers and is added to their outcome: ``past`` times the row.
    """

    def __init__(self, stack, params, standard=None, past=None):
        if not stack.is_of_rows:
            raise Misfit("Functions of rows have linear layers and activations alone.")
        self.params, self.n_columns = [value.contiguous() for value in params], params[0].shape[1]
        self.network, self.dtype = stack.network(self.params, (self.n_columns,)), params[0].dtype
        mean, scale, limit = standard or (None, None, 0.0)
        self._kept = [None if value is None else value.contiguous() for value in (mean, scale, past)]
        self._kept.append(self.network.pointers(self.params))
        mean, scale, past, pointers = self._kept
        self.n_answers, d = self.params[stack.places[-2]].shape[0], self.n_columns
        for value, shape in ((mean, (d,)), (scale, (d,)), (past, (self.n_answers, d))):
            if value is not None and (value.shape != shape or value.dtype != self.dtype or not value.is_cpu):
                raise Misfit(f"{tuple(value.shape)}, {value.dtype} where there should be {shape}, {self.dtype}.")
        self.description = _Description(
            ctypes.pointer(self.network.layers),
            ctypes.cast(pointers, ctypes.c_void_p),
            *(None if value is None else value.data_ptr() for value in (mean, scale, past)),
            limit,
        )
        if "rows" not in self.network.laid_out:
            sizes = (ctypes.c_int64 * 2)()
            call("rows_sizes", self.dtype, self.description, sizes)
            self.network.laid_out["rows"] = tuple(sizes)
        self.at_a_time, self.n_work = self.network.laid_out["rows"]

    def __call__(self, X):
        if X.dtype != self.dtype or X.dim() != 2 or X.shape[1] != self.n_columns or not X.is_cpu:
            raise Misfit(f"Rows are {tuple(X.shape)}, {X.dtype}: not what this function is of.")
        X, n = X.contiguous(), X.shape[0]
        answers = torch.empty(self.n_answers, n, dtype=self.dtype)
        n_blocks = -(-n // self.at_a_time)
        parts = in_parts(n_blocks, n * self.network.work)
        memory = Memory(len(parts) * self.n_work, self.dtype)

        def run(i, blocks):
            first, last = blocks.start * self.at_a_time, min(n, blocks.stop * self.at_a_time)
            work = memory.at(i * self.n_work)
            call("answer_rows", self.dtype, self.description, X, n, work, answers, first, last)

        each(run, parts)
        return answers
