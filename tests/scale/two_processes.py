"""Run a function of a module in two processes of one group, as ``torchrun`` would, and give back what each returns."""

import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = """
import os, pickle, sys
import torch
torch.set_num_threads(1)
from torch import distributed
rank, size, folder, module, name = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]
distributed.init_process_group("gloo", init_method="file://" + folder + "/store", rank=rank, world_size=size)
sys.path.insert(0, os.path.dirname(module))
function = getattr(__import__(os.path.basename(module)[:-3]), name)
result = function(rank)
with open(folder + f"/{rank}.pickle", "wb") as file:
    pickle.dump(result, file)
distributed.barrier()
"""


def start(function, n_processes=2, folder=None):
    """The processes, begun."""
    module = str(Path(sys.modules[function.__module__].__file__))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(rank), str(n_processes), str(folder), module, function.__name__],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(n_processes)
    ]


def run(function, n_processes=2, timeout=300):
    """What ``function(rank)`` returns in each process, and what each has printed."""
    with tempfile.TemporaryDirectory() as folder:
        processes = start(function, n_processes, folder)
        try:
            printed = [process.communicate(timeout=timeout) for process in processes]
        finally:
            for process in processes:
                process.kill()
        for process, (_, errors) in zip(processes, printed):
            assert process.returncode == 0, errors[-3000:]
        results = []
        for rank in range(n_processes):
            with open(f"{folder}/{rank}.pickle", "rb") as file:
                results.append(pickle.load(file))
    return results, [out for out, _ in printed]
