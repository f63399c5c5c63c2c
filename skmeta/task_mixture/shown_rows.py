"""What tasks have shown, found by task in a time that does not grow with what others have shown."""

import copy

import numpy as np

from skmeta.task_mixture.rows import Rows


class ShownRows:
    """Labelled rows of tasks, and the pooled models' answers to them.

    The rows of the table that was fitted lie in one block, sorted by task. Rows that come later are kept beside it,
    task by task: one more costs what its task has shown, not what all have.

    Parameters
    ----------
    rows : Rows
    base : list of (n_rows, C) arrays
        Answers of the pooled models.
    n_tasks : int
        Of the table; their positions are 0, 1, ...
    """

    def __init__(self, rows, base, n_tasks):
        self.X, self.y, self.base, self.weight = rows.X, rows.y, np.stack(base, axis=1), rows.weight
        self.start = np.searchsorted(rows.code, np.arange(n_tasks + 1))
        self.later = {}

    def __setstate__(self, state):
        vars(self).update(state)
        if "weight" not in state:  # rows of files from before there were weights
            self.weight = np.ones(len(self.y))
            self.later = {name: (*parts, np.ones(len(parts[1]))) for name, parts in self.later.items()}

    @property
    def n_fitted(self):
        """Tasks of the table that was fitted."""
        return len(self.start) - 1

    def count(self, code):
        """Rows that tasks have shown, by their weights; the code of a task that has shown nothing is -1."""
        names, place = np.unique(code, return_inverse=True)
        return np.array([self._n_of(int(name)) for name in names], dtype=np.float64)[place]

    def _n_of(self, task):
        first = self.weight[self.start[task] : self.start[task + 1]].sum() if 0 <= task < self.n_fitted else 0
        return first + (self.later[task][-1].sum() if task in self.later else 0)

    def of(self, tasks):
        """Rows of the tasks (distinct and sorted), and the pooled models' answers to them, a list of arrays."""
        parts, n_rows = [], []
        for task in map(int, tasks):
            mine = []
            if 0 <= task < self.n_fitted:
                rows = slice(self.start[task], self.start[task + 1])
                mine.append((self.X[rows], self.y[rows], self.base[rows], self.weight[rows]))
            if task in self.later:
                mine.append(self.later[task])
            parts += mine
            n_rows.append(sum(len(part[1]) for part in mine))
        parts = parts or [(self.X[:0], self.y[:0], self.base[:0], self.weight[:0])]
        X, y, base, weight = (np.concatenate(blocks) for blocks in zip(*parts))
        code = np.repeat(np.asarray(tasks, dtype=np.int64), n_rows)
        return Rows(X, y, code, weight), list(base.transpose(1, 0, 2))

    def range_of(self, task, columns):
        """The least and the largest values of these columns that a task has shown; of no rows nothing lies beyond."""
        rows = [self.X[self.start[task] : self.start[task + 1]]] if 0 <= task < self.n_fitted else []
        rows += [self.later[task][0]] if task in self.later else []
        shown = [part[:, columns] for part in rows if len(part)]
        if not shown:
            return np.full(len(columns), -np.inf), np.full(len(columns), np.inf)
        return np.min([part.min(axis=0) for part in shown], axis=0), np.max(
            [part.max(axis=0) for part in shown], axis=0
        )

    def followed_by(self, rows, base):
        """These and further rows of any tasks, sorted by task; a copy."""
        other, base = copy.copy(self), np.stack(base, axis=1)
        other.later = dict(self.later)
        names, first = np.unique(rows.code, return_index=True)
        for name, begin, end in zip(names.tolist(), first, [*first[1:], len(rows)]):
            new = rows.X[begin:end], rows.y[begin:end], base[begin:end], rows.weight[begin:end]
            old = other.later.get(name)
            other.later[name] = new if old is None else tuple(map(np.concatenate, zip(old, new)))
        return other

    def without(self, task):
        """These but for the rows that came later of one task; a copy."""
        other = copy.copy(self)
        other.later = {name: rows for name, rows in self.later.items() if name != task}
        return other
