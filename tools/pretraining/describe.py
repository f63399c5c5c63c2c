"""Do the prior's tables look like real ones? ``python -m tools.pretraining.describe`` lays both side by side.

Real tables are the development tables (environment variable ``SKMETA_DATA``), of which 150 rows are drawn three times.
The prior draws as many tables of 150 rows with as many columns as they have. Beside: how long a table takes to draw.
"""

import time

import numpy as np
import torch

from skmeta.tasks.prior import TablePrior
from skmeta.tasks.prior.dice import Dice
from skmeta.tasks.prior.predictability import predictability
from tools.pretraining.development import RealTables

ROWS, POINTS = 150, (0.1, 0.25, 0.5, 0.75, 0.9)


def describe(X, y, categorical, classification):
    """Figures of one table: X (n, d) with NaN where missing, y (n,), categorical (d,)."""
    there = [column[~torch.isnan(column)] for column in X.T]
    few = [len(column.unique()) <= 16 for column in there]
    mode = [0.0 if not len(v) else float(v.unique(return_counts=True)[1].max()) / len(v) for v in there]
    n_classes = int(y.max()) + 1 if classification else None
    probe = y if classification else (y - y.mean()) / y.std().clamp(min=1e-9)
    ranked = torch.where(torch.isnan(X), 0.0, X).double().argsort(0).argsort(0).double()
    correlation = torch.corrcoef(ranked.T).nan_to_num().reshape(X.shape[1], -1).abs().fill_diagonal_(0)
    distinct = y.unique(return_counts=True)[1]
    return {
        "predictability (leave-one-out R2, 48 rows)": float(
            predictability(X.T[None].contiguous(), probe[None], categorical[None], n_classes)
        ),
        "columns of at most 16 values": np.mean(few),
        "share of a column's commonest value": np.mean(mode),
        "declared categories": float(categorical.double().mean()),
        "missing cells": float(torch.isnan(X).double().mean()),
        "a column's largest rank correlation": float(correlation.amax(1).median()),
        "classes" if classification else "distinct targets of 150": len(distinct),
        "share of the commonest target": float(distinct.max()) / len(y),
    }


def real_figures(task_type):
    figures, widths = [], []
    for X, categorical, y in RealTables(task_type).tables.values():
        for seed in range(3):
            rows = np.random.default_rng(seed).permutation(len(y))[:ROWS]
            _, labels = np.unique(y[rows], return_inverse=True)
            target = torch.from_numpy(labels if task_type == "classification" else y[rows])
            figures.append(
                describe(
                    torch.from_numpy(X[rows]), target, torch.from_numpy(categorical), task_type == "classification"
                )
            )
            widths.append(min(X.shape[1], 40))
    return figures, widths


def prior_figures(task_type, widths, seed=0):
    prior, dice, figures = TablePrior(task_type), Dice(seed), []
    for d in widths:
        batch = prior.draw_batch(2, dice, ROWS - 40, 40, d)
        figures += [
            describe(X, y, flags, task_type == "classification")
            for X, y, flags in zip(batch["X"], batch["y"], batch["categorical"])
        ]
    return figures


def milliseconds(task_type, n_tables=128, rounds=8):
    """Of processor time for one table of 200 rows and 20 columns."""
    prior, dice = TablePrior(task_type), Dice(0)
    prior.draw_batch(n_tables, dice, 140, 60, 20)
    started = time.process_time()
    for _ in range(rounds):
        prior.draw_batch(n_tables, dice, 140, 60, 20)
    return 1000 * (time.process_time() - started) / rounds / n_tables


def main():
    torch.set_num_threads(1)
    for task_type in ("classification", "regression"):
        real, widths = real_figures(task_type)
        drawn = prior_figures(task_type, widths)
        print(f"{task_type}: {milliseconds(task_type):.2f} ms a table of 200 x 20; 10, 25, 50, 75 and 90% points")
        for name in drawn[0]:
            for source, figures in (("real", real), ("prior", drawn)):
                points = np.quantile([f[name] for f in figures], POINTS) if figures else []
                print(f"  {name:44} {source:6}" + " ".join(f"{point:7.2f}" for point in points))


if __name__ == "__main__":
    main()
