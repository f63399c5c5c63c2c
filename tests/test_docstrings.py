"""Docstrings of the public interface say what numpydoc asks for, and begin with a sentence that can be read alone."""

import inspect

import pytest
from numpydoc.validate import validate

import skmeta
import skmeta.datasets
import skmeta.inspection
import skmeta.model_selection
import skmeta.preprocessing
import skmeta.tasks

MODULES = (skmeta, skmeta.datasets, skmeta.inspection, skmeta.model_selection, skmeta.preprocessing, skmeta.tasks)
#: what numpydoc may find: a docstring or its summary missing, a summary without its full stop, parameters that are not
#: documented or not there, in another order
CHECKS = {"GL08", "SS01", "SS03", "PR01", "PR02", "PR03"}


def public():
    """Dotted names of everything public, methods and properties included."""
    names = {}
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isclass(thing) and not inspect.isfunction(thing):
                continue
            if not getattr(thing, "_is_protocol", False) and name != "FewShotCurve":  # made by few_shot_curve
                names.setdefault(id(thing), f"{module.__name__}.{name}")
            for member in dir(thing) if inspect.isclass(thing) else ():
                found = inspect.getattr_static(thing, member)
                is_ours = inspect.isfunction(found) and found.__module__.startswith("skmeta.")
                if not member.startswith("_") and (is_ours or isinstance(found, property)):
                    names.setdefault(id(found), f"{module.__name__}.{name}.{member}")
    return sorted(names.values())


@pytest.mark.parametrize("name", public())
def test_numpydoc_finds_nothing(name):
    found = [f"{code}: {message}" for code, message in validate(name)["errors"] if code in CHECKS]
    assert not found


@pytest.mark.parametrize("name", public())
def test_the_first_line_can_be_read_alone(name):
    thing = skmeta
    for part in name.split(".")[1:]:
        thing = inspect.getattr_static(thing, part) if inspect.isclass(thing) else getattr(thing, part)
    first = (inspect.getdoc(thing) or "").strip().partition("\n")[0]
    leaning = ("Of the", "The same", "As ", "Likewise", "Those", "Its ", "Their ", "What ", "Which ", "Where ")
    assert len(first.split()) >= 3 and not first.startswith(leaning), first
