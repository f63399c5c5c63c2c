"""Where rows lie in the learned space, and which rows of the task are their neighbours there."""

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.current_task import task_of
from skmeta.tasks import TaskSet, is_tasks
from skmeta.tasks.rows import take_rows

_CELLS_AT_ONCE = 2**22


class Neighbours:
    """``kneighbors`` for learners with ``neighbour_distances(state, X)``."""

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> tuple[np.ndarray, np.ndarray] | np.ndarray:
        """The nearest rows of the current task's support, by the distance the learner has learned.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
            None: the support rows themselves, none of which then is its own neighbour.
        n_neighbors : int, default=None
            None: 5, or as many as there are.
        return_distance : bool, default=True

        Returns
        -------
        distances : ndarray of shape (n_rows, n_neighbors)
            Only with ``return_distance``; ascending.
        indices : ndarray of shape (n_rows, n_neighbors)
            Positions of the rows in the order in which the task has shown them.
        """
        current = task_of(self)
        n_rows = len(current.rows.y) - (X is None)
        k = _how_many(n_neighbors, n_rows)
        rows = current.rows.X if X is None else self.rows_.read(self, self._take_ids(X, None)[0])
        distances, indices = [], []
        block = max(1, _CELLS_AT_ONCE // max(n_rows, 1))
        for first in range(0, max(len(rows), 1), block):
            part = take_rows(rows, slice(first, first + block))
            distance = self.served_.answer(current.state, part, ask="neighbour_distances")
            if X is None:
                at = np.arange(len(distance))
                distance[at, first + at] = np.inf
            nearest = np.argsort(distance, axis=1, kind="stable")[:, :k]
            indices.append(nearest)
            distances.append(np.take_along_axis(distance, nearest, 1))
        indices = np.concatenate(indices)
        return (np.concatenate(distances), indices) if return_distance else indices


def _how_many(n_neighbors, n_rows):
    if n_neighbors is None:
        return min(5, n_rows)
    if not isinstance(n_neighbors, (int, np.integer)):
        raise TypeError(f"n_neighbors does not take {type(n_neighbors)} value, enter integer value")
    if n_neighbors <= 0:
        raise ValueError(f"Expected n_neighbors > 0. Got {n_neighbors}")
    if n_neighbors > n_rows:
        raise ValueError(f"Expected n_neighbors <= {n_rows}, the rows to choose from, but n_neighbors = {n_neighbors}.")
    return int(n_neighbors)


class _SpaceOfRows(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The transformer of rows, which ``set_output`` acts on; tasks stay tasks."""

    def transform(self, X):
        check_is_fitted(self)
        return self.served_.embed(self.rows_.read(self, self._take_ids(X, None)[0]))


class LearnedSpace(TransformerMixin, auto_wrap_output_keys=None):
    """``transform`` into the space of learners with ``embed(X)``; no task needs to be adapted."""

    get_feature_names_out = ClassNamePrefixFeaturesOutMixin.get_feature_names_out

    def transform(self, X: Any) -> "np.ndarray | TaskSet":
        """Rows as points of the learned space.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks

        Returns
        -------
        points : ndarray of shape (n_rows, n_embedding), or TaskSet
        """
        if is_tasks(X):
            tasks = self._read_tasks(X, need_query=False)
            return tasks.with_rows(self.served_.embed(tasks.pooled[0]))
        return _SpaceOfRows.transform(self, X)

    @property
    def _n_features_out(self):
        return self.served_.bare.n_embedding
