"""The in-context classifier on classes that are clusters: rows of ``make_classification``, a cluster a class.

Such tables are the easiest for a smooth kernel, and classes there are many and even: what is lost by how classes are
told apart shows first here. Twelve columns, of which eight tell and two repeat; 500 test rows.

    python -m benchmarks.in_context.clusters

Writes ``benchmarks/results/in_context_clusters.csv``; prints the mean log-loss with 95% intervals over seeds. What is
there already is not run again.
"""

import time
import warnings

import pandas as pd
import torch
from sklearn.datasets import make_classification

from benchmarks.in_context.real_tables import CLASSIFIERS, score_classifier, split
from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records

N_CLASSES, ROWS, SEEDS = (3, 5, 8, 10), (50, 200), range(12)
MODELS = ("ours", "knn_tuned", "logistic_tuned", "forest")


def clusters(n_classes, seed):
    return make_classification(
        1200,
        12,
        n_informative=8,
        n_redundant=2,
        n_classes=n_classes,
        n_clusters_per_class=1,
        class_sep=1.5,
        random_state=seed,
    )


def measure(model, A, B, a, b):
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # folds that lack a class
        scores = score_classifier(model.fit(A, a), B, b)
    return scores | {"seconds": time.process_time() - started}


def main():
    torch.set_num_threads(1)
    records = Records("in_context_clusters")
    for n_classes in N_CLASSES:
        for n, seed in ((n, seed) for n in ROWS for seed in SEEDS):
            pieces = split(*clusters(n_classes, seed), n, 0, True)
            for name in MODELS:
                key = {"classes": n_classes, "n": n, "seed": seed, "model": name}
                if not records.has(**key):
                    records.add([key | measure(CLASSIFIERS[name](), *pieces)])
    columns = records.table.groupby(["n", "classes", "model"])["log_loss"]
    summary = columns.apply(lambda losses: "{:.3f} ± {:.3f}".format(*mean_of_seeds(losses)))
    print(pd.DataFrame(summary).unstack("model").to_string())


if __name__ == "__main__":
    main()
