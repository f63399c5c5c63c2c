"""Constructor parameters are class attributes with a type and a default; constructors are made of them.

A family writes ``inner_steps: int = 5`` once. The constructor of every estimator of the family, with all inherited
parameters in its signature, is made when the class is; so are the entries of the generated stub. What values parameters
may have is said at the first use, because scikit-learn forbids saying it in ``__init__``.
"""

import inspect
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np
from torch.nn import Module

ROUTED_PREFIXES = ("module", "optimizer", "criterion", "iterator_train", "iterator_valid", "callbacks", "compile")
#: what there was in earlier versions, and what to do instead
_GONE = {
    "first_order": "say gradient='first-order'",
    "n_code": "leave it out, since codes are 64 wide",
    "relation_hidden": "leave it out, since what compares rows is 64 wide",
}


@dataclass(frozen=True)
class ByKind:
    """A default that is one for the classifier of a family and another for its regressor."""

    classifier: Any
    regressor: Any


def is_routed(name):
    """Whether a parameter's name says that it is skorch's: ``module__n_hidden`` and its like."""
    prefix, found, _ = name.partition("__")
    return bool(found) and prefix in ROUTED_PREFIXES


def parameters_of(cls):
    """The names of a class's parameters, its own before inherited ones, and their types."""
    found = {"module": Any}
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in ("builtins", "sklearn"):
            continue
        for name, kind in inspect.get_annotations(base).items():
            if not name.startswith("_") and hasattr(cls, name):
                found.setdefault(name, kind)
    return found


def complete_constructor(cls, is_classifier):
    """Give a class the constructor that its parameters ask for, and settle defaults that depend on its kind.

    The last var-keyword is called ``**module__kwargs`` because scikit-learn's checks also try that name as a
    parameter, and it is a legal routed one.
    """
    names = parameters_of(cls)
    for name in names:
        default = getattr(cls, name)
        if isinstance(default, ByKind):
            setattr(cls, name, default.classifier if is_classifier else default.regressor)
    if "__init__" in vars(cls):
        return  # one of its own, which hands on what it does not take itself
    defaults = {name: getattr(cls, name) for name in names if name != "module"}

    def __init__(self, module=None, **params):
        self.module = module
        for name, default in defaults.items():
            setattr(self, name, params.pop(name, default))
        for name in params:
            if not is_routed(name):
                raise TypeError(_unknown(type(self).__name__, name, ["module", *defaults]))
        self._routed = params

    P = inspect.Parameter
    listed = [P("self", P.POSITIONAL_OR_KEYWORD), P("module", P.POSITIONAL_OR_KEYWORD, default=None)]
    listed += [P(name, P.KEYWORD_ONLY, default=default) for name, default in defaults.items()]
    __init__.__signature__ = inspect.Signature([*listed, P("module__kwargs", P.VAR_KEYWORD)])
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    cls.__init__ = __init__


def _unknown(owner, name, known):
    """Say in words that an estimator has no such parameter, and which one may be meant."""
    if name in _GONE:
        return f"{owner} has no parameter {name!r} any more: {_GONE[name]}."
    alike = get_close_matches(name, known, 1)
    meant = f"did you mean {alike[0]!r}?" if alike else f"there are {', '.join(known)}."
    return f"{owner}.__init__() got an unexpected keyword argument {name!r}: {meant}"


def get_routed(estimator):
    """The parameters that skorch gets, by their names."""
    return dict(vars(estimator).get("_routed", {}))


def learner_arguments(learner_class):
    """Names of what a learner's constructor takes, those included that it hands on to its base."""
    names = set()
    for base in learner_class.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            names |= set(parameters)
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
                break
    return names


def _integer(value, at_least):
    return isinstance(value, (int, Integral)) and value >= at_least  # what is abstract takes longer to ask about


def _number(value, at_least=0.0):
    return isinstance(value, (float, Real)) and value >= at_least


def _size(value):
    if isinstance(value, (tuple, list)):
        return len(value) == 2 and all(_integer(end, 0) for end in value) and value[0] <= value[1] and value[1] >= 1
    return _integer(value, 1)


