"""Omniglot with the four-block convolutional network: metric learners, MAML, Meta-SGD and Reptile.

Published, 5-way 1-shot / 5-shot / 20-way 1-shot / 5-shot: ProtoNet 98.8 / 99.7 / 96.0 / 98.9, MatchingNet 98.1 / 98.9
/ 93.8 / 98.5, RelationNet 99.6 / 99.8 / 97.6 / 99.1, Siamese network (re-run by Vinyals et al.) 97.3 / 98.4 / 88.2 /
97.0, MAML 98.7 / 99.9 / 95.8 / 98.9 (transductive), Meta-SGD 99.5 / 99.9, Reptile 95.4 / 98.9 / 88.1 / 96.7.

Trained on the 964 background characters, tested on the 423 test characters of Vinyals' split, which lie in the
evaluation alphabets (published runs train on the 236 other evaluation characters as well). Each quarter turn is a class
of its own, in training and test. 28 x 28 pixels, 64 filters, no augmentation, nothing transductive: batch normalisation
by learned statistics in use, group normalisation where weights are adapted. One network for each method answers all
four questions; metric learners train on 60-way 1-shot episodes, the others on 5-way 1-shot tasks, Reptile on 10-shot
ones, as published.

    SKMETA_DATA=... python -m benchmarks.reproductions.omniglot_conv4 --episodes 600 --minutes 11
    ... --methods ProtoNet --episodes 20000 --device cuda      # what the papers trained

Training stops after so many minutes and goes on there the next time; a method is tested when it is done.
"""

import argparse
import time
from itertools import product

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.intervals import mean_and_interval
from benchmarks.records import RESULTS, save
from benchmarks.reproductions.checkpoints import checkpoint, train_in_slices
from benchmarks.reproductions.mixed_precision import MixedPrecision
from benchmarks.reproductions.omniglot_images import EmbeddedOnce, as_rows, numbers_of, omniglot
from skmeta import (
    MAMLClassifier,
    MatchingNetClassifier,
    ProtoNetClassifier,
    RelationNetClassifier,
    ReptileClassifier,
    SiameseNetClassifier,
    TaskSet,
    TripletNetClassifier,
)
from skmeta.nets import Conv4
from skmeta.tasks import NWayTasks

PIXELS, SLICE, N_QUERY = 28 * 28, 50, 5
#: gradient steps in the test, where there are any
ADAPT_STEPS = {"MAML": [1, 3], "Meta-SGD": [1], "Reptile": [50]}


def methods(precision="float32"):
    body = Conv4(PIXELS) if precision == "float32" else MixedPrecision(Conv4(PIXELS), dtype=getattr(torch, precision))
    embedded = {"module": EmbeddedOnce(body), "n_ways": 60, "n_shots": 1, "n_query": 2, "batch_size": 1}
    adapted = {"module": strided(), "n_ways": 5, "n_shots": 1}
    return {
        "ProtoNet": ProtoNetClassifier(**embedded),
        "MatchingNet": MatchingNetClassifier(**embedded),
        "SiameseNet": SiameseNetClassifier(**embedded),
        "TripletNet": TripletNetClassifier(mining="batch-hard", **embedded),
        "RelationNet": RelationNetClassifier(**embedded),
        "MAML": MAMLClassifier(**adapted, inner_lr=0.4, inner_steps=1, n_query=5, batch_size=4),
        "Meta-SGD": MAMLClassifier(**adapted, inner_lr="learn", inner_steps=1, n_query=5, batch_size=4),
        "Reptile": ReptileClassifier(
            strided(), n_ways=5, n_shots=10, n_query=1, inner_optimizer="adam", inner_lr=0.001, inner_batch_size=10,
            inner_steps=5, batch_size=5, lr=1.0,
        ),
    }  # fmt: skip


