"""What it costs a learner of one table to be heard beside a linear classifier: `adapt` to 100 rows.

    OMP_NUM_THREADS=1 python -m benchmarks.speed.one_table

A classifier that trains on one table has, beside its own answers, those of logistic regression on plain rows, which
`adapt` solves (skmeta/learners/calibrated.py). Beside it stands the same estimator without. CPU time, implementations
interleaved; writes benchmarks/results/speed_one_table.csv.
"""

import copy
import warnings

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from benchmarks.records import save
from benchmarks.speed import peers, timing
from skmeta import ProtoNetClassifier

TABLES = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer, "digits": load_digits}
N_ROWS, SEED, ROUNDS = 100, 0, 11
ALONE = "without logistic regression"


def cases(load):
    """Functions that adapt to 100 rows of a table."""
    X, y = load(return_X_y=True)
    meta = ProtoNetClassifier(max_epochs=2, random_state=SEED).fit(X, y)
    rows = np.random.default_rng(SEED).permutation(len(X))[:N_ROWS]
    alone = copy.deepcopy(meta)
    alone.served_.learner.is_calibrated.fill_(False)
    made = peers.with_and_without_kernel(lambda: lambda: meta.adapt(X[rows], y[rows]))
    return {name: make() for name, make in made.items()} | {ALONE: lambda: alone.adapt(X[rows], y[rows])}


def main():
    timing.one_thread()
    warnings.filterwarnings("ignore")
    lines = []
    for name, load in TABLES.items():
        lines += timing.records(name, timing.interleave(cases(load), ROUNDS, seconds=0.2), ALONE)
        print(pd.DataFrame(lines[-3:]).round(3).to_string(), flush=True)
    save(pd.DataFrame(lines), "speed_one_table")


if __name__ == "__main__":
    main()
