"""How far answers lie from the truth, by what was answered to held-out rows: standard deviations and quantiles."""

import numpy as np
from scipy import stats
from scipy.optimize import nnls

_WIDTH = 0.15  # neighbouring sizes lend each other rows, as for the trust in members
_NEAR = 0.01
LEVELS = np.round(np.r_[0.001, 0.0025, np.arange(1, 200) / 200, 0.9975, 0.999], 4)  # where quantiles are kept
_PRIOR_ROWS = (3.0, 10.0, 30.0, 1e6)  # of usual error, that a task's own errors are averaged with
_FEWEST = 1e-12
_LEAST = 0.1  # of the usual error is there everywhere: where answers end, none would be left
_IN_COMMON = 0.25  # of the variance of errors ahead is shared by all rows behind an origin, as far as is known before
_AS_MANY_ORIGINS = 2  # would tell as much of it as is known before
_PARTS = (np.arange(400) + 0.5) / 400, (np.arange(60) + 0.5) / 60  # equally likely ones, of own errors and of draws


class Uncertainty:
    """Errors of a blend at each of a few sizes: how large they are where, and how they are distributed.

    An error is as large as a constant, how far the members disagree, and how far the answer lies from the least and the
    largest target have made those of held-out rows; where zero is, says nothing. What remains after division by that
    has quantiles of its own. Errors of one task resemble each other, so the quantiles of few tasks are known from few
    errors: they are moved outwards as those of Student's t are. Of rows later than those of their task, errors grow
    with the distance, and those of one origin have a draw in common, by which all tasks went another way than was
    foretold: how they went behind the origins says how large such draws are, not which way the next one goes.

    Parameters
    ----------
    sizes : sequence of int
        Rows shown where errors are looked at; between them, quantiles are interpolated in ``log(1 + n)``.
    of_these_tasks : bool
        Whether further rows of these tasks will be asked about. Then a task that is missed by more than others has
        larger errors.
    even : sequence of int
        Sizes at which errors to either side are taken to be alike.
    """

    ends = None  # of files from before, which took the size of an answer from zero

    def __init__(self, sizes, of_these_tasks=False, even=()):
        self.sizes, self.of_these_tasks, self.even = np.asarray(sizes), of_these_tasks, np.asarray(even)

    def fit(self, blend, answers, weights, y, n_shown, task, weight=None, distance=None, origin=None):
        """Learn from held-out rows.

        Parameters
        ----------
        blend : (N,) array
            The answers, by weights that were learned without the row's task.
        answers, weights : (N, E) arrays
            The members' answers, and the trust in each.
        y, n_shown, task : (N,) arrays
        weight : (N,) array or None
            What rows count by.
        distance, origin : (N,) arrays or None
            Of rows later than those of their task: how far beyond these they are, and behind which origin, counted
            from 0. What rows of origin -1 have in common says nothing: they are those of sizes that are ``even``.
        """
        weight, self.ends = np.ones(len(y)) if weight is None else weight, (y.min(), y.max())
        seen, size = self._seen(blend, answers, weights, distance), np.abs(y - blend)
        gap = np.log1p(n_shown)[:, None] - np.log1p(self.sizes)
        nearness = np.exp(-np.abs(gap) / _WIDTH)
        near_rows = [np.flatnonzero(near > _NEAR) for near in nearness.T]
        nearness = nearness * weight[:, None]
        self.coef, self.table, self.spread = [], [], []
        for near, rows in zip(nearness.T, near_rows):
            self.coef.append(_non_negative(seen[rows], size[rows], near[rows]))
        self.coef = np.stack(self.coef)
        rest, self.task_factor = (y - blend) / self._unit(seen, n_shown), {}
        if self.of_these_tasks:
            self.task_factor, own = _own_factors(rest, task, weight)
            rest = rest / own
        in_common, draws = (0.0, np.zeros(1)) if origin is None else _draws_in_common(rest, weight, origin)
        rest = rest - in_common
        for near, rows, is_even in zip(nearness.T, near_rows, np.isin(self.sizes, self.even)):
            variance = np.average(rest[rows] ** 2, weights=near[rows]) + (0 if is_even else draws.var())
            self.spread.append(np.sqrt(variance))
            sides = [1, -1] if is_even else [1]
            n_that_count = _independent(rest[rows], near[rows], task[rows])
            told = _quantiles(np.outer(sides, rest[rows]).ravel(), np.tile(near[rows], len(sides)))
            told = told * _of_few(n_that_count)
            self.table.append(told if origin is None or is_even else _of_sums(told, draws))
        self.table, self.spread = np.stack(self.table), np.array(self.spread)
        return self

    def _seen(self, blend, answers, weights, distance):
        """(N, 4 or 6): what the size of an error is made of."""
        apart = np.sqrt((weights * (answers - blend[:, None]) ** 2).sum(1))
        if self.ends is None:
            place = [np.abs(blend)]
        else:
            place = [(blend - self.ends[0]).clip(0), (self.ends[1] - blend).clip(0)]
        ahead = [] if distance is None else [np.sqrt(distance), distance]  # of random walks, and of wrong slopes
        return np.column_stack([np.ones(len(blend)), apart, *place, *ahead])

    def _unit(self, seen, n_shown):
        coef = np.stack([np.interp(np.log1p(n_shown), np.log1p(self.sizes), c) for c in self.coef.T], axis=1)
        return np.maximum((seen * coef).sum(1), _FEWEST)

    def scale(self, blend, answers, weights, n_shown, task, distance=None):
        """(N,) the usual size of errors of rows whose tasks are (N,) ``task``."""
        unit = self._unit(self._seen(blend, answers, weights, distance), n_shown)
        return unit * np.array([self.task_factor.get(name, 1.0) for name in task.tolist()])

    def std(self, unit, n_shown):
        return unit * np.interp(np.log1p(n_shown), np.log1p(self.sizes), self.spread)

    def quantiles(self, blend, unit, n_shown, levels):
        """(N, n_levels) quantiles of the truth."""
        at_sizes = np.stack([np.interp(levels, LEVELS, row) for row in self.table])
        place = np.log1p(n_shown), np.log1p(self.sizes)
        return blend[:, None] + unit[:, None] * np.stack([np.interp(*place, column) for column in at_sizes.T], axis=1)


