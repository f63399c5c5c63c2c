"""Related tables: one long table with a task column, two questions.

(a) *New tasks*: five folds over tasks; a test task shows K = 0, 1, 2, 5, 10 of its rows, and its others are answered.
(b) *Known tasks*: a fifth of every task's rows is hidden, and answered from the others (three of the five folds).

Tables of more than 1,200 rows are cut, the same way for every method: at most 40 random rows of each task, and then
random tasks until 1,200 rows are reached.

Usage::

    SKMETA_DATA=<loader's folder> python -m benchmarks.related_tables.two_questions run [--methods a,b] [--sets a,b]
    SKMETA_DATA=<folder with loader.py> python -m benchmarks.related_tables.two_questions tasks
    python -m benchmarks.related_tables.two_questions table

``run`` appends one line per set, question, fold, K and method to ``results/related_tables.csv`` (``--results``) and
skips what is there, so it can be stopped and started again; ``--folds 2`` does the first two folds of a question.
``tasks`` looks closer at the sets where TaskMixture is more than 2% behind: it and the best baseline of the set are
fitted again to all folds (``--folds``), and what every test task adds to their losses is written to
``results/related_tables_tasks.csv``.
``table`` prints the summary. All methods run by their defaults, the same for all sets, on the same encoded columns
(``TableEncoder``, standardised where the method wants it). MixedLM needs statsmodels, GroupedPredictor scikit-lego and
GPBoost gpboost; its lines are in ``results/related_tables_gpboost.csv``.
"""

import argparse
import copy
import csv
import importlib.util
import os
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score, roc_auc_score

from benchmarks.related_tables.calibration import calibration
from benchmarks.related_tables.methods import METHODS, Table

RESULTS = Path(__file__).parents[1] / "results" / "related_tables.csv"
FIELDS = ["set", "kind", "question", "fold", "shots", "method", "metric", "value", "n_rows", "seconds"]
TASKS = RESULTS.with_name("related_tables_tasks.csv")
TASK_FIELDS = ["set", "question", "fold", "shots", "method", "task", "n_rows", "loss_sum"]
SHOTS = (0, 1, 2, 5, 10)
MOST_ROWS, MOST_ROWS_OF_A_TASK = 1200, 40


def load_sets(folder, wanted):
    spec = importlib.util.spec_from_file_location("data_loader", Path(folder) / "loader.py")
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    sets = []
    for name in wanted or loader.names("grouped_regression") + loader.names("grouped_classification"):
        X, y, task = loader.load(name)
        keep = np.flatnonzero(~y.isna().to_numpy() & ~task.isna().to_numpy())
        keep = keep[rows_taken(task.to_numpy()[keep])]
        sets.append((name, X.iloc[keep].reset_index(drop=True), y.to_numpy()[keep], task.to_numpy()[keep]))
    return sorted(sets, key=lambda one: len(one[2]))  # small ones first: results come early


def rows_taken(task):
    """Positions of all rows, or of a large table's share of whole or shortened tasks."""
    if len(task) <= MOST_ROWS:
        return np.arange(len(task))
    rng = np.random.default_rng(2)
    rank, code, size = ranks_within(task, rng)
    place = rng.permutation(len(size))  # tasks in random order
    rows_before = np.empty(len(size), dtype=int)
    short = np.minimum(size, MOST_ROWS_OF_A_TASK)
    order = np.argsort(place)
    rows_before[order] = np.cumsum(short[order]) - short[order]
    return np.flatnonzero((rank < MOST_ROWS_OF_A_TASK) & (rows_before < MOST_ROWS)[code])


def ranks_within(task, rng):
    """Every row's place in a random order of its task's rows."""
    order = rng.permutation(len(task))
    names, code = np.unique(task, return_inverse=True)
    order = order[np.argsort(code[order], kind="stable")]
    size = np.bincount(code)
    rank = np.empty(len(task), dtype=int)
    rank[order] = np.arange(len(task)) - np.repeat(np.cumsum(size) - size, size)
    return rank, code, size


def new_task_splits(task, n_folds=5):
    """(fold, training rows, [(K, support rows, query rows)])."""
    rng = np.random.default_rng(0)
    rank, code, size = ranks_within(task, rng)
    fold_of_task = rng.permutation(len(size)) % n_folds
    for fold in range(n_folds):
        test = fold_of_task[code] == fold
        shots = []
        for k in SHOTS:
            big = test & (size > k)[code]
            if big.any():
                shots.append((k, np.flatnonzero(big & (rank < k)), np.flatnonzero(big & (rank >= k))))
        yield fold, np.flatnonzero(~test), shots


def known_task_splits(task, n_folds=5):
    rng = np.random.default_rng(1)
    rank, code, size = ranks_within(task, rng)
    fold_of_row = (rank + rng.integers(n_folds, size=len(size))[code]) % n_folds
    for fold in range(3):
        yield fold, np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold)


def metrics(y, answer, classes):
    if classes is None:
        return {"r2": r2_score(y, answer), "rmse": mean_squared_error(y, answer) ** 0.5}
    p = np.clip(answer, 1e-6, None)
    p = p / p.sum(1, keepdims=True)
    out = {"accuracy": accuracy_score(y, classes[p.argmax(1)]), "log_loss": log_loss(y, p, labels=classes)}
    out |= calibration(np.searchsorted(classes, y), p)
    if set(y) == set(classes):
        out["auc"] = roc_auc_score(y, p[:, 1] if len(classes) == 2 else p, multi_class="ovr")
    return out


