"""What a second thread brings where a task mixture is fitted, by the clock on the wall and the processor's.

Usage::

    OMP_NUM_THREADS=1 python -m benchmarks.related_tables.jobs [--rounds 3] [--tables 200x52 1000x50]

Tables of 200 tasks with 52 rows and 5 features, and of 1,000 with 50 rows and 20. In each round the same table is
fitted with one thread and with two, which of them first alternates; what they answer is compared. A line of
``results/related_tables_jobs.csv`` is a fit, with the load of the machine when it began: on a busy machine a second
thread waits for others.
"""

import argparse
import os

import numpy as np

from benchmarks.records import Records
from benchmarks.related_tables.speed import seconds, table
from skmeta import TaskMixtureRegressor

NAME = "related_tables_jobs"
TABLES = {"200x52": (200, 52, 5), "1000x50": (1000, 50, 20)}


def run(tables, n_rounds):
    records = Records(NAME)
    X, y, task = table(99, 10, 20, 3)
    TaskMixtureRegressor(random_state=0, n_jobs=2).fit(X, y, task=task)  # imports, and the pages of libraries
    for name in tables:
        for seed in range(n_rounds):
            if records.has(table=name, seed=seed):
                continue
            X, y, task = table(seed, *TABLES[name])
            lines, answers = [], []
            for n_jobs in (1, 2) if seed % 2 == 0 else (2, 1):
                load, model = os.getloadavg()[0], TaskMixtureRegressor(random_state=seed, n_jobs=n_jobs)
                wall, processor = seconds(model.fit, X, y, task=task)
                answers.append(model.predict(X, task=task))
                lines.append(
                    {"table": name, "seed": seed, "n_jobs": n_jobs, "wall": wall, "processor": processor, "load": load}
                )
            same = np.array_equal(*answers)
            records.add(line | {"same_answers": same} for line in lines)


def print_gain():
    wide = Records(NAME).table.pivot(index=["table", "seed"], columns="n_jobs")
    for name, rounds in wide.groupby(level="table"):
        told = ", ".join(
            f"{clock} {rounds[clock][1].median():.1f} s with one thread, {rounds[clock][2].median():.1f} s with two, "
            f"{(rounds[clock][1] / rounds[clock][2]).median():.2f} times (median of {len(rounds)} rounds)"
            for clock in ("wall", "processor")
        )
        alike = "the same answers" if rounds["same_answers"].all(axis=None) else "OTHER ANSWERS"
        print(
            f"{name}: {told}; {alike}; load {rounds['load'].min(axis=None):.1f} to {rounds['load'].max(axis=None):.1f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES))
    arguments = parser.parse_args()
    run(arguments.tables, arguments.rounds)
    print_gain()
