"""Transformers for tasks and for tables of mixed columns."""

from skmeta.preprocessing.per_task import PerTask

__all__ = ["PerTask"]
