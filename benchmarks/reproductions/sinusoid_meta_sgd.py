"""Sinusoids by Meta-SGD's protocol (the frequency varies too), and every regressor of the library on the same tasks.

Published mean squared errors, trained 5-shot and tested 5- and 20-shot: MAML 1.13 and 0.71, Meta-SGD 0.90 and 0.50
(60,000 iterations of 4 tasks). Amplitude U[0.1, 5], frequency U[0.8, 1.2], phase U[0, pi], x U[-5, 5]; MAML and
Meta-SGD with two hidden layers of 40, one inner step, no scaling of targets, Adam with rate 0.001; MAML's step is 0.01.
The other regressors run with their default parameters on as many tasks, the in-context one as it comes; what was run
is in the table.

    python -m benchmarks.reproductions.sinusoid_meta_sgd --iterations 60000 --seeds 0
"""

import argparse
import time

import torch
from torch import nn

from benchmarks.intervals import mean_and_interval, mse_of_tasks
from benchmarks.records import Records
from skmeta import MAMLRegressor
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.registry import all_estimators
from skmeta.tasks import Sinusoids

SHOTS = (5, 10, 20)


def as_published(inner_lr):
    network = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU())
    return MAMLRegressor(network, inner_lr=inner_lr, inner_steps=1, target_scaling=None, batch_size=4, lr=0.001)


def methods():
    """Estimators by name; those of the paper, then all others that learn from a distribution of tasks."""
    yield "MAML", lambda: as_published(0.01)
    yield "Meta-SGD", lambda: as_published("learn")
    yield "iMAML", lambda: MAMLRegressor(gradient="implicit", inner_steps=10, proximal=0.5, lr=0.001)
    for cls in all_estimators():
        if issubclass(cls, MetaRegressor):
            yield cls.__name__, cls


def run(name, make, seed, iterations, train_shots):
    torch.manual_seed(seed)  # networks given as instances are made before the estimator sees them
    meta = make().set_params(random_state=seed)
    if name == "InContextRegressor":
        iterations = 0  # it comes meta-trained
    # as many tasks for all, whatever the size of their batches
    n_batches = iterations * 4 // meta.batch_size
    meta.set_params(steps_per_epoch=max(1, n_batches // 20), max_epochs=20 if iterations else 0)
    began = time.process_time()
    meta.fit(Sinusoids("meta-sgd", n_shots=train_shots, n_query=10))
    seconds = time.process_time() - began
    for shots in SHOTS:
        tasks = Sinusoids("meta-sgd", n_shots=shots, n_query=100).sample(600, random_state=10_000 + seed)
        mse, interval = mean_and_interval(mse_of_tasks(meta.predict(tasks), tasks))
        yield {
            "method": name, "seed": seed, "training_tasks": iterations * 4, "batch_size": meta.batch_size,
            "train_shots": train_shots, "test_shots": shots, "test_tasks": len(tasks), "mse": mse,
            "interval_95": interval, "training_cpu_s": seconds,
        }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=60_000, help="of 4 tasks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--train-shots", type=int, default=10)
    parser.add_argument("--methods", nargs="+", default=None)
    args = parser.parse_args()
    records = Records("sinusoid_meta_sgd")
    for seed in args.seeds:
        for name, make in methods():
            if args.methods and name not in args.methods:
                continue
            setting = {"method": name, "seed": seed, "training_tasks": args.iterations * 4}
            if not records.has(train_shots=args.train_shots, **setting):
                records.add(run(name, make, seed, args.iterations, args.train_shots))


if __name__ == "__main__":
    main()
