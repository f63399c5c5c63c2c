"""What more processes bring: training over two of them, and answers for very many tasks.

Of training both clocks are kept: seconds of the wall mean something on two free cores only, processor seconds of the
busier process on a busy machine too.

    python -m benchmarks.scale.scale_out training
    python -m benchmarks.scale.scale_out answers --n-tasks 1000000
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
import torch

from benchmarks.records import save
from skmeta import MAMLClassifier, ProtoNetClassifier
from skmeta.scale import task_answerer
from skmeta.tasks import GaussianClusters

_ROUNDS = 3
_CLUSTERS = GaussianClusters(n_ways=2, n_shots=5, n_query=5, n_features=10)
_BODY = {"module__n_hidden": 64}
_KINDS = {
    "MAML": (MAMLClassifier, {"inner_steps": 5}),
    "MAML, a body without a formula": (MAMLClassifier, {"inner_steps": 5, "module": "gelu"}),
    "prototypes": (ProtoNetClassifier, {}),
}


class Gelu(torch.nn.Sequential):
    """Two layers that are differentiated by autograd."""

    def __init__(self, n_features_in):
        nn = torch.nn
        super().__init__(nn.Linear(n_features_in, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())


def _estimator(kind, **settings):
    cls, own = _KINDS[kind]
    own = own | ({"module": Gelu} if "module" in own else _BODY)
    return cls(**own, n_shots=5, n_query=5, random_state=0, **settings)


def trained(rank, size, folder):
    """Processor and wall seconds of a step, for every setting: by one of the processes."""
    torch.set_num_threads(1)
    if size > 1:
        store = f"file://{folder}/store"
        torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=size)
    tasks = _CLUSTERS.sample(1024, random_state=0)
    records = []
    for kind in _KINDS:
        for batch_size in (64, 256):
            settings = {"batch_size": batch_size, "steps_per_epoch": 10}
            _estimator(kind, max_epochs=1, **settings).fit(tasks)
            for i in range(_ROUNDS):
                wall, processor = time.perf_counter(), time.process_time()
                meta = _estimator(kind, max_epochs=2, **settings).fit(tasks)
                numbers = {"processor": time.process_time() - processor, "wall": time.perf_counter() - wall}
                n_weights = sum(value.numel() for value in meta.net_.module_.parameters())
                setting = {"kind": kind, "batch_size": batch_size, "processes": size, "rank": rank, "round": i}
                records.append(setting | {name: value / 20 for name, value in numbers.items()} | {"weights": n_weights})
    pd.DataFrame(records).to_csv(f"{folder}/{size}_{rank}.csv")


def training():
    """Run one process and two, one after the other, and say what a second one brings."""
    with tempfile.TemporaryDirectory() as folder:
        for size in (1, 2):
            command = [
                sys.executable,
                "-m",
                "benchmarks.scale.scale_out",
                "rank",
                "--size",
                str(size),
                "--folder",
                folder,
            ]
            processes = [subprocess.Popen([*command, "--rank", str(rank)]) for rank in range(size)]
            if any(process.wait() for process in processes):
                raise SystemExit("A process has failed.")
        records = pd.concat(
            [pd.read_csv(f"{folder}/{name}", index_col=0) for name in ("1_0.csv", "2_0.csv", "2_1.csv")]
        )
    save(records, "scale_out_training")
    by = ["kind", "batch_size"]
    for clock in ("wall", "processor"):
        slower = records.groupby([*by, "processes", "round"])[clock].max().unstack("processes")
        times = slower[1] / slower[2]
        print(clock, (times.groupby(by, sort=False).agg(["median", "min", "max"])).round(2).to_string(), sep="\n")
        print((slower.groupby(by, sort=False).median() * 1000).round(2).to_string())


def answers(n_tasks, partition=10_000):
    """Answer tasks of 10 + 10 rows, a partition at a time, as a worker does."""
    train = _CLUSTERS.sample(64, random_state=1)
    tasks = _CLUSTERS.sample(min(partition, n_tasks), random_state=2)
    records = []
    for kind in ("MAML", "prototypes"):
        meta = _estimator(kind, max_epochs=2).fit(train)
        answer = task_answerer(meta, task="customer", target="label")
        expected = np.concatenate(meta.predict(tasks))
        table = _table(tasks)
        for done in range(0, n_tasks, len(tasks)):
            table["customer"] += len(tasks)
            processor = time.process_time()
            found = answer(table)
            seconds = time.process_time() - processor
            wrong = int((found["label"].to_numpy() != expected).sum())
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            setting = {"kind": kind, "first": done, "n_tasks": len(tasks), "processor": seconds}
            records.append(
                setting
                | {"differ": wrong, "gigabytes": memory, "bytes_a_task": table.memory_usage().sum() / len(tasks)}
            )
    records = pd.DataFrame(records)
    save(records, "scale_out_answers")
    records["microseconds_a_task"] = 1e6 * records["processor"] / records["n_tasks"]
    how = {"n_tasks": "sum", "processor": "sum", "microseconds_a_task": "median", "differ": "sum"}
    print(records.groupby("kind").agg(how | {"gigabytes": "max", "bytes_a_task": "max"}).round(2).to_string())


def _table(tasks):
    X, y = tasks.pooled
    table = pd.DataFrame(X.astype(np.float32)).add_prefix("x")
    table["label"] = np.where(tasks.is_support_row, y.astype(float), np.nan)
    table["customer"] = tasks.task_of_row
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["training", "answers", "rank"])
    parser.add_argument("--n-tasks", type=int, default=1_000_000)
    parser.add_argument("--rank", type=int)
    parser.add_argument("--size", type=int)
    parser.add_argument("--folder")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    if given.what == "rank":
        trained(given.rank, given.size, given.folder)
    elif given.what == "training":
        training()
    else:
        answers(given.n_tasks)