def _non_negative(seen, size, near):
    """Coefficients that make up the sizes of errors, without the few largest."""
    root = np.sqrt(near)
    size = np.minimum(size, 10 * np.median(size) + _FEWEST)
    scale = np.maximum(np.sqrt((seen**2).mean(0)), 1e-300)
    coef = nnls(seen / scale * root[:, None], size * root)[0] / scale
    coef[0] = max(coef[0], _LEAST * np.average(size, weights=near))
    return coef


def _own_factors(rest, task, weight):
    """By how much more than usual each task is missed, and the same for each row from its task's other rows."""
    names, code = np.unique(task, return_inverse=True)
    of_row = weight * rest**2 / (np.average(rest**2, weights=weight) + 1e-300)
    n, of_task = np.bincount(code, weight), np.bincount(code, of_row)

    def without_itself(prior_rows):
        return np.sqrt((of_task[code] - of_row + prior_rows) / (n[code] - weight + prior_rows))

    def unlikely(prior_rows):  # of errors with an exponential distribution
        own = without_itself(prior_rows)
        log_own, size = (np.average(values, weights=weight) for values in (np.log(own), np.abs(rest) / own))
        return log_own + np.log(size + 1e-300)

    best = min(_PRIOR_ROWS, key=unlikely)
    return dict(zip(names.tolist(), np.sqrt((of_task + best) / (n + best)))), without_itself(best)


def _quantiles(rest, near):
    order = np.argsort(rest)
    share = np.cumsum(near[order]) - near[order] / 2
    return np.interp(LEVELS, share / near.sum(), rest[order])


def _draws_in_common(rest, weight, origin):
    """(N,) what errors behind the same origin have in common, and what may be common to those behind the next one.

    Two origins hardly tell how large such draws are: one that went as foretold by luck would make intervals too narrow,
    one that did not would make them too wide. So they count beside what is known before.
    """
    is_of_one = origin >= 0
    code, weight = np.where(is_of_one, origin, 0), weight * is_of_one
    mass = np.bincount(code, weight)
    share = weight / np.where(mass > 0, mass, 1)[code]  # squares of tiny weights would be 0
    mean = np.bincount(code, share * rest)
    in_common = np.where(is_of_one, mean[code], 0)
    own, all_of_it = (np.average(values**2, weights=weight) for values in (rest - in_common, rest))
    by_luck = own * np.bincount(code, share**2)
    seen, before = (mean**2 - by_luck).clip(0).sum(), _AS_MANY_ORIGINS * _IN_COMMON * all_of_it
    n = np.count_nonzero(mass) + _AS_MANY_ORIGINS
    return in_common, np.sqrt((seen + before) / n) * stats.t.ppf(_PARTS[1], n)


def _of_sums(told, draws):
    """Quantiles of errors with these quantiles and a draw beside."""
    sums = np.add.outer(np.interp(_PARTS[0], LEVELS, told), draws).ravel()
    return _quantiles(sums, np.ones(len(sums)))


def _independent(rest, near, task):
    """How many independent errors would tell as much: as many as tasks where these agree in themselves.

    Errors of a task may agree in their mean or, where tasks differ in their noise, in their size.
    """
    code, near = np.unique(task, return_inverse=True)[1], near / near.max()  # squares of tiny weights would be 0
    weight, squared_weight = np.bincount(code, near), np.bincount(code, near**2)
    n_rows = near.sum() ** 2 / (near**2).sum()
    alike = 0.0
    for values in (rest, np.abs(rest)):
        apart = near * (values - np.average(values, weights=near))
        # products of different rows of the same task, beside those of rows with themselves
        within = (np.bincount(code, apart) ** 2 - np.bincount(code, apart**2)).sum()
        itself, pairs = (apart**2).sum(), (weight**2 - squared_weight).sum()
        if itself > 0 and pairs > 0:
            alike = max(alike, min(within / pairs * squared_weight.sum() / itself, 1.0))
    return max(n_rows / (1 + (n_rows / len(weight) - 1) * alike), 1.0)


def _of_few(n):
    """How much farther out quantiles lie that so many errors tell of."""
    central = np.clip(np.abs(2 * LEVELS - 1), 0.2, None)
    wide = stats.t.ppf((1 + central) / 2, max(n - 1, 1)) / stats.norm.ppf((1 + central) / 2)
    return np.minimum(wide * np.sqrt(1 + 1 / n), 10.0)
