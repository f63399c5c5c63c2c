"""What parameters of single algorithms change: each value beside the default, on the same tasks with the same seeds.

Classes that were not trained on: tables of many classes, of which a third is held out and asked about in 60 tasks of 5
ways, 1 or 5 shots, and made-up clusters. Classes that tasks share: 60 made-up related tables; 30 others are answered
after 5 or 60 rows. Numbers: made-up related tables as well, 500 sine waves, and 200 others of 10 rows, and as many
linear and quadratic functions. Training is as it comes, or short, two epochs of thirty steps. A difference is in points
of accuracy, or in percent of the mean squared error, with its 95% interval over tasks, each with itself; the mean over
problems counts all of them alike.

    SKMETA_DATA=... python -m benchmarks.defaults.parameters --seeds 0 1

A stopped run goes on where it was.
"""

import argparse
import ast
import copy
import functools
import time

import numpy as np

import skmeta
from benchmarks.defaults.class_splits import load
from benchmarks.intervals import mse_of_tasks
from benchmarks.records import Records
from skmeta import TaskSet, split_tasks
from skmeta.datasets import make_related_tables
from skmeta.tasks import GaussianClusters, LinearFamily, NWayTasks, QuadraticFamily, Sinusoids

CLASSES, WAVES = ("libras",), ("waves",)
UNSEEN = ("clusters", "brown_genres", "audiology")
FUNCTIONS = {
    "waves": Sinusoids(n_shots=10),
    "lines": LinearFamily(n_shots=10),
    "quadratics": QuadraticFamily(n_shots=10),
}
SITES, TABLES = ("sites, 5 rows",), ("tables, 5 rows",)
MANY_SITES, MANY_TABLES = ("sites, 60 rows",), ("tables, 60 rows",)
NUMBERS = (*FUNCTIONS, *TABLES, *MANY_TABLES)
SHORT = {"max_epochs": 2}
LEARNED, HARDEST = {"weighting": "learn"}, {"mining": "batch-hard"}  # defaults before these measurements
#: estimators, problems, what is set in all arms, and the values beside the defaults
QUESTIONS = [
    (
        "WeightAverageTransfer", SITES + MANY_SITES, LEARNED,
        [("weighting", "similarity"), ("weighting", "uniform"), ("source_lr", 0.0003), ("source_lr", 0.03)],
    ),
    (
        "WeightAverageTransferRegressor", TABLES + MANY_TABLES, LEARNED,
        [("weighting", "similarity"), ("weighting", "uniform"), ("source_lr", 0.0003), ("source_lr", 0.03)],
    ),
    ("WeightAverageTransfer", ("clusters",), LEARNED, [("weighting", "similarity")]),
    (
        "WeightAverageTransferRegressor", ("lines", "quadratics", *WAVES), LEARNED,
        [("weighting", "similarity"), ("source_lr", 0.03)],
    ),
    ("FineTuneTransfer", MANY_SITES, {"freeze": "none"}, [("early_stopping", False)]),
    ("FineTuneTransferRegressor", MANY_TABLES, {"freeze": "none"}, [("early_stopping", False)]),
    ("RelationNetClassifier", CLASSES, SHORT, [("relation_loss", "mse")]),
    ("RelationNetClassifier", UNSEEN, {}, [("relation_loss", "mse")]),
    ("TripletNetClassifier", CLASSES, SHORT | HARDEST, [("mining", "semi-hard"), ("margin", 0.1)]),
    ("TripletNetClassifier", UNSEEN, HARDEST, [("mining", "semi-hard")]),
    ("SiameseNetClassifier", CLASSES, SHORT | {"loss": "contrastive"}, [("margin", 0.3), ("margin", 3.0)]),
    ("SiameseNetClassifier", UNSEEN, {"loss": "contrastive"}, [("margin", 3.0)]),
    ("HyperNetRegressor", WAVES, SHORT, [("target_layers", 0)]),
    ("NeuralProcessRegressor", WAVES, SHORT, [("n_heads", 1)]),
    ("HyperNetClassifier", CLASSES, SHORT, [("target_layers", 0)]),
    ("RecurrentRegressor", WAVES, {}, [("n_permutations", 1), ("n_permutations", 16)]),
    (
        "MAMLRegressor", WAVES, {"max_epochs": 10, "gradient": "implicit", "inner_steps": 10},
        [("cg_steps", 1), ("cg_steps", 5)],
    ),
    ("MatchingNetClassifier", CLASSES, SHORT, [("full_context", True)]),
    ("MatchingNetClassifier", CLASSES, SHORT | {"full_context": True}, [("reading_steps", 1)]),
]  # fmt: skip


