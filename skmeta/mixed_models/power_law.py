"""Laws of factors and powers, for targets that are positive: a common one, and what a task multiplies it by."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skmeta.mixed_models.gaussian_effects import GaussianEffects
from skmeta.mixed_models.mixed_ridge import MixedRidge

_FEW_VALUES = 5  # columns of fewer are codes of some kind, not quantities
_MOST_SPREAD = 2.0  # of the noise in logarithms, as far as the mean is concerned
_SMALLEST = 1e-300
_ROWS_AT_ONCE = 2048  # of which each has the covariance of its task's effects


class PowerLaw(RegressorMixin, BaseEstimator):
    """Positive targets as a product of powers of the quantities among the columns: prices, yields, concentrations.

    A linear mixed model of the target's logarithm, from the logarithms of positive columns and the others as they are.
    ``predict`` answers means: a line through the exponentials that fits the targets best, for these lie below the
    means, and, where the law does not hold, too far apart.
    """

    #: effects of tasks around this model are factors
    multiplies = True

    def fit(self, X, y, task=None, sample_weight=None):
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        if y.min() <= 0:
            raise ValueError(f"A power law needs positive targets; the least is {y.min():g}.")
        is_quantity = [column.min() > 0 and len(np.unique(column)) > _FEW_VALUES for column in X.T]
        self.quantities_ = np.flatnonzero(is_quantity)
        self.least_ = X[:, self.quantities_].min(0)
        self.model_ = MixedRidge().fit(self._logarithms(X), np.log(y), task=task, sample_weight=sample_weight)
        self.bounds_ = np.log(y.min()) - 1, np.log(y.max()) + 1
        powers = self._powers(X)
        y_mean, mean = (np.average(values, weights=sample_weight) for values in (y, powers))
        apart = powers - mean
        pull = apart if sample_weight is None else apart * sample_weight
        # between a constant and what has the targets' mean: positive in either case
        self.slope_ = np.clip(pull @ y / max(pull @ apart, _SMALLEST), 0, y_mean / mean)
        self.intercept_ = max(y_mean - self.slope_ * mean, 0)
        return self

    def predict(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.intercept_ + self.slope_ * self._powers(X)

    def _powers(self, X):
        return np.exp(np.clip(self.model_.predict(self._logarithms(X)), *self.bounds_))

    def _logarithms(self, X):
        X = X.copy()
        X[:, self.quantities_] = np.log(np.maximum(X[:, self.quantities_], self.least_))
        return X


class FactorEffects(GaussianEffects):
    """Gaussian effects on the logarithm: a task multiplies the common model, by a factor that its features change.

    Answers are means: they grow with what is still unknown of the task, as those of a log-normal variable do. A task
    that has shown a target that is not positive obeys no such law: it is answered by the common model and its own mean
    distance from that.
    """

    @staticmethod
    def as_feature(F):
        return np.log(np.maximum(F, _SMALLEST))

    def fit(self, Z, F, y, code, weight=None, start=None, lines=None):
        self.least = y.min() if start is None else start.least
        F, y = self._logarithms(F, y)
        # the common model answers means, which lie above the mean logarithm
        self.offset = np.average(y - F[:, 0], weights=weight) if start is None else start.offset
        return super().fit(Z, F + self.offset, y, code, weight, start=start, lines=lines)

    def answer(self, support, query, n_tasks):
        Z, F, y, code, weight = support
        log_F, log_y = self._logarithms(F, y)
        tasks, G, h = self.moments(Z, log_F + self.offset, log_y, code, weight)
        factor = self.prior.posterior_factor(G)
        effects = np.concatenate([np.zeros((1, Z.shape[1])), self.scale * (factor @ h[:, :, None])[:, :, 0]])
        covariance = np.concatenate([self.prior.covariance[None], self.prior.noise * factor])
        place = np.zeros(n_tasks, dtype=np.int64)  # of tasks without rows: the prior's
        place[tasks.codes] = 1 + np.arange(len(tasks.codes))
        is_odd, shift = np.zeros(n_tasks, dtype=bool), np.zeros(n_tasks)
        is_odd[code[y <= 0]] = True
        shift[tasks.codes] = tasks.sums(y - F[:, 0]) / (1 + tasks.mass)

        Z, F, code = query
        place, spread = place[code], np.empty(len(Z))
        for first in range(0, len(Z), _ROWS_AT_ONCE):
            some = slice(first, first + _ROWS_AT_ONCE)
            spread[some] = ((Z[some, None] @ covariance[place[some]])[:, 0] * Z[some]).sum(1)
        spread = np.minimum(self.scale**2 * (self.prior.noise + spread), _MOST_SPREAD)
        exponent = (Z * effects[place]).sum(1) + self.offset + spread / 2
        answers = F[:, 0] * np.exp(np.clip(exponent, -20, 20))
        return np.where(is_odd[code], F[:, 0] + shift[code], answers)[:, None]

    def _logarithms(self, F, y):
        return self.as_feature(F), np.log(np.maximum(y, self.least))
