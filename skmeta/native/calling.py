"""How the kernel is called: its functions, with torch tensors for arrays, on as many threads as torch may use."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import torch

from skmeta.native.loading import library

#: memory of at most so many bytes is kept for the next call, for each of the two precisions; convolutions need much
MOST_SPARE_BYTES = 2**28
_spare = {}
#: about a millisecond's multiplications
WORK_OF_A_THREAD = 5 * 10**7
SUFFIXES = {torch.float32: "_float32", torch.float64: "_float64"}
_KNOWN = [{(dtype, True)} for dtype in SUFFIXES]


class Misfit(ValueError):
    """Tensors of other shapes than the kernel reads."""


def call(name, dtype, *arguments):
    """A function of the kernel, for arrays of a ``dtype``: tensors without gaps, structures, or None."""
    return getattr(library(), name + SUFFIXES[dtype])(
        *[
            value
            if value is None
            else ctypes.c_void_p(value.data_ptr())
            if isinstance(value, torch.Tensor)
            else ctypes.c_int64(value)
            if isinstance(value, int)
            else ctypes.byref(value)
            if isinstance(value, ctypes.Structure)
            else value
            for value in arguments
        ]
    )


def known(tensors):
    """Whether tensors are what the kernel reads: all of one of its precisions, on the CPU; None is nothing."""
    return {(value.dtype, value.is_cpu) for value in tensors if value is not None} in _KNOWN


class Memory:
    """Uninitialised memory; that of the last owner if it suffices, as the system is slow to hand out new pages."""

    def __init__(self, size, dtype):
        spare = _spare.pop(dtype, None)  # at once, whatever other threads do
        self.all = spare if spare is not None and spare.numel() >= size else torch.empty(size, dtype=dtype)

    def at(self, place):
        """The address of the number at a place."""
        return ctypes.c_void_p(self.all.data_ptr() + self.all.itemsize * place)

    def __del__(self):
        if self.all.nbytes <= MOST_SPARE_BYTES:
            _spare[self.all.dtype] = self.all


def in_parts(n, work):
    """Ranges of nearly one length, one for each thread that has work enough to be worth its start."""
    if work < 2 * WORK_OF_A_THREAD:
        return [range(n)]
    n_parts = max(1, min(torch.get_num_threads(), n, work // WORK_OF_A_THREAD))
    bounds = [n * i // n_parts for i in range(n_parts + 1)]
    return [range(a, b) for a, b in zip(bounds[:-1], bounds[1:])]


def scratch(parts, size, dtype):
    """Memory for each part to work in."""
    return [torch.empty(size, dtype=dtype) for _ in parts]


def each(run, parts):
    """Call ``run(i, part)`` for each part, together: the kernel lets go of Python's lock."""
    if len(parts) == 1:
        run(0, parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(run, range(len(parts)), parts))
