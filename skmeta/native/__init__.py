"""An optional kernel in C for small networks and heads; compiled on the user's machine, once.

    python -m skmeta.native

compiles it (some seconds), checks it against autograd, and says where it lies. From then on learners use it by
themselves wherever it fits (where they say so in ``engine_``, as ``"native"``); without it, or on another processor,
everything runs as before. Any C compiler will do; ``pip install "skmeta[native]"`` brings one for machines that have
none. Setting ``SKMETA_NATIVE=`` to another folder moves it, and deleting the folder undoes it.
"""

from skmeta.native.calling import Misfit, known
from skmeta.native.class_means import ClassMeans
from skmeta.native.compilation import build, library
from skmeta.native.maml import LOSSES, Job
from skmeta.native.ridge import Ridge, fits_ridge
from skmeta.native.rows import RowFunction
from skmeta.native.stack import MAX_LAYERS, Layer, Stack

__all__ = [
    "LOSSES", "MAX_LAYERS", "ClassMeans", "Job", "Layer", "Misfit", "Ridge", "RowFunction", "Stack",
    "available", "build", "fits_ridge", "known",
]  # fmt: skip


def available():
    """Whether the kernel has been compiled for this machine."""
    return library() is not None
