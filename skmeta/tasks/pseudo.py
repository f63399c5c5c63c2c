"""Self-supervised tasks out of unlabelled rows: clusters of some columns become the classes of a task."""

import numbers

import numpy as np
from scipy import sparse
from scipy.stats import rankdata

from skmeta.tasks.clustering import cluster_column_subsets
from skmeta.tasks.clusters import ClassLayout
from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.numeric_columns import replace_rows
from skmeta.tasks.randomness import check_size_range, draw_sizes
from skmeta.tasks.rows import is_frame, is_missing
from skmeta.tasks.taskset import TaskSet

# how often an unlucky choice of columns (a cluster with too few rows) is drawn anew before clusters are filled up
_REDRAWS = 2


class PseudoTasks(BaseTaskDistribution):
    """An endless source of self-supervised classification tasks from one unlabelled table.

    A task is made as STUNT [1]_ proposes. A random share of the columns is clustered by k-means; the clusters are
    the task's classes, as if those columns were an unseen label. Then, in the rows handed out, the values of these
    columns are replaced by values of other rows, so that the label cannot be read off but must be found through
    what the remaining columns know about it.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
        Unlabelled rows. Clustering sees each column as ranks, text and categorical columns by their codes, missing
        values in the middle; the tasks keep all values, dtypes and missing entries.
    n_ways : int or (low, high), default=5
        Pseudo-classes of a task. Here and below, a pair is drawn from uniformly, both ends included.
    n_shots : int or (low, high), default=1
        Support rows of each pseudo-class.
    n_query : int or (low, high), default=15
        Query rows of each pseudo-class.
    column_share : (float, float), default=(0.2, 0.5)
        Least and greatest share of the columns that make up the pseudo-label.
    max_rows : int, default=2048
        Each call to ``sample`` works on a random choice of at most this many rows, which bounds its time.

    See Also
    --------
    pseudo_tasks : The same in one call.

    References
    ----------
    .. [1] J. Nam, J. Tack, K. Lee, H. Lee, J. Shin. STUNT: Few-shot Tabular Learning with Self-generated Tasks
       from Unlabeled Tables. ICLR 2023.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmeta.tasks.pseudo import PseudoTasks
    >>> source = PseudoTasks(load_digits().data, n_ways=10)
    >>> source.sample(4, random_state=0)
    TaskSet(4 tasks, 64 features, 10 support and 150 query rows each)
    """

    task_type = "classification"

    def __init__(self, X, n_ways=5, n_shots=1, n_query=15, column_share=(0.2, 0.5), max_rows=2048):
        self.X = X if hasattr(X, "shape") else np.asarray(X)
        self.n_ways = n_ways
        self.n_shots = n_shots
        self.n_query = n_query
        self.column_share = column_share
        self.max_rows = max_rows
        self._check()
        self._ranks = ranks_of_columns(self.X)
        self._varying = np.flatnonzero(self._ranks.any(axis=0))
        if len(self._varying) < 2:
            raise ValueError(
                "Pseudo-tasks need at least two columns that are not constant: one to become the label and one to "
                f"predict it from. X has {len(self._varying)}."
            )

    @property
    def n_features(self):
        """Columns of the tasks that are drawn."""
        return self.X.shape[1]

    def _check(self):
        if sparse.issparse(self.X):
            raise ValueError(
                "X is sparse. Make it dense first, or reduce it with TruncatedSVD: k-means needs dense rows."
            )
        if len(self.X.shape) != 2:
            raise ValueError(f"X must be a table of shape (n_rows, n_features), got shape {tuple(self.X.shape)}.")
        most_ways = check_size_range(self.n_ways, "n_ways", minimum=2)[1]
        most_shots = check_size_range(self.n_shots, "n_shots", minimum=1)[1]
        most_query = check_size_range(self.n_query, "n_query", minimum=0)[1]
        needed = most_ways * (most_shots + most_query)
        usable = min(self.X.shape[0], self.max_rows)
        if needed > usable:
            raise ValueError(
                f"A task of {most_ways} ways with {most_shots} support and {most_query} query rows each takes "
                f"{needed} rows, but only {usable} are to be had (X has {self.X.shape[0]} rows, max_rows is "
                f"{self.max_rows}). Ask for fewer ways, shots or query rows."
            )
        share = np.asarray(self.column_share, dtype=float)
        if share.shape != (2,) or not 0 < share[0] <= share[1] <= 1:
            raise ValueError(f"column_share must be two shares with 0 < low <= high <= 1, got {self.column_share!r}.")

    def _draw(self, n_tasks, rng):
        n_rows = self.X.shape[0]
        pool = rng.permutation(n_rows)[: self.max_rows]
        n_ways = draw_sizes(self.n_ways, n_tasks, rng)
        n_shots = draw_sizes(self.n_shots, n_tasks, rng)
        n_query = draw_sizes(self.n_query, n_tasks, rng, minimum=0)
        layout = ClassLayout.draw(n_ways, n_shots, n_query, rng)
        columns = np.zeros((n_tasks, self.n_features), dtype=bool)
        row = np.empty(len(layout.task), dtype=np.int64)
        for ways in np.unique(n_ways):  # clusterings with one number of clusters run together
            chosen = np.flatnonzero(n_ways == ways)
            columns[chosen], members = self._pseudo_classes(pool, ways, (n_shots + n_query)[chosen], rng)
            place = np.full(n_tasks, -1)
            place[chosen] = np.arange(len(chosen))
            here = place[layout.task] >= 0
            task, label = place[layout.task[here]], layout.label[here]
            row[here] = pool[members[task, label, layout.position[here]]]
        donors = rng.integers(n_rows, size=(len(row), self.n_features), dtype=np.int32)
        X = replace_rows(self.X, row, donors, columns[layout.task])
        return TaskSet.from_pool(X, layout.label, layout.n_support, layout.n_query), {"columns": columns}

    def _pseudo_classes(self, pool, n_ways, class_size, rng):
        """Columns (T, d) of each task and the rows (T, n_ways, largest size) of its pseudo-classes, in the pool."""
        n_tasks, largest = len(class_size), int(class_size.max())
        columns = np.zeros((n_tasks, self.n_features), dtype=bool)
        members = np.zeros((n_tasks, n_ways, largest), dtype=np.int64)
        todo = np.arange(n_tasks)
        for attempt in range(_REDRAWS + 1):
            columns[todo] = self._draw_columns(len(todo), rng)
            labels, distances = cluster_column_subsets(self._ranks[pool], columns[todo], n_ways, rng)
            if attempt == _REDRAWS:
                labels = np.stack([_fill_up(*task) for task in zip(labels, distances, class_size[todo])])
            rows, counts = _members_in_random_order(labels, n_ways, largest, rng)
            done = (counts >= class_size[todo, None]).all(axis=1)
            members[todo[done]] = rows[done]
            todo = todo[~done]
            if not len(todo):
                break
        return columns, members

    def _draw_columns(self, n_tasks, rng):
        """Masks (T, d) of columns to cluster; at least one varying column is always left to predict from."""
        n_varying = len(self._varying)
        low, high = (int(np.clip(share * n_varying, 1, n_varying - 1)) for share in self.column_share)
        rank = rng.random((n_tasks, n_varying)).argsort(axis=1).argsort(axis=1)
        columns = np.zeros((n_tasks, self.n_features), dtype=bool)
        columns[:, self._varying] = rank < rng.integers(low, high, size=(n_tasks, 1), endpoint=True)
        return columns

    def __repr__(self):
        return (
            f"PseudoTasks({self.X.shape[0]} rows, {self.n_features} features, n_ways={self.n_ways}, "
            f"n_shots={self.n_shots}, n_query={self.n_query})"
        )


