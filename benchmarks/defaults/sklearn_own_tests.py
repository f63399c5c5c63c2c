"""scikit-learn's own tests of its meta-estimators, with ProtoNetClassifier in the place of KNeighborsClassifier.

The test modules of the installed scikit-learn are imported while ``sklearn.neighbors.KNeighborsClassifier`` is a
stand-in, and those of their tests that use it are run. Tests about neighbours themselves (neighbors, manifold) are not
among them. ``--baseline`` runs the same tests with the real class, to see which fail on their own.

    python -m benchmarks.defaults.sklearn_own_tests [--baseline] [--csv results.csv]
"""

import argparse
import ast
import collections
import csv
import importlib.util
import sys

import pytest
import sklearn.neighbors

from skmeta import ProtoNetClassifier

NAME = "KNeighborsClassifier"
MODULES = [
    "sklearn.ensemble.tests.test_voting",
    "sklearn.metrics.tests.test_score_objects",
    "sklearn.model_selection.tests.test_search",
    "sklearn.model_selection.tests.test_validation",
    "sklearn.tests.test_multiclass",
    "sklearn.utils.tests.test_validation",
    "sklearn.semi_supervised.tests.test_self_training",
    "sklearn.ensemble.tests.test_bagging",
    "sklearn.ensemble.tests.test_stacking",
    "sklearn.feature_selection.tests.test_sequential",
]
SHORT = {"random_state": 0, "max_epochs": 2, "steps_per_epoch": 5}
made = collections.Counter()
running = [None]


class KNeighborsClassifier(ProtoNetClassifier):
    """The stand-in, by the name that messages in the tests expect.

    It is a ProtoNetClassifier that takes, and ignores, what the tests tell a neighbours classifier.
    """

    def __init__(self, n_neighbors=5, *, weights="uniform", algorithm="auto", metric="minkowski", p=2, **params):
        # the tests are about what stands around the classifier: a short training will do
        super().__init__(**SHORT | params)
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.metric = metric
        self.p = p
        made[running[0]] += 1


def users_of(name, source):
    """Names of the tests that use ``name``, through module variables, helpers and decorators too."""
    tree, using = ast.parse(source), {name}
    while True:
        found = set()
        for node in tree.body:
            mentioned = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                defined = {node.name}
                mentioned |= {a.arg for n in ast.walk(node) if isinstance(n, ast.arguments) for a in n.args}
            elif isinstance(node, ast.Assign):
                defined = {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
            else:
                continue
            if mentioned & using:
                found |= defined
        if found <= using:
            return {name for name in using if name.startswith("test_")}
        using |= found


class Recorder:
    """Keeps the tests that matter, and what became of each."""

    def __init__(self):
        self.rows = {}
        self.kept = {}

    def pytest_collection_modifyitems(self, items):
        kept = []
        for item in items:
            module = item.module
            if module.__name__ not in self.kept:
                with open(module.__file__) as file:
                    self.kept[module.__name__] = users_of(NAME, file.read())
            if item.originalname in self.kept[module.__name__]:
                kept.append(item)
        items[:] = kept

    def pytest_runtest_setup(self, item):
        running[0] = item.nodeid

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            print(report.nodeid.rpartition("sklearn/")[2], report.outcome, flush=True)
        if report.when == "call" or report.outcome != "passed":
            message = ""
            if report.outcome == "failed":
                crash = getattr(report.longrepr, "reprcrash", None)
                message = (crash.message if crash else str(report.longrepr)).strip().splitlines()[0][:200]
            self.rows[report.nodeid] = (report.outcome, round(report.duration, 1), message)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baseline", action="store_true", help="run with KNeighborsClassifier itself")
    parser.add_argument("--csv", help="write a row per test")
    parser.add_argument("modules", nargs="*", help=f"default: {' '.join(MODULES)}")
    arguments = parser.parse_args()
    if not arguments.baseline:
        sklearn.neighbors.KNeighborsClassifier = KNeighborsClassifier
    files = [importlib.util.find_spec(name).origin for name in arguments.modules or MODULES]
    recorder = Recorder()
    options = ["-c", "/dev/null", "-q", "-p", "no:cacheprovider", "--tb=no", "--no-header", "-W", "ignore"]
    pytest.main([*options, *files], plugins=[recorder])

    rows = []
    for nodeid, (outcome, seconds, message) in sorted(recorder.rows.items()):
        rows.append((nodeid.rpartition("sklearn/")[2], outcome, made[nodeid], seconds, message))
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([("test", "outcome", "estimators_made", "seconds", "message"), *rows])
    counts = collections.Counter(row[1] for row in rows)
    print(", ".join(f"{n} {outcome}" for outcome, n in counts.most_common()))
    for test, outcome, _, _, message in rows:
        if outcome != "passed":
            print(f"{outcome}: {test}\n    {message}")


if __name__ == "__main__":
    sys.exit(main())
