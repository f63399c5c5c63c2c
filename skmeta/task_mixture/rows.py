"""Rows of a long table as a mixture works with them: numbers, sorted by task."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Rows of a long table, sorted by task: numbers, targets (or class codes) and each row's task position."""

    X: np.ndarray
    y: np.ndarray
    code: np.ndarray

    @classmethod
    def in_order(cls, X, y, code):
        """Rows in the order of their tasks, and the order in which they were taken."""
        order = np.argsort(code, kind="stable")
        return cls(X[order], y[order], code[order]), order

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.code[rows])

    def __len__(self):
        return len(self.X)
