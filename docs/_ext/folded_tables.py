"""Long tables, of results above all, are folded behind one line: what is scrolled through is plots and prose.

The line says what the table holds; a click unfolds it, as does a search in the page. A short table is left as it is.
"""

from docutils import nodes

LONG = 4  # rows; so many are taken in at a glance


def _fold(app, doctree, docname):
    if app.builder.format != "html" or not docname.startswith(("benchmarks/", "contributing")):
        return
    for table in list(doctree.findall(nodes.table)):
        rows = sum(len(list(body.findall(nodes.row))) for body in table.findall(nodes.tbody))
        if rows > LONG:
            names = [
                entry.astext().strip() for head in table.findall(nodes.thead) for entry in head.findall(nodes.entry)
            ]
            line = f"Table of {rows} rows: {', '.join(name for name in names if name)}"
            before = nodes.raw("", f'<details class="skmeta-table"><summary>{_escaped(line)}</summary>', format="html")
            after, parent = nodes.raw("", "</details>", format="html"), table.parent
            place = parent.index(table)
            parent[place : place + 1] = [before, table, after]  # in the table's place, without its classes


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def setup(app):
    app.connect("doctree-resolved", _fold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
