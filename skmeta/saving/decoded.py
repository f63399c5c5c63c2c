"""JSON back to plain values, of a file that anyone may have written.

What is decoded never takes much more memory than the file it came from, and is checked before compiled code sees it.
"""

import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from scipy import sparse

from skmeta.saving.registry import thing_named
from skmeta.saving.values import FIELD, TEXT_PER_BYTE, TIME

_SLACK = 1 << 20
_MOST_COLLISIONS = 1000


class Decoded:
    """The values of a file become Python's again; :class:`~skmeta.saving.values.Values` has written them.

    Parameters
    ----------
    arrays : dict of str to (str, ndarray)
    n_bytes : int
        The size of the file, by which what is decoded is measured.
    """

    def __init__(self, arrays, n_bytes):
        self._arrays = dict(arrays)
        self._left = TEXT_PER_BYTE * n_bytes + _SLACK

    def decode(self, value):
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) != 1:
            raise ValueError(f"A value has the marks {sorted(map(str, value))[:5]}, and may have one.")
        ((kind, inside),) = value.items()
        return self._reader(kind)(inside)

    def _reader(self, kind):
        if kind not in KINDS:
            raise ValueError(f"A file may not hold a value of the kind {kind[:50]!r}.")
        return getattr(self, "_" + kind.replace(" ", "_"))

    def _many(self, items):
        decoded = self.decode(items)
        if not isinstance(decoded, list):
            raise ValueError(f"A list was expected, not a {type(decoded).__name__}.")
        return decoded

    def _whole(self, value):
        """A size, which is no more than the file can mean."""
        if type(value) is not int or value < 0:
            raise ValueError(f"{value!r} is no size.")
        return value

    def _take(self, n_bytes):
        self._left -= n_bytes
        if self._left < 0:
            raise ValueError("It holds text that would take far more memory than the file.")

    def _float(self, text):
        if text not in ("inf", "-inf", "nan"):
            raise ValueError(f"{text!r} is no number that needs words.")
        return float(text)

    def _tuple(self, items):
        return tuple(self._many(items))

    def _set(self, items):
        return set(_hashed(self._many(items)))

    def _frozenset(self, items):
        return frozenset(_hashed(self._many(items)))

    def _dict(self, pairs):
        keys, values = [], []
        for key, value in pairs:
            keys.append(self.decode(key))
            values.append(self.decode(value))
        return dict(zip(_hashed(keys), values))

    def _table(self, inside):
        keys, values = inside
        keys, values = self._many(keys), self._many(values)
        if len(keys) != len(values):
            raise ValueError(f"A table has {len(keys)} keys and {len(values)} values.")
        return dict(zip(_hashed(keys), values))

    def _slice(self, parts):
        return slice(*self._many(parts))

    def _path(self, text):
        return Path(text)

    def _class(self, name):
        return thing_named(name)

    def _dtype(self, text):
        if not (FIELD.fullmatch(text) or text == "O" or TIME.fullmatch(text)):
            raise ValueError(f"{text!r} is no dtype that a file may name.")
        return np.dtype(text)

    def _torch_dtype(self, name):
        dtype = getattr(torch, name, None)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{name!r} is no torch dtype.")
        return dtype

    # ------------------------------------------------------------------ arrays

    def _taken(self, name):
        """An array of the file. It may be named once: what is made of it in many places could be of any size."""
        if str(name) not in self._arrays:
            raise ValueError(f"An array {str(name)[:50]!r} is not there, or was named before.")
        return self._arrays.pop(str(name))

    def _array(self, name):
        dtype, array = self._taken(name)
        if dtype == "BF16":
            raise ValueError("numpy has no bfloat16.")
        return array

    def _by_columns(self, inside):
        return self._numbers(inside).T

    def _tensor(self, name):
        dtype, array = self._taken(name)
        if dtype == "BF16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def _numbers(self, value, kinds="biuf"):
        array = self.decode(value)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
            raise ValueError("An array of numbers was expected.")
        return array

    def _scalar(self, inside):
        return self.decode(inside)[()]

    def _scalars(self, inside):
        return list(self.decode(inside))

    def _ragged(self, inside):
        sizes, pooled = self._numbers(inside[0], "iu").astype(np.int64), self.decode(inside[1])
        ends = np.cumsum(sizes)
        if sizes.ndim != 1 or (sizes < 0).any() or (ends[-1] if len(ends) else 0) != len(pooled):
            raise ValueError("Sizes of arrays do not add up to what is there.")
        return [pooled[end - size : end] for size, end in zip(sizes.tolist(), ends.tolist())]

    def _fields(self, inside):
        fields, shape, data = inside
        dtype = np.dtype([(str(name), self._dtype(kind)) for name, kind in fields])
        return np.frombuffer(self._numbers(data, "u").tobytes(), dtype).reshape(shape).copy()

    def _times(self, inside):
        text, numbers = inside
        if not TIME.fullmatch(text):
            raise ValueError(f"{text!r} is no dtype of times.")
        return self._numbers(numbers, "i").astype(np.dtype(text))

    def _text(self, inside):
        words, dtype, codes = inside
        width, codes = _width(dtype), self._numbers(codes, "iu")
        if not all(type(word) is str for word in words):
            raise ValueError("An array of text holds what is no text.")
        self._take(4 * width * (codes.size + len(words)))
        dtype = np.dtype(f"=U{width}")
        # every choice of nothing is nothing, but numpy does not choose from nothing
        return np.asarray(np.array(words, dtype)[codes] if codes.size else np.empty(codes.shape, dtype), dtype)

    def _letters(self, inside):
        width, shape, letters = inside
        letters = self._numbers(letters, "u")
        if len(letters) and letters.max() > 0x10FFFF:
            raise ValueError("An array of text holds what is no letter.")
        if not self._whole(width) or not letters.size:
            return np.zeros(_empty_or_narrow(shape, width), f"=U{width}")
        return np.frombuffer(letters.tobytes(), f"=U{width}").reshape(shape).copy()

    def _objects(self, inside):
        items, shape = inside
        items = self._many(items)
        out = np.empty(len(items), dtype=object)
        for place, item in enumerate(items):
            out[place] = item
        return out.reshape(shape)

    # ------------------------------------------------------------------ tables and generators

    def _sparse(self, inside):
        name, shape, *parts = inside
        parts = tuple(self._numbers(part) for part in parts)
        if name not in ("csr_matrix", "csc_matrix", "coo_matrix", "csr_array", "csc_array", "coo_array"):
            raise ValueError(f"{name!r} is no sparse matrix that a file may hold.")
        by_columns = name.startswith("csc")
        if [self._whole(size) for size in shape][by_columns] != len(parts[2]) - 1:
            raise ValueError("A sparse matrix has another shape than its numbers.")
        matrix = (sparse.csc_array if by_columns else sparse.csr_array)(parts, shape=tuple(shape))
        matrix.check_format(full_check=True)  # compiled code will trust it
        return getattr(sparse, name)(matrix)

    def _generator(self, inside):
        name, state = inside[0], self.decode(inside[1])
        if name not in ("RandomState", "Generator"):
            raise ValueError(f"{name!r} is no random generator.")
        kinds = {"MT19937": np.random.MT19937, "PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM}
        if not isinstance(state, dict) or state.get("bit_generator") not in kinds:
            raise ValueError("A random generator has no state that is known.")
        bits = kinds[state["bit_generator"]](0)
        if name == "Generator":
            bits.state = state
            return np.random.Generator(bits)
        generator = np.random.RandomState(bits)
        generator.set_state(state)
        return generator

    def _frame(self, inside):
        import pandas as pd

        names, n_rows, columns = self._many(inside[0]), self._whole(inside[1]), inside[2]
        series = [self._series(*one.popitem()) for one in map(dict, columns)]
        if any(len(one) != n_rows for one in series) or len(series) != len(names):
            raise ValueError("Columns of a table have different lengths.")
        if not series:
            return pd.DataFrame(index=range(min(n_rows, max(self._left, 0))))
        frame = pd.concat(dict(enumerate(series)), axis=1)
        frame.columns = names
        return frame

    def _series(self, kind, inside):
        import pandas as pd

        if kind == "plain":
            return pd.Series(self.decode(inside))
        if kind == "category":
            categories, ordered, codes = inside
            categories = self._series(*dict(categories).popitem())
            return pd.Series(pd.Categorical.from_codes(self._numbers(codes), pd.Index(categories), ordered=ordered))
        if kind == "zone":
            zone, times = inside
            return pd.Series(self.decode(times)).dt.tz_localize("UTC").dt.tz_convert(zone)
        dtype, cells = inside
        if kind != "cells" or not re.fullmatch(r"str|string|boolean|U?Int\d\d?|Float\d\d", dtype):
            raise ValueError(f"A table may not hold a column of {kind[:20]!r} and {dtype!r}.")
        return pd.Series(self._many(cells), dtype=dtype)


KINDS = frozenset(
    {
        "array", "by columns", "class", "dict", "dtype", "fields", "float", "frame", "frozenset", "generator",
        "letters", "objects", "path", "ragged", "scalar", "scalars", "set", "slice", "sparse", "table", "tensor",
        "text", "times", "torch dtype", "tuple",
    }
)  # fmt: skip


def _hashed(keys):
    """Keys of a dict or a set, unless so many share a hash that putting them in would take for ever."""
    if len(keys) > _MOST_COLLISIONS and max(Counter(map(hash, keys)).values()) > _MOST_COLLISIONS:
        raise ValueError("It holds keys that were made to collide.")
    return keys


def _width(dtype):
    found = re.fullmatch(r"[<>=|]?U(\d{1,9})", dtype)
    if not found:
        raise ValueError(f"{dtype!r} is no dtype of text.")
    return int(found[1])


def _empty_or_narrow(shape, width):
    if math.prod(shape) * width:
        raise ValueError("An array of text has fewer letters than its shape says.")
    return shape
