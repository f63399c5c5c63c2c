"""Where downloaded data lives, and the one place in the library that speaks to the network."""

import hashlib
import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen


def get_data_home(data_home=None):
    """The folder that downloaded data sets are kept in; it is made if need be.

    Parameters
    ----------
    data_home : path-like, default=None
        None is the environment variable ``SKMETA_DATA_HOME`` or, without it, ``~/.skmeta_data``.

    Returns
    -------
    data_home : pathlib.Path

    Examples
    --------
    >>> import tempfile
    >>> from skmeta.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     get_data_home(folder).name == folder.split("/")[-1]
    True
    """
    home = Path(data_home or os.environ.get("SKMETA_DATA_HOME") or "~/.skmeta_data").expanduser()
    home.mkdir(parents=True, exist_ok=True)
    return home


def fetch_file(url, path, md5, timeout=60):
    """Download ``url`` to ``path`` unless it is there already; a wrong or broken download leaves nothing behind."""
    path = Path(path)
    if path.exists():
        return path
    try:
        with urlopen(url, timeout=timeout) as response:
            content = response.read()
    except (URLError, OSError) as error:
        raise OSError(
            f"Could not download {url} ({error}). With a network, try again; without one, download the file elsewhere "
            f"and put it at {path}, or point the environment variable SKMETA_DATA at a folder that holds the data."
        ) from error
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise OSError(
            f"{url} is not the file it should be: its MD5 is {found}, expected {md5}. The download broke off, or the "
            "published file has changed."
        )
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)  # at once, so that a killed download is never taken for a whole one
    return path
