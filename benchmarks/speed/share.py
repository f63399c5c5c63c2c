"""What of a whole training step is not arithmetic: sampling, collation, skorch's own steps and the optimizer.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.speed.share [--rounds 7]

``MAMLRegressor.fit`` on sinusoids (1-40-40-1, 25 tasks a step, 10 + 10 rows, 1 and 5 inner steps), the smallest step
that benchmarks/speed/all.py knows, taken apart by CPU clocks around its parts: the episode loader; the adaptation, the
criterion and their gradients; what else the optimizer's ``step`` takes, which is the update; the rest is skorch.
Medians over rounds, with 10 % and 90 % points. Writes benchmarks/results/speed_share.csv.
"""

import argparse
import contextlib
import statistics
import time
import warnings
from unittest import mock

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.records import save
from benchmarks.speed.timing import one_thread
from skmeta import MAMLRegressor, TaskSet
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.training import MetaNet

STEPS = 200


def sinusoids(n_tasks=200, n=40):  # of 100 a regressor would be rehearsed, which is no part of a step
    rng = np.random.default_rng(0)
    X = rng.uniform(-5, 5, (n_tasks, n, 1)).astype(np.float32)
    amplitude, phase = rng.uniform(0.1, 5, (n_tasks, 1, 1)), rng.uniform(0, np.pi, (n_tasks, 1, 1))
    y = (amplitude * np.sin(X + phase)).ravel()
    return TaskSet.from_long(X.reshape(-1, 1), y, task=np.repeat(np.arange(n_tasks), n))


class Clock:
    """CPU seconds spent in functions, one inside another included in both."""

    def __init__(self):
        self.seconds = {"loader": 0.0, "arithmetic": 0.0, "optimizer": 0.0}

    @contextlib.contextmanager
    def running(self, part):
        start = time.process_time()
        yield
        self.seconds[part] += time.process_time() - start

    def around(self, function, part):
        def timed(*args, **kwargs):
            with self.running(part):
                return function(*args, **kwargs)

        return timed

    def around_iterator(self, function):
        def timed(*args):
            iterator = function(*args)
            while True:
                with self.running("loader"):
                    batch = next(iterator, None)
                if batch is None:
                    return
                yield batch

        return timed


def parts_of_a_fit(estimator, tasks):
    """Milliseconds of a step, by part."""
    clock = Clock()
    with (
        mock.patch.object(EpisodeLoader, "__iter__", clock.around_iterator(EpisodeLoader.__iter__)),
        mock.patch.object(MetaNet, "train_step_single", clock.around(MetaNet.train_step_single, "arithmetic")),
        mock.patch.object(torch.optim.Adam, "step", clock.around(torch.optim.Adam.step, "optimizer")),
        mock.patch.object(MetaNet, "run_single_epoch", clock.around(MetaNet.run_single_epoch, "whole")),
    ):
        clock.seconds["whole"] = 0.0
        estimator.fit(tasks)
    seconds = clock.seconds
    parts = {
        "sampling and collation": seconds["loader"],
        "arithmetic": seconds["arithmetic"],
        "optimizer": seconds["optimizer"] - seconds["arithmetic"],
        "skorch": seconds["whole"] - seconds["loader"] - seconds["optimizer"],
    }
    return {name: 1000 * value / STEPS for name, value in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    one_thread()
    warnings.filterwarnings("ignore")
    tasks, lines = sinusoids(), []
    for inner_steps in (1, 5):
        body = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU())
        estimator = MAMLRegressor(
            body, inner_steps=inner_steps, inner_lr=0.01, n_shots=10, n_query=10, batch_size=25, steps_per_epoch=STEPS,
            max_epochs=1, validation_fraction=None, random_state=0, verbose=0,
        )  # fmt: skip
        parts_of_a_fit(estimator, tasks)  # warms up
        rounds = pd.DataFrame([parts_of_a_fit(estimator, tasks) for _ in range(options.rounds)])
        shares = rounds.div(rounds.sum(1), axis=0)
        shares["all but arithmetic"] = 1 - shares["arithmetic"]
        rounds["all but arithmetic"] = rounds.sum(1) - rounds["arithmetic"]
        for name in shares:
            ordered = sorted(shares[name])
            lines.append(
                {
                    "inner_steps": inner_steps, "part": name, "milliseconds": statistics.median(rounds[name]),
                    "share": statistics.median(ordered), "low": ordered[len(ordered) // 10],
                    "high": ordered[-1 - len(ordered) // 10], "rounds": len(ordered),
                }
            )  # fmt: skip
            print(*(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in lines[-1].items()), flush=True)
    save(pd.DataFrame(lines), "speed_share")


if __name__ == "__main__":
    main()
