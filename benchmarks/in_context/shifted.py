"""The in-context regressor outside the range of its rows: laws with a shifted column, and real tables cut in two.

A law is a plane in five uniform or normal columns; new rows have their first column one range further on. A table is
trained on the rows in the lower 70% of the column that goes most with the target (rank correlation), and asked beyond
80%; then the same from the other side. 200 training rows, 90% intervals; the tables kept aside take no part.

    python -m benchmarks.in_context.shifted

Writes ``benchmarks/results/in_context_shifted.csv``; prints means with 95% intervals over seeds, or over tables.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student
from sklearn.linear_model import RidgeCV

from benchmarks.in_context.real_tables import is_kept_aside
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.estimators.in_context import InContextRegressor

RESULTS = Path(__file__).parents[1] / "results"
N_ROWS, N_COLUMNS, SEEDS = 200, 5, range(5)
LAWS = {  # noise, ranges off, whether columns are normal
    "in range": (0.05, 0, False),
    "nearly noiseless, in range": (0.001, 0, False),
    "uniform columns, one range off": (0.05, 1, False),
    "normal columns, one range off": (0.05, 1, True),
    "noisy, one range off": (0.3, 1, False),
}


def law(noise, shift, is_normal, seed):
    rng = np.random.default_rng(seed)
    coef = rng.normal(size=N_COLUMNS)
    coef /= np.linalg.norm(coef)
    coef[0] = np.sign(coef[0]) * max(abs(coef[0]), 0.5)
    draw = rng.normal if is_normal else lambda size: rng.uniform(-1, 1, size)
    X, X_new = draw(size=(N_ROWS, N_COLUMNS)), draw(size=(400, N_COLUMNS))
    X_new[:, 0] += shift * np.ptp(X[:, 0])
    return X, X @ coef + noise * rng.normal(size=N_ROWS), X_new, X_new @ coef + noise * rng.normal(size=400)


def cut_tables():
    """Name, side, training rows and targets, new rows and targets."""
    for name in list_local_tables("regression"):
        X, y, _ = load_local_table(name)
        y = np.asarray(y, dtype=float)
        numbers = [c for c in X.columns if pd.api.types.is_numeric_dtype(X[c]) and X[c].nunique() >= 10]
        if is_kept_aside(name) or not numbers or len(y) < 120:
            continue
        column = X[numbers].corrwith(pd.Series(y, index=X.index), method="spearman").abs().idxmax()
        for side in (1, -1):
            place = side * X[column].to_numpy(float)
            low, high = np.nanquantile(place, [0.7, 0.8])
            rng = np.random.default_rng(0)
            train = rng.permutation(np.flatnonzero(place <= low))[:N_ROWS]
            test = rng.permutation(np.flatnonzero(place > high))[:300]
            if len(train) >= 60 and len(test) >= 20:
                yield name, side, X.iloc[train], y[train], X.iloc[test], y[test]


def scores(X, y, X_new, y_new):
    reg = InContextRegressor().fit(X, y)
    low, high = reg.predict(X_new, quantiles=[0.05, 0.95]).T
    rmse = np.sqrt(np.mean((reg.predict(X_new) - y_new) ** 2))
    return {"rmse": rmse, "coverage_90": np.mean((low <= y_new) & (y_new <= high))}


def with_interval(values):
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} +- {half:.3f} ({len(values)})"


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    records = []
    for name, settings in LAWS.items():
        for seed in SEEDS:
            X, y, X_new, y_new = law(*settings, seed)
            ridge = RidgeCV(np.logspace(-4, 2, 7)).fit(X, y).predict(X_new)
            over = {"ridge_rmse": np.sqrt(np.mean((ridge - y_new) ** 2))}
            records.append({"kind": "law", "name": name, "draw": seed} | scores(X, y, X_new, y_new) | over)
    for name, side, *parts in cut_tables():
        records.append({"kind": "table", "name": name, "draw": side} | scores(*parts))
    table = pd.DataFrame(records).round(5)
    table.to_csv(RESULTS / "in_context_shifted.csv", index=False)
    laws = table[table["kind"] == "law"]
    for name, rows in laws.groupby("name", sort=False):
        ratio = rows["rmse"] / rows["ridge_rmse"]
        print(f"{name}: RMSE over ridge's {with_interval(ratio)}, coverage {with_interval(rows['coverage_90'])}")
    by_table = table[table["kind"] == "table"].groupby("name")["coverage_90"].mean()
    print(f"tables cut in two: coverage {with_interval(by_table)}")


if __name__ == "__main__":
    main()
