"""What constructor parameters may be; said at the first use, because scikit-learn forbids saying it in ``__init__``."""

import inspect
from numbers import Integral, Real

from torch.nn import Module


def _integer(value, at_least):
    return isinstance(value, Integral) and value >= at_least


def _number(value, at_least=0.0):
    return isinstance(value, Real) and value >= at_least


def _size(value):
    if isinstance(value, (tuple, list)):
        return len(value) == 2 and all(_integer(end, 0) for end in value) and value[0] <= value[1] and value[1] >= 1
    return _integer(value, 1)


def _are_estimators(value):
    """An estimator, some of them, or the word for those of the house."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(hasattr(one, "fit") for one in value)
    return hasattr(value, "fit") or isinstance(value, str) and value == "default"


def _are_callbacks(value):
    """None, "disable", or callbacks, each alone or with its name."""
    if value is None or isinstance(value, str):
        return value in (None, "disable")
    if not isinstance(value, (list, tuple)):
        return False
    bare = [one[1] if isinstance(one, tuple) and len(one) == 2 else one for one in value]
    return all(hasattr(one, "on_epoch_end") for one in bare)


def _is_body(value):
    """None, a module, or a class that can be made of the number of columns alone."""
    if value is None or isinstance(value, Module):
        return True
    if not callable(value):
        return False
    needed = [
        p
        for p in inspect.signature(value).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    return value.__module__.partition(".")[0] != "torch" or not needed


_COUNT = (lambda v: _integer(v, 1), "a positive integer")
_SIZE = (_size, "a positive integer or a (low, high) pair of integers")
_STEPS = (lambda v: _integer(v, 0), "a non-negative integer")

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
    "steps_per_epoch": (lambda v: v is None or _integer(v, 1), "None or a positive integer"),
    "batch_size": _COUNT,
    "max_epochs": _STEPS,
    "lr": (_number, "a non-negative number"),
    "optimizer": (callable, "a torch optimizer class such as torch.optim.Adam"),
    "criterion": (lambda v: v is None or callable(v), "None, or a torch loss class such as torch.nn.CrossEntropyLoss"),
    "validation_fraction": (
        lambda v: v is None or isinstance(v, Real) and 0 <= v < 1,
        "None or a number between 0 and 1",
    ),
    "augment": (lambda v: v is None or callable(v), "None or an augmentation of skmeta.tasks.augmentation"),
    "callbacks": (
        _are_callbacks,
        "None, 'disable', or a list of skorch callbacks or of (name, callback) pairs",
    ),
    "labels": (lambda v: v in ("auto", "task", "shared"), "'auto', 'task' or 'shared'"),
    "target_scaling": (lambda v: v in ("pooled", "task", None), "'pooled', 'task' or None"),
    "inner_lr": (lambda v: isinstance(v, str) or _number(v), "a non-negative number, 'learn' or 'learn-step'"),
    "adapt_params": (lambda v: v in ("all", "head", "body"), "'all' (MAML), 'head' (ANIL) or 'body' (BOIL)"),
    "iterator_train": (callable, "a class of loaders, such as skmeta.tasks.episodes.EpisodeLoader"),
    "inner_steps": _STEPS,
    "adapt_steps": (lambda v: v is None or _integer(v, 0), "None or a non-negative integer"),
    "scale": (lambda v: v == "learn" or _number(v) and v > 0, "a positive number or 'learn'"),
    "pooled": (_are_estimators, "'default', an estimator or a list of them"),
    "per_task": (lambda v: v is None or _are_estimators(v), "'default', None or an estimator"),
    "cv": (lambda v: _integer(v, 2), "an integer of at least 2"),
    "freeze": (lambda v: v in ("trunk", "none", "gradual"), "'trunk', 'none' or 'gradual'"),
    "heads": (lambda v: v in ("auto", "task", "shared"), "'auto', 'task' or 'shared'"),
    "weighting": (lambda v: v in ("similarity", "learn", "uniform"), "'similarity', 'learn' or 'uniform'"),
    "n_neighbors": _COUNT,
    "priors": (lambda v: isinstance(v, bool) or v == "auto", "'auto', True or False"),
}


def check_settings(estimator, names=None):
    """Raise a ValueError that names the first parameter whose value cannot be used, and what can be.

    Parameters
    ----------
    estimator : estimator
    names : sequence of str, default=None
        Check these only; None checks all that the estimator has.
    """
    for name in _RULES if names is None else names:
        if name not in _RULES or name not in vars(estimator):
            continue
        is_fine, expected = _RULES[name]
        value = vars(estimator)[name]
        if not is_fine(value):
            raise ValueError(f"{name} of {type(estimator).__name__} must be {expected}, got {value!r}.")
