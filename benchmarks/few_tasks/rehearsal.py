"""Few tasks with classes of their own: what it brings to stop training where tasks that are held out ask for it.

Training tasks are 5-way 5-shot problems of four families: Gaussian classes that differ in every direction, so that
class means are all there is to know (``means``), or in three of 20 (``three directions``), there with heavy tails
too (Student's t of two degrees of freedom), and counts of 60 words. Accuracy is measured on 150 new tasks, of learners
that are untrained, trained to the end, and trained as far as a rehearsal says, which is the default.

    python -m benchmarks.few_tasks.rehearsal --seeds 3 --tasks 5 15 45

A stopped run goes on where it was.
"""

import argparse
import warnings
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records
from skmeta import HyperNetClassifier, MAMLClassifier, ProtoNetClassifier, Task, TaskSet
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.exceptions import AdaptationWarning
from skmeta.tasks import GaussianClusters

WAYS, SHOTS, N_QUERY, N_TEST = 5, 5, 15, 150
LEARNERS = {"ProtoNet": ProtoNetClassifier, "HyperNet": HyperNetClassifier, "MAML": MAMLClassifier}


def clusters(**settings):
    return GaussianClusters(n_ways=WAYS, n_shots=SHOTS, n_query=N_QUERY, **settings).sample


def drawn(rows_of):
    """A sampler of tasks whose rows ``rows_of(y, rng)`` gives."""

    def sample(n_tasks, random_state):
        rng = np.random.default_rng(random_state)
        y = np.repeat(np.arange(WAYS), SHOTS + N_QUERY)
        is_support = np.tile(np.arange(SHOTS + N_QUERY) < SHOTS, WAYS)
        many = [rows_of(y, rng) for _ in range(n_tasks)]
        return TaskSet([Task(X[is_support], y[is_support], X[~is_support], y[~is_support]) for X in many])

    return sample


def heavy_tailed(y, rng):
    directions = 1.5 * np.random.default_rng(99).normal(size=(3, 20))
    return (rng.normal(size=(WAYS, 3)) @ directions)[y] + rng.standard_t(2, size=(len(y), 20))


def counts(y, rng):
    rates = rng.lognormal(-1.5, 1.0, (WAYS, 60))
    return rng.poisson(rates[y] * rng.lognormal(0, 0.5, (len(y), 1))).astype(float)


FAMILIES = {
    "means": clusters(n_features=24, separation=2.0),
    "three directions": clusters(n_features=20, n_latent=3, separation=2.5),
    "heavy tails": drawn(heavy_tailed),
    "counts": drawn(counts),
}


def measure(family, n_tasks, seed, learner):
    """Accuracies of the three arms."""
    train, test = FAMILIES[family](n_tasks, 1000 * seed + n_tasks), FAMILIES[family](N_TEST, 777)
    make, is_rehearsed = partial(LEARNERS[learner], labels="task"), MetaTraining.is_rehearsed
    found = {
        "untrained": make(max_epochs=0, random_state=seed).fit(train).score(test),
        "as rehearsed": make(random_state=seed).fit(train).score(test),
    }
    try:
        MetaTraining.is_rehearsed = False
        return found | {"to the end": make(random_state=seed).fit(train).score(test)}
    finally:
        MetaTraining.is_rehearsed = is_rehearsed


def summary(records):
    """Means over seeds, and what stopping brings in points, with 95% intervals over seeds."""
    for (learner, family, n_tasks), group in records.groupby(["learner", "family", "tasks"], sort=False):
        gain, half = mean_of_seeds(100 * (group["as rehearsed"] - group["to the end"]))
        means = group[["untrained", "to the end", "as rehearsed"]].mean().round(3)
        yield {"learner": learner, "family": family, "tasks": n_tasks, **means, "gain": f"{gain:+.1f} ± {half:.1f}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tasks", type=int, nargs="+", default=[5, 15, 45])
    parser.add_argument("--learners", nargs="+", default=["ProtoNet", "HyperNet"])
    args = parser.parse_args()
    warnings.filterwarnings("ignore", category=AdaptationWarning)  # counts of rare words vary from task to task
    records = Records("rehearsal")
    for seed in range(args.seeds):
        for n_tasks in args.tasks:
            for family in FAMILIES:
                for learner in args.learners:
                    setting = {"learner": learner, "family": family, "tasks": n_tasks, "seed": seed}
                    if not records.has(**setting):
                        records.add([setting | measure(family, n_tasks, seed, learner)])
    print(pd.DataFrame(summary(records.table)).to_string(index=False))


if __name__ == "__main__":
    main()
