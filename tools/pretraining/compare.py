"""Compare weights on real tables, paired, through the estimators: ``python -m tools.pretraining.compare KIND A B``.

The rule by which weights are chosen, put down before any candidate was looked at. On the development tables (never
those kept aside), each table's mean over sizes and seeds first, B takes the place of A if the mean difference in
log-loss (regression: in log RMSE) is below 0 with its whole 95% interval over tables; if no single size is worse by
more than .003 in log-loss (.005 in log RMSE) on average; and, in regression, if log-likelihood is not lower with its
whole interval. Tables and splits are those of ``benchmarks/in_context/real_tables.py``.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student

from benchmarks.in_context.real_tables import score_classifier, score_regressor, split
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.estimators.in_context import InContextClassifier, InContextRegressor
from tools.pretraining.development import is_kept_aside

LOSSES = {"classification": ("log_loss", "auc"), "regression": ("log_rmse", "r2", "log_likelihood", "coverage_90")}


def score(kind, weights, pieces):
    A, B, a, b = pieces
    if kind == "classification":
        return score_classifier(InContextClassifier(pretrained=weights).fit(A, a), B, b)
    scores = score_regressor(InContextRegressor(pretrained=weights).fit(A, a), B, b)
    return scores | {"log_rmse": np.log(scores["rmse"])}


def score_tables(kind, files, rows, seeds, kept_aside=False, every=1):
    """One line for each table, size, seed and file of weights."""
    records = []
    names = [name for name in list_local_tables(kind) if is_kept_aside(name) == kept_aside][::every]
    for name in names:
        X, y, _ = load_local_table(name)
        for n in rows:
            for seed in seeds:
                pieces = split(X, np.asarray(y), n, seed, kind == "classification")
                if pieces is None:
                    continue
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for label, file in zip("AB", files):
                        records.append({"table": name, "n": n, "seed": seed, "weights": label})
                        records[-1] |= score(kind, file, pieces)
    return pd.DataFrame(records)


def interval(differences):
    """Mean and half the width of its 95% interval."""
    spread = differences.std(ddof=1) / np.sqrt(len(differences))
    return differences.mean(), student.ppf(0.975, len(differences) - 1) * spread


def report(scores, columns):
    """Of each score: B less A, by size and over all sizes, with 95% intervals over tables, and how often B is lower."""
    lines = []
    for column in columns:
        wide = scores.pivot_table(index=["table", "n"], columns="weights", values=column).reset_index()
        wide["difference"] = wide["B"] - wide["A"]
        for size, part in [(str(n), part) for n, part in wide.groupby("n")] + [("all", wide)]:
            by_table = part.groupby("table")[["A", "B", "difference"]].mean()
            mean, half = interval(by_table["difference"])
            means = f"{by_table['A'].mean():9.4f} {by_table['B'].mean():9.4f}"
            share = (by_table["difference"] < 0).mean()
            label = f"{column:>14} {size:>5} {len(by_table):4d}"
            lines.append(f"{label} {means} {mean:+.4f} ± {half:.4f}  lower {share:.0%}")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=list(LOSSES))
    parser.add_argument("files", nargs=2, metavar="FILE", help="weights; 'shipped' for those of the package")
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 50, 100, 200, 500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--every", type=int, default=1, help="look at every k-th table only")
    parser.add_argument("--kept-aside", action="store_true", help="the tables that no decision may rest on")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    files = [True if file == "shipped" else file for file in options.files]
    scores = score_tables(options.kind, files, options.rows, options.seeds, options.kept_aside, options.every)
    print(report(scores, LOSSES[options.kind]))


if __name__ == "__main__":
    main()
