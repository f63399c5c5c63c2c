"""Fingerprints of source tasks, and those of targets that are comparable to them."""

import numpy as np

from skmeta.tasks.fingerprints import fingerprint


class SourceFingerprints:
    """What each source task is expected to be like, in units of how tasks differ.

    Parameters
    ----------
    Z : ndarray of shape (n_rows, n_columns)
        The pooled rows of the tasks, embedded.
    tasks : TaskSet
    classes : ndarray or None
        The classes that all tasks share.

    Attributes
    ----------
    figures : ndarray of shape (n_tasks, n_figures)
    """

    def __init__(self, Z, tasks, classes):
        self.classes = classes
        y, labelled = tasks.pooled[1], tasks.is_labelled_row
        self._mean, scale = Z[labelled].mean(0), Z[labelled].std(0)
        self._scale = np.where(scale > 1e-12, scale, 1.0)
        Z = (Z - self._mean) / self._scale
        ends = np.cumsum(tasks.n_rows)
        blocks = [np.arange(a, b)[labelled[a:b]] for a, b in zip(ends - tasks.n_rows, ends)]
        self._blocks = [(Z[rows], y[rows]) for rows in blocks]
        raw = self._stack(self._blocks)
        self._signal = _signal(*(self._stack(side) for side in zip(*(_halves(*block) for block in self._blocks))))
        self._of_size = {}
        self.figures = self._shrunk(raw, raw)

    def of(self, Z, y):
        """A target's figures, comparable to ``figures``."""
        Z = (Z - self._mean) / self._scale
        per_class = len(y) if y.dtype.kind == "f" else max(1, round(len(y) / len(np.unique(y))))
        if per_class not in self._of_size:
            # few rows change the figures in the mean, too: compare with sources of which as few were seen
            self._of_size[per_class] = self._stack([_first_rows(*block, per_class) for block in self._blocks])
        return self._shrunk(fingerprint(Z, y, self.classes), self._of_size[per_class])

    def _stack(self, blocks):
        return np.stack([fingerprint(*block, self.classes) for block in blocks])

    def _shrunk(self, figures, alike):
        """What a task is expected to be like, given figures of tasks of its size."""
        believed = np.clip(self._signal / np.maximum(alike.var(0), 1e-300), 0, 1)
        return believed * (figures - alike.mean(0)) / np.sqrt(np.where(self._signal > 0, self._signal, 1.0))


def _halves(X, y):
    """Every other row, of each class where there are classes."""
    rows = np.arange(len(y)) if y.dtype.kind == "f" else np.argsort(y, kind="stable")
    return (X[rows[::2]], y[rows[::2]]), (X[rows[1::2]], y[rows[1::2]])


def _first_rows(X, y, per_class):
    """At most so many rows, of each class where there are classes."""
    if y.dtype.kind == "f":
        return X[:per_class], y[:per_class]
    order = np.argsort(y, kind="stable")
    _, first, code = np.unique(y[order], return_index=True, return_inverse=True)
    kept = order[np.arange(len(y)) - first[code.ravel()] < per_class]
    return X[kept], y[kept]


def _signal(first, second):
    """Variance of each figure between tasks: the covariance of halves, where it is more than chance would bring."""
    first, second = first - first.mean(0), second - second.mean(0)
    total = (np.square(first) + np.square(second)).mean(0) / 2
    signal = (first * second).mean(0)
    n_tasks, n_figures = first.shape
    by_chance = np.sqrt((2 + 2 * np.log(n_figures)) / n_tasks)  # the largest of so many correlations of noise
    return np.where(signal > by_chance * total, signal, 0.0)
