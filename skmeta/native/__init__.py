"""A kernel in C for small networks and heads, which is compiled when skmeta is built (``hatch_build.py``).

Learners use it by themselves wherever it fits (where they say so in ``engine_``, as ``"native"``); without it all
runs as before, slower, with equal results up to rounding. ``skmeta.show_versions()`` says which instruction set runs;
``SKMETA_KERNEL=0``, set before Python starts, turns it off.
"""

from skmeta.native.adam import adam_step
from skmeta.native.calling import Misfit, known
from skmeta.native.class_means import ClassMeans
from skmeta.native.loading import library, state
from skmeta.native.logistic import fit_logistic, fits_logistic
from skmeta.native.maml import LOSSES, Job
from skmeta.native.ridge import Ridge, fits_ridge
from skmeta.native.rows import RowFunction
from skmeta.native.stack import MAX_LAYERS, Layer, Stack

__all__ = [
    "LOSSES", "MAX_LAYERS", "ClassMeans", "Job", "Layer", "Misfit", "Ridge", "RowFunction", "Stack",
    "adam_step", "available", "fit_logistic", "fits_logistic", "fits_ridge", "known", "state",
]  # fmt: skip


def available():
    """Whether the kernel is there and may be used."""
    return library() is not None
