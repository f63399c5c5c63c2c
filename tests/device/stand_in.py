"""A stand-in for a GPU: tensors that say they are on "cuda", compute on the CPU, and refuse to meet those that are not.

    with StandIn() as gpu:
        estimator.set_params(device="cuda").fit(tasks)
    gpu.moves  # every copy from one memory to the other, and the line of skmeta that asked for it

What is computed is what the CPU computes, to the last digit: only where tensors lie is played. Torch itself believes
that they are "lazy", a device that nobody has: whatever it makes beside them it makes there, and so comes through here.
"""

import contextlib
import sys
from collections import Counter
from unittest import mock

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from skmeta.saving.values import Values

pytest.importorskip("torch", minversion="2.6")  # of which tests of other versions learn nothing about devices
HOST, GPU, PLAYED = torch.device("cpu"), torch.device("cuda", 0), torch.device("lazy", 0)
#: what hands a number to Python
_READS = ("aten::_local_scalar_dense", "aten::equal", "aten::is_nonzero", "aten::allclose")
#: results whose size depends on values: the host waits for them
_WAITS = ("aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_dim", "aten::bincount")
#: rows of a GPU's tensor by numbers that lie on the host: torch copies these, and says nothing
_INDEXES = ("aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_")

_playing = []  # the StandIn that counts


