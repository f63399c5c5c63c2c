"""Data to learn from: made up, fetched from public sources, or read from a local folder."""

from skmeta.datasets.cache import get_data_home
from skmeta.datasets.class_splits import split_classes
from skmeta.datasets.local_data import list_local_tables, load_local_images, load_local_table
from skmeta.datasets.omniglot import fetch_omniglot, rotated_classes
from skmeta.datasets.synthetic import (
    make_few_shot_classification,
    make_few_shot_regression,
    make_related_tables,
)

__all__ = [
    "fetch_omniglot",
    "get_data_home",
    "list_local_tables",
    "load_local_images",
    "load_local_table",
    "make_few_shot_classification",
    "make_few_shot_regression",
    "make_related_tables",
    "rotated_classes",
    "split_classes",
]
