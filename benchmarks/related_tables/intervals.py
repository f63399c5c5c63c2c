"""How often 90% intervals of TaskMixtureRegressor hold the truth.

Usage::

    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.intervals run [--sets a,b] [--folds 1]
    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.intervals run --questions rolling
    python -m benchmarks.related_tables.intervals table

Both questions of ``two_questions.py``, by its folds and its rule for large tables, and the third of
``rolling_origin.py``, whose fold 0 is the last origin; on the sets of numbers. A line of
``results/related_tables_intervals.csv`` is a set, question, fold and K: the share of hidden rows inside their interval,
its mean width over the standard deviation of the targets, and the root mean squared error of the rows that tasks have
not shown at the largest K. (One draw of what is shown says little of how errors change with K: ``more_rows.py`` takes
many.)
"""

import argparse
import copy
import os
import time
import warnings

import numpy as np

from benchmarks.records import Records
from benchmarks.related_tables.rolling_origin import TIMES, origins, times_of
from benchmarks.related_tables.summary import with_interval
from benchmarks.related_tables.two_questions import folds_of, load_sets
from skmeta import TaskMixtureRegressor

NAME = "related_tables_intervals"
LEVELS = [0.05, 0.95]


def lines_of(X, y, task, train, parts, seed):
    begin = time.process_time()
    fitted = TaskMixtureRegressor(random_state=seed).fit(X.iloc[train], y[train], task=task[train])
    seconds = time.process_time() - begin
    last = parts[-1][2]
    for shots, support, query in parts:
        model = copy.copy(fitted)
        if support is not None and len(support):
            model.partial_fit(X.iloc[support], y[support], task=task[support])
        low, high = model.predict(X.iloc[query], quantiles=LEVELS, task=task[query]).T
        inside = np.mean((low <= y[query]) & (y[query] <= high))
        width = np.mean(high - low) / y[train].std()
        rmse = np.sqrt(np.mean((model.predict(X.iloc[last], task=task[last]) - y[last]) ** 2))
        yield {
            "shots": shots,
            "inside": inside,
            "width": width,
            "rmse": rmse,
            "n_rows": len(query),
            "seconds": seconds,
        }


def folds(question, name, X, task):
    if question == "rolling":
        return list(origins(task, times_of(name, X))) if name in TIMES else []
    return folds_of(question, task)


def run(args):
    records = Records(NAME)
    for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], args.sets.split(",") if args.sets else None):
        if y.dtype.kind != "f":
            continue
        for question in args.questions:
            for fold, train, parts in folds(question, name, X, task)[: args.folds]:
                for seed in args.seeds:
                    setting = {"set": name, "question": question, "fold": fold, "seed": seed}
                    if not records.has(**setting):
                        records.add(setting | line for line in lines_of(X, y, task, train, parts, seed))


def print_table():
    frame = Records(NAME).table
    for question, block in frame.groupby("question"):
        print(f"\n{question}: {block['set'].nunique()} sets, {block['fold'].nunique()} folds at most")
        for shots, lines in block.groupby("shots"):
            of_set = lines.groupby("set")[["inside", "width"]].mean()
            print(
                f"K={shots}: inside {with_interval(of_set['inside'], np.mean, 3)}, width {of_set['width'].mean():.2f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--sets")
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--questions", nargs="+", default=["new", "known"])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    run(arguments) if arguments.action == "run" else print_table()
