"""Plain values to JSON: numbers, text, containers, arrays, tables.

A dict with one key marks what JSON has no word for, such as ``{"tuple": [...]}``. Numbers of arrays are put aside and
named by their place.
"""

import math
import re
from collections import UserList
from pathlib import Path

import numpy as np
import torch
from scipy import sparse

from skmeta.saving.container import dtype_name
from skmeta.saving.registry import NotSavable, is_function, name_of
from skmeta.tasks.rows import is_frame

FEW = 8  # so many values alike are written one by one
_TORCH = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
    "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64,
}  # fmt: skip
_NAMES_OF_TORCH = {dtype: name for name, dtype in _TORCH.items()}
TEXT_PER_BYTE = 64  # decoded text may take so many times the bytes of its file
FIELD = re.compile(r"[<|=]?[biuf][1248]")
TIME = re.compile(r"[<=]?[mM]8\[(\d{0,3}(ns|us|ms|s|m|h|D|W|M|Y))\]")


class Values:
    """Python values to what JSON can hold; see the module. :class:`~skmeta.saving.objects.Encoder` adds objects."""

    def __init__(self):
        self.arrays = []

    def encode(self, value):
        if value is None or type(value) in (bool, int, str):
            return _whole_text(value)
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if type(value) is list:
            return self._list(value)
        if isinstance(value, UserList):  # scikit-learn 1.6 warns by one that columns will be named otherwise
            return self._list(value.data)
        if type(value) is tuple:
            return {"tuple": self._list(value)}
        if type(value) is dict:
            return self._dict(value)
        if type(value) in (set, frozenset):
            return {type(value).__name__: self._list(list(value))}
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value))}
        if type(value) is np.ndarray:
            return self._array(value)
        if type(value) in (torch.Tensor, torch.nn.Parameter):
            return {"tensor": self._tensor(value)}
        if isinstance(value, torch.dtype):
            return {"torch dtype": str(value).removeprefix("torch.")}
        if isinstance(value, np.dtype):
            return {"dtype": _dtype_text(value)}
        if isinstance(value, Path):
            return {"path": _whole_text(str(value))}
        if isinstance(value, slice):
            return {"slice": [self.encode(part) for part in (value.start, value.stop, value.step)]}
        if isinstance(value, type) or is_function(value):
            return {"class": name_of(value)}
        if sparse.issparse(value):
            return self._sparse(value)
        if isinstance(value, (np.random.RandomState, np.random.Generator)):
            return self._generator(value)
        if is_frame(value):
            return self._frame(value)
        raise NotSavable(f"a {type(value).__module__}.{type(value).__qualname__} is not among what the format holds;")

    def _list(self, values):
        if len(values) > FEW:
            kinds = {(type(value), value.dtype, value.shape[1:]) for value in values if isinstance(value, np.ndarray)}
            if len(kinds) == 1 and all(type(value) is np.ndarray and value.ndim for value in values):
                sizes = np.array([len(value) for value in values])
                sizes = sizes.astype(np.min_scalar_type(sizes.max()))
                return {"ragged": [self._array(sizes), self._array(np.concatenate(values))]}
            if isinstance(values[0], np.generic) and {type(value) for value in values} == {type(values[0])}:
                return {"scalars": self._array(np.array(values))}
        return [self.encode(value) for value in values]

    def _dict(self, values):
        if len(values) > FEW:
            return {"table": [self._list(list(values)), self._list(list(values.values()))]}
        return {"dict": [[self.encode(key), self.encode(value)] for key, value in values.items()]}

    # ------------------------------------------------------------------ arrays

    def _put_aside(self, dtype, array):
        self.arrays.append((dtype, array))
        return len(self.arrays) - 1

    def _array(self, array):
        kind = array.dtype.kind
        if array.dtype.names is not None:
            return {"fields": [_fields_of(array.dtype), list(array.shape), self._bytes(array)]}
        if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous and kind in "biuf":
            return {"by columns": self._array(array.T)}  # the last digits of products depend on it
        if kind in "biuf" and dtype_name(array.dtype):
            native = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
            return {"array": self._put_aside(dtype_name(array.dtype), native)}
        if kind in "mM":
            return {"times": [array.dtype.newbyteorder("<").str, self._array(array.astype(np.int64))]}
        if kind == "U":
            return self._text(array)
        if kind == "O":
            return {"objects": [self._list(array.ravel().tolist()), list(array.shape)]}
        raise NotSavable(f"an array of dtype {array.dtype} is not among what the format holds;")

    def _text(self, array):
        """Distinct words and each cell's place among them; where that is no shorter, the letters themselves."""
        words, codes = np.unique(array, return_inverse=True)
        width = array.dtype.itemsize // 4
        plain = words.tolist()
        n_bytes = 4 * array.size + sum(map(len, plain))
        if 4 * width * (array.size + len(plain)) > TEXT_PER_BYTE * n_bytes // 2 or not all(map(_is_whole, plain)):
            letters = np.frombuffer(array.astype(array.dtype.newbyteorder("=")).tobytes(), np.uint32)
            return {"letters": [width, list(array.shape), self._array(letters)]}
        codes = codes.reshape(array.shape).astype(np.int32)
        return {"text": [plain, f"<U{width}", self._array(codes)]}

    def _bytes(self, array):
        return self._array(np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8))

    def _tensor(self, tensor):
        if tensor.layout != torch.strided or tensor.dtype not in _NAMES_OF_TORCH:
            raise NotSavable(f"a tensor of {tensor.dtype} and {tensor.layout} is not among what the format holds;")
        tensor = tensor.detach().cpu().contiguous()
        name = _NAMES_OF_TORCH[tensor.dtype]
        array = tensor.view(torch.int16).numpy().view(np.uint16) if name == "BF16" else tensor.numpy()
        return self._put_aside(name, array.copy())

    # ------------------------------------------------------------------ tables and generators

    def _sparse(self, matrix):
        stored = sparse.csc_array(matrix) if matrix.format == "csc" else sparse.csr_array(matrix)
        parts = [self._array(part) for part in (stored.data, stored.indices, stored.indptr)]
        return {"sparse": [type(matrix).__name__, list(matrix.shape), *parts]}

    def _generator(self, generator):
        state = generator.get_state(legacy=False) if hasattr(generator, "get_state") else generator.bit_generator.state
        return {"generator": [type(generator).__name__, self.encode(state)]}

    def _frame(self, frame):
        if not hasattr(frame, "iloc"):
            raise NotSavable(f"a {type(frame).__module__}.{type(frame).__qualname__} is not among what it holds;")
        columns = [self._column(frame.iloc[:, j]) for j in range(frame.shape[1])]
        return {"frame": [self._list(frame.columns.tolist()), len(frame), columns]}

    def _column(self, column):
        dtype = column.dtype
        if isinstance(dtype, np.dtype):
            return {"plain": self._array(column.to_numpy())}
        if hasattr(dtype, "categories"):
            categories = self._column(dtype.categories.to_series())
            return {"category": [categories, bool(dtype.ordered), self._array(column.cat.codes.to_numpy())]}
        if getattr(dtype, "tz", None) is not None:
            times = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
            return {"zone": [str(dtype.tz), self._array(times)]}
        cells = [None if missing else value for value, missing in zip(column.tolist(), column.isna())]
        return {"cells": [str(dtype), self._list(cells)]}


def _dtype_text(dtype):
    text = "O" if dtype.kind == "O" else dtype.newbyteorder("=").str
    if not (FIELD.fullmatch(text) or text == "O" or TIME.fullmatch(text)):
        raise NotSavable(f"the dtype {dtype} is not among what the format holds;")
    return text


def _fields_of(dtype):
    if dtype.itemsize != sum(dtype[name].itemsize for name in dtype.names):
        raise NotSavable(f"the dtype {dtype} is not among what the format holds;")
    return [[name, _dtype_text(dtype[name])] for name in dtype.names]


def _is_whole(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole_text(value):
    if isinstance(value, str) and not _is_whole(value):
        raise NotSavable(f"the text {value!r}, which is no Unicode, is not among what the format holds;")
    return value
