"""Rows of a long table as a mixture works with them: numbers, sorted by task."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Rows of a long table, sorted by task: numbers, targets (or class codes) and each row's task position."""

    X: np.ndarray
    y: np.ndarray
    code: np.ndarray

    def take(self, rows):
        return Rows(self.X[rows], self.y[rows], self.code[rows])

    def followed_by(self, other):
        """The rows of both, sorted by task, and where each of them came from."""
        order = np.argsort(np.concatenate([self.code, other.code]), kind="stable")
        parts = zip(vars(self).values(), vars(other).values())
        return Rows(*(np.concatenate(pair)[order] for pair in parts)), order

    def __len__(self):
        return len(self.X)
