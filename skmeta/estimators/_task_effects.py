"""What a task adds to a common model: random effects whose spread over tasks is learned from many of them.

Both kinds, Gaussian here and on the log odds in ``_logit_effects``, answer in the long format, all tasks at once:
support rows ``(Z, F, y, code)`` and query rows ``(Z, F, code)``, where ``F`` is the common model's answer, ``Z`` a
:class:`Design` of the features and ``code`` a task's position. Rows are sorted by ``code``.
"""

import copy

import numpy as np
import torch
from scipy import sparse
from sklearn.cluster import KMeans

_TASKS_TO_LEARN_FROM = 200  # the spread of effects is known well enough from so many
_LANDMARK_ROWS = 2000
SETTLED = 1e-3  # a covariance that changes by less, as a share of its largest entry, is found


class Design:
    """Features whose effects may differ from task to task.

    A constant; with ``"slopes"`` a few standardised columns; with ``"curves"`` also bumps around landmarks among the
    rows, orthonormal under the Gaussian kernel of the given width, so that effects of one common variance are a
    Gaussian process: a smooth function of the features. Many columns are reduced to their leading principal
    components, so that a handful of rows can still say something about each.

    Parameters
    ----------
    kind : {"intercept", "slopes", "curves"}
    width : float
        Of the kernel, in standard deviations of a column.
    max_columns : int
    """

    def __init__(self, kind, width=1.0, max_columns=20):
        self.kind, self.width, self.max_columns = kind, width, max_columns

    def fit(self, X):
        if self.kind == "intercept":
            return self
        self.mean = X.mean(0)
        scale = X.std(0)
        varies = scale > 1e-9 * np.maximum(np.abs(self.mean), 1e-12)
        self.columns = np.flatnonzero(varies)
        self.scale = scale[self.columns]
        self.rotation = None
        if len(self.columns) > self.max_columns:
            Z = self._lines(X)
            values, vectors = np.linalg.eigh(Z.T @ Z / len(Z))
            keep = np.argsort(values)[::-1][: self.max_columns]
            self.rotation = vectors[:, keep]
        if self.kind == "curves":
            self._place_landmarks(self._lines(X))
        return self

    def _lines(self, X):
        Z = np.clip((X[:, self.columns] - self.mean[self.columns]) / self.scale, -5, 5)
        return Z if self.rotation is None else Z @ self.rotation

    def _place_landmarks(self, Z, n_landmarks=20):
        Z = Z if Z.shape[1] else Z[:0]
        Z = Z[np.random.default_rng(0).permutation(len(Z))[:_LANDMARK_ROWS]]
        Z = np.unique(Z.round(6), axis=0)
        if len(Z) > n_landmarks:
            Z = KMeans(n_landmarks, n_init=1, random_state=0).fit(Z).cluster_centers_
        self.landmarks = Z
        self._orthonormalise()

    def of_width(self, width):
        """The same landmarks under another kernel."""
        other = copy.copy(self)
        other.width = width
        other._orthonormalise()
        return other

    def _orthonormalise(self):
        values, vectors = np.linalg.eigh(self._kernel(self.landmarks))
        keep = values > 1e-6 * values.max(initial=0)
        self.basis = vectors[:, keep] / np.sqrt(values[keep])

    def _kernel(self, Z):
        n_columns = max(Z.shape[1], 1)
        square = (Z**2).sum(1)[:, None] + (self.landmarks**2).sum(1) - 2 * Z @ self.landmarks.T
        return np.exp(-np.maximum(square, 0) / (2 * n_columns * self.width**2))

    @property
    def n_curves(self):
        return self.basis.shape[1] if self.kind == "curves" else 0

    def __call__(self, X):
        constant = np.ones((len(X), 1))
        if self.kind == "intercept":
            return constant
        Z = self._lines(X)
        return np.hstack([constant, Z, self._kernel(Z) @ self.basis] if self.n_curves else [constant, Z])


