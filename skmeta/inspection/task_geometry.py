"""Where tasks lie: each one known by what its adapted model answers to the same rows."""

import numpy as np
from sklearn.base import is_classifier

from skmeta.tasks.rows import take_rows

_NOBODY = "\0 a task that was never seen"


def changes(estimator, X, tasks=None):
    """(n_tasks, n_answers): answers less that to a task never seen, or the mean over tasks where there is none."""
    _, answers, cold = answers_of_tasks(estimator, X, tasks)
    return answers - (answers.mean(0) if cold is None else cold)


class TaskGeometry:
    """Estimators with a ``task_embedding_`` say by these members where tasks lie; they take them over one by one."""

    @property
    def task_shift_(self) -> np.ndarray:
        """(n_tasks,): how far each of ``adapted_tasks_`` moves the common answers, root mean square."""
        return lengths(self.task_embedding_)

    def task_similarity(self) -> np.ndarray:
        """How alike the changes are that tasks make to the common answers.

        Returns
        -------
        similarity : ndarray of shape (n_tasks, n_tasks)
            Cosines, in the order of ``adapted_tasks_``.
        """
        return cosines(self.task_embedding_)


def lengths(embedding):
    return np.sqrt(np.mean(embedding**2, axis=1))


def cosines(embedding):
    length = np.linalg.norm(embedding, axis=1, keepdims=True)
    unit = np.divide(embedding, length, out=np.zeros_like(embedding), where=length > 0)
    return unit @ unit.T


def answers_of_tasks(estimator, X, tasks=None):
    """Ids, (n_tasks, n_answers) answers, and those to a task never seen (None where there are none)."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    names = list(estimator.adapted_tasks_.tolist() if tasks is None else tasks)
    try:
        cold = _ask(estimator, X, [_NOBODY])[0]
    except ValueError:  # it cannot answer for a task of which it has seen no row
        cold = None
    return names, _ask(estimator, X, names), cold


def _ask(estimator, X, names):
    n_rows = X.shape[0]
    ids = np.empty(len(names) * n_rows, dtype=object)
    ids[:] = [name for name in names for _ in range(n_rows)]
    rows = take_rows(X, np.tile(np.arange(n_rows), len(names)))
    if is_classifier(estimator):
        answers = np.log(estimator.predict_proba(rows, task=ids).clip(1e-6))
    else:
        answers = np.asarray(estimator.predict(rows, task=ids))
    return answers.reshape(len(names), -1)
