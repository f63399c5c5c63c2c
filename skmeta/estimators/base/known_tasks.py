"""The tasks of one long table, known by their ids."""

from dataclasses import dataclass

import numpy as np

from skmeta.estimators.base.classes import refuse_other_kind
from skmeta.estimators.base.current_task import Support, answers_without_rows
from skmeta.estimators.base.rows import refuse_no_rows
from skmeta.estimators.base.unlike_tasks import look_at_tasks
from skmeta.exceptions import NotAdaptedError
from skmeta.tasks import TaskSet
from skmeta.tasks.ids import factorize, ids_as_array, refuse_lookalikes
from skmeta.tasks.rows import as_pandas, take_rows

_PROBES = 100


@dataclass(frozen=True)
class KnownTasks:
    """Rows of tasks by their ids: thousands of tasks take no more memory than their data, and are adapted when asked.

    Ids of nested groups are tuples, the widest group first; a group never seen inside one that was, say a new class
    of a known school, is answered from all the rows of the narrowest group known.

    Parameters
    ----------
    supports : dict of id to Support
    probes : rows of the user's first table
        What tasks are asked about when they are compared; a hundred, spread evenly.
    """

    supports: dict
    probes: object

    def __getstate__(self):
        # ids may be anything, and formats that are not Python's know dictionaries of strings only
        return {"ids": list(self.supports), "supports": list(self.supports.values()), "probes": self.probes}

    def __setstate__(self, state):
        supports = state["supports"]
        if "ids" in state:
            supports = dict(zip(state["ids"], supports))
        vars(self).update(supports=supports, probes=state["probes"])

    @classmethod
    def none_yet(cls, X):
        """No task is known, and some rows of a table are there to compare tasks by."""
        X = X if hasattr(X, "shape") else np.asarray(X)
        rows = np.linspace(0, X.shape[0] - 1, min(X.shape[0], _PROBES)).astype(int)
        return cls({}, as_pandas(take_rows(X, rows)))

    @property
    def ids(self):
        return ids_as_array(list(self.supports))

    @property
    def labels(self):
        """All labels that tasks have shown, sorted."""
        return np.unique(np.concatenate([support.y for support in self.supports.values()]))

    def without(self, names):
        """The other tasks."""
        gone = set(names)
        return KnownTasks({name: rows for name, rows in self.supports.items() if name not in gone}, self.probes)

    def shown(self, ids, X, y, weight):
        """These and further rows, each of the task that its id names; new ids of rows that count open new tasks."""
        supports = dict(self.supports)
        names, code = factorize(ids)
        if not any(name in supports for name in names):
            refuse_no_rows(weight)
        if supports:
            refuse_other_kind(next(iter(supports.values())).y, y)
            refuse_lookalikes(names, supports)
        for name, where in zip(names, _rows_of_each(code, len(names))):
            rows = Support.of(X[where], y[where], weight[where])
            if name in supports or len(rows.y):
                supports[name] = supports[name].extended(rows) if name in supports else rows
        return KnownTasks(supports, self.probes)

    def asked(self, X, names, code):
        """Rows as the query rows of their tasks, whose support is what each has shown.

        Returns
        -------
        tasks : TaskSet
        weight : ndarray
            Of the tasks' pooled rows.
        rows : list of ndarrays
            The positions in ``X`` of each task's query rows.
        strangers : list
            Ids of which nothing is known: their tasks have no support rows.
        """
        refuse_lookalikes(names, self.supports)
        found = self._relatives(names)
        rows = _rows_of_each(code, len(names))
        some = next(iter(self.supports.values()))
        supports = [some.between(0, 0) if support is None else support for support in found]
        # query rows need some label in the pooled store; that they are unlabelled is said beside it
        pool = [
            part
            for support, where in zip(supports, rows)
            for part in (support, Support(X[where], np.repeat(some.y[:1], len(where), axis=0), np.ones(len(where))))
        ]
        tasks = TaskSet.from_pool(
            np.concatenate([part.X for part in pool]),
            np.concatenate([part.y for part in pool]),
            [len(support.y) for support in supports],
            [len(where) for where in rows],
            labelled=np.zeros(len(rows), dtype=bool),
            names=names,
        )
        weight = np.concatenate([part.counts for part in pool])
        return tasks, weight, rows, [name for name, support in zip(names, found) if support is None]

    def _relatives(self, names):
        """Each task's rows; of an unknown nested group, those of the narrowest known group around it; else None."""
        found = [self.supports.get(name) for name in names]
        around = {}
        if any(support is None for support in found):
            for name, support in self.supports.items():
                for depth in range(1, len(name) if isinstance(name, tuple) else 0):
                    around.setdefault(name[:depth], []).append(support)
        for i, name in enumerate(names):
            if found[i] is None and isinstance(name, tuple):
                near = next((name[:d] for d in range(len(name) - 1, 0, -1) if name[:d] in around), None)
                if near is not None:
                    found[i] = Support.of(*(np.concatenate(parts) for parts in zip(*(s.parts for s in around[near]))))
        return found


def _rows_of_each(code, n_tasks):
    """The positions of each task's rows."""
    return np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code, minlength=n_tasks))[:-1])


def answers_by_id(estimator, X, ids, ask, decode):
    """``(outputs, classes)`` for rows of tasks that an estimator knows by their ids."""
    if "known_tasks_" not in vars(estimator):
        raise NotAdaptedError(
            f"This {type(estimator).__name__} knows no tasks by id: fit or partial_fit it with task=ids first."
        )
    known, numbers = estimator.known_tasks_, estimator.rows_.read(estimator, X)
    tasks, weight, rows, strangers = known.asked(numbers, *factorize(ids))
    if strangers and not answers_without_rows(estimator):
        shown = ", ".join(repr(name) for name in strangers[:5]) + (" ..." if len(strangers) > 5 else "")
        raise ValueError(
            f"{len(strangers)} task ids were never seen: {shown}. Show {type(estimator).__name__} some of their rows "
            "with partial_fit(X, y, task=ids) first."
        )
    look_at_tasks(estimator, tasks)
    outputs, about = estimator._answers_of_tasks(tasks, weight, ask)
    answers = [decode(out, one) for out, one in zip(outputs, about)]
    return estimator.codec_.joined(answers, about, rows, known)


def known_tasks_of(estimator, what):
    """The tasks that an estimator knows; ``what`` says what is not there without them."""
    if "known_tasks_" not in vars(estimator):
        raise AttributeError(f"{what} there after fit(X, y, task=ids) or partial_fit(X, y, task=ids).")
    return estimator.known_tasks_
