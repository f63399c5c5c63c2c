"""What tasks have shown so far, as one row of a table each: a stream hands it in again and goes on from there."""

import base64
from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier

from skmeta.saving.plain import read_plain, write_plain
from skmeta.scale.columns import answers
from skmeta.scale.task_sums import TaskSums, answers_by_sums, numbers_a_class, sums_of_tasks
from skmeta.tasks import TaskSet
from skmeta.tasks.ids import factorize


@dataclass(frozen=True)
class KeptRows:
    """Labelled rows of a task, as they came: a matrix, or a DataFrame where some columns are no numbers."""

    X: object
    y: np.ndarray


class Stream:
    """Answers to the tasks of a table in which some rows hold what tasks have shown before.

    A task is kept as its labelled rows as long as these are fewer numbers than sums over them, where an estimator's
    learner can tell a task by such sums; those do not grow.

    Parameters
    ----------
    columns : Columns
    estimator : estimator
    fingerprint : str
        What says in a state whose it is.
    """

    def __init__(self, columns, estimator, fingerprint):
        self.columns, self.estimator, self.fingerprint = columns, estimator, fingerprint
        self._numbers_a_class = numbers_a_class(estimator)

    def __call__(self, table):
        """The unlabelled rows with their answers; then a row for every task of which something is known."""
        import pandas as pd

        target, state = self.columns.target, self.columns.state
        names, code = factorize(table[self.columns.task].to_numpy())
        holds_state = table[state].notna().to_numpy() if state in table.columns else np.zeros(len(table), dtype=bool)
        given = list(zip(code[holds_state].tolist(), table.loc[holds_state, state])) if holds_state.any() else []
        before = self._read(given, names)
        rows, of_row = self._with_kept_rows(table, before, code, ~holds_state)
        sums = self._sums(rows, of_row, before, names)

        answered = table[~holds_state & table[target].isna()].copy()
        if len(answered):
            answered[target] = self._answers(rows, of_row, sums)
        answered[state] = pd.Series(index=answered.index, dtype=object)
        states = dict(given) | self._written(rows, of_row, before, sums)
        if not states:
            return answered
        which = sorted(states)
        kept = table.iloc[np.unique(code, return_index=True)[1][which]].copy()
        kept[target] = table[target].iloc[:0].reindex(range(len(kept))).to_numpy()
        kept[state] = pd.Series([states[i] for i in which], index=kept.index, dtype=object)
        return pd.concat([answered, kept])

    # ------------------------------------------------------------------ states to rows and sums, and back

    def _read(self, given, names):
        """What tasks have shown before, by their numbers: :class:`KeptRows`, or sums over them."""
        before = {}
        for i, text in given:
            called = f"The state of task {names[i]!r}"
            if i in before:
                raise ValueError(f"{called} is there twice, and either knows rows of the other: keep the last one.")
            before[i] = self._of_text(text, called)
        return before

    def _of_text(self, text, called):
        try:
            data = base64.b64decode(text, validate=True)
        except (TypeError, ValueError):
            raise ValueError(f"{called} should be text that a state was written as, but is {text!r:.50}.") from None
        kept = read_plain(data, called)
        if not isinstance(kept, dict) or kept.keys() not in ({"model", "rows", "labels"}, {"model", "classes", "sums"}):
            raise ValueError(f"{called} holds something else than what a task has shown.")
        if kept["model"] != self.fingerprint:
            raise ValueError(
                f"{called} was made by another {type(self.estimator).__name__}, or by this one before it was fitted "
                "anew. Hand in the task's labelled rows in its place."
            )
        if "sums" in kept:
            return TaskSums(kept["classes"], kept["sums"])
        if len(getattr(kept["rows"], "shape", ())) != 2 or len(kept["rows"]) != len(kept["labels"]):
            raise ValueError(f"{called} holds other rows than labels.")
        return KeptRows(kept["rows"], kept["labels"])

    def _written(self, rows, of_row, before, sums):
        """The states, by number, of tasks that have shown further rows."""
        labelled = rows[self.columns.target].notna().to_numpy()
        order = np.flatnonzero(labelled)
        order = order[np.argsort(of_row[order], kind="stable")]
        tasks, start = np.unique(of_row[order], return_index=True)
        X = _as_numbers(rows[self.columns.names(rows, self.estimator)].iloc[order])
        y = rows[self.columns.target].iloc[order].to_numpy()
        found = {}
        for i, first, last in zip(tasks.tolist(), start, [*start[1:], len(order)]):
            if i in sums:
                found[i] = {"classes": sums[i].classes, "sums": list(sums[i].parts)}
            elif i not in before or last - first > len(before[i].y):
                part = X[first:last] if isinstance(X, np.ndarray) else X.iloc[first:last].reset_index(drop=True)
                found[i] = {"rows": part, "labels": y[first:last]}
        # as text, for tables of some engines take what is neither a number nor text for text all the same
        return {
            i: base64.b64encode(write_plain({"model": self.fingerprint} | one)).decode() for i, one in found.items()
        }

    def _with_kept_rows(self, table, before, code, is_row):
        """The rows that tasks have shown before and those of a table, as one, and the numbers of their tasks."""
        import pandas as pd

        names, (task, target) = self.columns.names(table, self.estimator), (self.columns.task, self.columns.target)
        here = table.loc[is_row, [task, *names, target]]
        kept = {i: one for i, one in before.items() if isinstance(one, KeptRows)}
        if not kept:
            return here, code[is_row]
        parts = [one.X for one in kept.values()]
        if any(part.shape[1] != len(names) for part in parts):
            raise ValueError(f"States of tasks hold rows of other columns than {names}, which this table has.")
        if all(isinstance(part, np.ndarray) for part in parts):
            X = pd.DataFrame(np.concatenate(parts), columns=names)
        else:
            X = pd.concat([pd.DataFrame(part, columns=names) for part in parts])
        for name in names:
            if table[name].dtype == bool:  # which went among numbers
                X[name] = X[name].astype(bool)
        of_kept = np.repeat(list(kept), [len(one.y) for one in kept.values()])
        first = np.unique(code, return_index=True)[1]
        X[task], X[target] = table[task].iloc[first[of_kept]].array, np.concatenate([one.y for one in kept.values()])
        return pd.concat([X[list(here.columns)], here], ignore_index=True), np.concatenate([of_kept, code[is_row]])

    # ------------------------------------------------------------------ tasks that are known by sums

    def _sums(self, rows, of_row, before, names):
        """The sums over all rows, by number, of tasks that are known by sums, or are to be from now on."""
        sums = {i: one for i, one in before.items() if isinstance(one, TaskSums)}
        labelled = np.flatnonzero(rows[self.columns.target].notna().to_numpy())
        if self._numbers_a_class is None or not len(labelled):
            return sums
        y, of_row = self.columns.labels(rows, self.estimator)[labelled], of_row[labelled]
        n_columns, n_classes = 1 + len(self.columns.names(rows, self.estimator)), 1
        if is_classifier(self.estimator):
            n_classes = np.bincount(np.unique([of_row, factorize(y)[1]], axis=1)[0], minlength=len(names))
        takes_sums = np.bincount(of_row, minlength=len(names)) * n_columns > self._numbers_a_class * n_classes
        takes_sums[list(sums)] = True
        chosen = np.flatnonzero(takes_sums[of_row])
        if not len(chosen):
            return sums
        chosen = chosen[np.argsort(of_row[chosen], kind="stable")]
        tasks, counts = np.unique(of_row[chosen], return_counts=True)
        X = self.columns.rows(rows, labelled[chosen], self.estimator)
        found = sums_of_tasks(self.estimator, TaskSet.from_pool(X, y[chosen], counts, names=[names[i] for i in tasks]))
        return sums | {i: sums[i] + one if i in sums else one for i, one in zip(tasks.tolist(), found)}

    def _answers(self, rows, of_row, sums):
        """Answers to the unlabelled rows, in their order."""
        by_sums = np.isin(of_row, list(sums))
        of_asked = of_row[asked := rows[self.columns.target].isna().to_numpy()]
        is_by_sums, parts = by_sums[asked], []
        if not is_by_sums.all():
            parts.append(answers(rows[~by_sums], self.columns, self.estimator))
        if is_by_sums.any():
            order = np.argsort(of_asked[is_by_sums], kind="stable")
            tasks, counts = np.unique(of_asked[is_by_sums], return_counts=True)
            X = self.columns.rows(rows[asked & by_sums], order, self.estimator)
            found = np.concatenate(answers_by_sums(self.estimator, [sums[i] for i in tasks.tolist()], X, counts))
            parts.append(found[np.argsort(order)])
        return np.concatenate(parts)[np.argsort(np.argsort(is_by_sums, kind="stable"))]


def _as_numbers(X):
    """Rows as a matrix where all columns are numbers or truth values of numpy, else as they are."""
    dtypes = list(X.dtypes)
    if all(isinstance(dtype, np.dtype) and dtype.kind in "biuf" for dtype in dtypes):
        return np.ascontiguousarray(X.to_numpy(np.result_type(*dtypes)))
    return X
