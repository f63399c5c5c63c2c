"""Splitters for tables whose rows belong to tasks: new tasks, or known tasks of which little has been seen."""

from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from skmeta.tasks.ids import factorize, take_task_ids


class _TaskSplitter(BaseCrossValidator):
    """A subclass yields the training and test rows in ``_splits``."""

    __metadata_request__split = {"groups": True}

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits.

        Parameters
        ----------
        X, y, groups : ignored

        Returns
        -------
        n_splits : int
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Positions of training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : ignored
        groups : array-like of shape (n_rows,), str or list of str
            Which task each row belongs to, or the DataFrame columns that say so.

        Yields
        ------
        train, test : ndarray of int
        """
        _check_whole(self.n_splits, "n_splits", self._fewest_splits)
        _check_whole(self.n_shots, "n_shots", 0)
        yield from self._splits(X, groups)


class TaskKFold(_TaskSplitter):
    """Folds of whole tasks: each is answered when nothing, or ``n_shots`` rows, has been seen of it.

    Each task is in the test rows once. With ``n_shots``, that many random rows of each test task join the training
    rows, which turns a question about new tasks into one about tasks just met.

    Parameters
    ----------
    n_splits : int, default=5
    n_shots : int, default=0
        Rows of each test task that are shown; a task with no more rows than that has none to test.
    random_state : int, RandomState instance or None, default=None
        Which tasks come together, and which rows are shown.

    See Also
    --------
    sklearn.model_selection.GroupKFold : Folds of whole tasks, balanced by rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.model_selection import TaskKFold
    >>> task = np.array(["a", "a", "a", "b", "b", "b"])
    >>> for train, test in TaskKFold(n_splits=2, n_shots=1, random_state=0).split(task, groups=task):
    ...     print(task[train], task[test])
    ['a' 'b' 'b' 'b'] ['a' 'a']
    ['a' 'a' 'a' 'b'] ['b' 'b']
    """

    _fewest_splits = 2

    def __init__(self, n_splits=5, *, n_shots=0, random_state=None):
        self.n_splits = n_splits
        self.n_shots = n_shots
        self.random_state = random_state

    def _splits(self, X, groups):
        rng = check_random_state(self.random_state)
        rank, code, size = _random_ranks(X, groups, rng)
        if len(size) < self.n_splits:
            raise ValueError(f"n_splits={self.n_splits} folds need as many tasks, but there are {len(size)}.")
        fold = (rng.permutation(len(size)) % self.n_splits)[code]
        for k in range(self.n_splits):
            test = (fold == k) & (rank >= self.n_shots)
            if not test.any():
                raise ValueError(f"n_shots={self.n_shots} leaves no test row in fold {k}: its tasks are too small.")
            yield np.flatnonzero(~test), np.flatnonzero(test)


class KShotSplit(_TaskSplitter):
    """Of every task, ``n_shots`` random rows to learn from and the rest to answer, several times over.

    Parameters
    ----------
    n_shots : int, default=5
        Training rows of each task; a task with no more rows than that is all training.
    n_splits : int, default=5
        Random splits.
    n_train_tasks : int, float or None, default=None
        Tasks (a share of them) that are given whole to the training rows, as meta-training tasks, drawn anew for each
        split; the others show ``n_shots`` rows each. None has every task show ``n_shots`` rows.
    random_state : int, RandomState instance or None, default=None

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta.model_selection import KShotSplit
    >>> task = np.repeat(["a", "b"], 4)
    >>> train, test = next(KShotSplit(n_shots=1, random_state=0).split(task, groups=task))
    >>> task[train], task[test]
    (array(['a', 'b'], dtype='<U1'), array(['a', 'a', 'a', 'b', 'b', 'b'], dtype='<U1'))
    """

    _fewest_splits = 1

    def __init__(self, n_shots=5, n_splits=5, *, n_train_tasks=None, random_state=None):
        self.n_shots = n_shots
        self.n_splits = n_splits
        self.n_train_tasks = n_train_tasks
        self.random_state = random_state

    def _splits(self, X, groups):
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            rank, code, size = _random_ranks(X, groups, rng)
            test = rank >= self.n_shots
            whole = self._n_whole(len(size))
            if whole:
                test &= ~np.isin(code, rng.permutation(len(size))[:whole])
            if not test.any():
                raise ValueError(f"n_shots={self.n_shots} leaves no test row: the largest task has {size.max()} rows.")
            yield np.flatnonzero(~test), np.flatnonzero(test)

    def _n_whole(self, n_tasks):
        asked = self.n_train_tasks
        is_share = isinstance(asked, Real) and not isinstance(asked, Integral)
        if is_share and not 0 < asked < 1:
            raise ValueError(
                f"n_train_tasks, where it is a share of the tasks, must lie between 0 and 1, got {asked!r}."
            )
        if not is_share and asked is not None:
            _check_whole(asked, "n_train_tasks", 0)
        whole = round(float(asked) * n_tasks) if is_share else asked or 0
        if is_share and not whole:
            raise ValueError(f"n_train_tasks={asked} of {n_tasks} tasks is no whole task.")
        if whole >= n_tasks:
            raise ValueError(f"n_train_tasks={asked} of {n_tasks} tasks leaves none to test.")
        if not whole and not self.n_shots:
            raise ValueError("n_shots=0 leaves no training row, unless n_train_tasks gives some tasks whole.")
        return whole


def _random_ranks(X, groups, rng):
    """Every row's place in a random order of its task's rows, its task's position, and the tasks' sizes."""
    if groups is None:
        raise ValueError("The 'groups' parameter should not be None: it says which task each row belongs to.")
    _, ids = take_task_ids(X, groups)
    names, code = factorize(ids)
    size = np.bincount(code, minlength=len(names))
    shuffled = rng.permutation(len(code))
    order = shuffled[np.argsort(code[shuffled], kind="stable")]
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(np.cumsum(size) - size, size)
    return rank, code, size


def _check_whole(value, name, least):
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}.")
