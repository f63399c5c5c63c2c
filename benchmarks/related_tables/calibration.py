"""How far the probabilities of classifiers of related tables can be believed, by ``results/related_tables.csv``.

Usage::

    SKMETA_DATA=<loader's folder> python -m benchmarks.related_tables.two_questions run --methods TaskMixture
    python -m benchmarks.related_tables.calibration

``two_questions`` writes three numbers beside each log loss. *Calibration error*: the chance of the likeliest class
against how often it is right, in ten bins of equally many rows, mean distance. *Luck*: the same where labels are drawn
from the probabilities themselves, so that these are right; few rows have a calibration error by luck alone. *Sureness*:
the mean chance of the likeliest class less how often it is right; above 0, answers are too sure of themselves.
"""

import numpy as np
import pandas as pd

MEASURES = ("calibration_error", "calibration_luck", "sureness")
_BINS, _DRAWS = 10, 20


def calibration(place, p):
    """The three numbers, of positions of the true classes and probabilities (n_rows, C)."""
    top, likeliest = p.max(1), p.argmax(1)
    drawn = (p.cumsum(1) > np.random.default_rng(0).random((_DRAWS, len(p), 1))).argmax(2)
    luck = np.mean([distance(top, likeliest == labels) for labels in drawn])
    right = likeliest == place
    return dict(zip(MEASURES, (distance(top, right), luck, top.mean() - right.mean())))


def distance(top, right):
    bins = np.array_split(np.argsort(top, kind="stable"), min(_BINS, len(top)))
    return sum(abs(top[rows].sum() - right[rows].sum()) for rows in bins) / len(top)


def print_table():
    from benchmarks.related_tables.summary import FOCUS, with_interval
    from benchmarks.related_tables.two_questions import RESULTS

    frame = pd.read_csv(RESULTS)
    frame = frame[frame["metric"].isin([*MEASURES, "log_loss"]) & (frame["kind"] == "classification")]
    for method in (FOCUS, "pooled linear"):
        wide = frame[frame["method"] == method].pivot_table(
            index=["question", "shots", "set", "fold"], columns="metric", values="value"
        )
        of_set = wide.dropna().groupby(["question", "shots", "set"]).mean()
        print(f"\n{method}\n\n| question | calibration error | by luck alone | sureness |\n| --- | --- | --- | --- |")
        for (question, shots), block in of_set.groupby(level=["question", "shots"], sort=False):
            asked = f"K={shots}" if question == "new" else "known tasks"
            print(f"| {asked} | " + " | ".join(with_interval(block[m], np.mean, 3) for m in MEASURES) + " |")
        print(of_set[list(MEASURES)].groupby("set").mean().round(3).to_string())


if __name__ == "__main__":
    print_table()
