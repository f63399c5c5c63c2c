"""What an in-context regressor as one more pooled model would bring a task mixture: errors with it over those without.

Usage::

    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.further_member run [--sets a,b]
    python -m benchmarks.related_tables.further_member table

Both answer the first fold of new tasks of ``two_questions.py``, large tables cut by its rule, seed 0. The in-context
regressor reads at most 512 rows, drawn as evenly from all tasks as these allow. A line of
``results/related_tables_further_member.csv`` is a set, K, and both errors.
"""

import argparse
import os
import warnings
from unittest.mock import patch

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from benchmarks.records import Records
from benchmarks.related_tables.summary import geometric, with_interval
from benchmarks.related_tables.two_questions import folds_of, load_sets, ranks_within, run_fold
from skmeta import InContextRegressor, TaskMixtureRegressor

RESULTS = "related_tables_further_member"
MOST_ROWS = 512


class InContextOfSomeRows(RegressorMixin, BaseEstimator):
    """An in-context regressor of at most so many rows, as many of each task as there are."""

    def fit(self, X, y, task=None):
        rng = np.random.default_rng(0)
        rank = ranks_within(np.zeros(len(y)) if task is None else task, rng)[0]
        some = np.sort(np.argsort(rank, kind="stable")[:MOST_ROWS])
        self.model_ = InContextRegressor(random_state=0).fit(X[some], y[some])
        return self

    def predict(self, X):
        return self.model_.predict(X)


def with_it(self, y, default=TaskMixtureRegressor._default_members):
    pooled, joint = default(self, y)
    return [*pooled, InContextOfSomeRows()], joint


def errors(*fold):
    """K -> error and seconds."""
    return {line[4]: (float(line[7]), line[9]) for line in run_fold(*fold) if line[6] == "rmse"}


def run(sets):
    records = Records(RESULTS)
    for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], sets):
        if y.dtype.kind == "f" and not records.has(set=name):
            fold = name, X, y, task, "TaskMixture", "new", *folds_of("new", task)[0]
            without = errors(*fold)
            with patch.object(TaskMixtureRegressor, "_default_members", with_it):
                further = errors(*fold)
            records.add(
                {"set": name, "shots": shots, "without": error, "with": further[shots][0]}
                | {"seconds_without": seconds, "seconds_with": further[shots][1]}
                for shots, (error, seconds) in without.items()
            )


def print_table():
    frame = Records(RESULTS).table
    frame["ratio"] = frame["with"] / frame["without"]
    print(f"{frame['set'].nunique()} sets: error with it over error without\n")
    for shots, block in frame.groupby("shots"):
        print(f"| K={shots} | {with_interval(block['ratio'], geometric, 3)} |")
    fits = frame.groupby("set")[["seconds_without", "seconds_with"]].max()
    print(f"\nseconds, geometric mean of ratios: {geometric(fits['seconds_with'] / fits['seconds_without']):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--sets")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.action == "run":
        run(arguments.sets.split(",") if arguments.sets else None)
    else:
        print_table()
