"""An optional kernel in C for the inner loop of small networks; compiled on the user's machine, once.

    python -m skmeta.native

compiles it (some seconds), checks it against autograd, and says where it lies. From then on MAML and its kin use it
by themselves wherever it fits (``engine_`` says ``"native"``); without it, or on another processor, everything runs as
before. Any C compiler will do; ``pip install "skmeta[native]"`` brings one for machines that have none. Setting
``SKMETA_NATIVE=`` to another folder moves it, and deleting the folder undoes it.
"""

from skmeta.native.compilation import build, library
from skmeta.native.maml import Job, Misfit
from skmeta.native.stack import LOSSES, MAX_LAYERS, Layer, Stack

__all__ = ["LOSSES", "MAX_LAYERS", "Job", "Layer", "Misfit", "Stack", "available", "build"]


def available():
    """Whether the kernel has been compiled for this machine."""
    return library() is not None
