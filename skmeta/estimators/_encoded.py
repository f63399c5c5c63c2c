"""Values to JSON and back: plain ones as they are, arrays by name in a dict of tensors, classes by whitelisted name."""

import math

import numpy as np
import torch

import skmeta.nets
from skmeta.estimators._columns import ColumnCodes
from skmeta.estimators._support import Support, pooled, unpooled
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.row_batches import RowLoader

UNSAVABLE = "pickle or joblib can keep it, for those who trust the file."

_OWN_CLASSES = {cls.__name__: cls for cls in (EpisodeLoader, RowLoader)}
_OWN_CLASSES |= {name: getattr(skmeta.nets, name) for name in skmeta.nets.__all__}
_KINDS = (
    "array",
    "class",
    "dict",
    "float",
    "objects",
    "record",
    "scalar",
    "support",
    "supports",
    "tensor",
    "text",
    "torch dtype",
    "tuple",
)
#: small helper objects that are their attributes
_RECORDS = {cls.__name__: cls for cls in (ColumnCodes,)}


class NotSavable(TypeError):
    """A value that has no place in a file without code."""


class Encoder:
    """Python values to what JSON can hold; arrays and tensors are put aside into ``tensors``.

    A dict with one key marks what JSON has no word for, such as ``{"tuple": [...]}``.
    """

    def __init__(self):
        self.tensors = {}

    def can_encode(self, value):
        try:
            Encoder().encode(value)
        except NotSavable:
            return False
        return True

    def encode(self, value):
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, list):
            return [self.encode(item) for item in value]
        if isinstance(value, tuple):
            return {"tuple": [self.encode(item) for item in value]}
        if isinstance(value, dict):
            if value and all(isinstance(item, Support) for item in value.values()):
                return {"supports": self.encode(pooled(value))}
            return {"dict": [[self.encode(key), self.encode(item)] for key, item in value.items()]}
        if isinstance(value, np.generic):
            return {"scalar": self.encode(np.asarray(value))}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, torch.Tensor):
            return {"tensor": self._put_aside(value.detach().cpu().clone().contiguous())}
        if isinstance(value, torch.dtype):
            return {"torch dtype": str(value).removeprefix("torch.")}
        if isinstance(value, type):
            return {"class": _class_name(value)}
        if isinstance(value, Support):
            return {"support": [self.encode(part) for part in value.parts]}
        if type(value).__name__ in _RECORDS and type(value) is _RECORDS[type(value).__name__]:
            return {"record": [type(value).__name__, self.encode(vars(value))]}
        raise NotSavable(f"a {type(value).__module__}.{type(value).__qualname__} is not among what the format holds;")

    def _put_aside(self, tensor):
        name = f"value.{len(self.tensors)}"
        self.tensors[name] = tensor
        return name

    def _array(self, array):
        if array.dtype.kind in "biuf":
            native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
            # copied, since safetensors refuses tensors that share memory; reshaped, since 0-d arrays became 1-d
            return {"array": self._put_aside(torch.from_numpy(native.reshape(array.shape).copy()))}
        if array.dtype.kind == "U":
            words, codes = np.unique(array, return_inverse=True)
            codes = codes.reshape(array.shape)
            return {"text": [words.tolist(), array.dtype.str, self._array(codes.astype(np.int32))]}
        if array.dtype.kind == "O":
            return {"objects": [[self.encode(item) for item in array.ravel().tolist()], list(array.shape)]}
        raise NotSavable(f"an array of dtype {array.dtype} is not among what the format holds;")


class Decoder:
    """What :class:`Encoder` made, back to Python values."""

    def __init__(self, tensors):
        self.tensors = tensors

    def decode(self, value):
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((kind, inside),) = value.items()
        if kind not in _KINDS:
            raise ValueError(f"A file may not hold a value of the kind {kind!r}.")
        return getattr(self, "_" + kind.replace(" ", "_"))(inside)

    def _float(self, text):
        return float(text)

    def _tuple(self, items):
        return tuple(self.decode(items))

    def _dict(self, items):
        return {self.decode(key): self.decode(item) for key, item in items}

    def _supports(self, inside):
        return unpooled(*self.decode(inside))

    def _support(self, parts):
        return Support(*self.decode(parts))

    def _scalar(self, inside):
        return self.decode(inside)[()]

    def _array(self, name):
        return self.tensors[name].numpy()

    def _text(self, inside):
        words, dtype, codes = inside
        if not dtype.lstrip("<>=").startswith("U"):
            raise ValueError(f"{dtype!r} is no dtype of text.")
        return np.asarray(np.array(words, dtype=np.dtype(dtype))[self.decode(codes)], dtype=np.dtype(dtype))

    def _objects(self, inside):
        items, shape = inside
        out = np.empty(len(items), dtype=object)
        out[:] = self.decode(items)
        return out.reshape(shape)

    def _tensor(self, name):
        return self.tensors[name]

    def _torch_dtype(self, name):
        dtype = getattr(torch, name)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{name!r} is no torch dtype.")
        return dtype

    def _class(self, name):
        return _class_named(name)

    def _record(self, inside):
        name, attributes = inside
        record = object.__new__(_RECORDS[name])
        vars(record).update(self.decode(attributes))
        return record


def _class_name(cls):
    for name in (f"skmeta.{cls.__name__}", f"torch.nn.{cls.__name__}", f"torch.optim.{cls.__name__}"):
        try:
            if _class_named(name) is cls:
                return name
        except ValueError:
            continue
    raise NotSavable(f"the class {cls.__module__}.{cls.__qualname__} is not among those that a file may name;")


def _class_named(name):
    """The class, if a file may name it: modules and loaders of this library, ``torch.nn``, ``torch.optim``."""
    place, _, short = name.rpartition(".")
    found = None
    if place == "skmeta":
        found = _OWN_CLASSES.get(short)
    elif place == "torch.nn" and _is_public_class(torch.nn, short, torch.nn.Module):
        found = getattr(torch.nn, short)
    elif place == "torch.optim" and _is_public_class(torch.optim, short, torch.optim.Optimizer):
        found = getattr(torch.optim, short)
    if found is None:
        raise ValueError(f"A file may not name the class {name!r}.")
    return found


def _is_public_class(place, name, base):
    found = getattr(place, name, None)
    return not name.startswith("_") and isinstance(found, type) and issubclass(found, base)
