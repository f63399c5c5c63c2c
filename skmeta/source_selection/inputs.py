"""How the rows of tasks lie, apart from their labels, and how probable that makes a family."""

import numpy as np

#: rows' worth of the noise of a figure that every family is given: its spread is known from few members
_PRIOR_MEMBERS = 3
#: least variance of a figure within a family, as a share of that between tasks
_LEAST_SPREAD = 0.02


class SourceInputs:
    """Means and spreads of each task's features, and the shares of classes that all tasks have in common.

    Figures in which halves of tasks do not agree beyond chance say nothing and are left out.

    Parameters
    ----------
    tasks : list of (X, y) pairs
    classes : ndarray or None

    Attributes
    ----------
    of_tasks : ndarray of shape (n_tasks, n_figures)
        The telling figures of each task.
    """

    def __init__(self, tasks, classes):
        self._classes = classes
        rng = np.random.default_rng(0)
        halves = zip(*(_halves(task, rng) for task in tasks))
        first, second = (np.stack([self._figures(*half) for half in side]) for side in halves)
        signal = _signal(first, second)
        self._tells, self._signal = signal > 0, signal[signal > 0]
        n_rows = np.array([len(y) for _, y in tasks])
        by_row = np.square(first - second) / 4 * n_rows[:, None]  # variance of a figure of a single row
        self._noise_by_row = by_row[:, self._tells].mean(0)
        self.of_tasks = np.stack([self.of(X, y) for X, y in tasks])

    def of(self, X, y):
        """The telling figures of one task."""
        return self._figures(X, y)[self._tells]

    def log_density(self, figures, n_rows, members, share):
        """How probable a task's figures are in families of (F, k) members with shares (F, k): (F,)."""
        if not len(figures):
            return np.zeros(len(members))
        of_members, share = self.of_tasks[members], share[..., None]
        mean = (share * of_members).sum(1)
        within = (share * np.square(of_members - mean[:, None])).sum(1)
        k = members.shape[1]
        prior = self._noise_by_row / n_rows + _LEAST_SPREAD * self._signal
        variance = (k * within + _PRIOR_MEMBERS * prior) / (k + _PRIOR_MEMBERS) + prior
        return -0.5 * (np.square(figures - mean) / variance + np.log(variance)).sum(1)

    def _figures(self, X, y):
        shares = [] if self._classes is None else [np.equal.outer(self._classes, y).mean(1)]
        return np.concatenate([X.mean(0), np.log(X.std(0) + 1e-3), *shares])


def _halves(task, rng):
    """Half of the rows, and the others."""
    X, y = task
    rows = rng.permutation(len(y))
    first, second = (rows[::2], rows[1::2]) if len(rows) > 1 else (rows, rows)
    return (X[first], y[first]), (X[second], y[second])


def _signal(first, second):
    """Variance of each figure between tasks: the covariance of halves, where it is more than chance would bring."""
    first, second = first - first.mean(0), second - second.mean(0)
    total = (np.square(first) + np.square(second)).mean(0) / 2
    signal = (first * second).mean(0)
    n_tasks, n_figures = first.shape
    by_chance = np.sqrt((2 + 2 * np.log(n_figures)) / n_tasks)  # the largest of so many correlations of noise
    return np.where(signal > by_chance * total, signal, 0.0)
