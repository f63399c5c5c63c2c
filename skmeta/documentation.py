"""Docstrings put together: a class says what is its own, and the sections it shares stand in its bases or beside it."""

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)
_Function = TypeVar("_Function", bound=Callable[..., Any])

_ORDER = ("", "Parameters", "Attributes", "Returns", "See Also", "Notes", "References", "Examples")
_LISTS = ("Parameters", "Attributes")


def documented(cls: _Class) -> _Class:
    """Complete a class's docstring by what its bases say: a decorator; see :func:`gathered`."""
    cls.__doc__ = gathered(cls, order=inspect.signature(cls).parameters)
    return cls


def documented_like(other: Callable[..., Any]) -> Callable[[_Function], _Function]:
    """Complete a method's docstring by another's: a decorator of one that does the same elsewhere.

    What the method says itself stands; parameters and sections that it leaves out are those of the other.

    Parameters
    ----------
    other : function
        Fully documented.

    Returns
    -------
    decorator : callable

    Examples
    --------
    >>> def sell(fruit, price):
    ...     '''Sell a fruit.
    ...
    ...     Parameters
    ...     ----------
    ...     fruit : Fruit
    ...     price : float
    ...     '''
    >>> @documented_like(sell)
    ... def eat(fruit):
    ...     '''Eat a fruit.'''
    >>> print(eat.__doc__)
    Eat a fruit.
    <BLANKLINE>
    Parameters
    ----------
    fruit : Fruit
    <BLANKLINE>
    """

    def complete(method: _Function) -> _Function:
        if other.__doc__ is None:  # Python was told to leave docstrings out
            return method
        own, its = _sections(method.__doc__ or ""), _sections(other.__doc__)
        said = {name.lstrip("*"): entry for name, entry in _entries([own, its], "Parameters").items()}
        said = [said[name] for name in inspect.signature(method).parameters if name in said]
        method.__doc__ = _text({**its, **own, "Parameters": "\n".join(said)})
        return method

    return complete


def gathered(cls, shared=(), order=()):
    """The docstring of a class: what it says itself, then what its bases say, then what is shared.

    Parameters and attributes are gathered from all of these. Of the other sections, and of the text before them, the
    class's own stands, or else that of its family (its private bases).

    Parameters
    ----------
    cls : class
    shared : sequence of str, default=()
        Further documents, of which parameters and attributes are taken.
    order : iterable of str, default=()
        Names of parameters, in the order of the signature; others come in the order they are said.

    Returns
    -------
    doc : str or None
        None where neither the class nor its family says anything.

    Examples
    --------
    >>> class _Fruit:
    ...     '''A fruit.
    ...
    ...     Parameters
    ...     ----------
    ...     colour : str
    ...     '''
    >>> class Apple(_Fruit):
    ...     '''A fruit that keeps.'''
    >>> print(gathered(Apple))
    A fruit that keeps.
    <BLANKLINE>
    Parameters
    ----------
    colour : str
    <BLANKLINE>
    """
    ours = [base for base in cls.__mro__[:-1] if base.__doc__ and not base.__module__.startswith("sklearn.")]
    documents = {base: _sections(base.__doc__) for base in ours}
    family = [base for base in cls.__bases__ if base.__name__.startswith("_")]
    speakers = [documents[base] for base in (cls, *family) if base in documents]
    if not speakers:
        return None
    doc = {title: next((parts[title] for parts in speakers if title in parts), "") for title in _ORDER}
    place = {name: i for i, name in enumerate(order)}
    everyone = [*documents.values(), *map(_sections, shared)]
    for title in _LISTS:
        known = _entries(everyone, title)
        names = sorted(known, key=lambda name: place.get(name.lstrip("*"), len(place))) if title == _LISTS[0] else known
        doc[title] = "\n".join(known[name] for name in names)
    return _text(doc)


def _entries(documents, title):
    """Parameters or attributes by their names, each as the first document that has it says it."""
    known = {}
    for entry in (entry for parts in documents if title in parts for entry in re.split(r"\n(?=\S)", parts[title])):
        known.setdefault(re.split(r"[,:\s]", entry, maxsplit=1)[0], entry)
    return known


def _text(parts):
    """A docstring of its sections."""
    rest = (f"\n\n{title}\n{'-' * len(title)}\n{parts[title]}" for title in _ORDER[1:] if parts.get(title))
    return parts[""] + "".join(rest) + "\n"


def _sections(doc):
    """A numpydoc docstring as its sections by their titles; what comes before the first has the title ""."""
    first, *rest = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(doc), flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(["", *rest[::2]], [first, *rest[1::2]]) if text.strip()}
