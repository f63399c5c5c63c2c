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
from torch import distributed

from benchmarks.records import save
from skmeta import MAMLClassifier, ProtoNetClassifier, native
from skmeta.scale import task_answerer, training_processes
from skmeta.tasks import GaussianClusters

_ROUNDS, _EPOCHS = 3, (1, 3)
_CLUSTERS = GaussianClusters(n_ways=2, n_shots=5, n_query=5, n_features=10)
_LARGER = GaussianClusters(n_ways=5, n_shots=5, n_query=15, n_features=20)
_BODY = {"module__n_hidden": 64}
_KINDS = {
    "MAML": (MAMLClassifier, {"inner_steps": 5}, _CLUSTERS),
    "MAML, 25 + 75 rows": (MAMLClassifier, {"inner_steps": 5}, _LARGER),
    "MAML, a body without a formula": (MAMLClassifier, {"inner_steps": 5, "module": "gelu"}, _CLUSTERS),
    "prototypes": (ProtoNetClassifier, {}, _CLUSTERS),
}
#: tasks in a batch, and steps of an epoch
_BATCHES = {64: 20, 256: 8}


class Gelu(torch.nn.Sequential):
    """Two layers that are differentiated by autograd."""

    def __init__(self, n_features_in):
        nn = torch.nn
        super().__init__(nn.Linear(n_features_in, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())


def _estimator(kind, **settings):
    cls, own, _ = _KINDS[kind]
    own = own | ({"module": Gelu} if "module" in own else _BODY)
    return cls(**own, n_shots=5, n_query=5, random_state=0, **settings)


def seconds_of_a_step(kind, tasks, batch_size, steps):
    """Wall and processor seconds, by how much a fit of more epochs takes longer: what a fit begins with is left out."""
    found = []
    for epochs in _EPOCHS:
        wall, processor = time.perf_counter(), time.process_time()
        _estimator(kind, max_epochs=epochs, batch_size=batch_size, steps_per_epoch=steps).fit(tasks)
        found.append((time.perf_counter() - wall, time.process_time() - processor))
    n_steps = steps * (_EPOCHS[1] - _EPOCHS[0])
    return {name: (more - less) / n_steps for name, less, more in zip(("wall", "processor"), *found)}


def trained(rank, folder):
    """Seconds of a step for every setting, by one of two processes: the first alone, and both together, in turns."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    records = []
    for kind, (_, _, clusters) in _KINDS.items():
        tasks = clusters.sample(1024, random_state=0)
        for batch_size, steps in _BATCHES.items():
            setting = {"kind": kind, "batch_size": batch_size, "rank": rank}
            for i in range(-1, _ROUNDS):
                for n_processes in (1, 2):
                    distributed.barrier()
                    if n_processes == 1 and rank:
                        continue
                    with training_processes(None if n_processes == 1 else distributed.group.WORLD):
                        seconds = seconds_of_a_step(kind, tasks, batch_size, steps)
                    if i >= 0:  # the first round warms up
                        records.append(setting | {"processes": n_processes, "round": i} | seconds)
            pd.DataFrame(records).to_csv(f"{folder}/{rank}.csv")


def seconds_of_a_message(n_numbers=5000, rounds=2000):
    """The least that adding up a gradient takes, and the median, between two processes that do nothing else."""
    message, seconds = torch.zeros(n_numbers), []
    for _ in range(rounds):
        distributed.barrier()
        started = time.perf_counter()
        distributed.all_reduce(message)
        seconds.append(time.perf_counter() - started)
    return min(seconds), float(np.median(seconds))


def ranked(rank, folder):
    trained(rank, folder)
    least, median = seconds_of_a_message()
    if not rank:
        print(f"a message: {1e6 * least:.0f} microseconds at the least, {1e6 * median:.0f} in the median")
    distributed.barrier()
    distributed.destroy_process_group()  # else whoever ends first may break the other one's end


def training():
    """Say what a second process brings."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.scale.scale_out", "rank", "--folder", folder]
        processes = [subprocess.Popen([*command, "--rank", str(rank)]) for rank in range(2)]
        codes = [process.wait() for process in processes]
        if any(codes):
            raise SystemExit("A process has failed.")
        records = pd.concat([pd.read_csv(f"{folder}/{rank}.csv", index_col=0) for rank in range(2)])
    records["kernel"] = native.available()
    save(records, "scale_out_training")
    by = ["kind", "batch_size"]
    for clock in ("wall", "processor"):
        slower = records.groupby([*by, "processes", "round"], sort=False)[clock].max().unstack("processes")
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
    parser.add_argument("--folder")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    if given.what == "rank":
        ranked(given.rank, given.folder)
    elif given.what == "training":
        training()
    else:
        answers(given.n_tasks)
