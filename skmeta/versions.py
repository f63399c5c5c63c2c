"""What runs here, for a report of a fault."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ["numpy", "scipy", "scikit-learn", "torch", "skorch", "safetensors", "pandas", "polars", "matplotlib"]


def show_versions():
    """This prints the versions of skmeta and of what it rests on, the threads of torch, and which kernel runs.

    Examples
    --------
    >>> import skmeta
    >>> skmeta.show_versions()  # doctest: +ELLIPSIS
    skmeta: ...
    """
    import torch

    import skmeta
    from skmeta import native

    found = {"skmeta": skmeta.__version__, "kernel": native.state(), "python": sys.version.split()[0]}
    found["machine"] = platform.platform()
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["threads of torch"] = torch.get_num_threads()
    found["GPU"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    print(*(f"{name}: {value}" for name, value in found.items()), sep="\n")
