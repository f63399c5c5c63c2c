"""Write api.md: one line for every public name, taken from its docstring.

Run ``python docs/make_api.py`` after adding a public name.
"""

import importlib
import inspect
import re
from pathlib import Path

MODULES = {
    "skmeta": "Estimators and what belongs to them",
    "skmeta.tasks": "Tasks and where they come from",
    "skmeta.datasets": "Data",
    "skmeta.nets": "Modules to put inside",
}


def summary(thing):
    """The first paragraph of a docstring as one line."""
    first = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return re.sub(r" ?\[\d+\]_", "", first)  # references are not listed here


def page():
    """The text of api.md."""
    lines = [
        "# Reference",
        "",
        "Written by `python docs/make_api.py` from the docstrings; `help(name)` shows all of them.",
    ]
    shown = set()
    for module_name, title in MODULES.items():
        module = importlib.import_module(module_name)
        names = [name for name in getattr(module, "__all__", []) if name not in shown]
        if not names:
            continue
        lines += ["", f"## {title}", "", f"`from {module_name} import ...`", "", "| name | what it is |", "|---|---|"]
        for name in sorted(names, key=str.lower):
            lines.append(f"| `{name}` | {summary(getattr(module, name)).replace('|', chr(92) + '|')} |")
        shown.update(names)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("api.md").write_text(page())
