"""One long table with a task column: rows of known tasks, answered by their own adapted model."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._support import Support
from skmeta.estimators._task_geometry import TaskGeometryMixin
from skmeta.estimators._validation import check_weight
from skmeta.exceptions import NotAdaptedError
from skmeta.tasks import TaskSet
from skmeta.tasks.ids import factorize, ids_as_array, take_task_ids
from skmeta.tasks.rows import take_rows


class LongFormatMixin(TaskGeometryMixin):
    """``fit``, ``partial_fit``, ``predict`` and ``score`` with ``task=ids``.

    Known tasks are kept as their rows, and adapted together, vectorised, when asked: thousands of them take no more
    memory than their data. Ids of nested groups are tuples, the widest group first; a group never seen inside one
    that was, say a new class of a known school, is answered from all the rows of the narrowest group known.
    """

    @property
    def adapted_tasks_(self):
        """Ids of the tasks that ``predict(X, task=ids)`` knows."""
        if "_known_tasks" not in vars(self):
            raise AttributeError("adapted_tasks_ is there after fit(X, y, task=ids) or partial_fit(X, y, task=ids).")
        return ids_as_array(list(self._known_tasks))

    def _remember(self, tasks):
        """Known tasks, from a set of them."""
        X, y = tasks.pooled
        self._add_rows(tasks.names, np.cumsum(tasks.n_rows), X, y, np.ones(len(y)))
        if getattr(self, "labels_", None) == "shared":
            # scikit-learn's scorers ask for them; all tasks have the same
            self.classes_ = self.meta_classes_

    def _add_rows(self, names, ends, X, y, weight):
        known = dict(vars(self).get("_known_tasks", {}))
        start = 0
        for name, end in zip(names, ends):
            rows = Support.of(X[start:end], y[start:end], weight[start:end])
            known[name] = known[name].extended(rows) if name in known else rows
            start = end
        self._known_tasks = known

    def _show_long(self, X, y, sample_weight, task):
        X, ids = take_task_ids(X, task)
        self._keep_probes(X)
        X, y = self._validate_shown(X, y)
        weight = check_weight(sample_weight, len(y))
        names, code = factorize(ids)
        order = np.argsort(code, kind="stable")
        self._add_rows(names, np.cumsum(np.bincount(code)), X[order], y[order], weight[order])

    def _tasks_of_rows(self, X, task):
        """Rows with their task ids as tasks: what each task has shown as support, the rows asked about as query.

        Returns the tasks, the weights of their pooled rows, and for each task the positions of its query rows.
        """
        check_is_fitted(self)
        if "_known_tasks" not in vars(self):
            raise NotAdaptedError(
                f"This {type(self).__name__} knows no tasks by id: fit or partial_fit it with task=ids first."
            )
        X, ids = take_task_ids(X, task)
        X = self._validate_X(X, reset=False)
        names, code = factorize(ids)
        found = self._relatives(names)
        self._refuse_strangers([name for name, support in zip(names, found) if support is None])
        rows = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code, minlength=len(names)))[:-1])
        nothing = next(iter(self._known_tasks.values())).first(0)
        supports = [nothing if support is None else support for support in found]
        # query rows need some label in the pooled store; that they are unlabelled is said beside it
        some_y = next(s.y for s in self._known_tasks.values())[:1]
        pool_X, pool_y, weight = [], [], []
        for support, where in zip(supports, rows):
            pool_X += [support.X, X[where]]
            pool_y += [support.y, np.repeat(some_y, len(where), axis=0)]
            weight += [support.weight, np.ones(len(where))]
        tasks = TaskSet.from_pool(
            np.concatenate(pool_X),
            np.concatenate(pool_y),
            [len(support.y) for support in supports],
            [len(where) for where in rows],
            labelled=np.zeros(len(rows), dtype=bool),
            names=names,
        )
        return tasks, np.concatenate(weight), rows

    def _relatives(self, names):
        """Each task's rows; of an unknown nested group, those of the narrowest known group around it; else None."""
        found = [self._known_tasks.get(name) for name in names]
        around = {}
        if any(support is None for support in found):
            for name, support in self._known_tasks.items():
                for depth in range(1, len(name) if isinstance(name, tuple) else 0):
                    around.setdefault(name[:depth], []).append(support)
        for i, name in enumerate(names):
            if found[i] is None and isinstance(name, tuple):
                near = next((name[:d] for d in range(len(name) - 1, 0, -1) if name[:d] in around), None)
                if near is not None:
                    found[i] = Support.of(*(np.concatenate(parts) for parts in zip(*(s.parts for s in around[near]))))
        return found

    def _refuse_strangers(self, strangers):
        if strangers and not self._answers_without_rows():
            shown = ", ".join(repr(name) for name in strangers[:5]) + (" ..." if len(strangers) > 5 else "")
            raise ValueError(
                f"{len(strangers)} task ids were never seen: {shown}. Show {type(self).__name__} some of their rows "
                "with partial_fit(X, y, task=ids) first."
            )

    def _score_long(self, X, y, sample_weight, task, metric):
        """The metric over rows of known tasks and over the query part of tasks never seen."""
        X = X if hasattr(X, "shape") else np.asarray(X)
        X, ids = take_task_ids(X, task)
        y = np.asarray(y)
        names, code = factorize(ids)
        known = np.array([name in vars(self).get("_known_tasks", ()) for name in names], dtype=bool)[code]
        truth, answer = [], []
        if known.any():
            rows = np.flatnonzero(known)
            truth.append(y[rows])
            answer.append(self.predict(take_rows(X, rows), task=ids[rows]))
        if not known.all():
            if sample_weight is not None:
                raise ValueError("sample_weight cannot be used with tasks that were never seen: they are split first.")
            rows = np.flatnonzero(~known)
            tasks = self._tasks_to_score(TaskSet.from_long(take_rows(X, rows), y[rows], ids[rows]))
            truth += [t.y_query for t in tasks]
            answer += list(self.predict(tasks))
        return metric(np.concatenate(truth), np.concatenate(answer), sample_weight=sample_weight)
