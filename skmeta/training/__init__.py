"""The outer loop, by skorch: nets whose samples are tasks."""

from skmeta.training import saved_net  # noqa: F401 - makes nets known to files
from skmeta.training.meta_net import MetaNet
from skmeta.training.processes import resolve_device
from skmeta.training.resumable import Resumable

__all__ = ["MetaNet", "Resumable", "resolve_device"]
