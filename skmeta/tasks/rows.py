"""Stacking and slicing rows of any kind: arrays, sparse matrices, DataFrames with their dtypes."""

import numpy as np
from scipy import sparse


def is_frame(X):
    return hasattr(X, "iloc") and hasattr(X, "columns")


def take_rows(X, rows):
    """The given rows (a slice or integer positions) of an array, sparse matrix or DataFrame."""
    return X.iloc[rows] if is_frame(X) else X[rows]


def stack_rows(blocks):
    """Blocks of rows on top of each other, keeping the container and, for DataFrames, the dtypes."""
    blocks = list(blocks)
    if len(blocks) == 1:
        return blocks[0]
    if is_frame(blocks[0]):
        return _stack_frames(blocks)
    if any(sparse.issparse(block) for block in blocks):
        return sparse.vstack(blocks, format="csr")
    return np.concatenate([np.asarray(block) for block in blocks])


def _stack_frames(frames):
    import pandas as pd

    columns = frames[0].columns
    for frame in frames[1:]:
        if not is_frame(frame):
            raise ValueError("Some tasks are DataFrames and others are not: make them all of one kind.")
        if list(frame.columns) != list(columns):
            raise ValueError(
                f"The tasks' DataFrames have different columns: {list(columns)} and {list(frame.columns)}."
            )
    stacked = pd.concat(frames, ignore_index=True)
    # concat forgets a categorical dtype when tasks know different categories; their union keeps it
    for column in columns:
        dtypes = [frame[column].dtype for frame in frames]
        if all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
            union = pd.api.types.union_categoricals([frame[column] for frame in frames], ignore_order=True)
            stacked[column] = pd.Series(union, index=stacked.index)
    return stacked


def stack_labels(blocks):
    """Labels on top of each other; mixed kinds (3 and "a") become objects instead of silently becoming strings."""
    blocks = [np.asarray(block) for block in blocks]
    kinds = {"number" if block.dtype.kind in "biuf" else block.dtype.kind for block in blocks}
    if len(kinds) > 1:
        blocks = [block.astype(object) for block in blocks]
    return np.concatenate(blocks)
