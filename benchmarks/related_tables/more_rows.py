"""Do answers of TaskMixtureRegressor get worse with more rows shown, and does the seed decide how good they are?

Usage::

    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.more_rows run [--sets a,b] [--seeds 0 1 2]
    python -m benchmarks.related_tables.more_rows table

New tasks of ``two_questions.py``, by its folds and its rule for large tables, on the sets of numbers. Which rows a test
task shows is a matter of luck, and so is an error after one draw of them: each task shows its rows in eight random
orders, and up to 15 rows that come last in the order are answered after 0, 1, 2, 3, 5 and 10 (of short tasks, 5) of the
first. A line of ``results/related_tables_more_rows.csv`` is a set, fold, seed, test task and K, with the mean squared
error over the draws.
"""

import argparse
import copy
import os
import warnings

import numpy as np
import pandas as pd

from benchmarks.records import Records
from benchmarks.related_tables.summary import with_interval
from benchmarks.related_tables.two_questions import folds_of, load_sets
from skmeta import TaskMixtureRegressor

NAME = "related_tables_more_rows"
SHOTS, DRAWS, ASKED = (0, 1, 2, 3, 5, 10), 8, 15


def errors(model, X, y, code, test_rows):
    """(task, K, mean squared error) of a fitted model; ``code`` numbers the tasks."""
    rng, tasks = np.random.default_rng(0), np.unique(code[test_rows])
    size = np.bincount(code)[tasks]
    most = 10 if np.median(size) > 12 else 5
    shown, asked = [], []
    for draw in range(DRAWS):
        for task in tasks[size > most]:
            rows = rng.permutation(np.flatnonzero(code == task))
            name = f"draw {draw} of test task {task}"
            shown += [(row, name, rank) for rank, row in enumerate(rows[:most])]
            asked += [(row, name, task) for row in rows[most : most + ASKED]]
    shown = pd.DataFrame(shown, columns=["row", "name", "rank"])
    asked = pd.DataFrame(asked, columns=["row", "name", "task"])
    for shots in (k for k in SHOTS if k <= most):
        now, told = copy.copy(model), shown[shown["rank"] < shots]
        if shots:
            now.partial_fit(X.iloc[told["row"]], y[told["row"]], task=told["name"].to_numpy())
        answers = now.predict(X.iloc[asked["row"]], task=asked["name"].to_numpy())
        missed = pd.Series((answers - y[asked["row"]]) ** 2).groupby(asked["task"]).mean()
        yield from ({"task": task, "shots": shots, "mse": mse} for task, mse in missed.items())


def run(args):
    records = Records(NAME)
    for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], args.sets.split(",") if args.sets else None):
        if y.dtype.kind != "f":
            continue
        code = np.unique(task, return_inverse=True)[1]
        for fold, train, parts in folds_of("new", task)[: args.folds]:
            for seed in args.seeds:
                setting = {"set": name, "fold": fold, "seed": seed}
                if not records.has(**setting):
                    model = TaskMixtureRegressor(random_state=seed).fit(X.iloc[train], y[train], task=task[train])
                    records.add(setting | line for line in errors(model, X, y, code, parts[0][2]))


def excess(of_task):
    """Largest ratio of the root mean squared error at one K to that at a smaller one, minus 1, and the two Ks."""
    of_size = np.sqrt(of_task.mean())
    ratio = of_size / of_size.cummin().shift() - 1
    worst = ratio.idxmax()
    return ratio.max(), of_size[of_size.index < worst].idxmin(), worst


def print_table():
    frame = Records(NAME).table
    first = frame[frame["seed"] == frame["seed"].min()]
    worst = {}
    for name, block in first.groupby("set"):
        of_task = block.pivot_table(index=["fold", "task"], columns="shots", values="mse")
        share, before, shots = excess(of_task)
        drawn = np.random.default_rng(0).integers(len(of_task), size=(1000, len(of_task)))
        both = np.sqrt(of_task.to_numpy()[drawn].mean(1))
        at = list(of_task.columns)
        low, high = np.percentile(both[:, at.index(shots)] / both[:, at.index(before)] - 1, [2.5, 97.5])
        worst[name] = share, low, high, before, shots, len(of_task)
    worst = pd.DataFrame(worst, index=["excess", "low", "high", "from", "to", "tasks"]).T
    print(f"{len(worst)} sets; more than 3% worse with more rows: {(worst['excess'] > 0.03).sum()}")
    print(worst[worst["excess"] > 0].sort_values("excess", ascending=False).round(3).to_string())
    if frame["seed"].nunique() > 1:
        of_seed = np.sqrt(frame.groupby(["set", "fold", "shots", "seed"])["mse"].mean()).unstack().dropna()
        spread = (of_seed.std(axis=1, ddof=1) / of_seed.mean(axis=1)).groupby("set").agg(["mean", "max"])
        print(f"\nspread over {of_seed.shape[1]} seeds: {with_interval(spread['mean'], np.mean, 4)}")
        print(spread.round(4).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--sets")
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    run(arguments) if arguments.action == "run" else print_table()
