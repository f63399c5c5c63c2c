"""What each member of a task mixture brings: the error of the blend without it, over that of the blend with it.

Usage::

    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.ablation run [--sets a,b]
    python -m benchmarks.related_tables.ablation table

A mixture is fitted to the first fold of both questions of ``two_questions.py``, large tables cut by its rule, seed 0.
What its members answered to held-out rows is kept, the trust is learned again without some of them, each fifth of the
tasks (of the rows, where the tasks are known) being answered by what the others taught, and the blends' errors are
compared: root mean squared errors or log losses, means over tasks, at 0, 1, 2, 5 and 10 rows shown. A line of
``results/related_tables_ablation.csv`` is a set, question, what was left out, and K.

"correction" (trees that saw what a task had shown), "own" (a ridge or logistic regression of each task alone) and
"LeaveOneOutRidge" have been members until this was measured.
"""

import argparse
import csv
import os
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmarks.related_tables.summary import geometric, with_interval
from benchmarks.related_tables.two_questions import folds_of, load_sets
from skmeta import TaskMixtureClassifier, TaskMixtureRegressor
from skmeta.mixed_models.effects_around_model import KINDS
from skmeta.task_mixture import member_names, mixture
from skmeta.task_mixture.held_out_rows import trusted
from skmeta.task_mixture.trust import SizeWeights

RESULTS = Path(__file__).parents[1] / "results" / "related_tables_ablation.csv"
FIELDS = ["kind", "set", "question", "without", "shots", "ratio"]
MOST_SHOWN, MOST_ROWS, PARTS = 10, 8000, 5


def held_out(X, y, task, kind, question):
    """Members' names, and what they answered to held-out rows: sizes, answers, targets, rows shown, tasks."""
    taken = {}

    def remember(kind, sizes, answers, y, n_shown, task, weight, of_these_tasks=False):
        taken["known" if of_these_tasks else "new"] = np.asarray(sizes), answers, y, n_shown, task
        return trusted(kind, sizes, answers, y, n_shown, task, weight, of_these_tasks)

    mixture_class = TaskMixtureRegressor if kind == "regression" else TaskMixtureClassifier
    with patch.object(mixture, "trusted", remember):
        fitted = mixture_class(random_state=0).fit(X, y, task=task).mixtures_[0]
    names = member_names.of_new_tasks if question == "new" else member_names.of_known_tasks
    return names(fitted), *taken[question]


def parts_of_committee(names):
    """What is left out together: a pooled model and what tasks add to it, a kind of effects around all."""
    alone = [name for name in names if "+" not in name and not name.endswith(" with the task")]
    parts = {name: [i for i, other in enumerate(names) if other.split(" + ")[0] == name] for name in alone}
    parts |= {kind: [i for i, name in enumerate(names) if name.endswith(f"+ {kind}")] for kind in KINDS}
    parts["with the task"] = [i for i, name in enumerate(names) if name.endswith(" with the task")]
    return {name: columns for name, columns in parts.items() if columns}


def losses(kind, sizes, answers, y, n_shown, task, part, shots):
    """K -> the blend's loss, each part answered by the trust that the others taught."""
    weights = np.empty(answers.shape[:2])
    for k in range(PARTS):
        mine, others = part == k, part != k
        if mine.any():
            learned = SizeWeights(sizes, kind, n_samples=5)
            learned.fit(answers[others], y[others], n_shown[others], task[others])
            weights[mine] = learned(n_shown[mine])
    blend = np.einsum("ne,nec->nc", weights, answers)
    loss = (blend[:, 0] - y) ** 2 if kind == "regression" else -np.log(blend[np.arange(len(y)), y] / blend.sum(1))
    of_task = pd.Series(loss).groupby([shots, task]).mean().groupby(level=0).mean()
    return np.sqrt(of_task) if kind == "regression" else of_task


def lines_of(name, X, y, task, question):
    kind = "regression" if y.dtype.kind == "f" else "classification"
    _, train, _ = folds_of(question, task)[0]
    names, sizes, answers, y, n_shown, task = held_out(X.iloc[train], y[train], task[train], kind, question)
    is_new = question == "new"
    keep = np.flatnonzero(n_shown <= MOST_SHOWN) if is_new else np.arange(len(y))
    keep = keep[np.sort(np.random.default_rng(0).permutation(len(keep))[:MOST_ROWS])]
    answers, y, n_shown, task = answers[keep], y[keep], n_shown[keep], task[keep]
    of_task = np.unique(task, return_inverse=True)[1] if is_new else np.arange(len(y))
    part = (np.random.default_rng(0).permutation(of_task.max() + 1) % PARTS)[of_task]
    about = y, n_shown, task, part, n_shown if is_new else np.full(len(y), -1)
    sizes = sizes[sizes <= MOST_SHOWN] if is_new else sizes
    whole = losses(kind, sizes, answers, *about)
    for without, columns in parts_of_committee(names).items():
        left = np.setdiff1d(np.arange(len(names)), columns)
        for shots, loss in losses(kind, sizes, answers[:, left], *about).items():
            yield [kind, name, question, without, shots, f"{loss / whole[shots]:.5f}"]


def run(args):
    done = set()
    if args.results.exists():
        with open(args.results) as file:
            done = {(one["set"], one["question"]) for one in csv.DictReader(file)}
    else:
        with open(args.results, "w", newline="") as file:
            csv.writer(file).writerow(FIELDS)
    for question in ("new", "known"):
        for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], args.sets.split(",") if args.sets else None):
            if (name, question) not in done:
                lines = list(lines_of(name, X, y, task, question))
                with open(args.results, "a", newline="") as file:
                    csv.writer(file).writerows(lines)
                print(name, question, flush=True)


def print_table(results):
    frame = pd.read_csv(results)
    for (kind, question), block in frame.groupby(["kind", "question"], sort=False):
        of_set = block.groupby(["without", "set"])["ratio"].agg(geometric)
        print(f"\n{kind}, {question} tasks, {block['set'].nunique()} sets: loss without it over loss with it\n")
        for without, values in of_set.groupby(level=0):
            print(f"| {without} | {with_interval(values, geometric, 4)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--sets")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    run(arguments) if arguments.action == "run" else print_table(arguments.results)
