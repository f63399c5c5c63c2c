"""Tables of many tasks: which of their columns is what, and the answers to their unlabelled rows."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier

from skmeta.tasks import TaskSet
from skmeta.tasks.ids import factorize


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are.

    Parameters
    ----------
    task, target : str
    features : list of str or None
    state : str or None
        Where some rows hold the states of tasks.
    """

    task: str
    target: str
    features: list = None
    state: str = None

    def check(self, table):
        """Refuse a table that says nothing of tasks or of targets."""
        for column in (self.task, self.target):
            if column not in table.columns:
                raise ValueError(f"There is no column {column!r} in this table; it has {list(table.columns)}.")

    def names(self, table, estimator):
        """The features of an estimator, in its order."""
        known = getattr(estimator, "feature_names_in_", None)
        names = known if self.features is None else self.features
        others = (self.task, self.target, self.state)
        return [name for name in table.columns if name not in others] if names is None else list(names)

    def rows(self, table, rows, estimator):
        """Some rows as the estimator takes them."""
        chosen = table[self.names(table, estimator)].iloc[rows]
        return chosen.to_numpy() if getattr(estimator, "feature_names_in_", None) is None else chosen

    def labels(self, table, estimator):
        """The labels of all rows, with any that exists in the place of one that is missing."""
        column = table[self.target]
        is_known = column.notna().to_numpy()
        known = column[is_known].to_numpy()
        if known.dtype == object:  # as of all that stands beside a missing cell
            known = column[is_known].astype(object).infer_objects().to_numpy()
        if is_classifier(estimator) and known.dtype.kind == "f" and (known == np.round(known)).all():
            known = known.astype(np.int64)  # whole numbers beside missing ones are floats to pandas
        if not len(known):
            return np.zeros(len(column))
        labels = np.full(len(column), known[0], dtype=known.dtype)
        labels[is_known] = known
        return labels


def answers(table, columns, estimator):
    """What an estimator that adapts to each task of a table answers to the unlabelled rows, in their order."""
    is_asked = table[columns.target].isna().to_numpy()
    if not is_asked.any():
        return np.empty(0)
    names, code = factorize(table[columns.task].to_numpy())
    asked_ids = np.unique(code[is_asked])
    rows = np.flatnonzero(np.isin(code, asked_ids))  # of a task that asks nothing nothing is worked out
    rows = rows[np.lexsort((is_asked[rows], code[rows]))]
    n_query = np.bincount(code[is_asked], minlength=len(names))[asked_ids]
    n_support = np.bincount(code[~is_asked], minlength=len(names))[asked_ids]
    tasks = TaskSet.from_pool(
        columns.rows(table, rows, estimator),
        columns.labels(table.iloc[rows], estimator),
        n_support,
        n_query,
        np.zeros(len(asked_ids), dtype=bool),
        [names[i] for i in asked_ids],
    )
    found = np.concatenate(estimator.predict(tasks))
    place = np.cumsum(is_asked) - 1
    in_order = np.empty(len(found), dtype=found.dtype)
    in_order[place[rows[is_asked[rows]]]] = found
    return in_order
