"""Peak memory of one MAML training step against inner steps and tasks.

    OMP_NUM_THREADS=1 python -m benchmarks.scale.memory

The tabular network of benchmarks/speed/steps.py; each figure is the growth of the process's largest resident size over
a warmed-up start, from a process of its own. Writes benchmarks/results/memory.csv.
"""

import json
import resource
import subprocess
import sys

import pandas as pd

from benchmarks.records import save

ENGINES = ["closed_form", "any_module"]
INNER_STEPS, TASKS = (1, 5, 10, 20, 50), (16, 32, 64, 128, 256)


def peak(engine, n_tasks, steps):
    """MiB; run in a fresh process."""
    import torch
    from torch.nn import functional as F

    from benchmarks.speed.steps import Batch
    from skmeta.learners.engine import choose_engine

    torch.set_num_threads(1)

    def step(batch):
        net = batch.net()
        chosen = choose_engine(net, has_head=False, engine=engine)
        out = chosen.adapt_and_predict(chosen.start(), batch.X, batch.y, batch.Q, steps=steps, lr=0.1)
        F.cross_entropy(out.transpose(1, 2), batch.z).backward()

    step(Batch([20, 64, 64, 5], "cross_entropy", 1, 25, 75, 5, 0.1))
    batch = Batch([20, 64, 64, 5], "cross_entropy", n_tasks, 25, 75, 5, 0.1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step(batch)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main():
    lines = []
    for engine in ENGINES:
        settings = [(TASKS[0], steps) for steps in INNER_STEPS] + [(n_tasks, 5) for n_tasks in TASKS[1:]]
        for n_tasks, steps in settings:
            command = [sys.executable, "-m", "benchmarks.scale.memory", json.dumps([engine, n_tasks, steps])]
            mebibytes = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            lines.append({"engine": engine, "tasks": n_tasks, "inner_steps": steps, "mebibytes": mebibytes})
            print(lines[-1], flush=True)
            save(pd.DataFrame(lines), "memory")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(peak(*json.loads(sys.argv[1])))
    else:
        main()