def pseudo_tasks(
    X, n_tasks=100, n_ways=5, n_shots=1, n_query=15, column_share=(0.2, 0.5), max_rows=2048, random_state=None
):
    """Self-supervised classification tasks out of unlabelled rows.

    See :class:`PseudoTasks` for how they are made, and use it in place of a fixed set of tasks where fresh tasks
    for every training step are wanted.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
        Unlabelled rows.
    n_tasks : int, default=100
    n_ways, n_shots, n_query, column_share, max_rows
        As in :class:`PseudoTasks`.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    tasks : TaskSet

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmeta.tasks.pseudo import pseudo_tasks
    >>> flowers = load_iris(as_frame=True).data
    >>> tasks = pseudo_tasks(flowers, n_tasks=20, n_ways=3, n_shots=2, n_query=5, random_state=0)
    >>> tasks
    TaskSet(20 tasks, 4 features, 6 support and 15 query rows each)
    >>> list(tasks[0].X.columns) == list(flowers.columns)
    True
    """
    source = PseudoTasks(X, n_ways, n_shots, n_query, column_share, max_rows)
    return source.sample(n_tasks, random_state)


def ranks_of_columns(X):
    """A table as float32 ranks from -1/2 to 1/2, column by column; ties share theirs, missing values are 0.

    Ranks, because k-means would otherwise spend its clusters on outliers: a column that is almost always zero would
    weigh most after standardising, and one with a heavy tail would hardly weigh at all between its extremes.
    """
    frame = is_frame(X)
    ranks = np.zeros(X.shape, dtype=np.float32)
    for j in range(X.shape[1]):
        values = _as_numbers(X.iloc[:, j] if frame else X[:, j])
        known = ~np.isnan(values)
        if known.any():
            ranks[known, j] = (rankdata(values[known]) - 0.5) / known.sum() - 0.5
    return ranks


