"""Transformers for tasks and for tables of mixed columns."""

from skmeta.preprocessing.per_task import PerTask
from skmeta.preprocessing.table_encoder import TableEncoder

__all__ = ["PerTask", "TableEncoder"]
