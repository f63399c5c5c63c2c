"""Sinusoids by MAML's protocol: trained 10-shot with one inner step of 0.01, tested 5-shot after 1, 5 and 10 steps.

The published mean squared errors (600 tasks) are 0.67 / 0.38 / 0.35 for MAML and 2.41 / 2.23 / 2.19 for a network
pretrained on all tasks. Amplitude U[0.1, 5], phase U[0, pi], x U[-5, 5]; an MLP with two hidden layers of 40; Adam with
rate 0.001 on 25 tasks at a time, 70,000 times, measured after every 10,000. The pretrained network's step size is
chosen on other tasks; the oracle is told amplitude and phase as features.

    python -m benchmarks.reproductions.sinusoid_maml --iterations 70000 --seeds 0 1 2
"""

import argparse
from functools import partial

import numpy as np
import torch
from skorch.callbacks import Initializer
from torch import nn

from benchmarks.intervals import mean_and_interval, mse_of_tasks
from benchmarks.records import Records
from skmeta import MAMLRegressor, TaskSet
from skmeta.tasks import Sinusoids

STEPS = (1, 5, 10)
EPOCH, STRETCH = 500, 10_000


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


def published_start():
    """Weights of standard deviation 0.01 and biases of 0; torch's own are some twenty times as large."""
    weights = partial(nn.init.trunc_normal_, std=0.01, a=-0.02, b=0.02)
    return [Initializer("*weight", fn=weights), Initializer("*bias", fn=nn.init.zeros_)]


def estimator(iterations, seed, n_features=1, **params):
    torch.manual_seed(seed)  # the network is made before the estimator sees it
    return MAMLRegressor(
        network(n_features), target_scaling=None, batch_size=25, steps_per_epoch=EPOCH,
        max_epochs=max(1, iterations // EPOCH), lr=0.001, random_state=seed, **params,
    )  # fmt: skip


def errors_by_step(meta, tasks, steps=STEPS):
    return {k: mse_of_tasks(meta.set_params(adapt_steps=k).predict(tasks), tasks) for k in steps}


def tuned_fine_tuning(meta, tasks):
    """The step size with which a pretrained network errs least after its best number of steps."""
    rates = (0.0003, 0.001, 0.003, 0.01, 0.02)
    errors = [min(e.mean() for e in errors_by_step(meta.set_params(inner_lr=r), tasks).values()) for r in rates]
    return meta.set_params(inner_lr=rates[int(np.argmin(errors))])


def sinusoids(seed, n_tasks=600, family=Sinusoids):
    return family(n_shots=5, n_query=100).sample(n_tasks, random_state=seed)


def maml(start, seed, iterations):
    """The meta-learner after every stretch of its training; whether to have stopped there, other tasks can say."""
    callbacks = published_start() if start == "published" else None
    meta = estimator(STRETCH, seed, inner_lr=0.01, inner_steps=1, callbacks=callbacks)
    for done in range(STRETCH, iterations + 1, STRETCH):
        meta.fit(Sinusoids(n_shots=10, n_query=10)).set_params(warm_start=True)
        yield done, meta


def oracle(seed, iterations):
    meta = estimator(iterations, seed, n_features=3, inner_steps=0).fit(ToldSinusoids(n_shots=10, n_query=10))
    yield iterations, meta


def pretrained(seed, iterations):
    meta = estimator(iterations, seed, inner_steps=0).fit(Sinusoids(n_shots=10, n_query=10))
    yield iterations, tuned_fine_tuning(meta, sinusoids(20_000 + seed))


def run(method, learn, seed):
    family, steps = (ToldSinusoids, (0,)) if method == "oracle" else (Sinusoids, STEPS)
    for iterations, meta in learn:
        errors = errors_by_step(meta, sinusoids(10_000 + seed, family=family), steps)
        others = errors_by_step(meta, sinusoids(20_000 + seed, family=family), steps)
        for step, values in errors.items():
            mse, interval = mean_and_interval(values)
            yield {
                "method": method, "seed": seed, "iterations": iterations, "inner_lr": meta.inner_lr, "train_shots": 10,
                "test_shots": 5, "test_tasks": len(values), "steps": step, "mse": mse, "interval_95": interval,
                "median_of_tasks": np.median(values), "mse_of_other_tasks": others[step].mean(),
            }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=70_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--starts", nargs="+", default=["published", "torch"])
    args = parser.parse_args()
    records = Records("sinusoid_maml")
    few = min(args.iterations, 10_000)  # the baselines have long converged by then
    for seed in args.seeds:
        learners = {f"MAML, {start} start": maml(start, seed, args.iterations) for start in args.starts}
        for method, learn in (learners | {"oracle": oracle(seed, few), "pretrained": pretrained(seed, few)}).items():
            if not records.has(method=method, seed=seed):
                records.add(run(method, learn, seed))


if __name__ == "__main__":
    main()
