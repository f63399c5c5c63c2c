"""What the source tasks would answer at any rows: one smooth function for each task and output."""

import numpy as np

#: rows of a task that are looked at: enough for the shape of its function, few enough to be quick
MOST_ROWS = 100
#: outputs of a task that are looked at; where classes are a task's own, any of them will do
MOST_OUTPUTS = 8
#: tasks and rows that the kernel is fitted to
_TASKS_OF_FIT, _ROWS_OF_FIT = 40, 50
_FACTORS, _WIDEST = (1e-4, 1e2), 5.0


class SourceFunctions:
    """Kernel ridge regressions of the tasks, with one kernel for all of them.

    The kernel is a sum of a constant, a linear, a quadratic and a Gaussian one; their shares, the width and the noise
    are those under which the tasks' labels are most probable.

    Parameters
    ----------
    tasks : list of (X, Y) pairs
        Rows, standardised over all tasks, and outputs as :func:`standard_outputs` makes them.

    Attributes
    ----------
    kernel : Kernel
    noise : float
        Its variance, for outputs of variance 1.
    """

    def __init__(self, tasks):
        rows = [evenly(len(X), MOST_ROWS) for X, _ in tasks]
        tasks = [(X[some], Y[some, :MOST_OUTPUTS]) for some, (X, Y) in zip(rows, tasks)]
        self.kernel, self.noise = _most_probable_kernel(tasks[:: max(1, len(tasks) // _TASKS_OF_FIT)])
        self._n_outputs = max(Y.shape[1] for _, Y in tasks)
        self._rows = np.vstack([X for X, _ in tasks])
        self._weights = np.vstack([self._dual_weights(X, Y) for X, Y in tasks])
        self._first_row = np.cumsum([0, *(len(X) for X, _ in tasks[:-1])])

    def _dual_weights(self, X, Y):
        """Of a task's rows (n, outputs); a task of fewer outputs than others has them larger, so that sums agree."""
        weights = np.linalg.solve(self.kernel(X, X) + self.noise * np.eye(len(X)), Y)
        missing = self._n_outputs - Y.shape[1]
        return np.pad(weights, ((0, 0), (0, missing))) * np.sqrt(self._n_outputs / Y.shape[1])

    def __call__(self, X):
        """What each task's functions are at rows X, up to a constant: (n_tasks, n_outputs, n_rows)."""
        by_row = self.kernel(self._rows, X)
        at = [np.add.reduceat(by_row * weight[:, None], self._first_row) for weight in self._weights.T]
        at = np.stack(at, axis=1)
        return at - at.mean(2, keepdims=True)


class Kernel:
    """A sum of a constant, a linear, a quadratic and a Gaussian kernel, each with its factor."""

    def __init__(self, linear=1.0, quadratic=0.1, smooth=0.3, width=1.0):
        self.linear, self.quadratic, self.smooth, self.width = linear, quadratic, smooth, width

    def __call__(self, A, B):
        return self.of_products(*_products(A, B))

    def of_products(self, inner, apart):
        """From inner products and squared distances by feature, which do not depend on the factors."""
        straight = 1 + inner * (self.linear + self.quadratic * inner)
        return straight + self.smooth * np.exp(apart * (-0.5 / self.width**2))


def evenly(n, most):
    """At most so many of n positions, evenly spread: rows may be sorted, tasks may come family by family."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def standard_outputs(y, classes):
    """Targets, or indicators of classes, as columns of mean 0 and (indicators: together) of variance 1."""
    if y.dtype.kind == "f":
        y = y.reshape(len(y), -1)
        y = y / 2.0 ** np.frexp(np.abs(y).max(0))[1].clip(-1000, 1000)  # exact, and squares have a number
        spread = y.std(0)
        # what rounding leaves of a constant target is no function
        return (y - y.mean(0)) / np.where(spread > 1e-12 * np.abs(y).max(0), spread, np.inf)
    members = np.equal.outer(y, np.unique(y) if classes is None else classes).astype(float)
    centred = members - members.mean(0)
    return centred / np.sqrt(max(np.square(centred).mean(), 1e-12))


def _products(A, B):
    inner = A @ B.T / A.shape[1]
    squared = [np.square(rows).mean(1) for rows in (A, B)]
    return inner, np.maximum(squared[0][:, None] + squared[1] - 2 * inner, 0)


def _most_probable_kernel(tasks):
    """The kernel and the noise under which the tasks' outputs are most probable, found factor by factor."""
    rows = [evenly(len(X), _ROWS_OF_FIT) for X, _ in tasks]
    tasks = [(_products(X[some], X[some]), Y[some]) for some, (X, Y) in zip(rows, tasks)]

    def evidence(noise, **factors):
        kernel = Kernel(**factors)
        return sum(_log_evidence(kernel.of_products(*products) + noise * np.eye(len(Y)), Y) for products, Y in tasks)

    nearest = np.concatenate([_distances_to_nearest(apart) for (_, apart), _ in tasks])
    # a kernel narrower than the rows lie apart is another name for noise
    narrowest = np.median(nearest) + 1e-3 if len(nearest) else _WIDEST
    bounds = {"width": (min(narrowest, _WIDEST), _WIDEST)}
    best = {"noise": 0.1, "linear": 1.0, "quadratic": 0.1, "smooth": 0.3, "width": 1.0}
    reached, before = evidence(**best), -np.inf
    while reached - before > 0.01 * len(tasks):
        before = reached
        for name in best:
            low, high = bounds.get(name, _FACTORS)
            for factor in (8, 1 / 8, 2.5, 1 / 2.5):
                tried = best | {name: np.clip(best[name] * factor, low, high)}
                while (value := evidence(**tried)) > reached:
                    reached, best = value, tried
                    tried = best | {name: np.clip(best[name] * factor, low, high)}
    return Kernel(**{name: value for name, value in best.items() if name != "noise"}), best["noise"]


def _distances_to_nearest(apart):
    """Of each row to another one, from squared distances; none where there is but one row."""
    return np.sqrt(np.sort(apart, axis=1)[:, 1:2].ravel())


def _log_evidence(covariance, Y):
    """Mean over the columns of Y, up to a constant."""
    root = np.linalg.cholesky(covariance)
    return -0.5 * np.square(np.linalg.solve(root, Y)).sum() / Y.shape[1] - np.log(np.diag(root)).sum()
