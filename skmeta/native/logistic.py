"""The kernel's logistic regression on torch tensors."""

import ctypes
from functools import lru_cache

import torch

from skmeta.native.calling import call, each, in_parts, scratch

#: larger problems are for the library's products, which are blocked for the caches
MOST_UNKNOWNS = 2000
_DTYPE = torch.float64


def fits_logistic(features, members):
    """Whether the kernel solves such a problem, which it does in double precision whatever that of the features."""
    unknowns = features.shape[2] * members.shape[2]
    return features.device.type == "cpu" and 0 < unknowns <= MOST_UNKNOWNS and features.shape[:2].numel() > 0


@lru_cache(1024)
def _size(*sizes):
    """How many numbers a thread works in."""
    found = ctypes.c_int64()
    call("logistic_size", _DTYPE, *sizes, ctypes.byref(found))
    return found.value


def fit_logistic(features, offset, members, weight, max_steps, tolerance):
    """``W`` (T, e, C) of features (T, n, e), offset and members (T, n, C) and weight (T, n), in double precision."""
    (n_tasks, n, e), C = features.shape, members.shape[2]
    sizes = (n_tasks, n, e), (n_tasks, n, C), (n_tasks, n, C), (n_tasks, n)
    tensors = [
        value.to(_DTYPE).expand(size).contiguous() for value, size in zip((features, offset, members, weight), sizes)
    ]
    parts = in_parts(n_tasks, n_tasks * max_steps * n * e * C * min(e * C, 100))
    work, W = scratch(parts, _size(n, e, C), _DTYPE), torch.empty(n_tasks, e, C, dtype=_DTYPE)

    def run(i, tasks):
        how = max_steps, ctypes.c_double(tolerance)
        call("logistic", _DTYPE, n, e, C, *tensors, *how, work[i], W, tasks.start, tasks.stop)

    each(run, parts)
    return W
