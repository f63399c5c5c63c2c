"""Few labelled rows and many unlabelled ones of the same table: STUNT's question.

A fifth of each table is the test. Of the rest, 1, 5 or 10 rows of each class are labelled, in 50 random ways, and all
of it is there without labels: pseudo-tasks are made of it (``PseudoTasks``) that a metric learner trains on; it then
adapts to the labelled rows, and hands its space to logistic regression on them. Beside it: class means, 1-NN and
logistic regression on the labelled rows, columns scaled to [0, 1] by the unlabelled ones; and the pretrained in-context
classifier (5 ways of labelling only). Published (STUNT, mean of eight tables, 100 seeds, 10,000 steps): class
means 52.8 / 69.4 / 74.1 with 1 / 5 / 10 rows, STUNT 63.9 / 74.8 / 76.4; on optdigits 65.6 / 84.9 and 76.9 / 88.4.

Tables: the digits of scikit-learn and the local classification tables of 3 to 10 classes with at least 500 rows, 10
columns, and no class beyond 55% of the rows.

    SKMETA_DATA=... python -m benchmarks.few_tasks.few_shot_tables --seeds 0 1 2

A stopped run goes on where it was.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from benchmarks.records import RESULTS, save
from skmeta import InContextClassifier, MetaKNeighborsClassifier, ProtoNetClassifier, TableEncoder
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.nets import MLP, ResidualMLP
from skmeta.tasks import PseudoTasks

SHOTS, N_DRAWS, MOST_ROWS, N_WAYS = (1, 5, 10), 50, 2000, 10
LOGISTIC = ", logistic"


def tables():
    """Names of the tables, by the rule above."""
    yield "digits"
    for name in list_local_tables("classification"):
        X, y, _ = load_local_table(name)
        share = y.value_counts(normalize=True)
        if len(X) >= 500 and X.shape[1] >= 10 and 3 <= len(share) <= 10 and share.max() <= 0.55:
            yield name


def load(name, seed):
    """Rows on scales from 0 to 1, split, with their labels as codes."""
    X, y = load_digits(return_X_y=True) if name == "digits" else load_local_table(name)[:2]
    y = np.unique(y, return_inverse=True)[1]
    if len(y) > MOST_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=MOST_ROWS, stratify=y, random_state=seed)
    train, test, train_y, test_y = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    encoder = TableEncoder().fit(train)
    scaler = MinMaxScaler(clip=True).fit(encoder.transform(train))
    return *(scaler.transform(encoder.transform(part)) for part in (train, test)), train_y, test_y


def learners(seed):
    """Estimators that train on pseudo-tasks, or on nothing."""
    training = {"labels": "task", "batch_size": 4, "steps_per_epoch": 50, "max_epochs": 8, "random_state": seed}
    table = {"module__scaling": "table"}
    return {
        "ProtoNet, pseudo-tasks": ProtoNetClassifier(ResidualMLP, **table, **training),
        "ProtoNet, 3,000 steps of pseudo-tasks": ProtoNetClassifier(
            ResidualMLP, **table, **(training | {"max_epochs": 60})
        ),
        "ProtoNet (MLP of 1,024), 3,000 steps of pseudo-tasks": ProtoNetClassifier(
            MLP, module__n_hidden=1024, **(training | {"max_epochs": 60})
        ),
        "ProtoNet (MLP), pseudo-tasks": ProtoNetClassifier(MLP, module__n_hidden=256, **training),
        "MetaKNeighbors, pseudo-tasks": MetaKNeighborsClassifier(ResidualMLP, **table, **training),
    }


class Standardised:
    """An estimator on columns of unit variance, as they are in all unlabelled rows."""

    def __init__(self, estimator, unlabelled):
        self.estimator, self.scaler = estimator, StandardScaler().fit(unlabelled)

    def fit(self, X, y):
        self.estimator.fit(self.scaler.transform(X), y)
        return self

    def predict(self, X):
        return self.estimator.predict(self.scaler.transform(X))


def baselines(unlabelled):
    return {
        "class means": NearestCentroid(),
        "class means, standardised": Standardised(NearestCentroid(), unlabelled),
        "1 nearest neighbour": KNeighborsClassifier(1),
        "logistic regression": LogisticRegression(max_iter=300),
        "logistic regression, standardised": Standardised(LogisticRegression(max_iter=300), unlabelled),
        "InContext": InContextClassifier(),
    }


def few_rows(y, n_shots, rng):
    return np.concatenate([rng.permutation(np.flatnonzero(y == label))[:n_shots] for label in np.unique(y)])


def measure(method, estimator, seed, train, test, train_y, test_y):
    """Records of a method, and of logistic regression in the space of one that has learned a space."""
    began, seconds, ways = time.process_time(), 0.0, {method: estimator.fit}
    if "pseudo-tasks" in method:
        estimator.fit(PseudoTasks(train, n_ways=N_WAYS, n_shots=(1, 5), n_query=5, max_rows=1024))
        seconds = time.process_time() - began
        in_space = make_pipeline(FrozenEstimator(estimator), LogisticRegression(max_iter=300))
        ways = {method: estimator.adapt, method + LOGISTIC: in_space.fit}
    n_draws = 5 if method == "InContext" else N_DRAWS
    for n_shots in SHOTS:
        right = {way: [] for way in ways}
        rng = np.random.default_rng(seed)
        for _ in range(n_draws):
            rows = few_rows(train_y, n_shots, rng)
            for way, learn in ways.items():
                right[way].append(np.mean(learn(train[rows], train_y[rows]).predict(test) == test_y))
        for way, shares in right.items():
            yield {
                "method": way, "seed": seed, "shots": n_shots, "accuracy": np.mean(shares),
                "std": np.std(shares, ddof=1), "draws": n_draws, "training_cpu_s": seconds,
            }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tables", nargs="+")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", module="sklearn")  # class means of one row a class divide by zero
    path = RESULTS / "few_shot_tables.csv"
    records = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(record["table"], record["method"], record["seed"]) for record in records}
    for seed in args.seeds:
        for name in args.tables or tables():
            data = load(name, seed)
            for method, estimator in (baselines(data[0]) | learners(seed)).items():
                if (name, method, seed) in done or args.methods and method not in args.methods:
                    continue
                for answer in measure(method, estimator, seed, *data):
                    records.append({"table": name, **answer})
                save(pd.DataFrame(records), "few_shot_tables")
    records = pd.DataFrame(records)
    print(summary(records[records["seed"].isin(args.seeds)]).to_string())


def summary(records):
    """Means over seeds; 95% intervals over the draws of all seeds."""
    groups = records.groupby(["table", "method", "shots"], sort=False)
    pooled = groups.agg(
        accuracy=("accuracy", "mean"), std=("std", lambda s: np.sqrt(np.mean(s**2))), n=("draws", "sum")
    )
    interval = 1.96 * pooled["std"] / np.sqrt(pooled["n"])
    text = pooled["accuracy"].map("{:.3f}".format) + " ±" + interval.map("{:.3f}".format)
    return text.unstack(["shots"])


if __name__ == "__main__":
    main()