def is_on_gpu(x):
    """Whether a tensor is one of the stand-in's, also as ``torch.func`` hands it on."""
    while isinstance(x, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(x):
        x = torch._C._functorch.get_unwrapped(x)
    return isinstance(x, OnGpu)


class OnGpu(torch.Tensor):
    """A tensor around one of the CPU, which nothing but this module looks into."""

    @staticmethod
    def __new__(cls, inner):
        about = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        made = torch.Tensor._make_wrapper_subclass(cls, inner.size(), device=PLAYED, **about)
        made.inner = inner.detach()
        return made

    device = property(lambda self: GPU)
    is_cuda = property(lambda self: True)

    def __repr__(self, **kwargs):
        return f"OnGpu({self.inner!r})"

    def __reduce_ex__(self, protocol):
        return _rebuilt, (self.inner, self.requires_grad, isinstance(self, torch.nn.Parameter))

    def __deepcopy__(self, memo):
        memo[id(self)] = _rebuilt(self.inner.clone(), self.requires_grad, isinstance(self, torch.nn.Parameter))
        return memo[id(self)]

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _computed(func, args, kwargs or {})


def _rebuilt(inner, requires_grad, is_parameter):
    made = OnGpu(inner)
    return torch.nn.Parameter(made, requires_grad) if is_parameter else made.requires_grad_(requires_grad)


def _computed(func, args, kwargs):
    """What an operation gives: on the CPU, and around it what says that it is on the GPU."""
    name, wrappers = func._schema.name, {}
    asked = kwargs.get("device")
    to_gpu = asked is not None and asked.type in (GPU.type, PLAYED.type)
    if to_gpu:
        kwargs = kwargs | {"device": HOST}
    places = set()

    def inside(x):
        if isinstance(x, OnGpu):
            wrappers[id(x.inner)] = x
            places.add("gpu")
            return x.inner
        if isinstance(x, torch.Tensor) and x.dim():
            places.add("host")
        return x

    inner_args, inner_kwargs = tree_map(inside, args), tree_map(inside, kwargs)
    on_gpu = to_gpu or ("gpu" in places and asked is None)
    if not on_gpu and "gpu" not in places:
        return func(*args, **kwargs)
    if name == "aten::_to_copy":
        if on_gpu != ("gpu" in places):
            _count("to gpu" if on_gpu else "to host")
    elif name == "aten::copy_":
        if type(args[0]) is not type(args[1]) and (args[1].dim() or isinstance(args[1], OnGpu)):
            _count("to gpu" if isinstance(args[0], OnGpu) else "to host")
    elif "host" in places and name in _INDEXES and isinstance(args[0], OnGpu):
        _count("to gpu")
    elif "host" in places and asked is None:  # one that is made like another may lie elsewhere
        shapes = [tuple(x.shape) for x in _tensors(args, kwargs) if not isinstance(x, OnGpu) and x.dim()]
        raise RuntimeError(f"{name}: tensors of shapes {shapes} on the CPU beside tensors on the GPU")
    if name in _READS:
        _count("to host")
    elif name in _WAITS or name in _INDEXES and any(x is not None and x.dtype == torch.bool for x in args[1]):
        _count("wait")
    out = func(*inner_args, **inner_kwargs)
    if not on_gpu:
        return out

    def around(x):
        if not isinstance(x, torch.Tensor):
            return x
        return wrappers[id(x)] if id(x) in wrappers else OnGpu(x)

    return tree_map(around, out)


def _tensors(*nests):
    found = []
    tree_map(lambda x: found.append(x) if isinstance(x, torch.Tensor) else None, nests)
    return found


def _count(what):
    frame = sys._getframe()
    while frame is not None and "/skmeta/" not in frame.f_code.co_filename:
        frame = frame.f_back
    where = "elsewhere" if frame is None else f"{frame.f_code.co_filename.rpartition('/skmeta/')[2]}:{frame.f_lineno}"
    _playing[-1].moves[what, where] += 1


class Generator(torch.Generator):
    """A generator that says where it is. Its numbers are the CPU's."""

    def __new__(cls, device="cpu"):
        made = super().__new__(cls)
        made._where = torch.device(device)
        return made

    device = property(lambda self: self._where)


class _Calls(TorchFunctionMode):
    """What never comes to an operation, or comes to it too late."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        first = args[0] if args else None
        if kwargs.get("generator") is not None:
            there, dice = is_on_gpu(first) or _is_gpu(kwargs.get("device")), kwargs["generator"].device.type
            if there != (dice == GPU.type):
                raise RuntimeError(f"{name}: a generator of {dice!r} for a tensor of {'cuda' if there else 'cpu'!r}")
        if is_on_gpu(first):
            if func == torch.Tensor.device.__get__:
                return GPU
            if func == torch.Tensor.data.__set__:
                first.inner = args[1].inner
            if name in ("numpy", "__array__"):
                raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy it first.")
            if name in ("__getitem__", "__setitem__"):
                numbers = args[1] if isinstance(args[1], tuple) else (args[1],)
                numbers = tuple(torch.as_tensor(x) if isinstance(x, (list, np.ndarray)) else x for x in numbers)
                return func(first, numbers, *args[2:])
            if name == "tolist":
                return first.cpu().tolist()
            if name == "new_tensor":
                made = torch.tensor(*args[1:], **{"dtype": first.dtype} | kwargs)
                return made.to(PLAYED)
        if name in ("tensor", "as_tensor", "asarray") and _is_gpu(kwargs.get("device")):
            if is_on_gpu(first):
                return first.to(kwargs.get("dtype") or first.dtype)
            return func(*args, **kwargs | {"device": HOST}).to(PLAYED)
        if name in ("to", "cuda") and isinstance(first, torch.Tensor):
            if name == "cuda":
                func, args = torch.Tensor.to, (first, PLAYED)
            args = (first, *(PLAYED if _is_gpu(value) else value for value in args[1:]))
            if _is_gpu(kwargs.get("device")):
                kwargs["device"] = PLAYED
        return func(*args, **kwargs)


class StandIn(TorchDispatchMode):
    """Within it there is a GPU, called "cuda".

    Attributes
    ----------
    moves : Counter
        How often ("to gpu" or "to host" or "wait", line of skmeta) happened. A wait is for a result that is as large as
        its values say.
    """

    def __enter__(self):
        self.moves = Counter()
        _playing.append(self)
        self._stack = contextlib.ExitStack()
        there = {"is_available": True, "device_count": 1, "current_device": 0, "get_device_name": "stand-in"}
        for name, value in there.items():
            self._stack.enter_context(mock.patch(f"torch.cuda.{name}", lambda *args, value=value: value))
        for name in ("init", "_lazy_init", "synchronize"):
            self._stack.enter_context(mock.patch(f"torch.cuda.{name}", lambda *args: None))
        for name in ("_cuda_graph_capture_health_check", "_accelerator_graph_capture_health_check"):  # asks the driver
            if hasattr(torch.optim.Optimizer, name):
                self._stack.enter_context(mock.patch.object(torch.optim.Optimizer, name, lambda optimizer: None))
        self._stack.enter_context(mock.patch("torch.cuda.default_generators", (Generator(GPU),)))
        self._stack.enter_context(mock.patch("torch.Generator", Generator))
        self._stack.enter_context(mock.patch("torch.load", _loaded))
        # a wrapper has no versions of its own to count, so that views of it cannot be made in inference mode
        self._stack.enter_context(mock.patch("torch.inference_mode", torch.no_grad))
        self._stack.enter_context(mock.patch.object(Values, "encode", _encoded))
        self._stack.enter_context(torch.serialization.safe_globals([_rebuilt]))
        self._stack.enter_context(_Calls())
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._stack.close()
        _playing.pop()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return _computed(func, args, kwargs or {})

    def count(self, what):
        """How often something happened, wherever."""
        return sum(times for (kind, _), times in self.moves.items() if kind == what)


_load, _encode = torch.load, Values.encode


def _encoded(encoder, value):
    """What goes into a file: on a real GPU it is a tensor like any other, here it is one of a class of its own."""
    return _encode(encoder, value.cpu() if isinstance(value, OnGpu) else value)


def _loaded(file, map_location=None, **kwargs):
    read = _load(file, map_location=HOST, **kwargs)
    if not _is_gpu(map_location):
        return read
    return tree_map(lambda x: x.to(PLAYED) if isinstance(x, torch.Tensor) else x, read)


def _is_gpu(device):
    return isinstance(device, (str, torch.device)) and torch.device(device).type == GPU.type
