"""The in-context estimators as they are now against an earlier version's rows in the results, table by table.

Development tables fall into two halves, by the order of a hash of their names: tuned experts were decided on A, and B
was looked at once; later decisions were taken on all.

    python -m benchmarks.in_context.paired --kind regression --half B --rows 50 200 --seeds 0 1

Writes ``benchmarks/results/in_context_paired_<kind>_<half>.csv`` and prints paired differences with 95% intervals over
tables: of log-loss and AUC, or the ratio of RMSE.
"""

import argparse
import hashlib
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.in_context.real_tables import CATALOGUES, is_kept_aside, score_classifier, score_regressor, split
from benchmarks.in_context.report import half_width
from skmeta.datasets import list_local_tables, load_local_table

RESULTS = Path(__file__).parents[1] / "results"
KEYS = ["table", "n", "seed"]


def tables_of(kind, half):
    names = [name for name in list_local_tables(kind) if not is_kept_aside(name)]
    names.sort(key=lambda name: hashlib.md5(name.encode()).hexdigest())
    return sorted(names if half == "all" else names["AB".index(half) :: 2])


def run(kind, half, rows, seeds):
    is_regression = kind == "regression"
    score = score_regressor if is_regression else score_classifier
    records = []
    for name in tables_of(kind, half):
        X, y, _ = load_local_table(name)
        y = np.asarray(y)
        for n, seed in ((n, seed) for n in rows for seed in seeds):
            pieces = split(X, y, n, seed, not is_regression)
            if pieces is None:
                continue
            A, B, a, b = pieces
            started = time.process_time()
            scores = score(CATALOGUES[kind]["ours"]().fit(A, a), B, b)
            spent = time.process_time() - started
            records.append({"table": name, "half": half, "n": n, "seed": seed} | scores | {"seconds": spent})
    return pd.DataFrame(records).round(5)


def report(kind, now, before):
    both = now.merge(before, on=KEYS, suffixes=("", "_before"))
    for n, part in both.groupby("n"):
        by_table = part.groupby("table").mean(numeric_only=True)
        print(f"{kind}, n = {n}, {len(by_table)} tables, {part['seed'].nunique()} seeds")
        for score in ("r2", "coverage_90") if kind == "regression" else ("log_loss", "auc"):
            change = by_table[score] - by_table[f"{score}_before"]
            print(f"  {score} {by_table[score].mean():.4f}, change {change.mean():+.4f} +- {half_width(change):.4f}")
        if kind == "regression":
            ratio = np.log(part["rmse"] / part["rmse_before"]).groupby(part["table"]).mean()
            low, middle, high = np.exp(ratio.mean() + half_width(ratio) * np.array([-1, 0, 1]))
            print(f"  RMSE x {middle:.3f} ({low:.3f} - {high:.3f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=["classification", "regression"], default="classification")
    parser.add_argument("--half", choices=["A", "B", "all"], default="B")
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    now = run(options.kind, options.half, options.rows, options.seeds)
    now.to_csv(RESULTS / f"in_context_paired_{options.kind}_{options.half}.csv", index=False)
    before = pd.read_csv(RESULTS / f"in_context_{options.kind}.csv")
    report(options.kind, now, before[before["model"] == "ours"])


if __name__ == "__main__":
    main()
