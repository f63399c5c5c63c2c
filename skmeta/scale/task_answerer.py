"""Answers for as many tasks as there are: a function of one DataFrame that any engine can run on its partitions."""

import hashlib
import os

import numpy as np
from sklearn.base import is_classifier

from skmeta.tasks import TaskSet
from skmeta.tasks.ids import factorize

try:
    import cloudpickle as pickle  # it takes along modules that a script itself defines; Dask and Ray bring it
except ImportError:
    import pickle

_LOADED = {}  # in each process that answers: estimators by where they come from
_KEPT = 4


def task_answerer(estimator, *, task, target, features=None):
    """A function that adapts to every task of a DataFrame and answers its unlabelled rows.

    The function is small, pickles, and takes and returns a pandas DataFrame, which is what
    ``dask.dataframe.map_partitions``, ``ray.data.Dataset.map_batches(batch_format="pandas")`` and Spark's
    ``applyInPandas`` ask for. A partition must hold all rows of its tasks; it may hold any number of tasks, and
    thousands are answered faster than one by one.

    Parameters
    ----------
    estimator : estimator, str or path
        Meta-trained, or the file of one that has been saved, which every worker must be able to read. A worker loads it
        once.
    task : str
        The column that says which task a row belongs to.
    target : str
        The column of labels or targets. A row where it is missing is to be answered; the others are what its task has
        shown.
    features : list of str, default=None
        The columns the estimator knows, in its order. None: those it was fitted on, or where it was fitted on arrays
        all columns but the two above.

    Returns
    -------
    answer : callable
        Maps a DataFrame to its unlabelled rows, in their order and with their index, with the answers in ``target``.
        What a task has shown is all there is to know of it: a stream keeps its labelled rows and hands them in again,
        with the new ones.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.scale import task_answerer
    >>> from skmeta.tasks import GaussianClusters
    >>> meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(
    ...     GaussianClusters(n_ways=2, n_shots=3, n_query=3, n_features=1).sample(8, random_state=0)
    ... )
    >>> table = pd.DataFrame(
    ...     {
    ...         "customer": [7, 7, 7, 8, 8, 8],
    ...         "visits": [1.0, 9.0, 8.0, 1.0, 9.0, 2.0],
    ...         "buys": ["no", "yes", None, "yes", "no", None],
    ...     }
    ... )
    >>> task_answerer(meta, task="customer", target="buys")(table)
       customer  visits buys
    2         7     8.0  yes
    5         8     2.0  yes
    """
    if isinstance(estimator, (str, os.PathLike)):
        return _TaskAnswerer(task, target, features, path=os.path.abspath(estimator))
    return _TaskAnswerer(task, target, features, pickled=pickle.dumps(estimator))


class _TaskAnswerer:
    def __init__(self, task, target, features, path=None, pickled=None):
        self.task, self.target, self.features = task, target, features
        self.path, self.pickled = path, pickled
        self.name = path if pickled is None else hashlib.sha256(pickled).hexdigest()
        _load(self)  # what cannot be loaded fails here, and not in a worker

    def __call__(self, table):
        for column in (self.task, self.target):
            if column not in table.columns:
                raise ValueError(f"There is no column {column!r} in this table; it has {list(table.columns)}.")
        is_asked = table[self.target].isna().to_numpy()
        answered = table[is_asked].copy()
        if not is_asked.any():
            return answered
        estimator = _load(self)
        ids = table[self.task].to_numpy()
        names, code = factorize(ids)
        asked_ids = np.unique(code[is_asked])
        rows = np.flatnonzero(np.isin(code, asked_ids))  # of a task that asks nothing nothing is worked out
        rows = rows[np.lexsort((is_asked[rows], code[rows]))]
        n_query = np.bincount(code[is_asked], minlength=len(names))[asked_ids]
        n_support = np.bincount(code[~is_asked], minlength=len(names))[asked_ids]
        y = self._labels(table[self.target].iloc[rows], is_asked[rows], estimator)
        tasks = TaskSet.from_pool(
            self._rows(table, rows, estimator),
            y,
            n_support,
            n_query,
            np.zeros(len(asked_ids), dtype=bool),
            [names[i] for i in asked_ids],
        )
        answers = np.concatenate(estimator.predict(tasks))
        place = np.cumsum(is_asked) - 1
        in_order = np.empty(len(answered), dtype=answers.dtype)
        in_order[place[rows[is_asked[rows]]]] = answers
        answered[self.target] = in_order
        return answered

    def _rows(self, table, rows, estimator):
        known = getattr(estimator, "feature_names_in_", None)
        names = known if self.features is None else self.features
        if names is None:
            names = [name for name in table.columns if name not in (self.task, self.target)]
        chosen = table[list(names)].iloc[rows]
        return chosen.to_numpy() if known is None else chosen

    def _labels(self, column, is_asked, estimator):
        """Labels of the rows, with any that exists in the place of one that is missing."""
        known = column[~is_asked].to_numpy()
        if is_classifier(estimator) and known.dtype.kind == "f" and (known == np.round(known)).all():
            known = known.astype(np.int64)  # whole numbers beside missing ones are floats to pandas
        if not len(known):
            return np.zeros(len(column))
        labels = np.full(len(column), known[0], dtype=known.dtype)
        labels[~is_asked] = known
        return labels


def _load(answerer):
    key = answerer.name if answerer.path is None else (answerer.path, os.stat(answerer.path).st_mtime_ns)
    if key not in _LOADED:
        if answerer.path is None:
            estimator = pickle.loads(answerer.pickled)
        else:
            from skmeta import load

            estimator = load(answerer.path)
        while len(_LOADED) >= _KEPT:
            _LOADED.pop(next(iter(_LOADED)), None)
        _LOADED[key] = estimator
    return _LOADED[key]
