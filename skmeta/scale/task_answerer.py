"""Answers for as many tasks as there are: a function of one DataFrame that any engine can run on its partitions."""

import hashlib
import os

from skmeta.saving.plain import fingerprint_of
from skmeta.scale.columns import Columns, answers
from skmeta.scale.task_states import Stream

try:
    import cloudpickle as pickle  # it takes along modules that a script itself defines; Dask and Ray bring it
except ImportError:
    import pickle

_LOADED = {}  # in each process that answers: estimators by where they come from
_KEPT = 4


def task_answerer(estimator, *, task, target, features=None, return_state=False):
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
    return_state : bool or str, default=False
        Whether a row for every task comes after the answers, which holds in the column ``"state"``, or the one that is
        named here, all that the task has shown, as text. Handed in again beside later rows of the task, it stands for
        the earlier ones.

    Returns
    -------
    answer : callable
        Maps a DataFrame to its unlabelled rows, in their order and with their index, with the answers in ``target``.

    Notes
    -----
    A state is the labelled rows of a task, or where those would be more numbers, and the learner can tell a task by
    sums over its rows (class means, Bayesian regression), these sums. It is plain numbers and text, of which nothing is
    executed, and of use to the same fitted estimator alone. Other columns of its row are those of some row of the task.

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

    A stream goes on from the states of tasks, here with the seventh customer alone:

    >>> answer = task_answerer(meta, task="customer", target="buys", return_state=True)
    >>> states = answer(table[table["buys"].notna()])
    >>> answers = answer(pd.concat([states, table[2:3]]))
    >>> answers[answers["state"].isna()][["customer", "visits", "buys"]]
       customer  visits buys
    2         7     8.0  yes
    """
    columns = Columns(task, target, features, "state" if return_state is True else return_state or None)
    if isinstance(estimator, (str, os.PathLike)):
        return _TaskAnswerer(columns, path=os.path.abspath(estimator))
    return _TaskAnswerer(columns, pickled=pickle.dumps(estimator))


class _TaskAnswerer:
    def __init__(self, columns, path=None, pickled=None):
        self.columns, self.path, self.pickled = columns, path, pickled
        self.name = path if pickled is None else hashlib.sha256(pickled).hexdigest()
        estimator, _ = _load(self)  # what cannot be loaded fails here, and not in a worker
        known = getattr(estimator, "feature_names_in_", ()) if columns.features is None else columns.features
        taken = dict.fromkeys(known, "a feature of the estimator")
        taken |= {columns.task: "that of the tasks", columns.target: "that of the targets"}
        if columns.state in taken:
            raise ValueError(
                f"The column {columns.state!r} is {taken[columns.state]}: name another one for the states of tasks, "
                "such as return_state='memory'."
            )

    def __call__(self, table):
        self.columns.check(table)
        estimator, fingerprint = _load(self)
        if self.columns.state is not None:
            return Stream(self.columns, estimator, fingerprint)(table)
        answered = table[table[self.columns.target].isna()].copy()
        if len(answered):
            answered[self.columns.target] = answers(table, self.columns, estimator)
        return answered


def _load(answerer):
    where = answerer.name if answerer.path is None else (answerer.path, os.stat(answerer.path).st_mtime_ns)
    key = where, answerer.columns.state is not None
    if key not in _LOADED:
        if answerer.path is None:
            estimator = pickle.loads(answerer.pickled)
        else:
            from skmeta import load

            estimator = load(answerer.path)
        name = None if answerer.columns.state is None else fingerprint_of(estimator)
        while len(_LOADED) >= _KEPT:
            _LOADED.pop(next(iter(_LOADED)), None)
        _LOADED[key] = estimator, name
    return _LOADED[key]