@functools.lru_cache(maxsize=20)
def problem(name, seed):
    """Tasks to train on, and those to be asked about."""
    if name in FUNCTIONS:
        tasks = FUNCTIONS[name].sample(700, random_state=seed)
        return tasks[:500], tasks[500:]
    if name == "clusters":
        few, more, some = (GaussianClusters(n_shots=n, n_query=10, n_latent=3, n_irrelevant=10) for n in (1, 5, (1, 5)))
        return some, TaskSet([*few.sample(30, random_state=seed), *more.sample(30, random_state=seed)])
    if name in UNSEEN + CLASSES:
        train, test, _ = load(name, seed)
        n_rows = np.unique(test[0].y, return_counts=True)[1]
        sources = [NWayTasks(test[0].X, test[0].y, 5, n, 10) for n in (1, 5) if (n_rows > n).sum() >= 5]
        return train, TaskSet([task for source in sources for task in source.sample(30, random_state=seed)])
    kind = "classification" if name.startswith("sites") else "regression"
    n_rows = 60 if "60" in name else 5
    tasks = TaskSet.from_long(*make_related_tables(90, n_rows=n_rows + 40, task_type=kind, random_state=seed))
    return tasks[:60], split_tasks(tasks[60:], n_rows, per_class=False, random_state=seed)


def scores(estimator, test):
    """Accuracies, or squared errors, of the tasks asked about."""
    answers = estimator.predict(test)
    if hasattr(estimator, "predict_proba"):
        return np.array([np.mean(answer == task.y_query) for answer, task in zip(answers, test)])
    return mse_of_tasks(answers, test)


def timed(function, *arguments):
    """What a function gives, and its processor seconds."""
    began = time.process_time()
    return function(*arguments), time.process_time() - began


def measured(name, fixed, arms, one, seed):
    """Each arm's differences to the default, task by task: their sum, the sum of their squares, and how many."""
    train, test = problem(one, seed)
    cls = getattr(skmeta, name)
    default, fit_s = timed(cls(**fixed, random_state=seed).fit, train)
    known, answer_s = timed(scores, default, test)
    for parameter, value in arms:
        if parameter in cls._adaptation_parameters:  # training does not depend on it
            arm, arm_fit_s = copy.copy(default).set_params(**{parameter: value}), fit_s
        else:
            arm, arm_fit_s = timed(cls(**(fixed | {parameter: value}), random_state=seed).fit, train)
        found, arm_answer_s = timed(scores, arm, test)
        gain = found - known
        yield {
            "parameter": parameter, "value": repr(value), "default": repr(getattr(default, parameter)),
            "of_default": known.mean(), "gain": gain.mean(), "square": np.mean(gain**2), "tasks": len(gain),
            "fit_times": arm_fit_s / fit_s, "answer_times": arm_answer_s / answer_s, "fit_s": fit_s,
        }  # fmt: skip


def page(records):
    """The page's table in Markdown: differences over the tasks of all seeds, with their 95% intervals.

    Below the problems of one value, where there are several, comes the mean of each unit over problems.
    """
    yield "| estimator | parameter | problem | with the default | difference | tasks, seeds |"
    yield "|---|---|---|---|---|---|"
    keys = ["estimator", "fixed", "parameter", "value"]
    for (name, fixed, parameter, value), arm in records.groupby(keys, sort=False):
        set_too = ast.literal_eval(fixed).items()
        beside = "".join(f", `{k}={v!r}`" for k, v in set_too if k != parameter)
        start = f"| `{name}`{beside} | `{parameter}={value}`, not `{arm['default'].iloc[0]}` |"
        found = {"": [], " %": []}
        for one, lines in arm.groupby("problem", sort=False):
            n, gain, default = lines["tasks"].sum(), lines["gain"].mean(), lines["of_default"].mean()
            unit, size = (" %", 100 / default) if one in NUMBERS else ("", 100)
            half = size * 1.96 * np.sqrt((lines["square"].mean() - gain**2) / n)
            found[unit].append((size * gain, half))
            yield f"{start} {one} | {default:.3f} | {size * gain:+.1f} ± {half:.1f}{unit} | {n}, {len(lines)} |"
        for unit, of_problems in found.items():
            if len(of_problems) > 1:
                gain, half = np.mean(of_problems, 0)[0], np.linalg.norm(of_problems, axis=0)[1] / len(of_problems)
                yield f"{start} *mean of {len(of_problems)}* | | {gain:+.1f} ± {half:.1f}{unit} | |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--estimators", nargs="+", default=[question[0] for question in QUESTIONS])
    args = parser.parse_args()
    records = Records("parameters")
    for seed in args.seeds:
        for name, problems, fixed, arms in QUESTIONS:
            for one in problems if name in args.estimators else ():
                setting = {"estimator": name, "fixed": str(fixed), "problem": one, "seed": seed}
                if not records.has(**setting):
                    records.add([setting | line for line in measured(name, fixed, arms, one, seed)])
    print(*page(records.table), sep="\n")


if __name__ == "__main__":
    main()
