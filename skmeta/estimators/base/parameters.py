"""Constructor parameters are class attributes with a type and a default; constructors are made of them.

A family writes ``inner_steps: int = 5`` once. The constructor of every estimator of the family, with all inherited
parameters in its signature, is made when the class is; so are the entries of the generated stub.
"""

import inspect
from dataclasses import dataclass
from typing import Any

ROUTED_PREFIXES = ("module", "optimizer", "criterion", "iterator_train", "iterator_valid", "callbacks", "compile")


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
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument {name!r}")
        self._routed = params

    P = inspect.Parameter
    listed = [P("self", P.POSITIONAL_OR_KEYWORD), P("module", P.POSITIONAL_OR_KEYWORD, default=None)]
    listed += [P(name, P.KEYWORD_ONLY, default=default) for name, default in defaults.items()]
    __init__.__signature__ = inspect.Signature([*listed, P("module__kwargs", P.VAR_KEYWORD)])
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    __init__.__module__ = cls.__module__
    cls.__init__ = __init__


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
