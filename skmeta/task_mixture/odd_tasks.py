"""Tasks that are not like the others: recognised by how their own rows are missed, and answered more simply."""

import numpy as np

from skmeta.task_mixture.rows import Rows

FEWEST_ROWS, MOST_ROWS = 3, 20  # of a task whose own errors are looked at: with more, its own rows decide in any case
_FOLDS = 10
#: before anything is known: the blend, the mean of the task's rows, the blend of a task without rows
PRIOR = np.array([0.98, 0.01, 0.01])
_FREEDOM = 4.0  # of Student's t, so that one wild row does not decide
_OTHER_ROWS = 1.0  # what the mean of few rows is drawn to the common answer by, of classes


def trust_in_blend(blend_of, cold_of, support):
    """How far each task's rows speak for the blend, for their own mean, and for the answer to a task without rows.

    Every row is answered from the task's other rows (of more than ten, from nine in ten), and what answers it best is
    likelier for the task's further rows: Bayes' rule.

    Parameters
    ----------
    blend_of : callable
        ``blend_of(support, query)`` answers (n_query, C) and, of numbers, the usual errors (n_query,).
    cold_of : callable
        ``cold_of(query)`` answers (n_query, C) as if nothing had been shown.
    support : Rows
        Of the tasks in question, sorted by task.

    Returns
    -------
    trust : (n_tasks, 3) array
        In the order of the tasks' positions.
    """
    names, code, size = np.unique(support.code, return_inverse=True, return_counts=True)
    rank = np.arange(len(support)) - np.repeat(np.cumsum(size) - size, size)
    fold = rank % _FOLDS
    shown, query = [], []
    for k in range(min(int(size.max(initial=0)), _FOLDS)):
        asked = fold == k
        others = ~asked & (size > k)[code]
        shown.append((np.flatnonzero(others), code[others] * _FOLDS + k))
        query.append((np.flatnonzero(asked), code[asked] * _FOLDS + k))
    (rows, of_rows), (asked, of_asked) = (map(np.concatenate, zip(*side)) for side in (shown, query))
    left = Rows.in_order(support.X[rows], support.y[rows], of_rows, support.weight[rows])[0]
    hidden, _ = Rows.in_order(support.X[asked], support.y[asked], of_asked, support.weight[asked])
    blend, usual = blend_of(left, hidden)
    cold = cold_of(hidden)
    candidates = [blend, means_of(left, hidden.code, cold), cold]
    likely = np.stack([hidden.weight * _log_likelihood(one, hidden.y, usual) for one in candidates], axis=1)
    of_task = hidden.code // _FOLDS
    total = np.log(PRIOR) + np.stack([np.bincount(of_task, one, minlength=len(names)) for one in likely.T], axis=1)
    total = np.exp(total - total.max(1, keepdims=True))
    return total / total.sum(1, keepdims=True)


def means_of(support, code, cold):
    """(N, C) the mean (the class shares) of what each row's task has shown; drawn a little to the cold answer."""
    names, of_row = np.unique(support.code, return_inverse=True)
    place = np.clip(np.searchsorted(names, code), 0, max(len(names) - 1, 0))
    n_classes = cold.shape[1]
    values = support.y[:, None] if n_classes == 1 else np.eye(n_classes)[support.y]
    total = [np.bincount(of_row, column * support.weight, minlength=len(names)) for column in values.T]
    total, n = np.stack(total, axis=1), np.bincount(of_row, support.weight, minlength=len(names))[:, None]
    other = 0.0 if n_classes == 1 else _OTHER_ROWS
    return (total[place] + other * cold) / (n[place] + other)


def _log_likelihood(answers, y, usual):
    if answers.shape[1] > 1:
        return np.log(answers[np.arange(len(y)), y].clip(1e-6))
    missed = ((answers[:, 0] - y) / usual) ** 2
    return -(_FREEDOM + 1) / 2 * np.log1p(missed / _FREEDOM)
