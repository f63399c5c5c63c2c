"""What parameters of single algorithms change: each value beside the default, on the same tasks with the same seeds.

Classes that were not trained on: the table libras, a third of whose classes is held out and asked about in 60 tasks of
5 ways, 1 or 5 shots. Classes that tasks share: 60 made-up related tables; 30 others are answered after 5 or 60 rows.
Numbers: made-up related tables as well, or 500 sine waves, and 200 others of 10 rows. Where episodes are trained on,
training is short, two epochs of thirty steps (recurrent networks as they come, implicit gradients ten epochs). A
difference is in points of accuracy, or in percent of the mean squared error, with its 95% interval over
tasks, each with itself.

    SKMETA_DATA=... python -m benchmarks.defaults.parameters --seeds 0 1

A stopped run goes on where it was.
"""

import argparse
import ast
import copy
import functools

import numpy as np

import skmeta
from benchmarks.intervals import mse_of_tasks
from benchmarks.records import Records
from skmeta import TableEncoder, TaskSet, split_tasks
from skmeta.datasets import load_local_table, make_related_tables, split_classes
from skmeta.tasks import NWayTasks, Sinusoids

CLASSES, WAVES = ("libras",), ("waves",)
SITES, TABLES = ("sites, 5 rows",), ("tables, 5 rows",)
MANY_SITES, MANY_TABLES = ("sites, 60 rows",), ("tables, 60 rows",)
NUMBERS = WAVES + TABLES + MANY_TABLES
SHORT = {"max_epochs": 2}
#: estimators, problems, what is set in all arms, and the values beside the defaults
QUESTIONS = [
    (
        "WeightAverageTransfer", SITES + MANY_SITES, {},
        [("weighting", "similarity"), ("weighting", "uniform"), ("source_lr", 0.0003), ("source_lr", 0.03)],
    ),
    (
        "WeightAverageTransferRegressor", TABLES + MANY_TABLES, {},
        [("weighting", "similarity"), ("weighting", "uniform"), ("source_lr", 0.0003), ("source_lr", 0.03)],
    ),
    ("FineTuneTransfer", MANY_SITES, {"freeze": "none"}, [("early_stopping", False)]),
    ("FineTuneTransferRegressor", MANY_TABLES, {"freeze": "none"}, [("early_stopping", False)]),
    ("RelationNetClassifier", CLASSES, SHORT, [("relation_loss", "mse")]),
    ("TripletNetClassifier", CLASSES, SHORT, [("mining", "semi-hard"), ("margin", 0.1)]),
    ("SiameseNetClassifier", CLASSES, SHORT | {"loss": "contrastive"}, [("margin", 0.3), ("margin", 3.0)]),
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
    if name == "waves":
        tasks = Sinusoids(n_shots=10).sample(700, random_state=seed)
        return tasks[:500], tasks[500:]
    if name in CLASSES:
        X, y, _ = load_local_table(name)
        train, test = split_classes(TableEncoder().fit_transform(X), y, test_size=y.nunique() // 3, random_state=seed)
        shots = [NWayTasks(test[0].X, test[0].y, 5, n, 10).sample(30, random_state=seed) for n in (1, 5)]
        return train, TaskSet([*shots[0], *shots[1]])
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


def measured(name, fixed, arms, one, seed):
    """Each arm's differences to the default, task by task: their sum, the sum of their squares, and how many."""
    train, test = problem(one, seed)
    cls = getattr(skmeta, name)
    default = cls(**fixed, random_state=seed).fit(train)
    known = scores(default, test)
    for parameter, value in arms:
        if parameter in cls._adaptation_parameters:  # training does not depend on it
            arm = copy.copy(default).set_params(**{parameter: value})
        else:
            arm = cls(**fixed, **{parameter: value}, random_state=seed).fit(train)
        gain = scores(arm, test) - known
        yield {
            "parameter": parameter, "value": repr(value), "default": repr(getattr(default, parameter)),
            "of_default": known.mean(), "gain": gain.mean(), "square": np.mean(gain**2), "tasks": len(gain),
        }  # fmt: skip


def page(records):
    """The page's table in Markdown: differences over the tasks of all seeds, with their 95% intervals."""
    yield "| estimator | parameter | problem | with the default | difference | tasks, seeds |"
    yield "|---|---|---|---|---|---|"
    keys = ["estimator", "fixed", "parameter", "value", "problem"]
    for (name, fixed, parameter, value, one), lines in records.groupby(keys, sort=False):
        n, gain, default = lines["tasks"].sum(), lines["gain"].mean(), lines["of_default"].mean()
        half = 1.96 * np.sqrt((lines["square"].mean() - gain**2) / n)
        unit, size = (" %", 100 / default) if one in NUMBERS else ("", 100)
        beside = "".join(f", `{k}={v!r}`" for k, v in ast.literal_eval(fixed).items() if k != "max_epochs")
        yield (
            f"| `{name}`{beside} | `{parameter}={value}`, not `{lines['default'].iloc[0]}` | {one} | {default:.3f} "
            f"| {size * gain:+.1f} ± {size * half:.1f}{unit} | {n}, {len(lines)} |"
        )


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