def strided(n_filters=64):
    """The network that MAML's and Reptile's papers use on Omniglot: strides in the place of pooling."""
    blocks = []
    for block in range(4):
        convolution = nn.Conv2d(n_filters if block else 1, n_filters, 3, stride=2, padding=1)
        blocks += [convolution, nn.GroupNorm(8, n_filters), nn.ReLU()]
    return nn.Sequential(nn.Unflatten(1, (1, 28, 28)), *blocks, nn.Flatten())


def untrained(name, seed, device, precision):
    torch.manual_seed(seed)  # the network is made before the estimator sees it
    return methods(precision)[name].set_params(
        labels="task", steps_per_epoch=SLICE, max_epochs=1, warm_start=True, device=device, random_state=seed
    )


def trained(name, seed, episodes, device="cpu", until=np.inf, precision="float32"):
    """The estimator, the episodes it has trained on, and the seconds that took; less than asked for if time is up."""
    method = methods()[name]
    at_once, lr = method.batch_size, method.lr
    goal = episodes // at_once
    least = 0.0 if name == "Reptile" else 0.05

    def tasks(meta):
        return TaskSet([rows_of(meta, ~omniglot().is_evaluation)])

    meta, done, seconds = train_in_slices(
        checkpoint_of(name, seed), lambda: untrained(name, seed, device, precision), tasks,
        lambda done: lr * max(least, 1 - done / goal), goal, until,
    )  # fmt: skip
    return meta, done * at_once, seconds


def checkpoint_of(name, seed):
    return checkpoint(f"omniglot_conv4_{name}_{seed}")


def rows_of(meta, is_wanted):
    numbers, classes = numbers_of(is_wanted)
    return as_rows(meta.module, numbers), classes


def tested(meta, n_ways, n_shots, n_tasks, seed):
    """Accuracies of tasks, a few at a time: together they would be large."""
    source = NWayTasks(*rows_of(meta, omniglot().vinyals_split == "test"), n_ways, n_shots, N_QUERY)
    right = []
    for part in range(n_tasks // 50):
        tasks = source.sample(50, random_state=1000 * seed + part)
        right += [np.mean(answer == task.y_query) for answer, task in zip(meta.predict(tasks), tasks)]
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--methods", nargs="+", default=list(methods()))
    parser.add_argument("--episodes", type=int, default=600)
    parser.add_argument("--minutes", type=float, default=np.inf)
    parser.add_argument("--ways", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--test-tasks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", help="bfloat16: of the metric learners' body, in training")
    args = parser.parse_args()
    until = time.monotonic() + 60 * args.minutes
    path = RESULTS / "omniglot_conv4.csv"
    records = pd.read_csv(path).to_dict("records") if path.exists() else []
    for name in args.methods:
        meta, episodes, seconds = trained(name, args.seed, args.episodes, args.device, until, args.precision)
        if not episodes:
            continue
        for n_ways, n_shots, steps in product(args.ways, (1, 5), ADAPT_STEPS.get(name, [0])):
            asked = {"method": name, "seed": args.seed, "ways": n_ways, "shots": n_shots, "episodes": episodes}
            precision, downsampling = ("float32", "strides") if name in ADAPT_STEPS else (args.precision, "pooling")
            asked |= {"adapt_steps": steps, "precision": precision, "downsampling": downsampling}
            if any(asked.items() <= record.items() for record in records) or time.monotonic() > until:
                continue
            if steps:
                meta.set_params(adapt_steps=steps)
            accuracy, interval = mean_and_interval(tested(meta, n_ways, n_shots, args.test_tasks, args.seed))
            records.append(asked | {
                "images_per_episode": n_images(meta), "test_tasks": args.test_tasks, "transductive": False,
                "accuracy": accuracy, "interval_95": interval, "training_s": seconds, "device": args.device,
            })  # fmt: skip
            print(*records[-1].values(), flush=True)
            save(pd.DataFrame(records), "omniglot_conv4")


def n_images(meta):
    return meta.n_ways * (meta.n_shots + meta.n_query)


if __name__ == "__main__":
    main()
