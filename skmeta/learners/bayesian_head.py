"""Last-layer Bayesian linear regression with a meta-learned prior (ALPaCA: Harrison, Sharma & Pavone, 2018)."""

import torch
from torch import nn

from skmeta.learners.gaussian import GaussianLearner

_FIRST_NOISE = 0.3  # standard deviation, in units of the standardised targets


class BayesianHead(GaussianLearner):
    """Linear regression on learned features, whose weights have a prior learned over tasks.

    ``y_j = phi(x)' b_j + e_j`` with ``b_j ~ N(b0_j, s_j^2 L L')`` and ``e_j ~ N(0, s_j^2)`` for each target j, and
    ``phi(x)`` the body's features and a constant 1. Given a task's rows the posterior of ``b`` is exact, and so is the
    predictive variance ``s_j^2 (1 + phi' L C L' phi)``. The body, the prior mean ``b0``, the factor ``L`` of the
    prior covariance and the noise ``s`` are trained by the predictive likelihood of the query rows. Before its first
    row a task is answered by the prior.

    In the words of mixed-effects models, ``b0`` are the fixed effects, ``b - b0`` the random effects of a task, and
    ``s^2 L L'`` is their covariance.

    Parameters
    ----------
    body, n_features_in, n_outputs, likelihood
        See :class:`~skmeta.learners.gaussian.GaussianLearner`.

    References
    ----------
    J. Harrison, A. Sharma, M. Pavone. "Meta-Learning Priors for Efficient Online Bayesian Regression". WAFR 2018.
    """

    cold_start = True

    def __init__(self, body, n_features_in, n_outputs=None, *, likelihood=True):
        super().__init__(body, n_features_in, n_outputs, likelihood=likelihood)
        n_weights, n_targets = self.n_embedding + 1, n_outputs or 1
        self.prior_mean = nn.Parameter(torch.zeros(n_weights, n_targets))
        self.log_diagonal = nn.Parameter(torch.zeros(n_weights))
        self.below_diagonal = nn.Parameter(torch.zeros(n_weights, n_weights))
        self.log_noise = nn.Parameter(torch.full((n_targets,), _FIRST_NOISE).log())

    @property
    def prior_factor(self):
        """L (e + 1, e + 1), lower triangular."""
        return self.below_diagonal.tril(-1) + self.log_diagonal.exp().diag()

    def features(self, X):
        """phi: (T, n, e + 1)."""
        embedded = self.embed(X)
        return torch.cat([embedded, torch.ones_like(embedded[..., :1])], dim=-1)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Flat means and variances, each (T * m, k); for few rows without ever forming a covariance of weights."""
        if support_X.shape[1] >= len(self.log_diagonal):
            return super().forward(support_X, support_y, query_X, support_weight)
        rows = self._weighted(support_X, support_y, support_weight)
        mean, gain = condition_on_rows(self._prior(len(support_X)), None, self.prior_factor, *rows)
        features = self.features(query_X)
        whitened = features @ self.prior_factor
        spread = (whitened**2).sum(-1) - ((whitened @ gain.transpose(1, 2)) ** 2).sum(-1)
        return (features @ mean).flatten(0, 1), self._variance(spread).flatten(0, 1)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Posterior mean of the weights (T, e + 1, k), and their covariance (T, e + 1, e + 1) where L is the unit.

        The covariance of target j's weights is ``s_j^2 L C L'``.
        """
        mean, n_weights = self._prior(len(support_X)), len(self.log_diagonal)
        rows = self._weighted(support_X, support_y, support_weight)
        if support_X.shape[1] >= n_weights:
            return condition_prior(mean, self.prior_factor, *rows)
        mean, gain = condition_on_rows(mean, None, self.prior_factor, *rows)
        prior = torch.eye(n_weights, dtype=mean.dtype, device=mean.device)
        return mean, prior - gain.transpose(1, 2) @ gain

    def update(self, state, support_X, support_y, support_weight=None):
        """The state after further rows: a rank-n correction, whose cost does not depend on the rows seen before."""
        mean, covariance = state
        block = len(self.log_diagonal)
        for first in range(0, support_X.shape[1], block):
            part = slice(first, first + block)
            weight = None if support_weight is None else support_weight[:, part]
            rows = self._weighted(support_X[:, part], support_y[:, part], weight)
            mean, gain = condition_on_rows(mean, covariance, self.prior_factor, *rows)
            covariance = covariance - gain.transpose(1, 2) @ gain
        return mean, covariance

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        """One half of the products of whitened features (T, (e + 1)(e + 2) / 2), and their products with surprises.

        These, (T, e + 1, k), are with what the prior does not foresee of the targets.
        """
        rows = self._weighted(support_X, support_y, support_weight)
        products, of_surprises = sums_of_rows(self._prior(len(support_X)), self.prior_factor, *rows)
        row, column = self._lower_half
        return products[:, row, column], of_surprises

    def adapt_to_sums(self, sums, class_mask=None):
        half, of_surprises = sums
        row, column = self._lower_half
        products = half.new_empty(len(half), *self.below_diagonal.shape)
        products[:, row, column] = products[:, column, row] = half
        return condition_on_sums(self._prior(len(half)), self.prior_factor, products, of_surprises)

    @property
    def _lower_half(self):
        """Where one half of a symmetric matrix stands, by rows and by columns."""
        return torch.tril_indices(*self.below_diagonal.shape, device=self.below_diagonal.device)

    def _prior(self, n_tasks):
        return self.prior_mean.expand(n_tasks, -1, -1)

    def _weighted(self, X, y, weight):
        """Features and targets in which a row of weight w has noise s^2 / w: both times the root of w."""
        features = self.features(X)
        if weight is None:
            return features, y
        root = weight.clamp(min=0).sqrt()[..., None]
        # a padded row's features may be anything, infinite too
        features = torch.where(root > 0, features, 0)
        return root * features, root * y

    def predict_gaussian(self, state, query_X):
        mean, covariance = state
        features = self.features(query_X)
        whitened = features @ self.prior_factor
        return features @ mean, self._variance(((whitened @ covariance) * whitened).sum(-1))

    def _variance(self, spread):
        """(T, m, k) variances of targets from the (T, m) variances of the weights' part, in units of the noise."""
        # rounding must not make a variance smaller than the noise
        return (2 * self.log_noise).exp() * (1 + spread.clamp(min=0)[..., None])


