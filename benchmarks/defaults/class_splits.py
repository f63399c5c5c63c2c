"""Tables and texts with many classes: meta-trained on some of the classes, tested on the others, defaults only.

A third of the classes is held out (at least five); tasks of 5 ways, and of 20 (or all held-out classes, where these are
at least ten), with 1 and with 5 labelled rows a class are drawn from them. Every classifier of the library answers the
same ones, by its defaults, meta-trained on the table of the other classes; the in-context classifier as pretrained.
Tables go through ``TableEncoder``; texts through TF-IDF, 512 components and rows of unit length - learned from the
texts of the training classes, so that words of test classes alone are unknown, or (``clinc150, all words``) from all
texts without their labels. Baselines learn from a task's support rows alone: nearest centroid and logistic regression
on the same features, and on TF-IDF itself.

    SKMETA_DATA=... python -m benchmarks.defaults.class_splits --seeds 0 1 2

A stopped run goes on where it was.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from benchmarks.defaults.learners import learners
from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records
from skmeta import PerTask, PerTaskBaseline, TableEncoder
from skmeta.datasets import load_local_table, split_classes
from skmeta.tasks import NWayTasks

WAYS, SHOTS, N_QUERY, N_TEST = (5, 20), (1, 5), 10, 60
TEXTS = ("clinc150", "clinc150, all words")
TABLES = ("leaf_flavia", "libras", "brown_genres", "audiology", *TEXTS)


def load(name, seed):
    """Training and test classes as the learners see them, and the test classes as other baselines do."""
    X, y, _ = load_local_table(name.split(",")[0])
    if name in TEXTS:
        X, y = X.loc[y != "oos", ["text"]], y[y != "oos"]
        other = PerTask(make_column_transformer((TfidfVectorizer(), "text")))
        features = PerTask(make_pipeline(other.transformer, TruncatedSVD(512, random_state=seed), Normalizer()))
    else:
        other = PerTask(make_pipeline(TableEncoder(), StandardScaler()))
        features = PerTask(TableEncoder())
    train, test = split_classes(X, y, test_size=max(5, y.nunique() // 3), random_state=seed)
    known = X if name == TEXTS[1] else train
    features.fit(known), other.fit(known)
    return features.transform(train), features.transform(test), other.transform(test)


def baselines(name):
    """Estimators by name, with whether they see the learners' features."""
    beside = "TF-IDF" if name in TEXTS else "standardised"
    return {
        "nearest centroid": (NearestCentroid(), True),
        "logistic regression": (LogisticRegression(), True),
        f"nearest centroid, {beside}": (NearestCentroid(), False),
        f"logistic regression, {beside}": (LogisticRegression(), False),
    }


def classifiers(seed):
    """Every classifier, the in-context one as pretrained."""
    found = learners("classification", seed)
    found["InContext"].set_params(max_epochs=0)
    return found


def measure(meta, train, test, seed):
    """Accuracies for each number of ways and shots, and the processor seconds of training."""
    began = time.process_time()
    if train is not None:
        meta.fit(train)
    seconds = time.process_time() - began
    n_rows = np.unique(test[0].y, return_counts=True)[1]
    n_classes = len(n_rows)
    for ways in WAYS:
        if ways > 5 and n_classes < 10:
            continue
        for n_shots in SHOTS:
            if (n_rows > n_shots).sum() < min(ways, n_classes):  # some split of audiology leaves too few
                continue
            source = NWayTasks(test[0].X, test[0].y, min(ways, n_classes), n_shots, N_QUERY)
            tasks = source.sample(N_TEST if ways == 5 else N_TEST // 3, random_state=seed)
            if train is None:
                meta.fit(tasks)
            right = [np.mean(answer == task.y_query) for answer, task in zip(meta.predict(tasks), tasks)]
            yield {
                "ways": ways, "shots": n_shots, "accuracy": np.mean(right), "std": np.std(right, ddof=1),
                "tasks": len(right), "training_cpu_s": seconds,
            }  # fmt: skip


def summary(records):
    """Means over seeds, with 95% intervals over the tasks of all seeds."""
    groups = records.groupby(["table", "method", "ways", "shots"], sort=False)
    pooled = groups.agg(
        accuracy=("accuracy", "mean"), std=("std", lambda s: np.sqrt(np.mean(s**2))), n=("tasks", "sum")
    )
    interval = 1.96 * pooled["std"] / np.sqrt(pooled["n"])
    text = pooled["accuracy"].map("{:.3f}".format) + " ± " + interval.map("{:.3f}".format)
    return text.unstack(["table", "ways", "shots"])


def against_centroid(records):
    """Each method's accuracy less that of the nearest centroid on the same features: mean, least, and on how many."""
    keys = ["table", "seed", "ways", "shots"]
    wide = records.pivot_table(index=keys, columns="method", values="accuracy")
    gap = wide.sub(wide["nearest centroid"], axis=0).groupby(["table", "ways", "shots"]).mean()
    return pd.DataFrame({"mean": gap.mean(), "least": gap.min(), "questions": gap.count()}).sort_values("mean")


def page(records, ways=5):
    """The page's table in Markdown: accuracies of the first split, and points by which they are above the centroid's.

    The interval of the latter is over all splits of tables that were measured, each the mean over shots.
    """
    records = records[records["ways"] == ways]
    cells = summary(records[records["seed"] == 0]).dropna(how="all")
    keys = ["table", "seed", "shots"]
    wide = records.pivot_table(index=keys, columns="method", values="accuracy")
    gaps = 100 * wide.sub(wide["nearest centroid"], axis=0).groupby(["table", "seed"]).mean()
    names = {name: f"`{type(estimator).__name__}`" for name, estimator in classifiers(0).items()}
    titles = [f"{table}, {shots} shot{'s' * (shots > 1)}" for table, _, shots in cells.columns]
    yield " | ".join(["| method", *titles, "mean of gaps, splits |"])
    yield "|---" * (len(titles) + 2) + "|"
    for method, line in cells.iterrows():
        found = gaps[method].dropna()
        mean, half = mean_of_seeds(found) if len(found) > 1 else (np.nan, np.nan)
        gap = "" if method == "nearest centroid" or len(found) < 2 else f"{mean:+.1f} ± {half:.1f}, {len(found)}"
        yield " | ".join([f"| {names.get(method, method)}", *line.fillna(""), f"{gap} |"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", module="sklearn")  # the nearest centroid of one row a class divides by zero
    records = Records("class_splits_defaults")
    for seed in args.seeds:
        for name in args.tables:
            data = None
            for method, meta in (baselines(name) | classifiers(seed)).items():
                setting = {"table": name, "method": method, "seed": seed}
                if args.methods and method not in args.methods or records.has(**setting):
                    continue
                data = load(name, seed) if data is None else data
                train, test, other = data
                if isinstance(meta, tuple):
                    (estimator, sees_features), train = meta, None
                    meta, test = PerTaskBaseline(estimator), test if sees_features else other
                records.add(setting | answer for answer in measure(meta, train, test, seed))
    asked = records.table[records.table["table"].isin(args.tables)]
    print(*page(asked), sep="\n")
    print(summary(records.table).to_string())
    print(against_centroid(records.table).round(3).to_string())


if __name__ == "__main__":
    main()
