"""Torch modules: rows in, embeddings out. They know nothing of tasks."""

from skmeta.nets.conv4 import Conv4
from skmeta.nets.mlp import MLP, Standardize

__all__ = ["Conv4", "MLP", "Standardize"]