class EffectsPrior:
    """``b ~ N(0, covariance)`` for the effects of each task, and the noise around them, by expectation-maximisation.

    The correlations are drawn towards 0 as if by as many tasks as there are effects. The last ``n_tied`` effects have
    no correlations, and one variance.
    """

    def __init__(self, n_effects, n_tied=0):
        self.covariance, self.noise = np.diag(np.r_[0.3, np.full(n_effects - 1, 0.1)]), 0.5
        self.n_free = n_effects - n_tied

    def posterior_factor(self, G):
        """M = (noise D^-1 + G)^-1 for each task's moments G, without inverting D: posterior means are M h."""
        root, inverse = self._whitened_inverse(G)
        return root @ inverse @ root.T

    def posterior_means(self, G, h):
        """M h for each task, without the M."""
        whitened = self.noise * np.eye(len(self.covariance)) + G @ self.covariance
        return np.linalg.solve(whitened, h[:, :, None])[:, :, 0] @ self.covariance

    def _whitened_inverse(self, G):
        """R with D = R R', and (noise I + R'G R)^-1 for each task: these are positive, and quick to invert."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        spread = root.T @ G @ root
        noise = max(self.noise, 1e-13 * np.abs(spread).max(initial=0))  # or rounding would leave them not positive
        factor = torch.linalg.cholesky(torch.from_numpy(spread + noise * np.eye(len(root))))
        return root, torch.cholesky_inverse(factor).numpy()

    def step(self, G, h, squares, n_rows):
        """One iteration, from the tasks' moments: G = Z'Z and h = Z'r for each, the sum of r^2 over all rows.

        Returns by how much the covariance changed, as a share of its largest entry.
        """
        root, inverse = self._whitened_inverse(G)  # posterior factors are M = R A R'
        effect = (inverse @ (h @ root)[:, :, None])[:, :, 0] @ root.T
        of_all = inverse.sum(0)
        second = (self.noise * root @ of_all @ root.T + effect.T @ effect) / len(G)
        fitted = ((G @ effect[:, :, None])[:, :, 0] - 2 * h) * effect
        traces = len(G) * len(root) - self.noise * np.trace(of_all)  # of G M, for all tasks
        unexplained = squares + fitted.sum() + self.noise * traces
        before, self.covariance = self.covariance, self._shrunk(second, len(G))
        self.noise = max(float(unexplained) / n_rows, 1e-8)
        return np.abs(self.covariance - before).max() / self.covariance.max()

    def _shrunk(self, second, n_tasks):
        k = self.n_free
        trust = n_tasks / (n_tasks + k)
        variances = np.diag(second).copy()
        variances[k:] = variances[k:].mean() if k < len(variances) else 0
        out = np.diag(variances)
        out[:k, :k] += trust * (second[:k, :k] - out[:k, :k])
        return (out + out.T) / 2

    def log_likelihood(self, G, h, squares, n_rows):
        """Of the rows, up to a constant."""
        fit = (h * self.posterior_means(G, h)).sum()
        volume = np.linalg.slogdet(np.eye(len(self.covariance)) + G @ self.covariance / self.noise)[1].sum()
        return -0.5 * ((squares - fit) / self.noise + n_rows * np.log(self.noise) + volume)


class GaussianEffects:
    """Bayesian linear regression of each task's residuals, with the prior that makes all tasks likeliest.

    ``y = F + Z b + noise`` with ``b ~ N(0, D)`` for each task: a linear mixed model around any common model.

    Parameters
    ----------
    n_tied : int
        How many of the effects, the last ones, share one variance.
    random_state : ignored
    """

    def __init__(self, n_tied=0, random_state=None):
        self.n_tied = n_tied

    @staticmethod
    def as_feature(F):
        """What the design sees of the common model's answers."""
        return F

    def fit(self, Z, F, y, code, start=None, lines=None):
        """Learn the prior; ``start`` is a fit to much the same rows, from which a few more iterations are enough.

        ``lines``, a fit without the curves, is of use to effects on the log odds only.
        """
        tasks = Segments(code)
        if start is None:
            self.scale = max(float(np.sqrt(np.mean((y - F[:, 0]) ** 2))), 1e-12)
            self.prior, n_iter = EffectsPrior(Z.shape[1], self.n_tied), 25 if self.n_tied else 50
        else:
            self.scale, self.prior, n_iter = start.scale, copy.copy(start.prior), 8
        r = (y - F[:, 0]) / self.scale
        moments = tasks.moments(Z), tasks.sums(Z * r[:, None]), (r**2).sum(), len(r)
        for _ in range(n_iter):
            if self.prior.step(*moments) < SETTLED:
                break
        self.fitness = self.prior.log_likelihood(*moments)
        return self

    def effects(self, Z, F, y, code, n_tasks):
        """(n_tasks, p) posterior means, in units of the target; 0 for a task without rows."""
        tasks, G, h = self.moments(Z, F, y, code)
        out = np.zeros((n_tasks, Z.shape[1]))
        out[tasks.codes] = self.scale * self.prior.posterior_means(G, h)
        return out

    def moments(self, Z, F, y, code):
        """The tasks that have rows, and of each Z'Z and Z'r, in units of the common model's error."""
        tasks = Segments(code)
        return tasks, tasks.moments(Z), tasks.sums(Z * ((y - F[:, 0]) / self.scale)[:, None])

    def answer(self, support, query, n_tasks):
        effects = self.effects(*support, n_tasks)
        Z, F, code = query
        return F + (Z * effects[code]).sum(1, keepdims=True)


