"""Many tasks as one sequence: an array of shape (n_tasks,) to scikit-learn, one pooled table to the machine."""

from collections.abc import Sequence

import numpy as np

from skmeta.tasks.ids import factorize, ids_as_array, take_task_ids
from skmeta.tasks.pictures import as_html, in_words
from skmeta.tasks.rows import stack_labels, stack_rows, take_rows
from skmeta.tasks.task import Task, as_task, check_same_columns


class TaskSet(Sequence):
    """A sequence of tasks over one pooled store of rows.

    The rows of all tasks lie in one table, task after task, support before query; a task is a view of it. So a
    set of thousands of small tasks pickles, and travels to worker processes, like one array, and a selection of
    its tasks copies nothing.

    Parameters
    ----------
    tasks : iterable of Task or of (X, y) or (X, y, X_query, y_query) tuples
        The tasks. They may have any number of rows but must agree in their columns.

    Attributes
    ----------
    shape : tuple
        ``(n_tasks,)``.

    See Also
    --------
    TaskSet.from_long : Build a set from one long table with a column that names the task.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import TaskSet
    >>> X = np.arange(12.0).reshape(6, 2)
    >>> tasks = TaskSet.from_long(X, ["a", "b"] * 3, task=[1, 1, 1, 2, 2, 2])
    >>> tasks
    TaskSet(2 tasks, 2 features, 3 rows each)
    >>> tasks[0]
    Task(1, 3 support rows, 2 features)
    >>> tasks[[1]].to_long()[2]
    array([2, 2, 2])
    """

    ndim = 1

    def __init__(self, tasks):
        if not hasattr(tasks, "__iter__") or hasattr(tasks, "tocsr") or isinstance(tasks, type):
            raise TypeError(f"A TaskSet is made of a collection of tasks, got {str(tasks)[:100]!r}.")
        tasks = [as_task(task, i) for i, task in enumerate(tasks)]
        if not tasks:
            raise ValueError("A TaskSet needs at least one task, got an empty sequence.")
        check_same_columns(tasks)
        blocks, labels, support, query, labelled = [], [], [], [], []
        for task in tasks:
            has_query = task.X_query is not None
            blocks += [task.X] + ([task.X_query] if has_query else [])
            labels.append(task.y)
            if has_query:
                # unlabelled query rows still need a place in the pooled labels; the flag says not to read it
                missing = task.y_query is None
                labels.append(_of_no_meaning(task.y, task.X_query.shape[0]) if missing else task.y_query)
            support.append(task.X.shape[0])
            query.append(task.X_query.shape[0] if has_query else -1)
            labelled.append(has_query and task.y_query is not None)
        names = np.empty(len(tasks), dtype=object)
        names[:] = [task.name for task in tasks]
        self._set(stack_rows(blocks), stack_labels(labels), support, query, labelled, names)

    def _set(self, X, y, n_support, n_query, labelled, names):
        self._X, self._y, self._names = X, y, names
        self._n_support = np.asarray(n_support, dtype=np.int64)
        self._n_query = np.asarray(n_query, dtype=np.int64)  # -1: the task has no query rows
        self._labelled = np.asarray(labelled, dtype=bool)
        rows = self._n_support + np.maximum(self._n_query, 0)
        self._start = np.concatenate([[0], np.cumsum(rows)[:-1]])
        return self

    @classmethod
    def from_pool(cls, X, y, n_support, n_query=None, labelled=None, names=None):
        """A set over rows that are already pooled: task after task, support before query.

        Parameters
        ----------
        X, y : pooled rows and labels
        n_support : array-like of shape (n_tasks,)
            Support rows of each task.
        n_query : array-like of shape (n_tasks,), default=None
            Query rows of each task; -1 for a task without. None: no task has any.
        labelled : array-like of bool of shape (n_tasks,), default=None
            Whether each task's query labels are known. None: all are.
        names : array-like of shape (n_tasks,), default=None

        Returns
        -------
        tasks : TaskSet

        Examples
        --------
        >>> import numpy as np
        >>> from skmeta import TaskSet
        >>> TaskSet.from_pool(np.zeros((5, 1)), np.arange(5), n_support=[2, 1], n_query=[1, 1])[1]
        Task(1 support row, 1 query row, 1 feature)
        """
        n_tasks = len(n_support)
        n_query = np.full(n_tasks, -1) if n_query is None else np.asarray(n_query)
        labelled = n_query >= 0 if labelled is None else labelled
        pool_names = np.empty(n_tasks, dtype=object)
        if names is not None:
            pool_names[:] = list(names)
        self = cls.__new__(cls)._set(X, np.asarray(y), n_support, n_query, labelled, pool_names)
        expected = int(self.n_rows.sum())
        if X.shape[0] != expected or len(self._y) != expected:
            raise ValueError(
                f"The tasks' sizes add up to {expected} rows, but X has {X.shape[0]} and y {len(self._y)}."
            )
        return self

    @classmethod
    def from_long(cls, X, y, task):
        """One long table and a column of task ids to a set, one task per id, in sorted order of the ids.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        task : array-like of shape (n_rows,), str or list of str
            Which task each row belongs to, or the DataFrame column that says so; several say nested groups.

        Returns
        -------
        tasks : TaskSet
            Named by their ids; the rows keep their order within each task.
        """
        X = X if hasattr(X, "shape") else np.asarray(X)
        y = np.asarray(y)
        X, ids = take_task_ids(X, task)
        if len(y) != len(ids):
            raise ValueError(
                "X, y and task must have one entry per row, got "
                f"{X.shape[0]}, {len(y)} and an array of shape {ids.shape}."
            )
        names, code = factorize(ids)
        order = np.argsort(code, kind="stable")
        return cls.from_pool(take_rows(X, order), y[order], np.bincount(code), names=names)

    def to_long(self):
        """The rows of all tasks, support before query, as one table.

        Returns
        -------
        X : array or DataFrame of shape (n_rows, n_features)
        y : ndarray of shape (n_rows,)
        task : ndarray of shape (n_rows,)
            The tasks' names, or their positions where a task has no name; positions throughout where two tasks would
            otherwise become one.
        """
        names = [position if name is None else name for position, name in enumerate(self._names)]
        if len(set(names)) < len(names):
            names = list(range(len(self)))
        task = np.repeat(ids_as_array(names), self.n_rows)
        if not self._labelled[self._n_query >= 0].all():
            raise ValueError("Some query rows have no labels, so the set has no long form.")
        return self._X, self._y, task

    # ------------------------------------------------------------------ what the rest of the library reads

    @property
    def shape(self):
        """The shape that scikit-learn sees: ``(n_tasks,)``."""
        return (len(self),)

    @property
    def n_features(self):
        """Columns of the rows."""
        return self._X.shape[1]

    @property
    def names(self):
        """The tasks' names, None where they have none."""
        return self._names

    @property
    def pooled(self):
        """``(X, y)``: the rows of all tasks, support before query, task after task."""
        return self._X, self._y

    @property
    def n_support(self):
        """Support rows of each task."""
        return self._n_support

    @property
    def n_query(self):
        """Query rows of each task, -1 where it has none."""
        return self._n_query

    @property
    def query_labelled(self):
        """Whether the query labels of each task are known."""
        return self._labelled

    @property
    def n_rows(self):
        """Rows of each task, support and query together."""
        return self._n_support + np.maximum(self._n_query, 0)

    @property
    def task_of_row(self):
        """Position of the task each pooled row belongs to."""
        return np.repeat(np.arange(len(self)), self.n_rows)

    @property
    def is_support_row(self):
        """Whether a pooled row is a support row."""
        rank = np.arange(int(self.n_rows.sum())) - np.repeat(self._start, self.n_rows)
        return rank < np.repeat(self._n_support, self.n_rows)

    @property
    def is_labelled_row(self):
        """Whether a pooled row has a label: support rows have, and the query rows of tasks that know theirs."""
        return self.is_support_row | np.repeat(self._labelled, self.n_rows)

    def called(self, i):
        """Name a task as error messages do: by its name, or by its position.

        Parameters
        ----------
        i : int

        Returns
        -------
        name : str
        """
        return repr(int(i) if self._names[i] is None else self._names[i])

    def with_rows(self, X):
        """Put other rows in the place of the pooled ones, one for one.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)

        Returns
        -------
        tasks : TaskSet
        """
        return self.from_pool(X, self._y, self._n_support, self._n_query, self._labelled, self._names)

    def without_unlabelled_rows(self):
        """Leave out the query part of tasks that do not know its labels: nothing can be learned from it.

        Returns
        -------
        tasks : TaskSet
        """
        if self._labelled[self._n_query >= 0].all():
            return self
        rows = np.flatnonzero(self.is_labelled_row)
        n_query = np.where(self._labelled, self._n_query, -1)
        return self.from_pool(take_rows(self._X, rows), self._y[rows], self._n_support, n_query, names=self._names)

    # ------------------------------------------------------------------ the sequence

    def __len__(self):
        return len(self._n_support)

    def __getitem__(self, key):
        if isinstance(key, tuple):  # scikit-learn indexes anything that has a shape by X[rows, ...]
            if len(key) == 2 and key[1] is Ellipsis:
                key = key[0]
            else:
                raise IndexError(f"A TaskSet has one dimension, got the index {key!r}.")
        if np.ndim(key) == 0 and not isinstance(key, slice):
            return self._task(range(len(self))[int(key)])
        return self._select(np.arange(len(self))[key])

    def _task(self, i):
        start, middle = self._start[i], self._start[i] + self._n_support[i]
        X_query = y_query = None
        if self._n_query[i] >= 0:
            end = middle + self._n_query[i]
            X_query = take_rows(self._X, slice(middle, end))
            y_query = self._y[middle:end] if self._labelled[i] else None
        X = take_rows(self._X, slice(start, middle))
        return Task(X, self._y[start:middle], X_query, y_query, name=self._names[i])

    def _select(self, chosen):
        rows = np.concatenate(
            [np.arange(self._start[i], self._start[i] + self.n_rows[i]) for i in chosen]
            or [np.empty(0, dtype=np.int64)]
        )
        return self.from_pool(
            take_rows(self._X, rows),
            self._y[rows],
            self._n_support[chosen],
            self._n_query[chosen],
            self._labelled[chosen],
            self._names[chosen],
        )

    def __repr__(self):
        return f"TaskSet({in_words(self)})"

    def _repr_html_(self):
        return as_html(self)


def _of_no_meaning(y, n_rows):
    """Labels of the kind of ``y``, to be read by nobody."""
    return np.repeat(y[:1], n_rows, 0) if len(y) else np.zeros((n_rows, *y.shape[1:]), dtype=y.dtype)
