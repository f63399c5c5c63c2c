"""Which of the task's rows carried an answer: what it would have been without each of them."""

import numpy as np
from scipy.special import log_softmax
from sklearn.utils import Bunch

from skmeta.tasks import TaskSet

_ROWS_AT_ONCE = 65536
_LEAST = np.log(1e-6)  # the log-probability of a class that is gone with its only row


class ExplainSupportMixin:
    """``explain(X)``: the current task is adapted to once more without each of its rows, all at once."""

    def explain(self, X):
        """Which labelled rows of the current task carried the answers.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        explanation : Bunch
            ``support`` : ndarray of shape (n_rows, n_support) - by how much the log-probability of the predicted class
            (or the prediction of a regressor) falls when the row of the support is left out. Regressors with several
            targets have one more axis at the end.
        """
        self._adapted()
        rows, support = self._validate_X(X, reset=False), self._support
        n_support, needed = len(support.y), 1 if self._answers_without_rows() else 2
        if n_support < needed:
            raise ValueError(
                f"{type(self).__name__} explains an answer by leaving rows of the task out: it needs {needed} or more, "
                f"and the task has shown {n_support}."
            )
        at_once = max(1, _ROWS_AT_ONCE // (n_support + len(rows)))
        blocks = [range(i, min(i + at_once, n_support)) for i in range(0, n_support, at_once)]
        answer, chosen = self._answer_to_explain(X)
        without = [
            one for block in blocks for one in self._answers_to(chosen, *self._tasks_without(support, block, rows))
        ]
        return Bunch(support=np.stack([answer - one for one in without], axis=1))

    def _tasks_without(self, support, left_out, rows):
        """The task as it would be without each of some rows, asked about the same query rows; and row weights."""
        keep = [np.delete(np.arange(len(support.y)), i) for i in left_out]
        some_y = np.repeat(support.y[:1], len(rows), axis=0)
        tasks = TaskSet.from_pool(
            np.concatenate([part for kept in keep for part in (support.X[kept], rows)]),
            np.concatenate([part for kept in keep for part in (support.y[kept], some_y)]),
            [len(kept) for kept in keep],
            [len(rows)] * len(keep),
            labelled=np.zeros(len(keep), dtype=bool),
        )
        weight = np.concatenate([part for kept in keep for part in (support.weight[kept], np.ones(len(rows)))])
        return tasks, weight


class ExplainSupportOfClassesMixin(ExplainSupportMixin):
    def _answer_to_explain(self, X):
        """The log-probabilities of the predicted classes, and these."""
        logits = self._logits(X)
        return log_softmax(logits, axis=1).max(1).clip(_LEAST), self.classes_[logits.argmax(1)]

    def _answers_to(self, chosen, tasks, weight):
        for logits, classes in self._logits_of_tasks(tasks, weight):
            of_chosen = np.where(classes == chosen[:, None], log_softmax(logits, axis=1), -np.inf)
            yield of_chosen.max(1, initial=-np.inf).clip(_LEAST)


class ExplainSupportOfTargetsMixin(ExplainSupportMixin):
    def _answer_to_explain(self, X):
        return self.predict(X), None

    def _answers_to(self, chosen, tasks, weight):
        for outputs in self._outputs_of_tasks(tasks, weight):
            yield self._unscaled(outputs)