def folds_of(question, task):
    """(fold, training rows, [(K, support rows or None, query rows)])."""
    if question == "new":
        return list(new_task_splits(task))
    return [(fold, train, [(-1, None, query)]) for fold, train, query in known_task_splits(task)]


def losses_of_tasks(y, answer, classes, task):
    """(place of the task, rows, sum of squared errors or log losses) for each task, an array of places."""
    places, code = np.unique(task, return_inverse=True)
    if classes is None:
        loss = (answer - y) ** 2
    else:
        p = np.clip(answer, 1e-6, None)
        loss = -np.log((p / p.sum(1, keepdims=True))[np.arange(len(y)), np.searchsorted(classes, y)])
    return zip(places, np.bincount(code), np.bincount(code, weights=loss))


def answers_of_fold(X, y, task, method, train, parts):
    """(K, query rows, answers, seconds so far) of one fold."""
    begin = time.process_time()
    kind = "regression" if y.dtype.kind == "f" else "classification"
    model = METHODS[method](kind).fit(Table(X.iloc[train], y[train], task[train]))
    seconds = time.process_time() - begin
    for shots, support, query in parts:
        asked = Table(X.iloc[query], None, task[query])
        begin = time.process_time()
        if support is None:
            answer = model.answer_known(asked)
        else:
            shown = Table(X.iloc[support], y[support], task[support])
            answer = copy.copy(model).answer_new(shown, asked)
        if answer is not None:
            yield shots, query, answer, seconds + time.process_time() - begin


def run_fold(name, X, y, task, method, question, fold, train, parts):
    """The lines of one fold."""
    classes = None if y.dtype.kind == "f" else np.unique(y)
    kind = "regression" if classes is None else "classification"
    lines = []
    for shots, query, answer, spent in answers_of_fold(X, y, task, method, train, parts):
        for metric, value in metrics(y[query], answer, classes).items():
            lines.append(
                [name, kind, question, fold, shots, method, metric, f"{value:.6g}", len(query), f"{spent:.2f}"]
            )
    return lines


def lines_done(results):
    """(set, method, question, fold) of what the file of results holds; it is begun if there is none."""
    if results.exists():
        with open(results) as file:
            return {(row["set"], row["method"], row["question"], int(row["fold"])) for row in csv.DictReader(file)}
    results.parent.mkdir(exist_ok=True)
    with open(results, "w", newline="") as file:
        csv.writer(file).writerow(FIELDS)
    return set()


def run(args):
    done = lines_done(args.results)
    wanted = args.sets.split(",") if args.sets else None
    methods = args.methods.split(",") if args.methods else list(METHODS)
    for name, X, y, task in load_sets(os.environ["SKMETA_DATA"], wanted):
        for method in methods:
            if METHODS[method].regresses if y.dtype.kind == "f" else METHODS[method].classifies:
                for question in args.questions:
                    for fold, train, parts in folds_of(question, task)[: args.folds]:
                        if (name, method, question, fold) not in done:
                            run_safely(args.results, name, X, y, task, method, question, fold, train, parts)


def run_safely(results, name, X, y, task, method, question, fold, train, parts):
    begin = time.process_time()
    try:
        lines = run_fold(name, X, y, task, method, question, fold, train, parts)
    except Exception as error:  # a method that fails on a set is reported, and the others go on
        print(f"{name} {question} {method}: {type(error).__name__}: {error}", flush=True)
        return
    with open(results, "a", newline="") as file:
        csv.writer(file).writerows(lines)
    print(f"{name} {question} {fold} {method} {time.process_time() - begin:.1f} s", flush=True)


def look_closer(args):
    """Losses of single tasks, of the focus and the best baseline, on sets where it is behind."""
    from benchmarks.related_tables.summary import FOCUS, sets_behind

    sets = {name: rest for name, *rest in load_sets(os.environ["SKMETA_DATA"], None)}
    with open(args.tasks, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TASK_FIELDS)
        for name, question, best in sets_behind(args.results):
            X, y, task = sets[name]
            classes, place = None if y.dtype.kind == "f" else np.unique(y), np.unique(task, return_inverse=True)[1]
            for fold, train, parts in folds_of(question, task)[: args.folds]:
                for method in (FOCUS, best):
                    for shots, query, answer, _ in answers_of_fold(X, y, task, method, train, parts):
                        for one, n_rows, loss in losses_of_tasks(y[query], answer, classes, place[query]):
                            writer.writerow([name, question, fold, shots, method, one, n_rows, f"{loss:.6g}"])
            file.flush()
            print(name, question, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["run", "tasks", "table"])
    parser.add_argument("--methods")
    parser.add_argument("--sets")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--questions", nargs="+", default=["new", "known"])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--tasks", type=Path, default=TASKS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.action == "run":
        run(arguments)
    elif arguments.action == "tasks":
        look_closer(arguments)
    else:
        from benchmarks.related_tables.summary import print_boosted, print_tables

        print_tables(arguments.results, arguments.tasks)
        print_boosted(arguments.results, RESULTS.with_name("related_tables_gpboost.csv"))
