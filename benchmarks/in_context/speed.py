"""How long the pretrained estimators take: fit and predict of 500 rows, a second predict with the support encoded, and
one row.

Milliseconds of processor time on one thread, so that other work on the machine counts little: the median, and the 10th
and 90th percentile, of several runs after a warm-up, beside scikit-learn's nearest neighbours and forest.

    python -m benchmarks.in_context.speed

Writes ``benchmarks/results/in_context_speed.csv``; of one kind alone (``--kind regression``), in the place of its rows.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skmeta.estimators.in_context import InContextClassifier, InContextRegressor

FILE = Path(__file__).parents[1] / "results" / "in_context_speed.csv"
SIZES = [(50, 20), (200, 20), (500, 20), (1000, 20), (200, 5), (200, 60), (569, 30)]
QUERIES = 500
MODELS = {
    "classification": {
        "ours": InContextClassifier,
        "knn": KNeighborsClassifier,
        "forest": lambda: RandomForestClassifier(300, random_state=0),
    },
    "regression": {
        "ours": InContextRegressor,
        "knn": KNeighborsRegressor,
        "forest": lambda: RandomForestRegressor(300, random_state=0),
    },
}


def made_up(kind, n, d):
    """A table of n rows to learn from, and those to ask."""
    if kind == "regression":
        return make_friedman1(n + QUERIES, d, noise=1.0, random_state=0)
    return make_classification(n + QUERIES, d, n_informative=min(d, 8), n_redundant=0, random_state=0)


def once(make, X, y, queries):
    """Milliseconds of fit and first predict together, of a second predict, of one row alone (the median of 30), and of
    a row added by partial_fit."""
    model = make()
    ask = getattr(model, "predict_proba", model.predict)
    times = [time.process_time()]
    model.fit(X, y)
    ask(queries)
    times.append(time.process_time())
    ask(queries)
    times.append(time.process_time())
    alone = np.median(np.diff([time.process_time()] + [one_row(ask, row) for row in queries[:30]]))
    times.append(time.process_time())
    if hasattr(model, "partial_fit"):
        model.partial_fit(queries[:1], y[:1])
    times.append(time.process_time() if hasattr(model, "partial_fit") else np.nan)
    spent = np.diff(times)
    spent[2] = alone
    return 1000 * spent


def one_row(ask, row):
    """The time when one row has been answered."""
    ask(row[None])
    return time.process_time()


def run(kind):
    for n, d in SIZES:
        X, y = made_up(kind, n, d)
        for name, make in MODELS[kind].items():
            repeats = 2 if name == "forest" else 9
            once(make, X[:n], y[:n], X[n:])
            runs = np.array([once(make, X[:n], y[:n], X[n:]) for _ in range(repeats)])
            median, low, high = np.median(runs, 0), np.quantile(runs, 0.1, axis=0), np.quantile(runs, 0.9, axis=0)
            record = {"kind": kind, "model": name, "n": n, "d": d, "queries": QUERIES}
            for k, what in enumerate(("fit_predict", "second_predict", "one_row", "partial_fit_1")):
                record |= {f"{what}_ms": median[k], f"{what}_p10": low[k], f"{what}_p90": high[k]}
            print(record, flush=True)
            yield record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=list(MODELS), nargs="+", default=list(MODELS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.DataFrame([record for kind in options.kind for record in run(kind)]).round(2)
    before = pd.read_csv(FILE)
    table = pd.concat([before[~before["kind"].isin(options.kind)], table])
    table.sort_values("kind", kind="stable").to_csv(FILE, index=False)


if __name__ == "__main__":
    main()
