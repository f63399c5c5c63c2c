"""Rows of a long table as a mixture works with them: numbers, sorted by task."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Rows of a long table, sorted by task: numbers, targets (or class codes), and each row's task and weight."""

    X: np.ndarray
    y: np.ndarray
    code: np.ndarray
    weight: np.ndarray

    @classmethod
    def in_order(cls, X, y, code, weight=None):
        """Rows in the order of their tasks, and the order in which they were taken; without weights all are alike."""
        order = np.argsort(code, kind="stable")
        weight = np.ones(len(code)) if weight is None else weight
        return cls(X[order], y[order], code[order], weight[order]), order

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.code[rows], self.weight[rows])

    def with_code(self, code):
        """A copy names the rows' tasks by other numbers."""
        return replace(self, code=code)

    def n_shown(self, n_tasks):
        """(n_tasks,) how much each task has shown: its rows, counted by their weights."""
        return np.bincount(self.code, self.weight, minlength=n_tasks)

    def n_rows(self, n_tasks):
        """(n_tasks,) rows of each task."""
        return np.bincount(self.code, minlength=n_tasks)

    def __len__(self):
        return len(self.X)
