"""Imports run downwards only, from room to room; a room is small enough to be looked through."""

import ast
import graphlib
import sys
from pathlib import Path

import pytest
from sklearn.datasets import load_iris

from skmeta import ProtoNetClassifier, native

PACKAGE = Path(__file__).parent.parent / "skmeta"

#: the rooms from the top down; a room imports from those after it, and never from those before
ORDER = [
    "__init__",
    "serving",
    "task_mixture",
    "source_selection",
    "estimators",
    "scale",
    "inspection",
    "model_selection",
    "versions",
    "training",
    "preprocessing",
    "saving",
    "learners",
    "native",
    "pretrained",
    "datasets",
    "nets",
    "mixed_models",
    "tasks",
    "threads",
    "progress",
    "documentation",
    "registry",
    "reference_link",
    "transaction",
    "exceptions",
]
#: what a room never imports, by what it is not to know
NEVER = {
    "tasks": ("sklearn.neighbors", "skorch"),
    "learners": ("sklearn", "skorch"),
    "nets": ("sklearn", "skorch"),
    "mixed_models": ("torch", "skorch"),
    "task_mixture": ("torch", "skorch"),
    "source_selection": ("skorch",),
}
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_FILES = 34  # in one folder


def room_of(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def imported(path):
    """Dotted names of all modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            if node.module == "skmeta":
                yield from (f"skmeta.{alias.name}" for alias in node.names)


def test_every_room_has_its_place_in_the_order():
    assert {room_of(path) for path in FILES} == set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    room = room_of(path)
    for name in imported(path):
        if name.startswith("skmeta."):
            other = name.split(".")[1]
            if other in ORDER and other != room:
                assert ORDER.index(other) > ORDER.index(room), f"{room} imports {name}, which lies above it"
        for never in NEVER.get(room, ()):
            assert not (name == never or name.startswith(f"{never}.")), f"{room} is not to know {name}"


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_folder_is_too_full_to_look_through(folder):
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


def test_no_private_module_of_scikit_learn_is_imported():
    for path in FILES:
        for name in imported(path):
            parts = name.split(".")
            assert parts[0] != "sklearn" or not any(part.startswith("_") for part in parts), f"{path}: {name}"


def test_no_file_imports_one_that_imports_it():
    names = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in FILES}
    uses = {name: [other for other in imported(path) if other in names] for name, path in names.items()}
    graphlib.TopologicalSorter(uses).prepare()  # raises a CycleError, which names the circle


#: files whose functions run, without a kernel, when a table is fitted and then asked about
MOST_FOLLOWED = {"fit": 35, "predict": 13}


def test_whoever_follows_fit_and_predict_opens_few_files(monkeypatch):
    monkeypatch.setattr(native, "available", lambda: False)
    X, y = load_iris(return_X_y=True)
    ProtoNetClassifier(max_epochs=2, random_state=0).fit(X, y).predict(X)  # imports are not followed
    estimator = ProtoNetClassifier(max_epochs=2, random_state=0)
    for way, call in (("fit", lambda: estimator.fit(X, y)), ("predict", lambda: estimator.predict(X))):
        followed = files_of(call)
        assert 0 < len(followed) <= MOST_FOLLOWED[way], f"{way}: {sorted(followed)}"


def files_of(call):
    """The files of the library of which functions run in a call."""
    found = set()
    sys.setprofile(lambda frame, event, argument: found.add(frame.f_code.co_filename))
    try:
        call()
    finally:
        sys.setprofile(None)
    return found & {str(path) for path in FILES}
