"""The reference, made from the package's own lists of public names, so that none can be left out.

Before Sphinx reads anything, ``reference/index.rst`` is written: a table for every group of names, from which
autosummary makes a page for every name. What is public and stands in no group is listed last. On other pages, public
names that are written as code become links.
"""

import importlib
import inspect
import re
from pathlib import Path

from docutils import nodes

from skmeta.registry import FAMILIES

#: groups of what ``from skmeta import ...`` gives; a name that is missing here appears under "Other names"
GROUPS = {family[0].upper() + family[1:]: names for family, names in FAMILIES.items()} | {
    "Tasks": ["Task", "TaskSet", "split_tasks", "pseudo_tasks"],
    "Model selection": ["TaskKFold", "KShotSplit", "task_scorer", "few_shot_curve", "compare"],
    "Saving, serving, versions, errors": [
        "save", "load", "export_onnx", "trusted_types", "show_versions", "NotAdaptedError",
    ],
}  # fmt: skip

MODULES = {
    "skmeta.tasks": "Tasks and where they come from",
    "skmeta.tasks.prior": "Made-up tables",
    "skmeta.datasets": "Data",
    "skmeta.model_selection": "Model selection",
    "skmeta.inspection": "Inspection and pictures",
    "skmeta.preprocessing": "Preprocessing",
    "skmeta.nets": "Torch modules to put inside",
    "skmeta.training": "Training",
    "skmeta.scale": "Beyond one machine",
}


def tables():
    """Module, title and names of every table, in the order of the page; every public name is in exactly one."""
    skmeta = importlib.import_module("skmeta")
    left, shown = list(skmeta.__all__), set()
    for title, names in GROUPS.items():
        there = [name for name in names if name in left]
        left = [name for name in left if name not in there]
        if there:
            yield "skmeta", title, there
    if left:
        yield "skmeta", "Other names", sorted(left, key=str.lower)
    shown.update(id(getattr(skmeta, name)) for name in skmeta.__all__)
    for module_name, title in MODULES.items():
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError:
            continue
        names = [name for name in module.__all__ if id(getattr(module, name)) not in shown]
        shown.update(id(getattr(module, name)) for name in names)
        if names:
            yield module_name, title, sorted(names, key=str.lower)


def page():
    """The text of the reference's first page."""
    lines = [
        "=========", "Reference", "=========", "",
        "Every public name, with its parameters, attributes and examples. Which one to take, the",
        ":doc:`choosing page </guide/choosing>` says.", "",
    ]  # fmt: skip
    for module_name, title, names in tables():
        module = importlib.import_module(module_name)
        lines += [title, "-" * len(title), "", f"``from {module_name} import ...``", ""]
        lines += [f".. currentmodule:: {module_name}", ""]
        for template, of_kind in (("class", inspect.isclass), ("function", lambda it: not inspect.isclass(it))):
            of_it = [name for name in names if of_kind(getattr(module, name))]
            if of_it:
                lines += [
                    ".. autosummary::",
                    "   :toctree: api",
                    f"   :template: autosummary/{template}.rst",
                    "   :nosignatures:",
                    "",
                ]
                lines += [f"   {name}" for name in of_it] + [""]
    return "\n".join(lines)


def _write(app, config):
    path = Path(app.srcdir) / "reference" / "index.rst"
    path.parent.mkdir(exist_ok=True)
    names = {f"{module}.{name}.rst" for module, _, of_module in tables() for name in of_module}
    for stale in set(path.parent.glob("api/*.rst")) - {path.parent / "api" / name for name in names}:
        stale.unlink()  # pages of names that are public no more
    text = page()
    if not path.exists() or path.read_text() != text:  # an unchanged file is not read again
        path.write_text(text)


def _minigallery_everywhere(app):
    """Names that no example uses yet have an empty mini-gallery instead of a file that is missing."""
    folder = Path(app.srcdir) / "auto_examples" / "backreferences"
    folder.mkdir(parents=True, exist_ok=True)
    for module_name, _, names in tables():
        for name in names:
            (folder / f"{module_name}.{name}.examples").touch()


def _link_names(app, doctree, docname):
    """A public name written as code, ``ProtoNetClassifier`` or ``ProtoNetClassifier(Conv4)``, leads to its page."""
    if app.builder.format != "html" or docname.startswith("reference/"):
        return
    pages = {name: f"reference/api/{module}.{name}" for module, _, names in tables() for name in names}
    for code in list(doctree.findall(nodes.literal)):
        name = re.match(r"\w*", code.astext()).group()
        inside = isinstance(code.parent, (nodes.reference, nodes.title))
        if name in pages and not inside and re.fullmatch(r"\w+(\(.*\))?", code.astext()):
            uri = app.builder.get_relative_uri(docname, pages[name])
            link = nodes.reference("", "", refuri=uri, internal=True)
            code.replace_self(link)
            link += code


def setup(app):
    app.connect("config-inited", _write)
    app.connect("doctree-resolved", _link_names)
    app.connect("builder-inited", _minigallery_everywhere, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
