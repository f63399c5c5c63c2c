"""Can ``CalibratedClassifierCV`` improve the probabilities of the pretrained classifier? And its reliability curve.

On real tables (environment variable ``SKMETA_DATA``), split as ``benchmarks.in_context.real_tables`` does: log-loss of
``InContextClassifier()`` as it is, and wrapped in five-fold ``CalibratedClassifierCV`` of each method.

    python -m benchmarks.in_context.calibration --rows 100 500
    python -m benchmarks.in_context.calibration --report

Writes ``benchmarks/results/in_context_calibration.csv`` (a table may be taken up where a run was broken off),
``in_context_reliability.csv`` (of all predicted chances of all classes: how many lie in a bin, their sum, and how many
came true) and, if matplotlib is there, ``in_context_reliability.png``.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.calibration import CalibratedClassifierCV

from benchmarks.in_context.real_tables import score_classifier, split
from benchmarks.in_context.report import half_width
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.estimators.in_context import InContextClassifier
from tools.pretraining.development import is_kept_aside

RESULTS = Path(__file__).parents[1] / "results"
SCORES, CURVE = RESULTS / "in_context_calibration.csv", RESULTS / "in_context_reliability.csv"
METHODS = ("sigmoid", "isotonic", "temperature")
BINS = np.linspace(0, 1, 11)


def curve_of(model, X, y):
    """Per bin: number of chances, their sum, and how many came true."""
    chance = model.predict_proba(X).ravel()
    truth = (y[:, None] == model.classes_).ravel()
    place = np.clip(np.digitize(chance, BINS) - 1, 0, len(BINS) - 2)
    return [np.bincount(place, weights, len(BINS) - 1) for weights in (None, chance, truth)]


def run(rows, seed):
    scores = pd.read_csv(SCORES) if SCORES.exists() else pd.DataFrame(columns=["table", "n"])
    curves = pd.read_csv(CURVE) if CURVE.exists() else pd.DataFrame(columns=["table", "n"])
    done = set(zip(scores["table"], scores["n"]))
    for name in list_local_tables("classification"):
        X, y, _ = load_local_table(name)
        y = np.asarray(y)
        for n in rows:
            pieces = split(X, y, n, seed, True)
            if pieces is None or (name, n) in done:
                continue
            A, B, a, b = pieces
            if np.unique(a, return_counts=True)[1].min() < 5:
                continue  # a class that not every fold can have
            plain = InContextClassifier().fit(A, a)
            record = {"table": name, "kept_aside": is_kept_aside(name), "n": n, "seed": seed}
            record["as_it_is"] = score_classifier(plain, B, b)["log_loss"]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for method in METHODS:
                    model = CalibratedClassifierCV(InContextClassifier(), method=method, cv=5).fit(A, a)
                    record[method] = score_classifier(model, B, b)["log_loss"]
            count, total, true = curve_of(plain, B, b)
            bins = pd.DataFrame({"low": BINS[:-1], "count": count, "chance": total, "came_true": true}).round(4)
            scores = pd.concat([scores, pd.DataFrame([record])], ignore_index=True)
            curves = pd.concat([curves, bins.assign(table=name, n=n)], ignore_index=True)
        scores.round(5).to_csv(SCORES, index=False)
        curves.to_csv(CURVE, index=False)
        print(name, flush=True)


def report():
    scores, curves = pd.read_csv(SCORES), pd.read_csv(CURVE)
    for n, part in scores.groupby("n"):
        print(f"n = {n}: {len(part)} tables, log-loss as it is {part['as_it_is'].mean():.4f}")
        for method in METHODS:
            gain = part["as_it_is"] - part[method]
            better, mean = (gain > 0).mean(), part[method].mean()
            print(f"  {method}: {mean:.4f}, gain {gain.mean():+.4f} +- {half_width(gain):.4f}, better on {better:.0%}")
    bins = curves.groupby(["n", "low"])[["count", "chance", "came_true"]].sum()
    bins["chance"], bins["came_true"] = bins["chance"] / bins["count"], bins["came_true"] / bins["count"]
    print(bins.round(3))
    gap = (bins["chance"] - bins["came_true"]).abs() * bins["count"]
    print("expected calibration error:", (gap.groupby("n").sum() / bins["count"].groupby("n").sum()).round(4).to_dict())
    draw(bins)


def draw(bins):
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        return
    figure, axes = pyplot.subplots(figsize=(4.5, 4.5))
    axes.plot([0, 1], [0, 1], color="lightgrey")
    for n, part in bins.groupby("n"):
        axes.plot(part["chance"], part["came_true"], marker="o", label=f"{n} training rows")
    axes.set(xlabel="predicted chance of a class", ylabel="how often it came true", title="InContextClassifier()")
    axes.legend()
    figure.savefig(RESULTS / "in_context_reliability.png", dpi=110, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 500])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", action="store_true", help="print what is in the files, run nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not options.report:
        run(options.rows, options.seed)
    report()


if __name__ == "__main__":
    main()
