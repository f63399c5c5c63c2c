"""What each estimator costs and reaches with its defaults: the table of the guide's page on choosing.

Classifiers: 300 tasks of five Gaussian clusters in twenty features whose centres share a space of three dimensions;
200 other tasks, one and five rows a class. Regressors: 1,000 sine waves of varying amplitude, phase and frequency
(Meta-SGD's protocol); 200 others, five and ten rows. A seed draws all tasks and the initial weights; 95% intervals
are over tasks where there is one seed, and over seeds by Student's t where there are several. The in-context
estimators come trained and stay as they are (``max_epochs=0``). Seconds are of one thread's processor time: of
``fit``, and of one ``adapt`` with five rows a class (ten rows).

    python -m benchmarks.defaults.choosing 0 1 2      # measures what these seeds have no record of yet
    python -m benchmarks.defaults.choosing table      # prints the guide's tables
"""

import sys
import time

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

import skmeta
from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records
from skmeta import PerTaskBaseline, few_shot_curve
from skmeta.datasets import make_few_shot_classification
from skmeta.tasks import Sinusoids

COLUMNS = ["low_shots", "low_half", "high_shots", "high_half", "fit_seconds", "adapt_seconds"]
WRAPPERS = {"FewShotClassifier", "FewShotRegressor", "TaskMixtureClassifier", "TaskMixtureRegressor"}
SHOTS = {"classification": (1, 5), "regression": (5, 10)}
SCORING = {"classification": "accuracy", "regression": "neg_mean_squared_error"}


def candidates(seed):
    """(kind, name, estimator): the library's by their defaults, and scikit-learn's on each task's own rows."""
    for name in skmeta.__all__:
        cls = getattr(skmeta, name)
        if isinstance(cls, type) and hasattr(cls, "partial_fit") and name not in WRAPPERS and "Baseline" not in name:
            try:
                as_it_comes = {"max_epochs": 0} if name.startswith("InContext") else {}
                estimator = cls(random_state=seed, **as_it_comes)
            except TypeError:
                continue
            yield "classification" if is_classifier(estimator) else "regression", name, estimator
    yield "classification", "nearest neighbour, each task alone", PerTaskBaseline(KNeighborsClassifier(1))
    yield "classification", "logistic regression, each task alone", PerTaskBaseline(LogisticRegression())
    yield "classification", "random forest, each task alone", PerTaskBaseline(RandomForestClassifier(random_state=seed))
    yield "regression", "nearest neighbours, each task alone", PerTaskBaseline(KNeighborsRegressor(3))
    yield "regression", "ridge, each task alone", PerTaskBaseline(RidgeCV())
    yield "regression", "random forest, each task alone", PerTaskBaseline(RandomForestRegressor(random_state=seed))


def problem(kind, seed):
    """Training tasks, test tasks."""
    if kind == "classification":
        tasks = make_few_shot_classification(500, n_ways=5, n_shots=20, n_query=0, random_state=seed)
        return tasks[:300], tasks[300:]
    train, test = Sinusoids("meta-sgd", n_shots=10, n_query=10), Sinusoids("meta-sgd", n_shots=30, n_query=0)
    return train.sample(1000, random_state=2 * seed), test.sample(200, random_state=2 * seed + 1)


def measure(kind, estimator, seed):
    train, test = problem(kind, seed)
    began = time.process_time()
    estimator.fit(train)
    fitted = time.process_time() - began
    few, many = SHOTS[kind]
    curve = few_shot_curve(estimator, test, SHOTS[kind], scoring=SCORING[kind], n_repeats=1, random_state=seed)
    task, began = test[0], time.process_time()
    rows = np.concatenate([np.flatnonzero(task.y == label)[:5] for label in np.unique(task.y)])
    rows = rows if kind == "classification" else slice(0, 10)
    for _ in range(5):
        estimator.adapt(task.X[rows], task.y[rows])
    adapted = (time.process_time() - began) / 5
    half = (curve.high - curve.low) / 2
    mean = curve.mean if kind == "classification" else -curve.mean  # squared errors, as they are published
    return [mean[0], half[0], mean[1], half[1], fitted, adapted]


def measured(kind):
    """The means over seeds, a row an estimator; half-widths of intervals over tasks where there is one seed."""
    of_kind = Records("choosing").table.query("kind == @kind").groupby("estimator", sort=False)
    means = of_kind[COLUMNS].mean()
    if of_kind.seed.nunique().min() > 1:
        for shots in ("low", "high"):
            means[f"{shots}_half"] = of_kind[f"{shots}_shots"].agg(lambda values: mean_of_seeds(values)[1])
    return means.reset_index().sort_values("high_shots", ascending=kind == "regression", ignore_index=True)


def main(seeds):
    torch.set_num_threads(1)
    records = Records("choosing")
    for seed in seeds:
        for kind, name, estimator in candidates(seed):
            setting = {"kind": kind, "estimator": name, "seed": seed}
            if not records.has(**setting):
                values = (float(f"{value:.4g}") for value in measure(kind, estimator, seed))
                records.add([setting | dict(zip(COLUMNS, values))])


def table(kind):
    few, many = SHOTS[kind]
    what, of = ("accuracy", "a class") if kind == "classification" else ("squared error", "")
    lines = [
        f"| | {what}, {few} row{'s' * (few > 1)} {of}".rstrip()
        + f" | {many} rows {of}".rstrip()
        + " | fit, s | adapt, ms |",
        "|---|---|---|---|---|",
    ]
    for row in measured(kind).itertuples():
        name = row.estimator if "each task" in row.estimator else f"`{row.estimator}`"
        low = f"{row.low_shots:.2f} ± {row.low_half:.2f}"
        high = f"{row.high_shots:.2f} ± {row.high_half:.2f}"
        lines.append(f"| {name} | {low} | {high} | {row.fit_seconds:.1f} | {1000 * row.adapt_seconds:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["table"]:
        print(table("classification"), table("regression"), sep="\n\n")
    else:
        main([int(seed) for seed in sys.argv[1:]] or [0])
