"""Random sets of ragged tasks, for properties that must hold for all of them."""

import numpy as np
from hypothesis import strategies as st

from skmeta.tasks import Task, TaskSet


@st.composite
def ragged_tasks(draw, max_tasks=6, max_rows=9, query="some", min_support=1):
    """Tasks whose every cell is a number of its own, so that a row can be told from every other."""
    n_tasks = draw(st.integers(1, max_tasks))
    n_features = draw(st.integers(1, 3))
    cell, tasks = 0, []
    for i in range(n_tasks):
        n_support = draw(st.integers(min_support, max_rows))
        has_query = {"all": True, "none": False, "some": draw(st.booleans())}[query]
        n_query = draw(st.integers(1, max_rows)) if has_query else 0
        n_cells = (n_support + n_query) * n_features
        X = np.arange(cell, cell + n_cells, dtype=float).reshape(-1, n_features)
        cell += n_cells
        y = np.array(draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X))))
        rest = (X[n_support:], y[n_support:]) if has_query else (None, None)
        tasks.append(Task(X[:n_support], y[:n_support], *rest, name=f"t{i}"))
    return TaskSet(tasks)
