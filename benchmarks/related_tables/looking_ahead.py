"""What it costs to learn whom to trust with rows later than a table: a fit's processor time with that and without.

Usage::

    OMP_NUM_THREADS=1 python -m benchmarks.related_tables.looking_ahead [--rounds 3]

Tables of 200 tasks with 52 rows and 5 features, the first of which is the week. In each round a table is fitted in both
ways, which of them first alternates. A line of ``results/related_tables_looking_ahead.csv`` is a round.
"""

import argparse
from unittest.mock import patch

import numpy as np

from benchmarks.records import Records
from benchmarks.related_tables.speed import seconds, table
from skmeta import TaskMixtureRegressor
from skmeta.task_mixture.calendar import Calendar

NAME = "related_tables_looking_ahead"


def processor_time(X, y, task, seed, looks_ahead):
    find = Calendar.of if looks_ahead else lambda rows, n_tasks: None
    with patch.object(Calendar, "of", find):
        return seconds(TaskMixtureRegressor(random_state=seed).fit, X, y, task=task)[1]


def run(n_rounds):
    records = Records(NAME)
    for seed in range(n_rounds):
        if not records.has(seed=seed):
            X, y, task = table(seed, 200, 52, 5)
            X[:, 0] = np.tile(np.linspace(-1, 1, 52), 200)
            order = (True, False) if seed % 2 == 0 else (False, True)
            taken = {looks_ahead: processor_time(X, y, task, seed, looks_ahead) for looks_ahead in order}
            records.add([{"seed": seed, "looking_ahead": taken[True], "without": taken[False]}])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    run(parser.parse_args().rounds)
    rounds = Records(NAME).table
    ratio = rounds["looking_ahead"] / rounds["without"]
    print(
        f"processor time {rounds['looking_ahead'].median():.1f} s, without {rounds['without'].median():.1f} s; "
        f"ratio {ratio.median():.2f} (median), {ratio.min():.2f} to {ratio.max():.2f}, {len(rounds)} rounds"
    )
