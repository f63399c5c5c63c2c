"""What skops has to be told of our classes."""

import sys

import torch

from skmeta.saving.registry import is_class_of_library
from skmeta.training import MetaNet


def trusted_types() -> list[str]:
    """Names of the types that fitted estimators of this library are made of, for skops and for what uses it.

    skops reads no type that it has not been told to trust, and MLflow saves scikit-learn models through it. The list
    holds the classes that a file of :func:`skmeta.save` may name: this library's estimators, learners and modules,
    and torch's modules, losses and optimizers. Functions are not among them, nor pickles: what a fitted estimator hands
    on is classes, settings, arrays and the history of its training.

    Module classes and callbacks of your own have to be added to it.

    Returns
    -------
    names : list of str
        Sorted.

    See Also
    --------
    skmeta.load : Reads files from strangers, whose sizes it checks as well.

    Examples
    --------
    >>> import skmeta
    >>> "skmeta.estimators.prototypes.ProtoNetClassifier" in skmeta.trusted_types()
    True
    >>> import skops.io  # doctest: +SKIP
    >>> skops.io.load("model.skops", trusted=skmeta.trusted_types())  # doctest: +SKIP
    """
    ours = {
        thing
        for path, module in list(sys.modules.items())
        if path.startswith("skmeta.")
        for thing in vars(module).values()
        if isinstance(thing, type) and is_class_of_library(thing)
    }
    theirs = _public(torch.nn, torch.nn.Module) | _public(torch.optim, torch.optim.Optimizer)
    return sorted({f"{cls.__module__}.{cls.__qualname__}" for cls in ours | theirs | {MetaNet}} | {"numpy.dtype"})


def _public(place, base):
    return {thing for thing in vars(place).values() if isinstance(thing, type) and issubclass(thing, base)}
