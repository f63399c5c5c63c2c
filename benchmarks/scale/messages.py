"""What a step costs each of two processes beside its share of the tasks: in counts and in processor time.

Neither depends much on what else the machine does, other than seconds of the wall. Every setting is trained by one
process on the whole batch and on half of it, and by two on the whole.

    python -m benchmarks.scale.messages
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time

import pandas as pd
import torch
from torch import distributed

from benchmarks.records import save
from benchmarks.scale.scale_out import _KINDS, _estimator
from skmeta import native
from skmeta.scale import training_processes

BATCH, STEPS, EPOCHS, ROUNDS = 64, 30, (1, 3), 3


class Counted:
    """``all_reduce``, with the number of its calls and the calling thread's processor seconds in them."""

    def __init__(self, function):
        self.function, self.calls, self.seconds = function, 0, 0.0

    def __call__(self, *args, **named):
        started = time.thread_time()
        done = self.function(*args, **named)
        self.calls, self.seconds = self.calls + 1, self.seconds + time.thread_time() - started
        return done


def step(kind, batch_size, group, messages):
    """Counts and seconds of a step, by how much a fit of more epochs takes more."""
    tasks, found = _KINDS[kind][2].sample(512, random_state=0), []
    for epochs in EPOCHS:
        before = _now(messages)
        with training_processes(group):
            _estimator(kind, max_epochs=epochs, batch_size=batch_size, steps_per_epoch=STEPS).fit(tasks)
        found.append([after - first for first, after in zip(before, _now(messages))])
    names = ("process", "main_thread", "in_messages", "messages", "switches")
    return {name: (more - less) / (STEPS * (EPOCHS[1] - EPOCHS[0])) for name, less, more in zip(names, *found)}


def _now(messages):
    switches = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw  # of a thread that waits, which another one wakes
    return time.process_time(), time.thread_time(), messages.seconds, messages.calls, switches


def ranked(rank, folder):
    distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    distributed.all_reduce, records = Counted(distributed.all_reduce), []
    for kind in ("prototypes", "MAML"):
        for i in range(-1, ROUNDS):  # the first warms up
            for batch_size, group in ((BATCH, None), (BATCH // 2, None), (BATCH, distributed.group.WORLD)):
                distributed.barrier()
                if group is None and rank:
                    continue
                setting = {"kind": kind, "batch": batch_size, "processes": 1 if group is None else 2, "rank": rank}
                records.append(setting | {"round": i} | step(kind, batch_size, group, distributed.all_reduce))
    pd.DataFrame(records).to_csv(f"{folder}/{rank}.csv", index=False)
    distributed.barrier()
    distributed.destroy_process_group()


def both():
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.scale.messages", "--folder", folder, "--rank"]
        codes = [process.wait() for process in [subprocess.Popen([*command, str(rank)]) for rank in range(2)]]
        if any(codes):
            raise SystemExit("A process has failed.")
        records = pd.concat([pd.read_csv(f"{folder}/{rank}.csv") for rank in range(2)])
    records["kernel"] = native.available()
    records = records[records["round"] >= 0]
    save(records, "scale_out_messages")
    for name in ("process", "main_thread", "in_messages"):
        records[name] *= 1000
    by = ["kind", "processes", "batch"]
    print(records.drop(columns=["rank", "round", "kernel"]).groupby(by, sort=False).median().round(2).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rank", type=int)
    parser.add_argument("--folder")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.rank is None:
        both()
    else:
        ranked(given.rank, given.folder)
