"""The common distribution of the effects of tasks, found by expectation-maximisation from moments of each task."""

import numpy as np

SETTLED = 1e-3  # a covariance that changes by less, as a share of its largest entry, is found


class EffectsPrior:
    """``b ~ N(0, covariance)`` for the effects of each task, and the noise around them, by expectation-maximisation.

    The correlations are drawn towards 0 as if by as many tasks as there are effects. The last ``n_tied`` effects have
    no correlations, and one variance.
    """

    def __init__(self, n_effects, n_tied=0):
        self.covariance, self.noise = np.diag(np.r_[0.3, np.full(n_effects - 1, 0.1)]), 0.5
        self.n_free = n_effects - n_tied

    def with_tied_effects(self, n_tied):
        """The same with further effects of one small variance, where a search for that begins."""
        n_lines, variance = len(self.covariance), 0.1 * self.covariance.diagonal().mean()
        other = EffectsPrior(n_lines + n_tied, n_tied)
        other.covariance = np.diag(np.full(n_lines + n_tied, max(variance, 0.3 * self.noise)))
        other.covariance[:n_lines, :n_lines] = self.covariance
        other.noise = self.noise
        return other

    def posterior_factor(self, G):
        """M = (noise D^-1 + G)^-1 for each task's moments G, without inverting D: posterior means are M h."""
        root, inverse = self.whitened_inverse(G)
        return root @ inverse @ root.T

    def posterior_means(self, G, h):
        """M h for each task, without the M."""
        whitened = self.noise * np.eye(len(self.covariance)) + G @ self.covariance
        return np.linalg.solve(whitened, h[:, :, None])[:, :, 0] @ self.covariance

    def whitened_inverse(self, G):
        """R with D = R R', and (noise I + R'G R)^-1 for each task: these are positive, and safe to invert."""
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0))
        spread = root.T @ G @ root
        noise = max(self.noise, 1e-13 * np.abs(spread).max(initial=0))  # or rounding would leave them not positive
        return root, np.linalg.inv(spread + noise * np.eye(len(root)))

    def step(self, G, h, squares, n_rows, whitened=None):
        """One iteration, from the tasks' moments: G = Z'Z and h = Z'r for each, the sum of r^2 over all rows.

        Their :meth:`whitened_inverse` is computed where it is not given. Returns by how much the covariance changed, as
        a share of its largest entry.
        """
        root, inverse = whitened or self.whitened_inverse(G)  # posterior factors are M = R A R'
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
