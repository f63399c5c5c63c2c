"""How much padding adds to the rows of related tables, where tasks have any number of rows.

    SKMETA_DATA=<folder with loader.py> python -m benchmarks.scale.padding

Every task's rows are split at random, four fifths support and the rest query. *Answering* is ``predict(tasks)``: chunks
of tasks of similar size. *Training* is one epoch of the episode loader on tasks that bring their own query rows, in
batches of 16 and their parts. Each figure is the padded rows over the real ones, less one. Writes
benchmarks/results/padding.csv.
"""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.records import save
from skmeta.tasks.episodes import EpisodeLoader, Parts
from skmeta.tasks.store import TaskStore, similar_size_chunks

ROWS_AT_ONCE, SEED = 16384, 0


def task_sizes():
    """Yield each grouped table's name and the number of rows of its tasks."""
    path = Path(os.environ["SKMETA_DATA"]) / "loader.py"
    spec = importlib.util.spec_from_file_location("data_loader", path)
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    for name in loader.names("grouped_regression") + loader.names("grouped_classification"):
        _, _, task = loader.load(name)
        yield name, task.dropna().value_counts().to_numpy()


def added_in_answering(n_support, n_query):
    padded = sum(
        len(chunk) * (n_support[chunk].max() + n_query[chunk].max())
        for chunk in similar_size_chunks(n_support, n_query, ROWS_AT_ONCE)
    )
    return padded / (n_support + n_query).sum() - 1


def added_in_training(n_support, n_query):
    n_rows = int((n_support + n_query).sum())
    store = TaskStore(torch.zeros(n_rows, 1), torch.zeros(n_rows, 1), n_support, n_query)
    padded = real = 0
    for batch, y in EpisodeLoader(store, seed=SEED):
        padded, real = padded + len(y), real + int((~y.isnan()).sum())
        for part in batch.batches if isinstance(batch, Parts) else [batch]:
            cells, weight = part["support_X"][..., 0].numel(), part.get("support_weight")
            padded, real = padded + cells, real + (cells if weight is None else int(weight.sum()))
    return padded / real - 1


def main():
    lines = []
    for name, size in task_sizes():
        n_query = np.maximum(1, size // 5)
        n_support = size - n_query
        fine = n_support > 0
        n_support, n_query = n_support[fine], n_query[fine]
        lines.append(
            {
                "set": name,
                "tasks": len(n_support),
                "fewest_rows": int((n_support + n_query).min()),
                "most_rows": int((n_support + n_query).max()),
                "answering": added_in_answering(n_support, n_query),
                "training": added_in_training(n_support, n_query),
            }
        )
        print(lines[-1], flush=True)
    save(pd.DataFrame(lines), "padding")


if __name__ == "__main__":
    main()
