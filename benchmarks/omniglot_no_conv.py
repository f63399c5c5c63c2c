"""Omniglot without convolution, 5-way: MAML and a memory-augmented network on the pixels of single images.

Published accuracies, 1-shot / 5-shot: MAML 89.7 / 97.5 (four hidden layers of 256, 128, 64 and 64), MANN 82.8 / 94.9.
1,200 random characters for meta-training, each also turned by 90, 180 and 270 degrees as classes of their own; the
other 423 for the test, 600 tasks with 15 query images of each class. Published MAML normalises by the statistics of
the test batch (it is transductive) for 60,000 iterations of 32 tasks; here layers are normalised row by row and no
query row sees another. What was run is in the table.

    SKMETA_DATA=... python -m benchmarks.omniglot_no_conv --iterations 60000 --shots 1 5
"""

import argparse
import time

import numpy as np
import torch
from torch import nn

from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from skmeta import MAMLClassifier, MANNClassifier, ProtoNetClassifier, TaskSet
from skmeta.datasets import fetch_omniglot
from skmeta.tasks.randomness import as_generator

N_WAYS, N_DRAWINGS, EPOCH, N_TEST = 5, 20, 10, 600


class Characters:
    """N-way tasks of characters, turned by multiples of 90 degrees or not."""

    def __init__(self, images, n_shots, n_query, turned):
        self.images, self.n_shots, self.n_query = (
            images,
            n_shots,
            n_query,
        )  # images: (characters, drawings, 28, 28)
        self.turns = 4 if turned else 1

    def sample(self, n_tasks, random_state=None):
        rng = as_generator(random_state)
        n_rows = self.n_shots + self.n_query
        classes = np.stack([rng.choice(len(self.images) * self.turns, N_WAYS, replace=False) for _ in range(n_tasks)])
        drawings = rng.permuted(np.tile(np.arange(N_DRAWINGS), (n_tasks, N_WAYS, 1)), axis=-1)[..., :n_rows]
        images = self.images[(classes // self.turns)[..., None], drawings]
        for turn in range(1, self.turns):
            turned = classes % self.turns == turn
            images[turned] = np.rot90(images[turned], turn, axes=(-2, -1))
        X = images.transpose(0, 2, 1, 3, 4).reshape(-1, images.shape[-1] ** 2) / 255.0  # shot after shot
        y = np.tile(np.arange(N_WAYS), n_tasks * n_rows)
        sizes = np.full(n_tasks, N_WAYS * self.n_shots), np.full(n_tasks, N_WAYS * self.n_query)
        return TaskSet.from_pool(X, y, *sizes)


def body():
    widths = (784, 256, 128, 64, 64)
    layers = [(nn.Linear(a, b), nn.LayerNorm(b), nn.ReLU()) for a, b in zip(widths[:-1], widths[1:])]
    return nn.Sequential(*[layer for group in layers for layer in group])


def methods():
    return {
        "MAML": MAMLClassifier(body(), inner_lr=0.4, inner_steps=1, adapt_steps=3, batch_size=32, lr=0.001),
        "MANN": MANNClassifier(body(), n_hidden=200, n_slots=128, slot_size=40, n_reads=4, batch_size=16, lr=0.001),
        "ProtoNet": ProtoNetClassifier(body(), batch_size=32, lr=0.001),
    }


def run(name, images, n_shots, iterations, seed):
    torch.manual_seed(seed)  # the network is made before the estimator sees it
    order = np.random.default_rng(seed).permutation(len(images))
    train = Characters(images[order[:1200]], n_shots, n_query=5, turned=True)
    test = Characters(images[order[1200:]], n_shots, n_query=15, turned=False)
    meta = methods()[name].set_params(
        labels="task", steps_per_epoch=EPOCH, max_epochs=max(1, iterations // EPOCH), random_state=seed
    )
    began = time.process_time()
    meta.fit(train)
    seconds = time.process_time() - began
    right = []
    for part in range(N_TEST // 50):  # all at once they would be large
        tasks = test.sample(50, random_state=1000 * seed + part)
        right += [np.mean(answer == task.y_query) for answer, task in zip(meta.predict(tasks), tasks)]
    accuracy, interval = mean_and_interval(right)
    return {
        "method": name, "seed": seed, "ways": N_WAYS, "shots": n_shots, "iterations": iterations,
        "batch_size": meta.batch_size, "test_tasks": len(right), "transductive": False, "accuracy": accuracy,
        "interval_95": interval, "training_cpu_s": seconds,
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--iterations", type=int, default=60_000)
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--methods", nargs="+", default=list(methods()))
    args = parser.parse_args()
    omniglot = fetch_omniglot()
    order = np.lexsort((omniglot.drawer, omniglot.target))
    images = omniglot.images[order].reshape(-1, N_DRAWINGS, 28, 28)
    records = Records("omniglot_no_conv")
    for seed in args.seeds:
        for n_shots in args.shots:
            for name in args.methods:
                if not records.has(method=name, seed=seed, shots=n_shots, iterations=args.iterations):
                    records.add([run(name, images, n_shots, args.iterations, seed)])


if __name__ == "__main__":
    main()
