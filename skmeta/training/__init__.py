"""The outer loop, by skorch: nets whose samples are tasks."""

from skmeta.training import saved_net  # noqa: F401 - makes nets known to files
from skmeta.training.devices import resolve_device
from skmeta.training.meta_net import MetaNet
from skmeta.training.meta_training import raise_if_interrupted, train
from skmeta.training.randomness import Randomness
from skmeta.training.resumable import Resumable
from skmeta.training.warm_start import go_on

__all__ = ["MetaNet", "Randomness", "Resumable", "go_on", "raise_if_interrupted", "resolve_device", "train"]
