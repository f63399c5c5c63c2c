"""Which classes and functions a file may name, and by what name.

A file names a class of this library by its name alone, so that the class may move from module to module. Rooms whose
objects are saved as their attributes are listed here; nothing is imported for the sake of a file, and nothing that is
not already part of the library is found.
"""

import importlib
import sys
from types import FunctionType

import numpy as np
import torch
from sklearn.base import BaseEstimator

#: rooms of which every class can be saved as its attributes
ROOMS = (
    "skmeta.estimators",
    "skmeta.learners.calibrated",
    "skmeta.learners.calibrated_numbers",
    "skmeta.learners.calibrated_tasks",
    "skmeta.learners.target_scaling",
    "skmeta.mixed_models",
    "skmeta.preprocessing",
    "skmeta.source_selection",
    "skmeta.task_mixture",
    "skmeta.tasks",
)
#: rooms of which a file may name classes of torch modules
_ROOMS_OF_MODULES = ("skmeta.learners", "skmeta.nets")
#: modules of scikit-learn whose fitted estimators are numbers, text and each other; what holds memory that compiled
#: code trusts (trees of neighbours, support vector machines, forests) is not among them
_SCIKIT_LEARN = (
    "compose", "decomposition", "discriminant_analysis", "dummy", "feature_extraction.text", "feature_selection",
    "impute", "kernel_approximation", "linear_model", "naive_bayes", "pipeline", "preprocessing", "random_projection",
)  # fmt: skip
#: classes that older files know by another name
RENAMED = {"_CalibratedAround": "CalibratedAround"}

#: classes of this library that were named before: there are thousands of modules to search for one
_found = {}
#: functions of this library that objects of scikit-learn hold, and where they are
_FUNCTIONS = {
    "_date_names": "skmeta.preprocessing.table_encoder",
    "_date_parts": "skmeta.preprocessing.table_encoder",
}


class NotSavable(TypeError):
    """A value that has no place in a file without code."""


def name_of(thing):
    """The name of a class or function in files; raises ``NotSavable`` where it has none."""
    short = getattr(thing, "__name__", "")
    for place in _places(thing):
        name = f"{place}.{short}"
        try:
            if thing_named(name) is thing:
                return name
        except ValueError:
            continue
    what = "class" if isinstance(thing, type) else "function"
    path = f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', short)}"
    raise NotSavable(f"the {what} {path} is not among those that a file may name;")


def _places(thing):
    module = getattr(thing, "__module__", "") or ""
    top = module.partition(".")[0]
    if top == "sklearn":
        parts = module.split(".")[1:]
        return [f"sklearn.{place}" for place in _SCIKIT_LEARN if place.split(".") == parts[: place.count(".") + 1]]
    return {"torch": ["torch.nn", "torch.optim"], "numpy": ["numpy"]}.get(top, ["skmeta"])


def thing_named(name):
    """The class or function, if a file may name it."""
    if not isinstance(name, str):
        raise ValueError(f"A file may not name the class {name!r}.")
    place, _, short = name.rpartition(".")
    found = None
    if place == "skmeta":
        found = _of_library(RENAMED.get(short, short))
    elif place == "torch.nn":
        found = _public(torch.nn, short, torch.nn.Module)
    elif place == "torch.optim":
        found = _public(torch.optim, short, torch.optim.Optimizer)
    elif place == "numpy":
        found = _public(np, short, np.generic)
    elif place.removeprefix("sklearn.") in _SCIKIT_LEARN and place.startswith("sklearn."):
        found = _public(importlib.import_module(place), short, BaseEstimator)
    if found is None:
        raise ValueError(f"A file may not name the class {name[:200]!r}.")
    return found


def is_object_class(cls):
    """Whether instances are saved as their attributes: those of the rooms above, and scikit-learn's."""
    return _is_in(cls, ROOMS) or cls.__module__.startswith("sklearn.") and issubclass(cls, BaseEstimator)


def _is_in(cls, rooms):
    return any(cls.__module__ == room or cls.__module__.startswith(room + ".") for room in rooms)


def _of_library(name):
    """A class that a module of the library defines, whichever it is."""
    if not name.isidentifier():
        return None
    if name in _FUNCTIONS:
        return vars(sys.modules[_FUNCTIONS[name]]).get(name)
    if name not in _found:
        found = _search(name)
        if found is None:  # a module that is imported later may define it
            return None
        _found[name] = found
    return _found[name]


def _search(name):
    for path, module in list(sys.modules.items()):
        if path.startswith("skmeta."):
            found = vars(module).get(name)
            if isinstance(found, type) and found.__module__ == path and is_class_of_library(found):
                return found
    return None


def is_class_of_library(cls):
    """Whether a file may name a class as one of this library's."""
    return _is_in(cls, ROOMS) or _is_in(cls, _ROOMS_OF_MODULES) and issubclass(cls, torch.nn.Module)


def _public(place, name, base):
    found = getattr(place, name, None) if name.isidentifier() and not name.startswith("_") else None
    return found if isinstance(found, type) and issubclass(found, base) else None


def is_function(value):
    return isinstance(value, FunctionType)
