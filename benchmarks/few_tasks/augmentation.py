"""Task augmentation where tasks are few: the same learner on the same few tasks, with and without it.

Training tasks are 5-way 1-shot problems with one shared geometry (``GaussianClusters``: 4 informative directions among
20 features, half of which are noise); accuracy is measured on 200 new tasks. Each seed draws its own training tasks.

    python -m benchmarks.few_tasks.augmentation --seeds 5 --tasks 5 10 20
"""

import argparse

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.records import save
from skmeta import ProtoNetClassifier
from skmeta.tasks import GaussianClusters
from skmeta.tasks.augmentation import AugmentationChain, FeatureDropout, FeatureNoise
from skmeta.tasks.mixing import ClassMixing, TaskMixUp

FAMILY = GaussianClusters(n_ways=5, n_shots=1, n_query=15, n_latent=4, n_irrelevant=10)
ARMS = {
    "none": None,
    "feature noise": FeatureNoise(0.5),
    "feature dropout": FeatureDropout(0.2),
    "class mixing": ClassMixing(),
    "task mixup": TaskMixUp(),
    "class mixing + dropout": AugmentationChain([ClassMixing(), FeatureDropout(0.2)]),
}


def measure(n_tasks, seed, max_epochs):
    train = FAMILY.sample(n_tasks, random_state=seed)
    test = FAMILY.sample(200, random_state=10_000)
    for arm, augment in ARMS.items():
        learner = ProtoNetClassifier(augment=augment, max_epochs=max_epochs, batch_size=8, random_state=seed)
        yield {"tasks": n_tasks, "seed": seed, "arm": arm, "accuracy": learner.fit(train).score(test)}


def summary(results):
    """Means over seeds with 95% intervals, and of the difference to no augmentation within a seed."""
    wide = results.pivot(index=["tasks", "seed"], columns="arm", values="accuracy")
    lines = []
    for (n_tasks, arm), accuracy in results.groupby(["tasks", "arm"], sort=False)["accuracy"]:
        gain = wide.loc[n_tasks, arm] - wide.loc[n_tasks, "none"]
        lines.append((n_tasks, arm, *mean_with_interval(accuracy), *mean_with_interval(gain)))
    return pd.DataFrame(lines, columns=["tasks", "arm", "accuracy", "95%", "gain", "95% of it"]).round(4)


def mean_with_interval(values):
    """Mean and half-width of its 95% interval over a handful of seeds, by Student's t."""
    return np.mean(values), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    rows = []
    for n_tasks in args.tasks:
        for seed in range(args.seeds):
            rows += measure(n_tasks, seed, args.epochs)
            save(pd.DataFrame(rows), "augmentation")
    print(summary(pd.DataFrame(rows)).to_string(index=False))


if __name__ == "__main__":
    main()
