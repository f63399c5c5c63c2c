"""What each estimator costs and reaches with its defaults: the table of the guide's page on choosing.

Classifiers: 300 tasks of five Gaussian clusters in twenty features whose centres share a space of three dimensions;
200 other tasks, one and five rows a class. Regressors: 1,000 sine waves of varying amplitude, phase and frequency
(Meta-SGD's protocol); 200 others, five and ten rows. Means over tasks with 95% intervals; one seed. The in-context
estimators come trained and stay as they are (``max_epochs=0``). Seconds are of one
thread's processor time: of ``fit``, and of one ``adapt`` with five rows a class (ten rows).

    python -m benchmarks.defaults.choosing            # measures what has no record yet
    python -m benchmarks.defaults.choosing table      # prints the guide's tables
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

import skmeta
from skmeta import PerTaskBaseline, few_shot_curve
from skmeta.datasets import make_few_shot_classification
from skmeta.tasks import Sinusoids

RECORDS = Path(__file__).parents[1] / "results" / "choosing.csv"
COLUMNS = ["kind", "estimator", "low_shots", "low_half", "high_shots", "high_half", "fit_seconds", "adapt_seconds"]
WRAPPERS = {"FewShotClassifier", "FewShotRegressor", "TaskMixtureClassifier", "TaskMixtureRegressor"}
SHOTS = {"classification": (1, 5), "regression": (5, 10)}
SCORING = {"classification": "accuracy", "regression": "neg_mean_squared_error"}


def candidates():
    """(kind, name, estimator): the library's by their defaults, and scikit-learn's on each task's own rows."""
    for name in skmeta.__all__:
        cls = getattr(skmeta, name)
        if isinstance(cls, type) and hasattr(cls, "partial_fit") and name not in WRAPPERS and "Baseline" not in name:
            try:
                as_it_comes = {"max_epochs": 0} if name.startswith("InContext") else {}
                estimator = cls(random_state=0, **as_it_comes)
            except TypeError:
                continue
            yield "classification" if is_classifier(estimator) else "regression", name, estimator
    yield "classification", "nearest neighbour, each task alone", PerTaskBaseline(KNeighborsClassifier(1))
    yield "classification", "logistic regression, each task alone", PerTaskBaseline(LogisticRegression())
    yield "classification", "random forest, each task alone", PerTaskBaseline(RandomForestClassifier(random_state=0))
    yield "regression", "nearest neighbours, each task alone", PerTaskBaseline(KNeighborsRegressor(3))
    yield "regression", "ridge, each task alone", PerTaskBaseline(RidgeCV())
    yield "regression", "random forest, each task alone", PerTaskBaseline(RandomForestRegressor(random_state=0))


def problem(kind):
    """Training tasks, test tasks."""
    if kind == "classification":
        tasks = make_few_shot_classification(500, n_ways=5, n_shots=20, n_query=0, random_state=0)
        return tasks[:300], tasks[300:]
    waves = Sinusoids("meta-sgd", n_shots=10, n_query=10)
    return waves.sample(1000, random_state=0), Sinusoids("meta-sgd", n_shots=30, n_query=0).sample(200, random_state=1)


def measure(kind, estimator):
    train, test = problem(kind)
    began = time.process_time()
    estimator.fit(train)
    fitted = time.process_time() - began
    few, many = SHOTS[kind]
    curve = few_shot_curve(estimator, test, SHOTS[kind], scoring=SCORING[kind], n_repeats=1, random_state=0)
    task, began = test[0], time.process_time()
    rows = np.concatenate([np.flatnonzero(task.y == label)[:5] for label in np.unique(task.y)])
    rows = rows if kind == "classification" else slice(0, 10)
    for _ in range(5):
        estimator.adapt(task.X[rows], task.y[rows])
    adapted = (time.process_time() - began) / 5
    half = (curve.high - curve.low) / 2
    mean = curve.mean if kind == "classification" else -curve.mean  # squared errors, as they are published
    return [mean[0], half[0], mean[1], half[1], fitted, adapted]


def measured():
    if not RECORDS.exists():
        return []
    with RECORDS.open(newline="") as file:
        return list(csv.DictReader(file))


def main():
    torch.set_num_threads(1)
    done = {(row["kind"], row["estimator"]) for row in measured()}
    if not RECORDS.exists():
        RECORDS.write_text(",".join(COLUMNS) + "\n")
    for kind, name, estimator in candidates():
        if (kind, name) in done:
            continue
        values = measure(kind, estimator)
        with RECORDS.open("a", newline="") as file:
            csv.writer(file).writerow([kind, name, *(f"{value:.4g}" for value in values)])
        print(kind, name, *(f"{value:.3f}" for value in values), flush=True)


def table(kind):
    few, many = SHOTS[kind]
    what, of = ("accuracy", "a class") if kind == "classification" else ("squared error", "")
    rows = [row for row in measured() if row["kind"] == kind]
    lines = [
        f"| | {what}, {few} row{'s' * (few > 1)} {of}".rstrip()
        + f" | {many} rows {of}".rstrip()
        + " | fit, s | adapt, ms |",
        "|---|---|---|---|---|",
    ]
    sign = -1 if kind == "classification" else 1
    for row in sorted(rows, key=lambda row: sign * float(row["high_shots"])):
        number = {key: float(value) for key, value in row.items() if key not in ("kind", "estimator")}
        name = row["estimator"] if "each task" in row["estimator"] else f"`{row['estimator']}`"
        low = f"{number['low_shots']:.2f} ± {number['low_half']:.2f}"
        high = f"{number['high_shots']:.2f} ± {number['high_half']:.2f}"
        lines.append(
            f"| {name} | {low} | {high} | {number['fit_seconds']:.1f} | {1000 * number['adapt_seconds']:.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["table"]:
        print(table("classification"), table("regression"), sep="\n\n")
    else:
        main()
