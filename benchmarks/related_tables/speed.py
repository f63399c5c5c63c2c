"""How long a task mixture takes: tasks of 50 rows and 20 features, fitted, and asked about all of their rows.

Usage::

    python -m benchmarks.related_tables.speed [--tasks 1000] [--n-jobs 2]

1,000 tasks are a table of 50,000 rows; 20,000 tasks one of a million.
Seconds of wall clock and of processor time are written to ``results/related_tables_speed.csv``; a repetition is a new
table. Limit the threads by ``OMP_NUM_THREADS``.
"""

import argparse
import os
import resource
import time

import numpy as np
import pandas as pd

from benchmarks.intervals import mean_and_interval
from benchmarks.records import save
from skmeta import TaskMixtureClassifier, TaskMixtureRegressor


def table(seed, n_tasks=1000, n_rows=50, n_features=20):
    """Tasks with an intercept and a slope of their own around a common function."""
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), n_rows)
    X = rng.normal(size=(len(task), n_features))
    own = rng.normal(size=(n_tasks, 2))[task]
    y = X[:, 0] + np.sin(2 * X[:, 1]) + own[:, 0] + 0.5 * own[:, 1] * X[:, 2] + 0.5 * rng.normal(size=len(task))
    return X, y, task


def seconds(method, *args, **kwargs):
    wall, processor = time.perf_counter(), time.process_time()
    method(*args, **kwargs)
    return time.perf_counter() - wall, time.process_time() - processor


MIXTURES = {
    "regressor": (TaskMixtureRegressor, lambda y: y),
    "regressor, positive targets": (TaskMixtureRegressor, np.exp),
    "classifier": (TaskMixtureClassifier, lambda y: y > 0),
    "classifier, eleven classes": (
        TaskMixtureClassifier,
        lambda y: np.digitize(y, np.quantile(y, np.linspace(0, 1, 12)[1:-1])),
    ),
}


def peak_gb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure(names, n_repeats, n_tasks, n_jobs):
    records = []
    for name in names:
        mixture, of_targets = MIXTURES[name]
        taken = {"fit": [], "predict": []}
        for seed in range(n_repeats):
            X, y, task = table(seed, n_tasks)
            model = mixture(random_state=seed, n_jobs=n_jobs)
            taken["fit"].append(seconds(model.fit, X, of_targets(y), task=task))
            taken["predict"].append(seconds(model.predict, X, task=task))
        for what, times in taken.items():
            for clock, values in zip(("wall", "processor"), np.array(times).T):
                mean, half = mean_and_interval(values) if n_repeats > 1 else (values[0], np.nan)
                records.append(
                    {"estimator": name, "what": what, "clock": clock, "seconds": mean, "half_width": half,
                     "repeats": n_repeats, "tasks": n_tasks, "n_jobs": n_jobs or 1,
                     "peak_gb": peak_gb(), "threads": os.environ.get("OMP_NUM_THREADS", os.cpu_count())}
                )  # fmt: skip
                print(records[-1], flush=True)
    return pd.DataFrame(records)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--estimators", nargs="+", default=list(MIXTURES), choices=list(MIXTURES))
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--n-jobs", type=int)
    arguments = parser.parse_args()
    save(
        measure(arguments.estimators, arguments.repeats, arguments.tasks, arguments.n_jobs),
        "related_tables_speed" if arguments.tasks == 1000 else f"related_tables_speed_{arguments.tasks}",
    )