def _as_numbers(column):
    """One column as floats, NaN where missing: numbers as they are, anything else by the codes of its values."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        return column.astype(np.float64)
    if hasattr(column, "cat"):  # a categorical knows its order, which sorting would forget
        codes = column.cat.codes.to_numpy()
        return np.where(codes < 0, np.nan, codes)
    values = column.to_numpy(dtype=object) if hasattr(column, "to_numpy") else np.asarray(column, dtype=object)
    missing = np.array([is_missing(value) for value in values], dtype=bool)
    known = values[~missing]
    if all(isinstance(value, numbers.Real) for value in known):
        known = known.astype(np.float64)
    else:
        known = np.unique(known.astype(str), return_inverse=True)[1]
    filled = np.full(len(values), np.nan)
    filled[~missing] = known
    return filled


def _members_in_random_order(labels, n_ways, size, rng):
    """Rows (T, n_ways, size) of each cluster, shuffled, and the clusters' sizes (T, n_ways)."""
    order = np.argsort(labels + rng.random(labels.shape), axis=1)
    counts = (labels[:, None] == np.arange(n_ways)[:, None]).sum(axis=2)
    start = np.cumsum(counts, axis=1) - counts
    # a cluster with fewer rows than asked for runs on into the next one; the caller refuses it by its count
    place = np.minimum(start[:, :, None] + np.arange(size), labels.shape[1] - 1)
    return np.take_along_axis(order, place.reshape(len(labels), -1), axis=1).reshape(place.shape), counts


def _fill_up(labels, distances, class_size):
    """Give clusters (n,) that are too small the nearest rows of those that can spare some."""
    labels = labels.copy()
    n_clusters = len(distances)
    for cluster in np.argsort(np.bincount(labels, minlength=n_clusters), kind="stable"):
        counts = np.bincount(labels, minlength=n_clusters)
        for row in np.argsort(distances[cluster], kind="stable"):
            if counts[cluster] >= class_size:
                break
            if labels[row] != cluster and counts[labels[row]] > class_size:
                counts[labels[row]] -= 1
                counts[cluster] += 1
                labels[row] = cluster
    return labels
