"""Torch modules: rows in, embeddings out. They know nothing of tasks."""

from skmeta.nets.conv4 import Conv4
from skmeta.nets.mlp import MLP
from skmeta.nets.residual import ResidualMLP
from skmeta.nets.scaling import OneScale, Standardize

__all__ = ["Conv4", "MLP", "OneScale", "ResidualMLP", "Standardize"]
