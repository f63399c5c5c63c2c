"""``partial_fit`` of the in-context estimators: few further rows are appended to what is encoded, many encode anew."""

import numpy as np
import torch
from sklearn.base import is_classifier

from skmeta.estimators._table_rows import MAX_ROWS_IN_DOUBLE

GROWTH = 0.25  # of the encoded rows; so rows that come one by one cost an encoding now and then, ever more rarely


class GrowingSupportMixin:
    """Put before the base of estimators whose learner can ``extend`` a state.

    ``n_rows_encoded_`` tells the rows of the last encoding, the first of the support, from those appended since.
    """

    def _adapt_to(self, support):
        super()._adapt_to(support)
        self.n_rows_encoded_ = len(support.y)

    def _extend(self, old, new):
        support = old.extended(new)
        if self._is_little_more_of_the_same(old, new):
            self._append(support, len(old.y))
        else:
            self._adapt_to(support)

    def _is_little_more_of_the_same(self, old, new):
        n, total = self.n_rows_encoded_, len(old.y) + len(new.y)
        if n <= MAX_ROWS_IN_DOUBLE or total > (1 + GROWTH) * n:
            return False
        if is_classifier(self):
            declared = vars(self).get("_declared_classes", self.classes_)
            if not np.isin(new.y, old.y).all() or not np.array_equal(declared, self.classes_):
                return False
        codes = np.flatnonzero(self._is_categorical)
        return all(np.isin(_present(new.X[:, j]), old.X[:, j]).all() for j in codes)

    def _append(self, support, first):
        X, y, weight = (part[first:] for part in support.parts)
        if is_classifier(self):
            y = self._tensor(self._columns[np.searchsorted(self.classes_, y)], torch.int64)
        else:
            y = self._tensor(self._scaled(y))
        self._state = self._learner.extend(self._state, self._tensor(X)[None], y[None], self._tensor(weight)[None])
        self._support = support

    def _adapt_again(self):
        support, n = self._support, self.n_rows_encoded_
        self._adapt_to(support.first(n))
        if n < len(support.y):
            self._append(support, n)

    def _forget_task(self):
        super()._forget_task()
        self.__dict__.pop("n_rows_encoded_", None)


def _present(column):
    return column[~np.isnan(column)]
