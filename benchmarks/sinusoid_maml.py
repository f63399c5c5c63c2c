"""Sinusoids by MAML's protocol: trained 10-shot with one inner step of 0.01, tested 5-shot after 1, 5 and 10 steps.

The published mean squared errors (600 tasks) are 0.67 / 0.38 / 0.35 for MAML and 2.41 / 2.23 / 2.19 for a network
pretrained on all tasks. Amplitude U[0.1, 5], phase U[0, pi], x U[-5, 5]; an MLP with two hidden layers of 40; Adam with
rate 0.001 on 25 tasks at a time, 70,000 times. The pretrained network's step size is chosen on other tasks; the oracle
is told amplitude and phase as features.

    python -m benchmarks.sinusoid_maml --iterations 70000 --seeds 0 1 2
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

from benchmarks.intervals import mean_and_interval, mse_of_tasks
from benchmarks.records import Records
from skmeta import MAMLRegressor, TaskSet
from skmeta.tasks import Sinusoids

STEPS = (1, 5, 10)
EPOCH = 500


class ToldSinusoids:
    """Sinusoids whose rows come with the amplitude and phase of their task."""

    def __init__(self, **sizes):
        self.family = Sinusoids(**sizes)

    def sample(self, n_tasks, random_state=None):
        tasks, made_of = self.family.sample_with_parameters(n_tasks, random_state=random_state)
        X, y = tasks.pooled
        told = np.stack([made_of["amplitude"], made_of["phase"]], axis=1)
        rows = np.hstack([X, np.repeat(told, tasks.n_rows, axis=0)])
        return TaskSet.from_pool(rows, y, tasks.n_support, tasks.n_query)


def network(n_features_in=1):
    return nn.Sequential(nn.Linear(n_features_in, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU())


def meta_train(source, iterations, seed, n_features=1, **params):
    torch.manual_seed(seed)  # the network is made before the estimator sees it
    return MAMLRegressor(
        network(n_features), target_scaling=None, batch_size=25, steps_per_epoch=EPOCH,
        max_epochs=max(1, iterations // EPOCH), lr=0.001, optimizer__fused=True, random_state=seed,
        **params,
    ).fit(source)  # fmt: skip


def errors_by_step(meta, tasks, steps=STEPS):
    return {k: mse_of_tasks(meta.set_params(adapt_steps=k).predict(tasks), tasks) for k in steps}


def tuned_fine_tuning(meta, tasks):
    """The step size with which a pretrained network errs least after its best number of steps."""
    rates = (0.0003, 0.001, 0.003, 0.01, 0.02)
    errors = [min(e.mean() for e in errors_by_step(meta.set_params(inner_lr=r), tasks).values()) for r in rates]
    return meta.set_params(inner_lr=rates[int(np.argmin(errors))])


def learn(method, seed, iterations, others):
    """The estimator by its protocol; ``others`` are tasks that are not those of the test."""
    train = Sinusoids(n_shots=10, n_query=10)
    if method == "MAML":
        return meta_train(train, iterations, seed, inner_lr=0.01, inner_steps=1)
    if method == "oracle":
        return meta_train(ToldSinusoids(n_shots=10, n_query=10), iterations, seed, n_features=3, inner_steps=0)
    return tuned_fine_tuning(meta_train(train, iterations, seed, inner_steps=0), others)


def run(method, seed, iterations, n_tasks):
    test, others = (
        Sinusoids(n_shots=5, n_query=100).sample(n_tasks, random_state=start + seed) for start in (10_000, 20_000)
    )
    began = time.process_time()
    meta = learn(method, seed, iterations, others)
    seconds = time.process_time() - began
    if method == "oracle":
        test = ToldSinusoids(n_shots=5, n_query=100).sample(n_tasks, random_state=10_000 + seed)
    for step, values in errors_by_step(meta, test, (0,) if method == "oracle" else STEPS).items():
        mse, interval = mean_and_interval(values)
        yield {
            "method": method, "seed": seed, "iterations": iterations, "inner_lr": meta.inner_lr, "train_shots": 10,
            "test_shots": 5, "test_tasks": len(values), "steps": step, "mse": mse, "interval_95": interval,
            "training_cpu_s": seconds,
        }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=70_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=["MAML", "pretrained", "oracle"])
    parser.add_argument("--tasks", type=int, default=600)
    args = parser.parse_args()
    records = Records("sinusoid_maml")
    for seed in args.seeds:
        for method in args.methods:
            # the baselines have long converged by then
            iterations = args.iterations if method == "MAML" else min(args.iterations, 10_000)
            if not records.has(method=method, seed=seed, iterations=iterations):
                records.add(run(method, seed, iterations, args.tasks))


if __name__ == "__main__":
    main()
