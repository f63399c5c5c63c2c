"""Write ``skmeta/estimators/__init__.pyi``: what an editor shows is what there is.

    python -m tools.stubs          # write it
    python -m tools.stubs --check  # fail if it is not what the code says

Constructors of estimators are made from their parameters when their classes are; a type checker does not run code, so
their signatures, types and docstrings are written down here.
"""

import argparse
import inspect
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import skmeta.estimators
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.parameters import parameters_of

PATH = Path(skmeta.estimators.__file__).with_suffix(".pyi")
HEAD = '''"""scikit-learn's face of the learners. Written by ``python -m tools.stubs``."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import Module

'''


def type_text(kind):
    """How a type is written."""
    if kind is None or kind is type(None):
        return "None"
    if kind is Any:  # a class from Python 3.11 on
        return "Any"
    if kind is Callable:
        return "Callable[..., Any]"
    if isinstance(kind, type) and not hasattr(kind, "__args__"):
        module = kind.__module__
        return {"builtins": "", "numpy.random.mtrand": "np.random."}.get(module, f"{module}.") + kind.__name__
    text = (
        str(kind)
        .replace("collections.abc.Callable", "Callable[..., Any]")
        .replace("numpy.random.mtrand.", "np.random.")
    )
    return text.replace("typing.", "")


def default_text(value):
    """A default as it is written in a signature; classes by an ellipsis, as in typeshed."""
    return repr(value) if isinstance(value, (str, int, float, bool, tuple, type(None))) else "..."


def constructor(cls):
    """The lines of ``__init__``."""
    kinds = parameters_of(cls)
    lines = ["    def __init__(", "        self,", "        module: type[Module] | Module | None = None,", "        *,"]
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name in ("self", "module") or parameter.kind is parameter.VAR_KEYWORD:
            continue
        lines.append(f"        {name}: {type_text(kinds[name])} = {default_text(parameter.default)},")
    return [*lines, "        **module__kwargs: Any,", "    ) -> None: ..."]


def score(cls):
    """The line of ``score``: checkers would take that of scikit-learn's mixin, where ``y`` has no default."""
    signature = inspect.signature(cls.score)
    given = [str(p) if p.name == "self" else _with_default(p) for p in signature.parameters.values()]
    keyword_only = [p.kind is p.KEYWORD_ONLY for p in signature.parameters.values()].index(True)
    given.insert(keyword_only, "*")
    return f"    def score({', '.join(given)}) -> float: ..."


def _with_default(parameter):
    default = "" if parameter.default is parameter.empty else f" = {default_text(parameter.default)}"
    return f"{parameter.name}: {type_text(parameter.annotation)}{default}"


def text():
    """The whole stub."""
    classes = {name: getattr(skmeta.estimators, name) for name in skmeta.estimators.__all__}
    imports, bodies = set(), []
    for name, cls in classes.items():
        if not issubclass(cls, MetaEstimator):
            imports.add(f"from {cls.__module__} import {name} as {name}")
            continue
        bases = [base for base in cls.__bases__ if base is not object]
        imports |= {f"from {base.__module__} import {base.__name__}" for base in bases}
        doc = textwrap.indent((cls.__doc__ or "").replace("\\", "\\\\"), "    ")
        bodies.append(
            "\n".join(
                [
                    f"class {name}({', '.join(base.__name__ for base in bases)}):",
                    f'    """{doc[4:]}    """',
                    "",
                    *constructor(cls),
                    score(cls),
                ]
            )
        )
    listed = "\n".join(f'    "{name}",' for name in skmeta.estimators.__all__)
    return HEAD + "\n".join(sorted(imports)) + f"\n\n__all__ = [\n{listed}\n]\n\n" + "\n\n".join(bodies) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(0 if PATH.exists() and PATH.read_text() == text() else f"{PATH} is not what the code says.")
    PATH.write_text(text())


if __name__ == "__main__":
    main()
