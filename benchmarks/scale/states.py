"""What a stream keeps of a task, and what it costs to go on from it, beside its labelled rows handed in again.

Tasks have shown so many rows of ten features, and then come with ten more, and ten to be answered. Bytes are those of
the text that a state is, and of the rows as numbers of eight bytes; seconds are the processor's, the median of three
rounds in which both ways take turns.

    python -m benchmarks.scale.states
"""

import time

import numpy as np
import pandas as pd
import torch

from benchmarks.records import save
from skmeta import BayesianHeadRegressor, MAMLClassifier, ProtoNetClassifier, TaskSet
from skmeta.scale import task_answerer

ROWS, FURTHER, ROUNDS, N_FEATURES = (10, 100, 1000), 10, 3, 10
ROWS_OF_ALL_TASKS = 20_000
KINDS = {"MAML": MAMLClassifier, "prototypes": ProtoNetClassifier, "Bayesian head": BayesianHeadRegressor}


def drawn(kind, n_tasks, n_rows, seed):
    """A table of tasks, each a linear function of its own, in classification whether it is above 0."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_tasks, n_rows, N_FEATURES))
    y = (X * rng.normal(1.0, 1.0, (n_tasks, 1, N_FEATURES))).sum(2) + rng.normal(size=(n_tasks, n_rows))
    table = pd.DataFrame(X.reshape(-1, N_FEATURES)).add_prefix("x")
    table["label"] = y.ravel() if kind == "Bayesian head" else (y.ravel() > 0).astype(float)
    table["customer"] = np.repeat(np.arange(n_tasks), n_rows)
    return table


def measured(kind, n_rows):
    """Bytes a task, and processor seconds a task of both ways."""
    n_tasks = max(200, ROWS_OF_ALL_TASKS // n_rows)
    train = drawn(kind, 64, 20, 0)
    tasks = TaskSet.from_long(train.drop(columns=["label", "customer"]), train["label"], train["customer"])
    meta = KINDS[kind](max_epochs=1, random_state=0).fit(tasks)
    table = drawn(kind, n_tasks, n_rows + 2 * FURTHER, 1)
    place = table.groupby("customer").cumcount()
    table.loc[place >= n_rows + FURTHER, "label"] = np.nan
    at_once = task_answerer(meta, task="customer", target="label")
    go_on = task_answerer(meta, task="customer", target="label", return_state=True)
    states = go_on(table[place < n_rows])
    later, records = pd.concat([states, table[place >= n_rows]]), []
    sizes = {"rows": 8 * n_rows * (N_FEATURES + 1), "state": states["state"].map(len).mean()}
    expected = at_once(table)["label"].to_numpy(float)
    for i in range(ROUNDS):
        for way, answer, rows in (("rows", at_once, table), ("state", go_on, later)):
            started = time.process_time()
            found = answer(rows)
            seconds = (time.process_time() - started) / n_tasks
            found = found if way == "rows" else found[found["state"].isna()]
            differ = np.abs(found["label"].to_numpy(float) - expected).max()
            setting = {"kind": kind, "rows": n_rows, "way": way, "round": i, "tasks": n_tasks}
            records.append(setting | {"bytes": sizes[way], "seconds": seconds, "largest_difference": differ})
    return records


if __name__ == "__main__":
    torch.set_num_threads(1)
    records = pd.DataFrame([record for kind in KINDS for n_rows in ROWS for record in measured(kind, n_rows)])
    save(records, "scale_out_states")
    by = records.groupby(["kind", "rows", "way"], sort=False)
    table = by.agg({"bytes": "median", "seconds": "median", "largest_difference": "max"}).assign(
        microseconds=lambda rows: 1e6 * rows.pop("seconds")
    )
    print(table.unstack("way").to_string())
