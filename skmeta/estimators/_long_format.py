"""One long table with a task column: rows of known tasks, answered by their own adapted model."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._base import Support, _check_task_ids, _check_weight
from skmeta.exceptions import NotAdaptedError
from skmeta.tasks import TaskSet
from skmeta.tasks.rows import take_rows


class LongFormatMixin:
    """``fit``, ``partial_fit``, ``predict`` and ``score`` with ``task=ids``.

    Known tasks are kept as their rows, and adapted together, vectorised, when asked: thousands of them take no more
    memory than their data.
    """

    @property
    def adapted_tasks_(self):
        """Ids of the tasks that ``predict(X, task=ids)`` knows."""
        if "_known_tasks" not in vars(self):
            raise AttributeError("adapted_tasks_ is there after fit(X, y, task=ids) or partial_fit(X, y, task=ids).")
        return np.asarray(list(self._known_tasks))

    def _remember(self, tasks):
        X, y = tasks.pooled
        known = dict(vars(self).get("_known_tasks", {}))
        ends = np.cumsum(tasks.n_rows)
        for name, start, end in zip(tasks.names, ends - tasks.n_rows, ends):
            rows = Support(X[start:end], y[start:end], np.ones(end - start))
            known[name] = known[name].extended(rows) if name in known else rows
        self._known_tasks = known

    def _show_long(self, X, y, sample_weight, task):
        X, y = self._validate_shown(X, y)
        ids, weight = _check_task_ids(task, len(y)), _check_weight(sample_weight, len(y))
        known = dict(vars(self).get("_known_tasks", {}))
        for name in np.unique(ids):
            rows = Support.of(X[ids == name], y[ids == name], weight[ids == name])
            name = name.item() if hasattr(name, "item") else name
            known[name] = known[name].extended(rows) if name in known else rows
        self._known_tasks = known

    def _tasks_of_rows(self, X, task):
        """Rows with their task ids as tasks: what each task has shown as support, the rows asked about as query.

        Returns the tasks, the weights of their pooled rows, and for each task the positions of its query rows.
        """
        check_is_fitted(self)
        if "_known_tasks" not in vars(self):
            raise NotAdaptedError(
                f"This {type(self).__name__} knows no tasks by id: fit or partial_fit it with task=ids first."
            )
        X = self._validate_X(X, reset=False)
        ids = _check_task_ids(task, len(X))
        names, code = np.unique(ids, return_inverse=True)
        names = names.tolist()
        self._refuse_strangers([name for name in names if name not in self._known_tasks])
        rows = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code, minlength=len(names)))[:-1])
        nothing = next(iter(self._known_tasks.values())).first(0)
        supports = [self._known_tasks.get(name, nothing) for name in names]
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
        y, ids = np.asarray(y), _check_task_ids(task, X.shape[0])
        known = np.isin(ids, self.adapted_tasks_) if "_known_tasks" in vars(self) else np.zeros(len(ids), dtype=bool)
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
