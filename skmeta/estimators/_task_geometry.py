"""Where tasks lie: each one known by what its adapted model answers to the same rows."""

import numpy as np

from skmeta.inspection.task_geometry import changes, cosines, lengths
from skmeta.tasks.rows import take_rows

_PROBES = 100


class TaskGeometryMixin:
    """Attributes that say how tasks differ; worked out when asked for.

    All known tasks are asked about the same rows, a hundred spread evenly over the table. The functions of
    :mod:`skmeta.inspection` of the same names ask about rows of the user's choice.
    """

    def _keep_probes(self, X):
        """Rows to ask about, of the first table that named tasks."""
        if "_probes" not in vars(self):
            X = X if hasattr(X, "shape") else np.asarray(X)
            rows = np.linspace(0, X.shape[0] - 1, min(X.shape[0], _PROBES)).astype(int)
            self._probes = take_rows(X, rows)

    @property
    def task_embedding_(self):
        """(n_tasks, n_answers): the change that each of ``adapted_tasks_`` makes to the common answers."""
        if "_probes" not in vars(self):
            raise AttributeError("How tasks differ is known after fit(X, y, task=ids) or partial_fit(X, y, task=ids).")
        return changes(self, self._probes)

    @property
    def task_shift_(self):
        """(n_tasks,): how far each of ``adapted_tasks_`` moves the common answers, root mean square."""
        return lengths(self.task_embedding_)

    def task_similarity(self):
        """How alike the changes are that tasks make to the common answers.

        Returns
        -------
        similarity : ndarray of shape (n_tasks, n_tasks)
            Cosines, in the order of ``adapted_tasks_``.
        """
        return cosines(self.task_embedding_)
