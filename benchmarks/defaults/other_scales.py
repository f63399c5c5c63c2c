"""Regressors on tasks of another scale than those of their training, defaults only.

Linear tasks (10 rows shown, 4 features). Of tasks not seen in training, the first column or the targets are multiplied
by 1e-3 to 1e3, and the root mean squared error, divided by the targets' factor, is compared with that at scale 1; a
task that was adapted to with a warning is counted.

    python -m benchmarks.defaults.other_scales --seeds 0 1 2

A stopped run goes on where it was.
"""

import argparse
import warnings

import numpy as np

from benchmarks.defaults.learners import learners
from benchmarks.records import Records
from skmeta import Task
from skmeta.tasks import LinearFamily

SCALES = (1e-3, 1e-2, 0.1, 10, 100, 1e3)
N_TRAIN, N_TEST = 50, 20


def rescaled(task, column, target):
    columns = np.r_[column, np.ones(task.n_features - 1)]
    return Task(task.X * columns, task.y * target, task.X_query * columns, task.y_query * target)


def errors_and_warnings(meta, tasks, target):
    """Root mean squared error in units of scale 1, and the share of tasks with a warning."""
    squares, warned = [], 0
    for task in tasks:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            answers = meta.adapt(task.X, task.y).predict(task.X_query)
        warned += bool(caught)
        squares.append(np.mean((answers - task.y_query) ** 2))
    return np.mean(squares) ** 0.5 / target, warned / len(tasks)


def measure(cls, seed, scaling):
    tasks = LinearFamily(n_features=4, n_shots=10, n_query=10).sample(N_TRAIN + N_TEST, random_state=seed)
    meta = cls(target_scaling=scaling, random_state=seed).fit(tasks[:N_TRAIN])
    test = [tasks[i] for i in range(N_TRAIN, N_TRAIN + N_TEST)]
    for what in ("column", "target"):
        for scale in (1, *SCALES):
            column, target = (scale, 1) if what == "column" else (1, scale)
            error, warned = errors_and_warnings(meta, [rescaled(task, column, target) for task in test], target)
            yield {"scaled": what, "scale": scale, "rmse": error, "warned": warned}


def summary(records):
    """Errors over that at scale 1, mean over seeds, by estimator, what was scaled and by how much; w: with warnings."""
    means = records.groupby(["estimator", "target_scaling", "scaled", "scale"])[["rmse", "warned"]].mean()
    at_one = means["rmse"].unstack("scale")[1]
    text = means["rmse"].unstack("scale").div(at_one, axis=0).map("{:.3g}".format)
    return text + means["warned"].unstack("scale").map(lambda share: " w" if share > 0 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    records = Records("other_scales")
    for seed in args.seeds:
        for one in learners("regression").values():
            cls = type(one)
            if "target_scaling" not in one.get_params():
                continue
            for scaling in ("pooled", "task"):
                setting = {"estimator": cls.__name__, "target_scaling": scaling, "seed": seed}
                if not records.has(**setting):
                    records.add(setting | one for one in measure(cls, seed, scaling))
    print(summary(records.table).to_string())


if __name__ == "__main__":
    main()
