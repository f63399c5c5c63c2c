"""The third question of related tables: known tasks whose last rows are hidden, and answered from the rows before.

Most grouped tables are panels: years of a worker, weeks of a store, visits of a patient. The last fifth of each task's
times (at least one) is hidden; the origin then rolls back by as many, twice: what comes after the hidden rows is not
there. Rows of one time stay together. ``TIMES`` names each panel's column of time; None is a table
whose rows lie in the order of time. Tables are cut as in ``two_questions.py``, and the methods are the same; beside
them, "last value" answers what the task's last known row had.

Usage::

    SKMETA_DATA=<loader's folder> python -m benchmarks.related_tables.rolling_origin run [--methods a,b] [--sets a,b]
    python -m benchmarks.related_tables.rolling_origin table

``run`` appends to ``results/related_tables_rolling.csv`` and skips what is there; ``--folds 1`` is the last origin.
"""

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.related_tables.methods import METHODS, Method
from benchmarks.related_tables.summary import FOCUS, POOLED, losses, markdown, ratios, table, told
from benchmarks.related_tables.two_questions import RESULTS, lines_done, load_sets, run_safely

ROLLING = RESULTS.with_name("related_tables_rolling.csv")
TIMES = {
    "bilirubin_pbc": "day",
    "book_challenges": "year",
    "cattle_growth": "day",
    "chick_weight": "Time",
    "cow_growth": "day",
    "cow_milk_protein": "Time",
    "dropout_wages": "exper",
    "french_fries": "time",
    "psid_wages": "exp",
    "rat_weight": "Time",
    "remifentanil": "Time",
    "rice_farms": None,
    "tree_water_use": "day",
    "us_growth_math": "year",
    "us_states_gsp": "year",
    "walmart_stores": None,
    "young_males_wage": "year",
}
N_ORIGINS, HIDDEN = 3, 0.2
COMPARED = [
    "TaskMixture", "pooled linear", "pooled trees", "per-group linear", "per-group neighbours", "trees with task",
    "MixedLM intercept", "MixedLM slopes", "GroupedPredictor", "last value",
]  # fmt: skip


class LastValue(Method):
    """The target of the task's last row."""

    classifies = False

    def fit(self, known):
        self.last = dict(zip(known.task, known.y))  # of equal keys the last one stays
        return self

    def answer_known(self, asked):
        return np.array([self.last[name] for name in asked.task])


METHODS |= {"last value": LastValue}


def origins(task, time):
    """(fold, training rows in the order of time, [(-1, None, hidden rows)]), the latest origin first."""
    order = np.lexsort((time, task))
    named = pd.DataFrame({"task": task, "time": time}).groupby("task")["time"]
    rank, n_times = named.rank("dense").to_numpy() - 1, named.transform("nunique").to_numpy()
    hidden = np.maximum((HIDDEN * n_times).astype(int), 1)
    for fold in range(N_ORIGINS):
        end = n_times - fold * hidden
        known, asked = rank < end - hidden, (rank >= end - hidden) & (rank < end) & (end > hidden)
        yield fold, order[known[order]], [(-1, None, order[asked[order]])]


def times_of(name, X):
    column = TIMES[name]
    return np.arange(len(X)) if column is None else X[column].to_numpy(dtype=float)


def run(args):
    done = lines_done(args.results)
    wanted = args.sets.split(",") if args.sets else list(TIMES)
    for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], wanted):
        for method in args.methods.split(",") if args.methods else COMPARED:
            if METHODS[method].regresses if y.dtype.kind == "f" else METHODS[method].classifies:
                for fold, train, parts in list(origins(task, times_of(name, X)))[: args.folds]:
                    if (name, method, "rolling", fold) not in done:
                        run_safely(args.results, name, X, y, task, method, "rolling", fold, train, parts)


def print_table(results):
    wide = losses(results, "regression", "rolling")
    wide = wide[wide[FOCUS].notna()].dropna(axis=1, how="all")
    ratio = ratios(wide, [FOCUS, *(method for method in wide if method != FOCUS)])
    print(f"{ratio.index.unique('set').size} sets of numbers\n")
    print(markdown(table(ratio).rename(columns={"hidden fifth": "last fifth"})))
    own = ratio[FOCUS].groupby("set").mean()
    best = ratio.drop(columns=FOCUS).groupby("set").mean()
    behind = (own / best.min(axis=1) - 1).sort_values(ascending=False)
    print(f"\nbehind the set's best baseline: {told(behind[behind > 0])}")
    print(f"behind the last value: {told((own / best['last value'] - 1).loc[lambda share: share > 0])}")
    wide = losses(results, "classification", "rolling")
    print("\nclasses\n" + ratios(wide, [FOCUS, *POOLED]).round(3).to_string())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--methods")
    parser.add_argument("--sets")
    parser.add_argument("--folds", type=int, default=N_ORIGINS)
    parser.add_argument("--results", type=Path, default=ROLLING)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    run(arguments) if arguments.action == "run" else print_table(arguments.results)
