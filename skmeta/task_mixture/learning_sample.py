"""Which rows of a very long table what is common is learned from; the others are shown to their tasks afterwards."""

import numpy as np

from skmeta.mixed_models.segments import random_ranks

MOST_ROWS = 30_000
_ENOUGH_TASKS = 200


def learning_sample(code, n_tasks, seed):
    """Some rows of some tasks: whole tasks if there are many, else a share of the rows of each.

    Parameters
    ----------
    code : (n_rows,) array
        Position of each row's task.
    n_tasks : int
    seed : int

    Returns
    -------
    is_taken : (n_rows,) array of bool
    position : (n_tasks,) array
        New positions of the tasks: those that are learned from come first, in their order.
    n_learned : int
        How many these are.
    """
    if len(code) <= MOST_ROWS:
        return np.ones(len(code), dtype=bool), np.arange(n_tasks), n_tasks
    rng = np.random.default_rng(seed)
    n_learned = int(np.clip(MOST_ROWS * n_tasks // len(code), min(_ENOUGH_TASKS, n_tasks), n_tasks))
    is_learned = np.zeros(n_tasks, dtype=bool)
    is_learned[rng.permutation(n_tasks)[:n_learned]] = True
    position = np.empty(n_tasks, dtype=np.int64)
    position[np.argsort(~is_learned, kind="stable")] = np.arange(n_tasks)
    order = np.argsort(code, kind="stable")
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = random_ranks(code[order], np.bincount(code, minlength=n_tasks), rng)
    size = np.minimum(np.bincount(code, minlength=n_tasks), 10 * MOST_ROWS // n_learned)[is_learned]
    # as many rows of each task as bring the sum to what is wanted
    most = size.max()
    while most > 1 and np.minimum(size, most).sum() > 1.2 * MOST_ROWS:
        most = int(most / 1.1)
    return is_learned[code] & (rank < most), position, n_learned
