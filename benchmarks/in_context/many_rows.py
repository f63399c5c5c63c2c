"""The in-context estimators on tables of thousands of rows, against HistGradientBoosting's defaults and a forest.

Real tables are the development tables of :mod:`benchmarks.in_context.real_tables` that have the rows to spare, split as
there. Tables of 10,000 rows are made up, half of them by scikit-learn's generators, half by ``TablePrior`` with columns
and laws of its own; a thousand further rows are asked.

    python -m benchmarks.in_context.many_rows --rows 1000 2000 4000 10000 --seeds 0

Results are appended to ``benchmarks/results/in_context_many_rows.csv``; what is there already is not run again. Prints
means, and how far ours leads, table by table, with 95% intervals over tables; seconds are of the processor, for a fit
and one answer to all rows that are asked.

    python -m benchmarks.in_context.many_rows --large

prints seconds, log-loss and the memory that the process has held at most on 50,000 rows of 500 columns.
"""

import argparse
import resource
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_classification, make_friedman1

from benchmarks.in_context.real_tables import CATALOGUES, encoded, score_classifier, score_regressor, split
from benchmarks.in_context.report import half_width
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.tasks.prior import TablePrior
from skmeta.tasks.prior.dice import Dice
from tools.pretraining.development import is_kept_aside

FILE = Path(__file__).parents[1] / "results" / "in_context_many_rows.csv"
KEYS = ["kind", "table", "n", "seed", "model"]
MADE, MADE_ROWS, ASKED = 8, 10_000, 1000


def made_up(kind, i):
    """The i-th made-up table, rows to learn from first."""
    rng, n = np.random.default_rng(i), MADE_ROWS + ASKED
    if i % 2:
        batch = TablePrior(kind).draw_batch(1, Dice(1000 + i), MADE_ROWS, ASKED, n_features=5 + 3 * i)
        X, y = batch["X"][0].double().numpy(), batch["y"][0].numpy()
    elif kind == "classification":
        classes = int(rng.integers(2, 5))
        X, y = make_classification(n, 10 + 4 * i, n_informative=6 + i, n_classes=classes, flip_y=0.1, random_state=i)
    else:
        X, y = make_friedman1(n, 10 + 4 * i, noise=1.0 + i, random_state=i)
    return pd.DataFrame(X).add_prefix("x"), y


def splits(kind, rows, seeds):
    """Names, sizes, seeds and ``(X, X_test, y, y_test)``."""
    for name in list_local_tables(kind):
        if is_kept_aside(name):
            continue
        X, y, _ = load_local_table(name)
        for n, seed in ((n, seed) for n in rows if n < MADE_ROWS for seed in seeds):
            pieces = split(X, np.asarray(y), n, seed, kind == "classification")
            if pieces is not None:
                yield name, n, seed, pieces
    for i in range(MADE if MADE_ROWS in rows else 0):
        X, y = made_up(kind, i)
        yield f"made up {i}", MADE_ROWS, 0, (X[:MADE_ROWS], X[MADE_ROWS:], y[:MADE_ROWS], y[MADE_ROWS:])


def run(kinds, rows, seeds, models):
    table = pd.read_csv(FILE) if FILE.exists() else pd.DataFrame(columns=KEYS)
    done = set(table[KEYS].itertuples(index=False, name=None))
    for kind in kinds:
        score = score_classifier if kind == "classification" else score_regressor
        for name, n, seed, (A, B, a, b) in splits(kind, rows, seeds):
            for label in models:
                if (kind, name, n, seed, label) in done:
                    continue
                model = CATALOGUES[kind][label]() if label == "ours" else encoded(CATALOGUES[kind][label]())
                started = time.process_time()
                model.fit(A, a)
                model.predict_proba(B) if kind == "classification" else model.predict(B)
                spent = time.process_time() - started
                scores = score(model, B, b)
                record = dict(zip(KEYS, (kind, name, n, seed, label))) | scores | {"seconds": spent}
                table = pd.concat([table, pd.DataFrame([record])], ignore_index=True)
                table.round(5).to_csv(FILE, index=False)
                print(record, flush=True)
    return table


def report(table):
    for (kind, n), part in table.groupby(["kind", "n"]):
        measures = ["log_loss", "auc"] if kind == "classification" else ["r2"]
        for measure in [*measures, "seconds"]:
            wide = part.pivot_table(index="table", columns="model", values=measure).dropna(subset="ours")
            line = ", ".join(f"{model} {wide[model].mean():.4f} ({wide[model].count()})" for model in wide)
            for other in wide.columns.drop("ours"):
                both = wide[["ours", other]].dropna()
                change = both["ours"] - both[other]
                line += f"; ours - {other} {change.mean():+.4f} +- {half_width(change):.4f}"
                if measure == "seconds":
                    line += f", times {both['ours'].sum() / both[other].sum():.1f} in all"
            print(f"{kind}, {n} rows, {len(wide)} tables, {measure}: {line}")


def large(n=50_000, d=500):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n + ASKED, d))
    y = (X[:, :5].sum(1) + X[:, 5] * X[:, 6] + rng.normal(size=len(X)) > 0).astype(int)
    for label in ("ours", "boosting"):
        started = time.process_time()
        scores = score_classifier(CATALOGUES["classification"][label]().fit(X[:n], y[:n]), X[n:], y[n:])
        spent, held = time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{label}: {spent:.1f} s, log-loss {scores['log_loss']:.4f}, at most {held:.1f} GiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--kind", choices=list(CATALOGUES), nargs="+", default=list(CATALOGUES))
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 2000, 4000, 10000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--models", nargs="+", default=["ours", "boosting", "forest"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    if options.large:
        large()
        return
    report(run(options.kind, options.rows, options.seeds, options.models))


if __name__ == "__main__":
    main()
