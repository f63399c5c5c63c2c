"""The outer loop, by skorch: nets whose samples are tasks."""

from skmeta.training.devices import resolve_device, seeded
from skmeta.training.meta_net import MetaNet

__all__ = ["MetaNet", "resolve_device", "seeded"]
