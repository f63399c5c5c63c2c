"""The table of bad inputs: every row spoils one thing about a call that would otherwise be right."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import torch
from scipy import sparse

from skmeta import Task
from tests.campaign.subjects import BY_ROWS, rows_for, tasks_for

NAMES = list("abcd")


def _with(value, dtype=None, row=1, column=2):
    def spoil(X):
        X = np.array(X, dtype=dtype or X.dtype)
        X[row, column] = value
        return X

    return spoil


def _frame(change):
    return lambda X: change(pd.DataFrame(X, columns=NAMES))


def _text(frame):
    return frame.assign(b="red")


def _readonly(X):
    X = X.copy()
    X.flags.writeable = False
    return X


#: rows that say the same as the plain ones, and must be answered the same
SAME_X = {
    "lists": lambda X: X.tolist(),
    "tuples": lambda X: tuple(map(tuple, X.tolist())),
    "objects": lambda X: X.astype(object),
    "Fortran order": np.asfortranarray,
    "reversed strides": lambda X: X[::-1].copy()[::-1],
    "big endian": lambda X: X.astype(">f8"),
    "read only": _readonly,
    "csr": sparse.csr_matrix,
    "csc": sparse.csc_matrix,
    "coo": sparse.coo_matrix,
    "csr array": sparse.csr_array,
    "a view of more columns": lambda X: np.c_[X, X][:, :4],
    "masked": np.ma.masked_array,
    "torch": torch.as_tensor,
}
SCALES = (1e-300, 1e-150, 1e-30, 1e-8, 1e8, 1e30, 1e38, 1e150, 1e300)
BAD_X = {
    "None": lambda X: None,
    "a number": lambda X: 3.5,
    "a string": lambda X: "rows",
    "bytes": lambda X: b"rows",
    "a function": lambda X: len,
    "a class": lambda X: np.ndarray,
    "a dict": lambda X: {"a": X[:, 0]},
    "a set": lambda X: {1, 2},
    "a generator": lambda X: (row for row in X),
    "one axis": lambda X: X[0],
    "no axis": lambda X: np.array(1.0),
    "three axes": lambda X: X[:, :, None],
    "no rows": lambda X: X[:0],
    "no rows, a list": lambda X: [],
    "no columns": lambda X: X[:, :0],
    "one column": lambda X: X[:, :1],
    "a column more": lambda X: np.c_[X, X[:, :1]],
    "one row": lambda X: X[:1],
    "NaN": _with(np.nan),
    "infinity": _with(np.inf),
    "minus infinity": _with(-np.inf),
    "all NaN": lambda X: X * np.nan,
    "text": lambda X: X.astype(str).astype(object) + "x",
    "numbers as text": lambda X: X.astype(str),
    "None among numbers": _with(None, object),
    "a list in a cell": lambda X: np.array([[*row[:3], [1]] for row in X.tolist()], dtype=object),
    "a dict in a cell": _with({}, object),
    "pandas.NA": _with(pd.NA, object),
    "complex": lambda X: X + 1j,
    "dates": lambda X: X.astype("datetime64[D]"),
    "durations": lambda X: X.astype("timedelta64[s]"),
    "booleans": lambda X: X > 0,
    "int8": lambda X: X.astype(np.int8),
    "uint64": lambda X: np.abs(X).astype(np.uint64) + 2**63,
    "float16": lambda X: X.astype(np.float16),
    "long double": lambda X: X.astype(np.longdouble),
    "records": lambda X: np.zeros(len(X), dtype=[("a", "f8"), ("b", "f8")]),
    "ragged": lambda X: [row[: 2 + i % 2] for i, row in enumerate(X.tolist())],
    "sparse with NaN": lambda X: sparse.csr_matrix(_with(np.nan)(X)),
    "sparse of one row": lambda X: sparse.csr_matrix(X[:1]),
    "torch on meta": lambda X: torch.empty(X.shape, device="meta"),
    "torch with gradient": lambda X: torch.as_tensor(X).requires_grad_(),
    "torch bfloat16": lambda X: torch.as_tensor(X).bfloat16(),
    "frame": _frame(lambda f: f),
    "frame in another order": _frame(lambda f: f[NAMES[::-1]]),
    "frame of duplicate columns": _frame(lambda f: f.set_axis(list("aabc"), axis=1)),
    "frame of numbered columns": _frame(lambda f: f.set_axis(range(4), axis=1)),
    "frame of mixed names": _frame(lambda f: f.set_axis(["a", 1, "c", 2], axis=1)),
    "frame of levels": _frame(lambda f: f.set_axis(pd.MultiIndex.from_product([["u", "v"], ["w", "z"]]), axis=1)),
    "frame with text": _frame(_text),
    "frame with categories": _frame(lambda f: _text(f).astype({"b": "category"})),
    "frame with dates": _frame(lambda f: f.assign(b=pd.Timestamp("2020-01-01"))),
    "frame with NA": _frame(lambda f: f.round().astype("Int64").mask(f > 1)),
    "frame with lists": _frame(lambda f: f.assign(b=[[1]] * len(f))),
    "frame without rows": _frame(lambda f: f[:0]),
    "frame without columns": _frame(lambda f: f[[]]),
    "sparse frame": _frame(lambda f: f.astype(pd.SparseDtype("float"))),
    "series": lambda X: pd.Series(X[:, 0]),
    "polars": lambda X: pl.DataFrame(X, schema=NAMES),
    "polars with text": lambda X: pl.DataFrame(X, schema=NAMES).with_columns(b=pl.lit("red")),
    "polars with null": lambda X: pl.DataFrame(X, schema=NAMES).with_columns(b=pl.lit(None)),
    "polars series": lambda X: pl.Series(X[:, 0]),
    "pyarrow": lambda X: pa.table(dict(zip(NAMES, X.T))),
    "constant": lambda X: np.ones_like(X),
    "all the same row": lambda X: np.repeat(X[:1], len(X), 0),
    "zeros": np.zeros_like,
    "one column of 1e300": lambda X: X * [1, 1e300, 1, 1],
    "one column far from zero": lambda X: X + [0, 1e12, 0, 0],
    "denormal": lambda X: X * 5e-320,
} | {
    f"times {scale:g}": lambda X, s=scale: X * s
    for scale in (1e-300, 1e-150, 1e-30, 1e-8, 1e8, 1e30, 1e38, 1e150, 1e300)
}
BAD_Y = {
    "None": lambda y: None,
    "a number": lambda y: 1,
    "a string": lambda y: "labels",
    "a dict": lambda y: {"y": y},
    "a set": lambda y: set(y.tolist()),
    "a generator": lambda y: iter(y.tolist()),
    "too short": lambda y: y[:-1],
    "too long": lambda y: np.r_[y, y[:1]],
    "empty": lambda y: y[:0],
    "a column": lambda y: y[:, None],
    "two columns": lambda y: np.c_[y, y],
    "three axes": lambda y: y[:, None, None],
    "NaN": lambda y: np.where(np.arange(len(y)) == 1, np.nan, y.astype(float)),
    "all NaN": lambda y: y * np.nan,
    "infinity": lambda y: np.where(np.arange(len(y)) == 1, np.inf, y.astype(float)),
    "None among them": lambda y: np.array([None, *y[1:].tolist()], dtype=object),
    "pandas.NA among them": lambda y: np.array([pd.NA, *y[1:].tolist()], dtype=object),
    "text": lambda y: np.array([f"class {v}" for v in y.tolist()]),
    "text and numbers": lambda y: np.array(["one", *y[1:].tolist()], dtype=object),
    "bytes": lambda y: np.array([b"a", b"b"] * len(y))[: len(y)],
    "empty text": lambda y: np.array([""] * len(y)),
    "booleans": lambda y: np.arange(len(y)) % 2 == 0,
    "objects": lambda y: y.astype(object),
    "fractions": lambda y: y + 0.5,
    "one value": lambda y: y[:1].repeat(len(y)),
    "all different": lambda y: np.arange(len(y)),
    "complex": lambda y: y + 1j,
    "dates": lambda y: y.astype("datetime64[D]"),
    "series": pd.Series,
    "series in another order": lambda y: pd.Series(y, index=np.arange(len(y))[::-1]),
    "categories": lambda y: pd.Series(y.astype(str)).astype("category"),
    "nullable": lambda y: pd.Series([pd.NA, *np.asarray(y[1:], int).tolist()], dtype="Int64"),
    "frame": lambda y: pd.DataFrame({"y": y}),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "sparse": lambda y: sparse.csr_matrix(y[:, None]),
    "torch": torch.as_tensor,
    "list": lambda y: y.tolist(),
    "nested lists": lambda y: [[v] for v in y.tolist()],
    "ragged lists": lambda y: [[v] * (i % 2 + 1) for i, v in enumerate(y.tolist())],
    "negative": lambda y: -1 - y,
    "uint8": lambda y: np.abs(y).astype(np.uint8),
    "int64 of 2**62": lambda y: np.abs(y).astype(np.int64) + 2**62,
    "tuples": lambda y: np.array([*[(1, 2)] * len(y), None], dtype=object)[:-1],
} | {f"times {scale:g}": lambda y, s=scale: y * s for scale in (1e-300, 1e-200, 1e-8, 1e8, 1e200, 1e300)}
BAD_WEIGHT = {
    "ones": lambda n: np.ones(n),
    "zeros": np.zeros,
    "negative": lambda n: -np.ones(n),
    "one negative": lambda n: np.r_[-1, np.ones(n - 1)],
    "NaN": lambda n: np.full(n, np.nan),
    "infinity": lambda n: np.full(n, np.inf),
    "too few": lambda n: np.ones(n - 1),
    "too many": lambda n: np.ones(n + 1),
    "two columns": lambda n: np.ones((n, 2)),
    "a number": lambda n: 2.0,
    "text": lambda n: ["a"] * n,
    "booleans": lambda n: np.arange(n) % 2 == 0,
    "one row counts": lambda n: np.r_[1, np.zeros(n - 1)],
    "1e-300": lambda n: np.full(n, 1e-300),
    "1e300": lambda n: np.full(n, 1e300),
    "1e6": lambda n: np.full(n, 1e6),
    "1 / n": lambda n: np.full(n, 1 / n),
    "integers": lambda n: np.full(n, 3),
    "dict": lambda n: {0: 1.0},
    "from 1e-20 to 1e20": lambda n: np.logspace(-20, 20, n),
}
BAD_IDS = {
    "too few": lambda n: ["a"] * (n - 1),
    "too many": lambda n: ["a"] * (n + 1),
    "none": lambda n: [],
    "None among them": lambda n: np.array([None] + ["a"] * (n - 1), dtype=object),
    "NaN among them": lambda n: np.r_[np.nan, np.ones(n - 1)],
    "NA among them": lambda n: pd.Series([pd.NA] + [1] * (n - 1), dtype="Int64"),
    "two columns": lambda n: np.ones((n, 2)),
    "a name": lambda n: "store",
    "names": lambda n: ["region", "store"],
    "a number": lambda n: 3,
    "a dict": lambda n: {"a": 1},
    "text and numbers": lambda n: np.array(["a", 1] * n, dtype=object)[:n],
    "dates": lambda n: np.arange(n).astype("datetime64[D]"),
    "booleans": lambda n: np.arange(n) % 2 == 0,
    "fractions": lambda n: np.arange(n) % 2 + 0.5,
    "all different": lambda n: np.arange(n),
    "all the same": lambda n: np.zeros(n, int),
    "categories": lambda n: pd.Series(["a", "b"] * n).astype("category")[:n],
    "lists": lambda n: [[1]] * n,
    "tuples of unequal length": lambda n: [(1, 2), (1,)] * (n // 2) + [(1,)] * (n % 2),
    "three axes": lambda n: np.ones((n, 1, 1)),
    "bytes": lambda n: [b"a"] * n,
    "a string of many": lambda n: "x" * n,
    "a class": lambda n: int,
}
BAD_CLASSES = {
    "none": lambda y: [],
    "too few": lambda y: np.unique(y)[:1],
    "NaN": lambda y: [*np.unique(y), np.nan],
    "None": lambda y: [*np.unique(y), None],
    "text": lambda y: ["a", "b", "c"],
    "text and numbers": lambda y: [*np.unique(y), "a"],
    "two axes": lambda y: np.unique(y)[None],
    "a number": lambda y: 3,
    "a string": lambda y: "abc",
    "twice the same": lambda y: [*np.unique(y), *np.unique(y)],
    "more": lambda y: [*np.unique(y), 99],
    "a dict": lambda y: {0: 1},
}


BAD_TASKS = {
    "none": lambda ts: [],
    "None": lambda ts: [None],
    "numbers": lambda ts: [ts[0], 3],
    "strings": lambda ts: ["task"],
    "an empty set": lambda ts: ts[:0],
    "one task": lambda ts: [ts[0]],
    "pairs": lambda ts: [(t.X, t.y) for t in ts],
    "fours": lambda ts: [(t.X, t.y, t.X_query, t.y_query) for t in ts],
    "threes": lambda ts: [(t.X, t.y, t.X_query) for t in ts],
    "fives": lambda ts: [(t.X, t.y, t.X_query, t.y_query, 1) for t in ts],
    "pairs of lists": lambda ts: [(t.X.tolist(), t.y.tolist()) for t in ts],
    "nested": lambda ts: [[ts[0]], [ts[1]]],
    "a dict": lambda ts: dict(enumerate(ts)),
    "a generator": lambda ts: (t for t in ts),
    "two axes": lambda ts: np.array([ts[0], ts[1], None], dtype=object)[:2].reshape(1, 2),
    "other columns": lambda ts: [ts[0], Task(ts[1].X[:, :2], ts[1].y)],
    "fewer columns everywhere": lambda ts: [Task(t.X[:, :2], t.y, t.X_query[:, :2], t.y_query) for t in ts],
    "without support": lambda ts: [ts[0], Task(ts[1].X[:0], ts[1].y[:0], ts[1].X_query, ts[1].y_query)],
    "without query rows": lambda ts: [Task(t.X, t.y, t.X[:0], t.y[:0]) for t in ts],
    "without query": lambda ts: [Task(t.X, t.y) for t in ts],
    "without labels of queries": lambda ts: [Task(t.X, t.y, t.X_query) for t in ts],
    "some without labels": lambda ts: [ts[0], Task(ts[1].X, ts[1].y, ts[1].X_query)],
    "one row each": lambda ts: [Task(t.X[:1], t.y[:1], t.X_query, t.y_query) for t in ts],
    "one class each": lambda ts: [Task(t.X, t.y[:1].repeat(len(t.y)), t.X_query, t.y_query) for t in ts],
    "classes never shown": lambda ts: [Task(t.X, t.y, t.X_query, t.y_query + 77) for t in ts],
    "NaN": lambda ts: [ts[0], Task(_with(np.nan)(ts[1].X), ts[1].y, ts[1].X_query, ts[1].y_query)],
    "NaN in queries": lambda ts: [ts[0], Task(ts[1].X, ts[1].y, _with(np.nan)(ts[1].X_query), ts[1].y_query)],
    "NaN in labels": lambda ts: [ts[0], Task(ts[1].X, ts[1].y * np.nan, ts[1].X_query, ts[1].y_query)],
    "text": lambda ts: [Task(t.X.astype(str).astype(object) + "x", t.y) for t in ts],
    "text labels beside numbers": lambda ts: [ts[0], Task(ts[1].X, ts[1].y.astype(str), ts[1].X_query)],
    "a frame beside an array": lambda ts: [ts[0], Task(pd.DataFrame(ts[1].X, columns=NAMES), ts[1].y)],
    "frames": lambda ts: [_of_frames(t, pd.DataFrame, columns=NAMES) for t in ts],
    "frames of other columns": lambda ts: [
        Task(pd.DataFrame(t.X, columns=NAMES if i else NAMES[::-1]), t.y) for i, t in enumerate(ts)
    ],
    "polars": lambda ts: [_of_frames(t, pl.DataFrame, schema=NAMES) for t in ts],
    "polars queries in another order": lambda ts: [
        Task(pl.DataFrame(t.X, schema=NAMES), t.y, pl.DataFrame(t.X_query[:, ::-1], schema=NAMES[::-1]), t.y_query)
        for t in ts
    ],
    "sparse": lambda ts: [Task(sparse.csr_matrix(t.X), t.y, sparse.csr_matrix(t.X_query), t.y_query) for t in ts],
    "names twice": lambda ts: [Task(t.X, t.y, t.X_query, t.y_query, name="one") for t in ts],
    "one very large": lambda ts: [ts[0], Task(ts[1].X.repeat(50, 0), ts[1].y.repeat(50), ts[1].X_query)],
    "times 1e30": lambda ts: [Task(t.X * 1e30, t.y, t.X_query * 1e30, t.y_query) for t in ts],
    "times 1e300": lambda ts: [Task(t.X * 1e300, t.y, t.X_query * 1e300, t.y_query) for t in ts],
    "times 1e-30": lambda ts: [Task(t.X * 1e-30, t.y, t.X_query * 1e-30, t.y_query) for t in ts],
}


def _of_frames(task, make, **settings):
    return Task(make(task.X, **settings), task.y, make(task.X_query, **settings), task.y_query)


#: values that no parameter, or hardly any, can have
BAD_SETTINGS = {
    "None": None, "-1": -1, "0": 0, "half": 0.5, "1e300": 1e300, "NaN": float("nan"), "infinity": float("inf"),
    "a word": "anil", "an empty list": [], "a list": [3], "a dict": {}, "a class": torch.nn.Linear, "True": True,
    "a tuple": (3, 1), "a function": len, "an array": np.arange(3), "2**70": 2**70,
}  # fmt: skip
#: parameters that any value may have, or whose large values are a long training and no mistake
NOT_SPOILED = {"verbose", "warm_start", "random_state", "n_jobs"}
LONG = {"1e300", "infinity", "2**70"}


def rows(name, parameters):
    """For one estimator ``{name: (call, the method that must answer as to the plain rows or None, settings)}``."""
    X, y, asked = rows_for(name)
    tasks = tasks_for(name)
    table = {}
    for kind, spoil in (BAD_X | SAME_X).items():
        is_same = kind in SAME_X
        table[f"predict: X is {kind}"] = (lambda e, s=spoil: e.predict(s(asked)), "predict" if is_same else None)
        table[f"partial_fit: X is {kind}"] = (lambda e, s=spoil: e.partial_fit(s(X), y).predict(asked), None)
        table[f"fit: X is {kind}"] = (lambda e, s=spoil: e.fit(s(X), y), None)
        table[f"transform: X is {kind}"] = (lambda e, s=spoil: e.transform(s(asked)), "transform" if is_same else None)
        table[f"fit_transform: X is {kind}"] = (lambda e, s=spoil: e.fit_transform(s(X), y), None)
    for kind, spoil in BAD_Y.items():
        table[f"partial_fit: y is {kind}"] = (lambda e, s=spoil: e.partial_fit(X, s(y)).predict(asked), None)
        table[f"adapt: y is {kind}"] = (lambda e, s=spoil: e.adapt(X, s(y)).predict(asked), None)
        table[f"fit: y is {kind}"] = (lambda e, s=spoil: e.fit(X, s(y)), None)
    for kind, make in BAD_WEIGHT.items():
        call = lambda e, m=make: e.partial_fit(X, y, sample_weight=m(len(y))).predict(asked)  # noqa: E731
        table[f"partial_fit: sample_weight is {kind}"] = (call, None)
        table[f"score: sample_weight is {kind}"] = (lambda e, m=make: e.score(X, y, sample_weight=m(len(y))), None)
    for kind, make in BAD_IDS.items():
        table[f"partial_fit: task is {kind}"] = (lambda e, m=make: e.partial_fit(X, y, task=m(len(y))), None)
        table[f"predict: task is {kind}"] = (lambda e, m=make: e.predict(asked, task=m(len(asked))), None)
        table[f"fit: task is {kind}"] = (lambda e, m=make: e.fit(X, y, task=m(len(y))), None)
    for kind, make in BAD_CLASSES.items():
        table[f"adapt: classes are {kind}"] = (lambda e, m=make: e.adapt(X, y, classes=m(y)).predict(asked), None)
    for (kind, make), method in itertools.product(BAD_TASKS.items(), ("fit", "predict", "score", "transform")):
        table[f"{method}: tasks are {kind}"] = (lambda e, m=make, f=method: getattr(e, f)(m(tasks)), None)
    fit = (lambda e: e.fit(X, y)) if name in BY_ROWS else lambda e: e.fit(tasks)
    for parameter in parameters:
        for kind, value in BAD_SETTINGS.items():
            if parameter not in NOT_SPOILED and kind not in LONG:
                table[f"fit: {parameter} is {kind}"] = (fit, None, {parameter: value})
    return {row: (*cell, {}) if len(cell) == 2 else cell for row, cell in table.items()}