def _are_estimators(value):
    """An estimator, some of them, or the word for those of the house."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(map(_is_estimator, value))
    return _is_estimator(value) or isinstance(value, str) and value == "default"


def _is_estimator(value):
    return hasattr(value, "fit") and not isinstance(value, type)


def _are_callbacks(value):
    """None, "disable", or callbacks, each alone or with its name."""
    if value is None or isinstance(value, str):
        return value in (None, "disable")
    if not isinstance(value, (list, tuple)):
        return False
    bare = [one[1] if isinstance(one, tuple) and len(one) == 2 else one for one in value]
    return all(hasattr(one, "on_epoch_end") for one in bare)


def _is_body(value, given=()):
    """None, a module, or a class that can be made of the number of columns and of the parameters that are given."""
    if value is None or isinstance(value, Module):
        return True
    if not callable(value):
        return False
    needed = [
        p
        for p in inspect.signature(value).parameters.values()
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and f"module__{p.name}" not in given
    ]
    return value.__module__.partition(".")[0] != "torch" or not needed


def _one_of(*words):
    """A rule for a parameter that is one of some words; None may be among them."""
    first, last = ", ".join(map(repr, words[:-1])), repr(words[-1])
    return lambda v: v is None and None in words or isinstance(v, str) and v in words, f"{first} or {last}"


def _or_none(rule):
    is_fine, expected = rule
    return lambda v: v is None or is_fine(v), f"None or {expected}"


def _or(rule, word):
    is_fine, expected = rule
    return lambda v: isinstance(v, str) and v == word or is_fine(v), f"{expected} or {word!r}"


def _is_made_of_nothing(value):
    """A function, or a class that can be made without arguments."""
    if not callable(value):
        return False
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # one in C without a signature
        return True
    return not isinstance(value, type) or all(p.default is not p.empty or p.kind in _VARIADIC for p in parameters)


def number_or(*words, positive=False):
    """A rule for a parameter that is a number or one of some words; None may be among them.

    Where a parameter takes other words than its namesakes do, the family has the rule among its ``_rules``.
    """
    is_number, number = _POSITIVE if positive else _NUMBER
    *first, last = number, *map(repr, words)
    return lambda v: is_number(v) or (v is None or isinstance(v, str)) and v in words, f"{', '.join(first)} or {last}"


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_COUNT = (lambda v: _integer(v, 1), "a positive integer")
_SIZE = (_size, "a positive integer or a (low, high) pair of integers")
_STEPS = (lambda v: _integer(v, 0), "a non-negative integer")
_NUMBER = (_number, "a non-negative number")
_POSITIVE = (lambda v: _number(v) and v > 0, "a positive number")
_SHARE = (lambda v: _number(v) and v <= 1, "a number from 0 to 1")
_FLAG = (lambda v: isinstance(v, (bool, np.bool_, Integral)) and v in (0, 1), "True or False")
_ESTIMATOR = (lambda v: v is None or _is_estimator(v), "None or an estimator")

_weighting, _ = _one_of("uniform", "distance", None)

_RULES = {
    "module": (
        _is_body,
        "None or a torch module class or instance; a class may want n_features_in and no more (an instance of one of "
        "torch's layers, such as torch.nn.Linear(4, 16), will do)",
    ),
    "n_ways": (
        lambda v: v is None or _integer(v, 2) or isinstance(v, (tuple, list)) and _size(v) and v[0] >= 2,
        "None, an integer of at least 2 or a (low, high) pair of such",
    ),
    "n_shots": _SIZE,
    "n_query": _SIZE,
    "steps_per_epoch": _or_none(_COUNT),
    "batch_size": _COUNT,
    "max_epochs": _STEPS,
    "lr": _NUMBER,
    "optimizer": (callable, "a torch optimizer class such as torch.optim.Adam"),
    "criterion": (
        lambda v: v is None or _is_made_of_nothing(v),
        "None, or a torch loss class such as torch.nn.CrossEntropyLoss",
    ),
    "validation_fraction": _or_none((lambda v: _number(v) and v < 1, "a number between 0 and 1")),
    "augment": (lambda v: v is None or callable(v), "None or an augmentation of skmeta.tasks.augmentation"),
    "callbacks": (_are_callbacks, "None, 'disable', or a list of skorch callbacks or of (name, callback) pairs"),
    "task": (
        lambda v: v is None or isinstance(v, str) or isinstance(v, (list, tuple)) and len(v) > 0,
        "None, the name of a column or a list of such names; ids of rows go to fit(X, y, task=ids)",
    ),
    "labels": _one_of("auto", "task", "shared"),
    "target_scaling": _one_of("pooled", "task", None),
    "inner_lr": _NUMBER,
    "adapt_params": (_one_of("all", "head", "body")[0], "'all' (MAML), 'head' (ANIL) or 'body' (BOIL)"),
    "gradient": _one_of("unrolled", "first-order", "implicit"),
    "multi_step_loss": _FLAG,
    "proximal": _NUMBER,
    "cg_steps": _COUNT,
    "engine": _one_of("auto", "native", "closed_form", "any_module", "naive"),
    "iterator_train": (callable, "a class of loaders, such as skmeta.tasks.episodes.EpisodeLoader"),
    "inner_steps": _STEPS,
    "inner_optimizer": _one_of("sgd", "adam"),
    "inner_batch_size": _or_none(_COUNT),
    "adapt_steps": _or_none(_STEPS),
    "unroll": _COUNT,
    "scale": _or(_POSITIVE, "learn"),
    "pooled": (_are_estimators, "'default', an estimator or a list of them"),
    "per_task": _ESTIMATOR,
    "meta": (
        lambda v: isinstance(v, (list, tuple)) and all(hasattr(one, "adapt") and _is_estimator(one) for one in v),
        "a list of meta-learning estimators of this library",
    ),
    "estimator": _ESTIMATOR,
    "n_jobs": (lambda v: v is None or isinstance(v, Integral) and v != 0, "None or an integer other than 0"),
    "refit": _FLAG,
    "cv": (lambda v: _integer(v, 2), "an integer of at least 2"),
    "freeze": _one_of("trunk", "none", "gradual"),
    "heads": _one_of("auto", "task", "shared"),
    "layer_decay": _NUMBER,
    "l2_sp": _NUMBER,
    "early_stopping": _FLAG,
    "n_sources": _COUNT,
    "start": _one_of("all", "scratch"),
    "embedding": (
        lambda v: v is None or _is_estimator(v) or callable(v) and not isinstance(v, type),
        "None, a function from rows to rows, or a fitted estimator that embeds rows",
    ),
    "source_steps": _STEPS,
    "source_lr": _NUMBER,
    "temperature": _POSITIVE,
    "weighting": _one_of("similarity", "learn", "uniform"),
    "n_neighbors": _or(_COUNT, "auto"),
    "leaf_size": _COUNT,
    "p": _POSITIVE,
    "metric": (lambda v: isinstance(v, str) or callable(v), "the name of a metric"),
    "metric_params": (lambda v: v is None or isinstance(v, dict), "None or a dict"),
    "algorithm": _one_of("auto", "ball_tree", "kd_tree", "brute"),
    "weights": (lambda v: callable(v) or _weighting(v), "'uniform', 'distance' or a function"),
    "l2": _or(_NUMBER, "learn"),
    "margin": _or(_NUMBER, "soft"),
    "loss": _one_of("binary_cross_entropy", "contrastive"),
    "mining": _one_of("batch-hard", "semi-hard"),
    "relation_loss": _one_of("cross_entropy", "mse"),
    "head": _one_of("ridge", "svm", "logistic"),
    "full_context": _FLAG,
    "reading_steps": _COUNT,
    "cell": _one_of("lstm", "gru"),
    "attention": _FLAG,
    "n_heads": _COUNT,
    "n_hidden": _COUNT,
    "n_layers": _COUNT,
    "rank": _COUNT,
    "target_hidden": _COUNT,
    "target_layers": _STEPS,
    "n_permutations": _COUNT,
    "max_rows": _COUNT,
    "n_slots": _COUNT,
    "slot_size": _COUNT,
    "n_reads": _COUNT,
    "decay": _SHARE,
    "priors": (_or(_FLAG, "auto")[0], "'auto', True or False"),
}


def check_settings(estimator, names=None):
    """Raise a ValueError that names the first parameter whose value cannot be used, and what can be.

    Parameters
    ----------
    estimator : estimator
    names : sequence of str, default=None
        Check these only; None checks all that the estimator has.
    """
    own, values = getattr(estimator, "_rules", {}), vars(estimator)
    for name in _RULES | own if names is None else names:
        rule = own.get(name) or _RULES.get(name)
        if rule is None or name not in values:
            continue
        (is_fine, expected), value = rule, values[name]
        is_usable = _is_body(value, get_routed(estimator)) if name == "module" else is_fine(value)
        if not is_usable:
            raise ValueError(f"{name} of {type(estimator).__name__} must be {expected}, got {value!r}.")
