"""The kernel's Adam on torch tensors."""

import ctypes

import torch

from skmeta.native.calling import SUFFIXES, call


def adam_step(groups):
    """One step of parameters with gradients, by the state that torch's Adam keeps of them, in place.

    Parameters
    ----------
    groups : list of (settings, list of (parameter, gradient, exp_avg, exp_avg_sq, step))
        Settings are (lr, beta1, beta2, eps, weight_decay).

    Returns
    -------
    bool
        False, and nothing has happened, where one of the tensors is not for the kernel.
    """
    if not all(_known(*tensors) for _, members in groups for tensors in members):
        return False
    for settings, members in groups:
        for dtype in {tensors[0].dtype for tensors in members}:
            chosen = [tensors for tensors in members if tensors[0].dtype == dtype]
            n, sizes = len(chosen), (ctypes.c_int64 * len(chosen))(*[tensors[0].numel() for tensors in chosen])
            pointers = [(ctypes.c_void_p * n)(*[value.data_ptr() for value in values]) for values in zip(*chosen)]
            call("adam", dtype, n, sizes, *pointers, (ctypes.c_double * 5)(*settings))
    return True


def _known(value, gradient, m, v, step):
    dtype, n = value.dtype, value.numel()
    if dtype not in SUFFIXES or gradient.layout != torch.strided or step.dtype != torch.float32 or not step.is_cpu:
        return False
    kinds = {(x.dtype, x.is_cpu, x.is_contiguous(), x.numel()) for x in (value, gradient, m, v)}
    return kinds == {(dtype, True, True, n)}