def condition_on_rows(mean, covariance, factor, features, targets):
    """Bayes' rule for few rows, by the n x n covariance of their targets (noise 1).

    Parameters
    ----------
    mean : (T, e, k) tensor
    covariance : (T, e, e) tensor or None
        Of the weights ``u`` in ``b = b0 + L u``; None is the identity, the prior.
    factor : (e, e) tensor
        L.
    features, targets : (T, n, e) and (T, n, k) tensors

    Returns
    -------
    mean : (T, e, k) tensor
    gain : (T, n, e) tensor
        G, such that the covariance after the rows is ``covariance - G'G``.
    """
    whitened = features @ factor
    shared = whitened if covariance is None else whitened @ covariance
    of_targets = shared @ whitened.transpose(1, 2)
    of_targets = of_targets + torch.eye(of_targets.shape[1], dtype=mean.dtype, device=mean.device)
    lower = torch.linalg.cholesky(of_targets)
    gain = torch.linalg.solve_triangular(lower, shared, upper=False)
    surprise = torch.linalg.solve_triangular(lower, targets - features @ mean, upper=False)
    return mean + factor @ (gain.transpose(1, 2) @ surprise), gain


def condition_prior(mean, factor, features, targets):
    """The same from the prior for many rows, by the e x e precision of the weights: their mean and covariance."""
    return condition_on_sums(mean, factor, *sums_of_rows(mean, factor, features, targets))


def sums_of_rows(mean, factor, features, targets):
    """Sum what rows say of the weights: products (T, e, e) of whitened features, and (T, e, k) with the surprises."""
    whitened = features @ factor
    return whitened.transpose(1, 2) @ whitened, whitened.transpose(1, 2) @ (targets - features @ mean)


def condition_on_sums(mean, factor, products, of_surprises):
    """Mean and covariance of the weights after rows whose sums are these."""
    precision = products + torch.eye(products.shape[1], dtype=mean.dtype, device=mean.device)
    covariance = torch.cholesky_inverse(torch.linalg.cholesky(precision))
    return mean + factor @ (covariance @ of_surprises), covariance