class Segments:
    """Sums over the rows of each task, where ``code`` is sorted; only tasks that have rows count."""

    def __init__(self, code):
        is_first = np.ones(len(code), dtype=bool)
        is_first[1:] = code[1:] != code[:-1]
        self.first = np.flatnonzero(is_first)
        self.codes = code[self.first]
        self.size = np.diff(np.append(self.first, len(code)))
        self.of_row = np.cumsum(is_first) - 1

    def sums(self, values):
        """(N, ...) to (tasks, ...)."""
        if not len(self.first):
            return np.zeros((0, *values.shape[1:]))
        return np.add.reduceat(values, self.first, axis=0)

    def moments(self, Z):
        """(tasks, p, p) of Z'Z, tasks of the same size in one product."""
        out = np.empty((len(self.first), Z.shape[1], Z.shape[1]))
        for size in np.unique(self.size):
            tasks = np.flatnonzero(self.size == size)
            block = Z[self.first[tasks][:, None] + np.arange(size)]
            out[tasks] = block.transpose(0, 2, 1) @ block
        return out

    def block_diagonal(self, Z):
        """(N, tasks * p) sparse: products with all tasks' effects in one go, however unequal their sizes."""
        n_rows, p = Z.shape
        columns = (self.of_row[:, None] * p + np.arange(p)).ravel()
        ends = np.arange(0, n_rows * p + 1, p)
        return sparse.csr_matrix((Z.ravel(), columns, ends), shape=(n_rows, len(self.codes) * p))


def random_ranks(code, size, rng):
    """Each row's place in a random order of its task's rows; ``code`` is sorted."""
    shuffled = rng.permutation(len(code))
    order = shuffled[np.argsort(code[shuffled], kind="stable")]
    rank = np.empty(len(code), dtype=np.int64)
    rank[order] = np.arange(len(code)) - np.repeat(np.cumsum(size) - size, size)
    return rank


def rows_of_some_tasks(code, n_tasks=_TASKS_TO_LEARN_FROM):
    """Positions of the rows of at most so many tasks, spread evenly over the sorted ``code``."""
    names = np.unique(code)
    if len(names) <= n_tasks:
        return np.arange(len(code))
    return np.flatnonzero(np.isin(code, names[np.linspace(0, len(names) - 1, n_tasks).astype(int)]))
