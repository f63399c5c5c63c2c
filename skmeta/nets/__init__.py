"""Torch modules: rows in, embeddings out. They know nothing of tasks."""

from skmeta.nets.mlp import MLP, Standardize

__all__ = ["MLP", "Standardize"]
