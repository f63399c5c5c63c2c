"""The labelled rows of a task."""

from dataclasses import dataclass

import numpy as np

from skmeta.estimators._encoding import refuse_other_kind
from skmeta.tasks.rows import stack_labels, stack_rows


@dataclass(frozen=True)
class Support:
    """The rows a task has shown so far, validated; labels are the user's own."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, X, y, weight):
        """A copy, for the user's arrays may change. Rows of weight 0 are as good as not there."""
        counts = weight > 0
        if counts.all():
            return cls(X.copy(), y.copy(), weight.copy())
        return cls(X[counts], y[counts], weight[counts])

    def extended(self, other):
        refuse_other_kind(self.y, other.y)
        X = stack_rows([self.X, other.X])  # of a baseline they may be sparse
        return Support(X, np.concatenate([self.y, other.y]), np.concatenate([self.weight, other.weight]))

    def first(self, n):
        return Support(*(part[:n] for part in self.parts))

    @property
    def parts(self):
        return self.X, self.y, self.weight


def pooled(supports):
    """Many tasks' rows, by name, as ``(names, sizes, one Support)``."""
    supports_ = list(supports.values())
    one = Support(
        np.concatenate([support.X for support in supports_]),
        stack_labels([support.y for support in supports_]),
        np.concatenate([support.weight for support in supports_]),
    )
    return list(supports), np.array([len(support.y) for support in supports_]), one


def unpooled(names, sizes, one):
    """What :func:`pooled` put together, apart."""
    ends = np.cumsum(sizes)
    return {
        name: Support(*(part[end - size : end] for part in one.parts)) for name, size, end in zip(names, sizes, ends)
    }
