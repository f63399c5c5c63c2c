"""Regressors of few real tasks, nothing but defaults, on tasks that nobody has seen.

The rows of every grouped regression set of ``SKMETA_DATA`` with at most 100 training tasks are cut into tasks by their
groups. Three quarters of the tasks train; of the others 1, 5 or 20 rows are shown and the rest is asked. Errors (root
mean squares over all rows asked) are told as ratios to those of a ridge regression of all training rows, as geometric
means over sets. ``alone`` is the learner without what it is trusted beside, ``line`` what that says without the
learner; ``ratio`` sets the default against the learner alone. Of learners that say how sure they are, ``covered`` is
how often their intervals of 90% hold the target, ``covered alone`` how often the learner's own would.

    SKMETA_DATA=... python -m benchmarks.few_tasks.regression_tables --seeds 2

A stopped run goes on where it was.
"""

import argparse
import copy
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmeta
from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from skmeta import Task, TaskSet
from skmeta.datasets import list_local_tables, load_local_table
from skmeta.learners.calibrated_tasks import CalibratedTasks
from skmeta.preprocessing import TableEncoder

LEARNERS = (
    "FineTuneTransfer", "WeightAverageTransfer", "MAML", "Reptile", "MetaOptNet", "BayesianHead", "HyperNet",
    "NeuralProcess", "Recurrent",
)  # fmt: skip
SHOTS, LEAST_ASKED, MOST_ASKED, MOST_TASKS, MOST_ROWS = (1, 5, 20), 3, 200, 100, 20_000
NINE_IN_TEN = 1.645


def split(name, seed):
    """Training tasks as one long table, and the tests of every number of rows shown."""
    X, y, group = load_local_table(name)
    y, group = np.asarray(y, dtype=float), np.asarray(group).astype(str)
    ids, rng = np.unique(group), np.random.RandomState(seed)
    rng.shuffle(ids)
    n_test = max(2, len(ids) // 4)
    train = np.isin(group, ids[n_test:])
    if not 4 <= len(ids) - n_test <= MOST_TASKS or train.sum() > MOST_ROWS:
        return None
    X = np.asarray(make_pipeline(TableEncoder(), StandardScaler()).fit(X[train]).transform(X))
    tests = {n: list(questions(X, y, group, ids[:n_test], n, np.random.RandomState(seed))) for n in SHOTS}
    return (X[train], y[train], group[train]), {n: TaskSet(tasks) for n, tasks in tests.items() if tasks}


def questions(X, y, group, ids, n_shots, rng):
    for one in ids:
        rows = rng.permutation(np.flatnonzero(group == one))
        if len(rows) >= n_shots + LEAST_ASKED:
            shown, asked = rows[:n_shots], rows[n_shots : n_shots + MOST_ASKED]
            yield Task(X[shown], y[shown], X[asked], y[asked])


def error(answers, tasks):
    return float(np.sqrt(np.mean(np.concatenate([a - task.y_query for a, task in zip(answers, tasks)]) ** 2)))


def coverage(meta, tasks):
    mean, std = meta.predict(tasks, return_std=True)
    return float(np.mean(np.concatenate([abs(m - t.y_query) < NINE_IN_TEN * s for m, s, t in zip(mean, std, tasks)])))


def with_share(meta, share):
    """A copy of an estimator whose learner is trusted as far as one says."""
    other = copy.copy(meta)
    other.served_ = copy.deepcopy(meta.served_)
    other.served_.learner.factor.fill_(share)
    other.served_._single = None
    return other


def measure(learner, rows, tests):
    """Errors by the number of rows shown, as ratios to those of a ridge regression of all rows."""
    start = time.process_time()
    meta = getattr(skmeta, f"{learner}Regressor")(random_state=0).fit(TaskSet.from_long(*rows))
    seconds, ridge = time.process_time() - start, Ridge().fit(*rows[:2])
    stands_beside = isinstance(meta.net_.module_, CalibratedTasks) and bool(meta.net_.module_.is_calibrated)
    arms = {"default": meta}
    if stands_beside:
        arms |= {"alone": with_share(meta, 1.0), "line": with_share(meta, 0.0)}
    for n_shots, tasks in tests.items():
        pooled = error([ridge.predict(task.X_query) for task in tasks], tasks)
        errors = {name: error(one.predict(tasks), tasks) / pooled for name, one in arms.items()}
        covered = {name: coverage(one, tasks) for name, one in arms.items() if hasattr(one, "_of_distribution")}
        yield {
            "shots": n_shots,
            "tests": len(tasks),
            "default": errors["default"],
            "alone": errors.get("alone", errors["default"]),
            "line": errors.get("line", np.nan),
            "share": float(meta.net_.module_.factor) if stands_beside else 1.0,
            "covered": covered.get("default", np.nan),
            "covered alone": covered.get("alone", covered.get("default", np.nan)),
            "seconds": seconds,
        }


def geometric(values):
    return float(np.exp(np.log(values).mean()))


def summary(records):
    """Geometric means over sets and seeds; the default against the learner alone with its interval over sets."""
    # a line is the same beside every learner, and is not kept where it is of no use to one
    line = records.groupby(["set", "seed", "shots"])["line"].transform("first")
    records = records.assign(line=line)
    for (learner, shots), group in records.groupby(["learner", "shots"], sort=False):
        of_sets = np.log(group["default"] / group["alone"]).groupby(group["set"]).mean()
        mean, half = mean_and_interval(of_sets)
        means = {name: round(geometric(group[name].dropna()), 3) for name in ("alone", "line", "default")}
        means["share"] = round(group["share"].mean(), 2)
        interval = f"{np.exp(mean):.3f} ({np.exp(mean - half):.3f} to {np.exp(mean + half):.3f})"
        covered = group[["covered alone", "covered"]].mean().round(3)
        yield {"learner": learner, "shots": shots, "sets": len(of_sets), **means, "ratio": interval, **covered}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sets", nargs="+", default=None)
    parser.add_argument("--learners", nargs="+", default=list(LEARNERS))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    records = Records("few_tasks_regression")
    for seed in range(args.seeds):
        for name in args.sets or list_local_tables("grouped_regression"):
            data = split(name, seed)
            for learner in args.learners if data else ():
                setting = {"set": name, "seed": seed, "learner": learner}
                if not records.has(**setting):
                    records.add([setting | found for found in measure(learner, *data)])
    asked = records.table[records.table["seed"] < args.seeds]  # a split that was broken off has few sets
    print(pd.DataFrame(summary(asked)).to_string(index=False))


if __name__ == "__main__":
    main()
