"""How a set of tasks looks: in a line of words, and as a table in a notebook."""

from html import escape

import numpy as np

_SHOWN = 10  # tasks of a table


def in_words(tasks):
    """How many tasks there are, how wide, and how many rows they have."""

    def span(sizes):
        low, high = int(sizes.min()), int(sizes.max())
        return f"{low}" if low == high else f"{low}-{high}"

    if not len(tasks):
        return "0 tasks"
    features = f"{tasks.n_features} feature{'' if tasks.n_features == 1 else 's'}"
    text = f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}, {features}, {span(tasks.n_support)} "
    has_query = tasks.n_query >= 0
    if not has_query.any():
        return text + "rows each"
    return text + f"support and {span(tasks.n_query[has_query])} query rows each"


def as_html(tasks):
    """The first tasks as rows of a table, with the classes that they have."""
    lines = []
    for i, task in enumerate(tasks[:_SHOWN]):
        name = i if task.name is None else task.name
        query = "" if task.X_query is None else tasks.n_query[i]
        kinds = np.unique(task.y.astype(str)) if task.y.dtype.kind not in "fc" else []
        described = ", ".join(kinds[:5]) + (" ..." if len(kinds) > 5 else "")
        cells = (name, tasks.n_support[i], query, described)
        lines.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>")
    if len(tasks) > _SHOWN:
        lines.append(f"<tr><td colspan=4>... {len(tasks) - _SHOWN} more</td></tr>")
    head = "<tr><th>task</th><th>support rows</th><th>query rows</th><th>classes</th></tr>"
    return f"<p><b>TaskSet</b>: {escape(in_words(tasks))}</p><table>{head}{''.join(lines)}</table>"
