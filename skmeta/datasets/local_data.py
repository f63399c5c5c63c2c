"""Reading a local folder of tables and images, described by a manifest.

The environment variable ``SKMETA_DATA`` names the folder. It holds ``MANIFEST.csv`` with one line for each data set
(columns ``name``, ``file``, ``kind``, ``target``, ``group_column``, ``categorical_columns`` separated by ``|``) and the
files themselves: tables as CSV, with the columns ``__target__`` and, where rows belong to groups, ``__group__``; images
as ``.npz`` archives.
"""

import os
from pathlib import Path

import numpy as np


def find_local_data(required=True):
    """The folder that SKMETA_DATA names, or None where that is allowed."""
    folder = os.environ.get("SKMETA_DATA")
    if folder and (Path(folder) / "MANIFEST.csv").exists():
        return Path(folder)
    if not required:
        return None
    if folder:
        raise FileNotFoundError(f"SKMETA_DATA is {folder!r}, but there is no MANIFEST.csv in that folder.")
    raise FileNotFoundError(
        "No local data: set the environment variable SKMETA_DATA to a folder with a MANIFEST.csv and the tables it "
        "lists."
    )


def list_local_tables(kind=None):
    """Names of the local data sets.

    Parameters
    ----------
    kind : str, default=None
        Only those of one kind, such as ``"classification"``, ``"regression"``, ``"manyclass"``,
        ``"grouped_classification"``, ``"grouped_regression"``, ``"text"`` or ``"image"``; None lists all.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> import os, tempfile
    >>> from pathlib import Path
    >>> from unittest.mock import patch
    >>> from skmeta.datasets import list_local_tables
    >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, SKMETA_DATA=folder):
    ...     _ = Path(folder, "MANIFEST.csv").write_text("name,file,kind\\nplants,plants.csv,classification\\n")
    ...     list_local_tables("classification")
    ['plants']
    """
    manifest = _read_manifest()
    if kind is None:
        return list(manifest.index)
    kinds = sorted(set(manifest["kind"]))
    if kind not in kinds:
        raise ValueError(f"There are no data sets of kind {kind!r}; the kinds are {kinds}.")
    return list(manifest.index[manifest["kind"] == kind])


def load_local_table(name):
    """A table from the local folder.

    Parameters
    ----------
    name : str
        One of ``list_local_tables()``.

    Returns
    -------
    X : DataFrame
        Categorical columns are of dtype ``category``, missing values NaN.
    y : Series
        Float for regression, otherwise strings.
    task : Series or None
        The group that each row belongs to, for tables that have groups: ``fit(X, y, task=task)``.

    Examples
    --------
    >>> import os, tempfile
    >>> from pathlib import Path
    >>> from unittest.mock import patch
    >>> from skmeta.datasets import load_local_table
    >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, SKMETA_DATA=folder):
    ...     _ = Path(folder, "MANIFEST.csv").write_text("name,file,kind\\nplants,plants.csv,classification\\n")
    ...     _ = Path(folder, "plants.csv").write_text("height,__target__\\n1.5,oak\\n0.2,fern\\n")
    ...     X, y, task = load_local_table("plants")
    >>> X["height"].tolist(), y.tolist(), task
    ([1.5, 0.2], ['oak', 'fern'], None)
    """
    import pandas as pd

    entry = _entry(name)
    if entry["kind"] == "image":
        raise ValueError(f"{name!r} is a set of images: use load_local_images.")
    categorical = [column for column in entry.get("categorical_columns", "").split("|") if column]
    is_regression = entry["kind"].endswith("regression")
    # codes such as "01" must not become numbers, nor a class called "NA" a missing value
    dtypes = dict.fromkeys([*categorical, "__group__"], str)
    if not is_regression:
        dtypes["__target__"] = str
    X = pd.read_csv(
        find_local_data() / entry["file"], dtype=dtypes, keep_default_na=False, na_values=[""], low_memory=False
    )
    y = X.pop("__target__").rename(entry.get("target") or "target")
    task = X.pop("__group__").rename(entry.get("group_column") or "task") if "__group__" in X else None
    if entry["kind"] != "text":
        X = X.astype(dict.fromkeys(categorical, "category"))
    return X, y.astype(float) if is_regression else y, task


def load_local_images(name):
    """The arrays of an image set from the local folder.

    Parameters
    ----------
    name : str
        One of ``list_local_tables("image")``.

    Returns
    -------
    arrays : dict of ndarray

    Examples
    --------
    >>> import os, tempfile
    >>> from pathlib import Path
    >>> from unittest.mock import patch
    >>> import numpy as np
    >>> from skmeta.datasets import load_local_images
    >>> with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, SKMETA_DATA=folder):
    ...     _ = Path(folder, "MANIFEST.csv").write_text("name,file,kind\\nink,ink.npz,image\\n")
    ...     np.savez(Path(folder, "ink.npz"), images=np.zeros((5, 8, 8)))
    ...     load_local_images("ink")["images"].shape
    (5, 8, 8)
    """
    entry = _entry(name)
    if entry["kind"] != "image":
        raise ValueError(f"{name!r} is a table: use load_local_table.")
    with np.load(find_local_data() / entry["file"], allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _read_manifest():
    folder = find_local_data()
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("Reading local tables needs pandas: pip install pandas.") from error
    return pd.read_csv(folder / "MANIFEST.csv", keep_default_na=False, dtype=str).set_index("name")


def _entry(name):
    manifest = _read_manifest()
    if name not in manifest.index:
        close = [known for known in manifest.index if str(name).lower() in known.lower()][:5]
        hint = f" Did you mean one of {close}?" if close else " list_local_tables() names them all."
        raise ValueError(f"There is no local data set {name!r}.{hint}")
    return manifest.loc[name]
