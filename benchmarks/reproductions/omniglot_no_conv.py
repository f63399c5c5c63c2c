"""Omniglot without convolution, 5-way: MAML and a memory-augmented network on the pixels of single images.

Published accuracies: MAML 89.7 at 1 shot and 97.5 at 5 (hidden layers of 256, 128, 64 and 64; 60,000 iterations of 32
tasks; transductive, since it normalises by the statistics of the test batch); MANN 82.8 at the 2nd and 94.9 at the 5th
showing of a class (100,000 episodes). 1,200 random characters for meta-training, each also turned by 90, 180 and 270
degrees as classes of their own; the other 423 for the test, 600 tasks with 15 query images of each class. Here layers
are normalised row by row and no query row sees another; the rate falls from 0.001 to 0 along a cosine. MAML
sees 28 x 28 pixels and MANN 20 x 20, as published. What was run is in the table.

    SKMETA_DATA=... python -m benchmarks.reproductions.omniglot_no_conv --iterations 60000 --batch-size 32 --minutes 40

Training stops after so many minutes and goes on there the next time; a method is tested when it is done.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from benchmarks.reproductions.checkpoints import checkpoint, train_in_slices
from skmeta import MAMLClassifier, MANNClassifier, ProtoNetClassifier, Task, TaskSet
from skmeta.datasets import fetch_omniglot

N_WAYS, N_DRAWINGS, SLICE = 5, 20, 250
N_TEST, N_TEST_QUERY = 600, 15
WIDTHS = (784, 256, 128, 64, 64)
MANN_SIDE, MANN_WIDTHS = 20, (400, 512, 256, 128)
#: shots in training, and those that are tested
SHOTS = {"MAML 1-shot": (1, [1]), "MAML 5-shot": (5, [5]), "MANN": (4, [1, 4]), "ProtoNet 1-shot": (1, [1])}


def shrunk(images, side):
    """Drawings (n, drawings, 28, 28) on a side of fewer pixels, smoothed as scaling down does."""
    flat = torch.as_tensor(images.reshape(-1, 1, *images.shape[-2:]), dtype=torch.float32)
    smaller = nn.functional.interpolate(flat, size=side, mode="bilinear", antialias=True)
    return smaller.numpy().reshape(*images.shape[:-2], side, side)


def turned(images):
    """Characters (n, drawings, 28, 28) with those turned by 90, 180 and 270 degrees as classes of their own."""
    return np.concatenate([np.rot90(images, turn, axes=(-2, -1)) for turn in range(4)])


def as_table(images):
    """Pixels between 0 and 1, row by row, and the class of each row."""
    X = images.reshape(-1, images.shape[-1] ** 2).astype(np.float32) / 255
    return X, np.repeat(np.arange(len(images)), N_DRAWINGS)


def test_tasks(images, n_shots, n_tasks, seed):
    """N-way tasks of characters that stand as drawn."""
    rng = np.random.default_rng(seed)
    for _ in range(n_tasks):
        classes = rng.choice(len(images), N_WAYS, replace=False)
        drawings = rng.permuted(np.tile(np.arange(N_DRAWINGS), (N_WAYS, 1)), axis=1)[:, : n_shots + N_TEST_QUERY]
        X, y = as_table(images[classes[:, None], drawings])[0], np.repeat(np.arange(N_WAYS), n_shots + N_TEST_QUERY)
        shown = np.tile(np.arange(n_shots + N_TEST_QUERY) < n_shots, N_WAYS)
        yield Task(X[shown], y[shown], X[~shown], y[~shown])


def body(*widths):
    layers = [(nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU()) for a, b in zip(widths[:-1], widths[1:])]
    return nn.Sequential(*[layer for group in layers for layer in group])


def estimator(name):
    kind = name.partition(" ")[0]
    if kind == "MAML":
        return MAMLClassifier(body(*WIDTHS), inner_lr=0.4, inner_steps=1)
    if kind == "MANN":
        return MANNClassifier(body(*MANN_WIDTHS), n_hidden=200, n_slots=32, slot_size=40, n_reads=4)
    return ProtoNetClassifier(body(*WIDTHS))


def untrained(name, batch_size, seed):
    torch.manual_seed(seed)  # the network is made before the estimator sees it
    return estimator(name).set_params(
        labels="task", n_ways=N_WAYS, n_shots=SHOTS[name][0], n_query=5, batch_size=batch_size,
        steps_per_epoch=SLICE, max_epochs=1, warm_start=True, random_state=seed,
    )  # fmt: skip


def trained(name, images, iterations, batch_size, seed, until):
    """The estimator, the iterations done, and the seconds that took; less than asked for if time is up."""

    def rate(done):
        return 0.0005 * (1 + np.cos(np.pi * done / iterations))

    return train_in_slices(
        checkpoint(f"omniglot_no_conv_{name}_{iterations}_{batch_size}_{seed}"),
        lambda: untrained(name, batch_size, seed), lambda meta: TaskSet([as_table(turned(images))]),
        rate, iterations, until,
    )  # fmt: skip


def run(name, images, iterations, batch_size, seed, until):
    """Records of a method, once it is trained."""
    side = MANN_SIDE if name == "MANN" else 28
    images = images if side == 28 else shrunk(images, side)
    order = np.random.default_rng(seed).permutation(len(images))
    meta, done, seconds = trained(name, images[order[:1200]], iterations, batch_size, seed, until)
    if done < iterations:
        return
    for n_shots in SHOTS[name][1]:
        tasks = list(test_tasks(images[order[1200:]], n_shots, N_TEST, seed))
        for adapt_steps in (1, 3) if name.startswith("MAML") else (0,):
            if adapt_steps:
                meta.set_params(adapt_steps=adapt_steps)
            accuracy, interval = mean_and_interval(shares_right(meta, tasks))
            yield {
                "method": name, "seed": seed, "ways": N_WAYS, "shots": n_shots, "iterations": iterations,
                "batch_size": batch_size, "test_tasks": len(tasks), "transductive": False, "accuracy": accuracy,
                "interval_95": interval, "training_cpu_s": seconds, "adapt_steps": adapt_steps, "side": side,
            }  # fmt: skip


def shares_right(meta, tasks):
    return [
        np.mean(answer == task.y_query)
        for part in range(0, len(tasks), 50)  # all at once they would be large
        for answer, task in zip(meta.predict(tasks[part : part + 50]), tasks[part : part + 50])
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=60_000)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--methods", nargs="+", default=list(SHOTS))
    parser.add_argument("--minutes", type=float, default=np.inf)
    args = parser.parse_args()
    until = time.monotonic() + 60 * args.minutes
    omniglot = fetch_omniglot()
    order = np.lexsort((omniglot.drawer, omniglot.target))
    images = omniglot.images[order].reshape(-1, N_DRAWINGS, 28, 28)
    records = Records("omniglot_no_conv")
    for seed in args.seeds:
        for name in args.methods:
            setting = {"iterations": args.iterations, "batch_size": args.batch_size, "seed": seed}
            if not records.has(method=name, **setting):
                records.add(run(name, images, **setting, until=until))


if __name__ == "__main__":
    main()
