"""Tables and texts with many classes: meta-trained on some of the classes, tested on the others.

A third of the classes is held out (at least five), 5-way tasks of 1 and of 5 labelled rows a class are drawn from them,
and every classifier of the library answers the same ones: by its defaults, trained on 5-way episodes of 1 to 5 shots of
the other classes (the in-context classifier: as pretrained). Metric learners run twice: so, with a
plain ``MLP``, and with ``ResidualMLP``, which starts from the rows themselves, on episodes of up to 20 ways. Tables go
through ``TableEncoder``; texts through TF-IDF, 512 components and rows of unit length - learned from the texts
of the training classes, so that words of test classes alone are unknown, or (``clinc150, all words``) from all texts
without their labels. Baselines learn from a task's support rows alone, tables standardised and texts as TF-IDF.

    SKMETA_DATA=... python -m benchmarks.class_splits --seeds 0 1 2

A stopped run goes on where it was.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from benchmarks.records import RESULTS, save
from skmeta import PerTask, PerTaskBaseline, TableEncoder
from skmeta.datasets import load_local_table, split_classes
from skmeta.estimators import all_estimators
from skmeta.nets import MLP, ResidualMLP
from skmeta.tasks import NWayTasks

N_WAYS, N_QUERY, N_TEST = 5, 10, 100
TEXTS = ("clinc150", "clinc150, all words")
TABLES = ("leaf_flavia", "libras", "brown_genres", "audiology", *TEXTS)
METRIC = ("MatchingNet", "MetaKNeighbors", "ProtoNet", "RelationNet", "SiameseNet", "TripletNet")


def load(name, seed):
    """Training and test classes as the learners see them, and the test classes as the baselines do."""
    X, y, _ = load_local_table(name.split(",")[0])
    if name in TEXTS:
        X, y = X.loc[y != "oos", ["text"]], y[y != "oos"]
        plain = PerTask(make_column_transformer((TfidfVectorizer(), "text")))
        features = PerTask(make_pipeline(plain.transformer, TruncatedSVD(512, random_state=seed), Normalizer()))
    else:
        plain = PerTask(make_pipeline(TableEncoder(), StandardScaler()))
        features = PerTask(TableEncoder())
    train, test = split_classes(X, y, test_size=max(N_WAYS, y.nunique() // 3), random_state=seed)
    known = X if name == TEXTS[1] else train
    features.fit(known), plain.fit(known)
    return features.transform(train), features.transform(test), plain.transform(test)


def baselines():
    return {
        "nearest centroid": PerTaskBaseline(NearestCentroid()),
        "1 nearest neighbour": PerTaskBaseline(KNeighborsClassifier(1)),
        "logistic regression": PerTaskBaseline(LogisticRegression()),
    }


def learners(name, seed):
    common = {"n_ways": N_WAYS, "n_shots": (1, 5), "labels": "task", "random_state": seed}
    classes = {
        cls.__name__.removesuffix("Classifier"): cls for cls in all_estimators() if is_classifier(cls())
    }  # fmt: skip
    methods = {short: cls(**common) for short, cls in classes.items() if short not in METRIC}
    methods["InContext"].set_params(max_epochs=0)
    unit = {"module__scaling": "table", "module__unit_length": True} if name in TEXTS else {}
    for short in METRIC:
        methods[f"{short}, MLP"] = classes[short](MLP, **common)
        methods[f"{short}, residual"] = classes[short](
            ResidualMLP, **(common | {"n_ways": 20, "batch_size": 4}), **unit
        )
    return methods


def measure(meta, train, test, seed):
    """Accuracies with 1 and 5 labelled rows a class, and the processor seconds of training."""
    began = time.process_time()
    if train is not None:
        meta.fit(train)
    seconds = time.process_time() - began
    for n_shots in (1, 5):
        source = NWayTasks(test[0].X, test[0].y, N_WAYS, n_shots, N_QUERY)
        tasks = source.sample(N_TEST, random_state=seed)
        if train is None:
            meta.fit(tasks)
        right = [np.mean(answer == task.y_query) for answer, task in zip(meta.predict(tasks), tasks)]
        yield {"shots": n_shots, "accuracy": np.mean(right), "std": np.std(right, ddof=1), "training_cpu_s": seconds}


def summary(records):
    """Means over seeds, with 95% intervals over the tasks of all seeds."""
    groups = records.groupby(["table", "method", "shots"], sort=False)
    pooled = groups.agg(accuracy=("accuracy", "mean"), std=("std", lambda s: np.sqrt(np.mean(s**2))), n=("std", "size"))
    pooled["interval"] = 1.96 * pooled["std"] / np.sqrt(pooled["n"] * N_TEST)
    text = pooled["accuracy"].map("{:.3f}".format) + " ±" + pooled["interval"].map("{:.3f}".format)
    return text.unstack(["table", "shots"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", module="sklearn")  # the nearest centroid of one row a class divides by zero
    path = RESULTS / "class_splits.csv"
    records = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(record["table"], record["method"], record["seed"]) for record in records}
    for seed in args.seeds:
        for name in args.tables:
            train, test, plain = load(name, seed)
            for method, meta in (baselines() | learners(name, seed)).items():
                if (name, method, seed) in done or args.methods and method not in args.methods:
                    continue
                data = (None, plain) if isinstance(meta, PerTaskBaseline) else (train, test)
                for answer in measure(meta, *data, seed):
                    records.append({"table": name, "method": method, "seed": seed, **answer})
                print(*records[-1].values(), flush=True)
                save(pd.DataFrame(records), "class_splits")
    print(summary(pd.DataFrame(records)).to_string())


if __name__ == "__main__":
    main()
