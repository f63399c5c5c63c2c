"""Omniglot's official one-shot runs: 20 new characters of one alphabet, each drawn once; who drew which again?

20 runs of 20 images by Lake et al., characters of the evaluation alphabets, drawn by other people than the images to be
recognised. Networks are those of ``omniglot_conv4`` (28 x 28 pixels, the background characters, their quarter turns; no
distortion of the images), with as many episodes as that script has given them. Published: Koch's Siamese network 92.0
on a trial set of its own (400 trials, 105 x 105 pixels, affine distortions), humans 95.5, nearest neighbour in pixels
21.7 there.

    SKMETA_DATA=... python -m benchmarks.reproductions.omniglot_oneshot
"""

import argparse

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from benchmarks.reproductions.omniglot_conv4 import ADAPT_STEPS, checkpoint_of, methods, trained
from benchmarks.reproductions.omniglot_images import TURNS, as_rows, omniglot
from skmeta import PerTaskBaseline, Task, TaskSet
from skmeta.datasets import load_local_images


def runs():
    """Each run's images by their places among all, as a support and a query of 20 classes."""
    official = load_local_images("omniglot_oneshot_runs")
    parts = (official[key] for key in ("support_index", "query_index", "query_label"))
    return [(shown, asked, label) for shown, asked, label in zip(*parts)]


def tasks_of(rows):
    return TaskSet([Task(rows(s), np.arange(len(s)), rows(q), label, name=i) for i, (s, q, label) in enumerate(runs())])


def rows_for(module):
    return lambda places: as_rows(module, TURNS * np.asarray(places, dtype=float)[:, None])


def record(method, seed, episodes, meta, tasks):
    right = [np.mean(answer == task.y_query) for answer, task in zip(meta.predict(tasks), tasks)]
    accuracy, interval = mean_and_interval(right)
    return {"method": method, "seed": seed, "episodes": episodes, "accuracy": accuracy, "interval_95": interval}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--methods", nargs="+", default=list(methods()))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    records, neighbour = Records("omniglot_oneshot"), "1 nearest neighbour, pixels"
    if not records.has(method=neighbour):
        pixels = tasks_of(lambda places: omniglot().data[places].astype(float))
        meta = PerTaskBaseline(KNeighborsClassifier(1)).fit(pixels)
        records.add([record(neighbour, args.seed, 0, meta, pixels)])
    for name in args.methods:
        if checkpoint_of(name, args.seed).exists():
            meta, episodes, _ = trained(name, args.seed, episodes=0)
            if name in ADAPT_STEPS:
                meta.set_params(adapt_steps=ADAPT_STEPS[name][0])
            if not records.has(method=name, seed=args.seed, episodes=episodes):
                records.add([record(name, args.seed, episodes, meta, tasks_of(rows_for(meta.module)))])


if __name__ == "__main__":
    main()
