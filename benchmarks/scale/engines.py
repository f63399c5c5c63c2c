"""What two workers of an engine bring beside one: a search, a million tasks, and workers that are killed.

Seconds are those of the wall clock on an otherwise idle machine of two cores, the start of the workers left out; every
worker has one thread. One worker and two take turns, and a ratio is within a turn.

    python -m benchmarks.scale.engines search
    python -m benchmarks.scale.engines answers --n-tasks 1000000
    python -m benchmarks.scale.engines killed
"""

import argparse
import os
import signal
import tempfile
import threading
import time
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import GridSearchCV

from benchmarks.records import Records, save
from skmeta import MAMLClassifier, ProtoNetClassifier
from skmeta.scale import task_answerer
from skmeta.tasks import GaussianClusters

CLUSTERS = GaussianClusters(n_ways=2, n_shots=10, n_query=10, n_features=10)
ROUNDS = 2
PARTITION = 10_000  # tasks
WARM_UP = 10**6  # numbers of partitions that nobody else asks


@contextmanager
def dask_workers(n_workers):
    from distributed import Client, LocalCluster

    settings = {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": "3GB"}
    with LocalCluster(**settings) as cluster, Client(cluster) as client:
        yield client


@contextmanager
def ray_workers(n_workers):
    import ray
    from ray.util.joblib import register_ray

    register_ray()
    ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


WORKERS = {"dask": dask_workers, "ray": ray_workers}


# ---------------------------------------------------------------------- a search


def search(n_jobs=None, n_rates=4):
    """Up to 16 candidates in three folds: seconds, and the scores of all candidates in all folds."""
    tasks = CLUSTERS.sample(60, random_state=0)
    meta = MAMLClassifier(n_shots=5, n_query=5, max_epochs=5, random_state=0)
    grid = {"inner_lr": [0.03, 0.1, 0.3, 1.0][:n_rates], "inner_steps": [10, 5, 2, 1]}
    started = time.perf_counter()
    found = GridSearchCV(meta, grid, cv=3, n_jobs=n_jobs).fit(tasks).cv_results_
    seconds = time.perf_counter() - started
    return seconds, np.stack([found[f"split{i}_test_score"] for i in range(3)])


def searches():
    """One worker is the search in turn, without an engine."""
    records = []
    for i in range(ROUNDS):
        in_turn_seconds, in_turn = search()
        for engine, workers in WORKERS.items():
            with workers(2), joblib.parallel_config(engine):
                search(2, n_rates=1)  # workers have then imported what they need
                seconds, scores = search(2)
            setting = {"engine": engine, "round": i, "equal": bool((scores == in_turn).all())}
            records.append(setting | {"workers": 1, "seconds": in_turn_seconds})
            records.append(setting | {"workers": 2, "seconds": seconds})
            print(records[-2:], flush=True)
    report(records, "scale_out_search", ["engine"])


# ---------------------------------------------------------------------- very many tasks


def partition(number, n_tasks=PARTITION):
    """A table of tasks: ten rows of a class are labelled, ten are asked."""
    tasks = CLUSTERS.sample(n_tasks, random_state=number)
    X, y = tasks.pooled
    table = pd.DataFrame(X.astype(np.float32)).add_prefix("x")
    table["label"] = np.where(tasks.is_support_row, y.astype(float), np.nan)
    table["customer"] = tasks.task_of_row + number * n_tasks
    return table


def expected_of(meta, number, n_tasks=PARTITION):
    return np.concatenate(meta.predict(CLUSTERS.sample(n_tasks, random_state=number)))


def estimator(kind):
    cls = {"MAML": MAMLClassifier, "prototypes": ProtoNetClassifier}[kind]
    return cls(n_shots=10, n_query=10, max_epochs=2, random_state=0).fit(CLUSTERS.sample(64, random_state=1))


def peak_gigabytes():
    """The most that this process has held, by Linux; getrusage counts what its parent held before it began."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e6


def write_answers(answer, numbers, folder, n_tasks=PARTITION):
    """The recipe of the documentation: partitions are read, answered and written by the workers."""
    import dask.dataframe as dd

    like = partition(0, n_tasks=2)
    frame = dd.from_map(partition, list(numbers), n_tasks=n_tasks, meta=like.iloc[:0])
    answers = frame.map_partitions(answer, meta=like.iloc[:0])
    answers[["customer", "label"]].to_parquet(folder)


def answers(n_tasks):
    import dask

    dask.config.set({"dataframe.convert-string": False})
    n_parts = n_tasks // PARTITION
    records = []
    for kind in ("prototypes", "MAML"):
        meta = estimator(kind)
        answer = task_answerer(meta, task="customer", target="label")
        checked = {number: expected_of(meta, number) for number in range(0, n_parts, max(1, n_parts // 10))}
        for n_workers in (1, 2):
            with dask_workers(n_workers) as client, tempfile.TemporaryDirectory() as folder:
                write_answers(answer, range(WARM_UP, WARM_UP + n_workers), f"{folder}/warm_up")
                started = time.perf_counter()
                write_answers(answer, range(n_parts), f"{folder}/answers")
                seconds = time.perf_counter() - started
                peak = max(client.run(peak_gigabytes).values())
                found = pd.read_parquet(f"{folder}/answers")
            tasks, counts = np.unique(found["customer"].to_numpy(), return_counts=True)
            by_part = {
                number: rows["label"].to_numpy() for number, rows in found.groupby(found["customer"] // PARTITION)
            }
            differ = sum(int((by_part[number] != labels).sum()) for number, labels in checked.items())
            records.append(
                {"kind": kind, "engine": "dask", "workers": n_workers, "round": 0, "seconds": seconds}
                | {"tasks": len(tasks), "rows": len(found), "lost_or_twice": int((counts != counts[0]).sum())}
                | {"checked_tasks": PARTITION * len(checked), "differ": differ, "gigabytes_a_worker": peak}
            )
            print(records[-1], flush=True)
    report(records, "scale_out_million", ["kind", "engine"])


# ---------------------------------------------------------------------- workers that are killed


def killed(n_tries=10, n_parts=20, n_tasks=2000):
    """Kill a worker at a random moment; ask what was lost and what came twice."""
    rng = np.random.default_rng(0)
    meta = estimator("MAML")
    answer = task_answerer(meta, task="customer", target="label")
    expected = np.concatenate([expected_of(meta, number, n_tasks) for number in range(n_parts)])
    records = Records("scale_out_killed")
    for engine, run in {"dask": killed_by_dask, "ray": killed_by_ray}.items():
        for i in range(n_tries):
            moment, which = rng.uniform(0.2, 4.0), int(rng.choice(2))
            if records.has(engine=engine, **{"try": i}):
                continue
            with WORKERS[engine](2) as client:
                found, n_killed = run(client, answer, n_parts, n_tasks, moment, which)
            found = found.sort_values("customer", kind="stable")
            same = len(found) == len(expected) and bool((found["label"].to_numpy() == expected).all())
            records.add([{"engine": engine, "try": i, "moment": moment, "killed": n_killed, "same": same}])


def killed_by_dask(client, answer, n_parts, n_tasks, moment, which):
    workers = sorted(client.run(os.getpid).values())
    with tempfile.TemporaryDirectory() as folder, killing(workers[which], moment) as done:
        write_answers(answer, range(n_parts), folder, n_tasks)
        n_killed = len(done)
        return pd.read_parquet(folder), n_killed


def killed_by_ray(_, answer, n_parts, n_tasks, moment, which):
    import ray

    @ray.remote(max_retries=3)
    def answered(number):
        return answer(partition(number, n_tasks))[["customer", "label"]], os.getpid()

    _, workers = zip(*ray.get([answered.remote(number) for number in range(WARM_UP, WARM_UP + 4)]))
    workers = sorted(set(workers))
    with killing(workers[which % len(workers)], moment) as done:
        parts = ray.get([answered.remote(number) for number in range(n_parts)])
        n_killed = len(done)
    return pd.concat([part for part, _ in parts]), n_killed


@contextmanager
def killing(pid, moment):
    """Kill a process after so many seconds; a list to which it is added then."""
    done = []

    def kill():
        os.kill(pid, signal.SIGKILL)
        done.append(pid)

    timer = threading.Timer(moment, kill)
    timer.start()
    try:
        yield done
    finally:
        timer.join()


def report(records, name, by):
    records = pd.DataFrame(records)
    save(records, name)
    seconds = records.set_index([*by, "round", "workers"])["seconds"].unstack("workers")
    ratios = (seconds[1] / seconds[2]).groupby(by).agg(["median", "min", "max"])
    print(pd.concat([seconds.groupby(by).median().round(2), ratios.round(2)], axis=1).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["search", "answers", "killed"])
    parser.add_argument("--n-tasks", type=int, default=1_000_000)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    if given.what == "search":
        searches()
    elif given.what == "answers":
        answers(given.n_tasks)
    else:
        killed()
