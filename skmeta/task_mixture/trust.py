"""Convex weights of several models' answers, as a function of how many rows a task has shown."""

import numpy as np

from skmeta.task_mixture.pooled_model import tempered

_WIDTH = 0.15  # neighbouring sizes lend each other rows: e-fold at this distance in log(1 + n)
_NEAR = 0.01  # rows lent with less than this weight are left out
_NEAR_SIZE = 0.5  # in log(1 + n): what was asked with so many rows shown says something of this number
_SMALLEST = 0.01  # a model trusted less than this is not worth asking
_OUTLYING = 2.0  # rows that models miss by more of the usual error count by the error instead of its square
_LONGEST_STEP = 3.0  # in the logarithm of a weight
_ALIVE = 1e-9  # so that a weight can come back
_LEAST_LIKELY = 1e-12
_PARTS = 5  # of the tasks, each answered by weights of the others where errors are looked at
_MOST_ROWS = 5000  # of labels, from which weights of classifiers are learned


class SizeWeights:
    """Weights on the simplex that would have answered held-out rows best, at each of a few sizes.

    With few tasks the best blend of the past is not the best of the future, so the weights minimise the loss of the
    blend mixed with the blended loss of the models (Q-aggregation): equally where tasks are few, which draws towards
    the best single model, and the former alone where tasks far outnumber the models. They are averaged over bootstrap
    samples of the tasks, so that no single task decides, and numbers that most models miss by far count less, so that
    no single row does.

    Parameters
    ----------
    sizes : sequence of int
        Where weights are fitted; between them they are interpolated in ``log(1 + n)``.
    kind : {"regression", "classification"}
        Squared error, or the log loss of the mixture.
    n_samples : int
        Bootstrap samples of the tasks.

    Attributes
    ----------
    temperature : float
        That blended probabilities are to have.

    References
    ----------
    G. Lecue, P. Rigollet. "Optimal learning with Q-aggregation". Annals of Statistics 42, 2014.
    """

    temperature = 1.0

    def __init__(self, sizes, kind, n_samples=20):
        self.sizes, self.kind, self.n_samples = np.asarray(sizes), kind, n_samples

    def fit(self, answers, y, n_shown, task, weight=None):
        """Fit on held-out rows.

        Parameters
        ----------
        answers : (N, E, C) array
            Each model's answer: C probabilities, or the prediction alone (C = 1).
        y : (N,) array
        n_shown : (N,) array
            Rows that the task had shown when the row was answered.
        task : (N,) array
            What is sampled together.
        weight : (N,) array or None
            What rows count by.
        """
        gap = np.log1p(n_shown)[:, None] - np.log1p(self.sizes)
        nearness = np.exp(-np.abs(gap) / _WIDTH)
        weight = np.ones(len(y)) if weight is None else weight
        if self.kind == "regression":
            solve, counts, scores = _least_squares, _without_outliers, answers[:, :, 0] - y[:, None]
            losses = scores**2
        else:
            solve, counts, scores = _likeliest, _all_alike, answers[np.arange(len(y)), :, y]
            losses = -np.log(scores.clip(_LEAST_LIKELY))
        rng = np.random.default_rng(0)
        at = [self._at(solve, counts, scores, losses, near, weight, task, rng) for near in nearness.T]
        self.weights = np.stack(at)
        return self

    def _at(self, solve, counts, scores, losses, near, weight, task, rng):
        rows = np.flatnonzero(near > _NEAR)
        if not len(rows):
            return np.full(scores.shape[1], 1 / scores.shape[1])
        names, code = np.unique(task[rows], return_inverse=True)
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=self.n_samples).astype(np.float64)
        n_models, near = scores.shape[1], near[rows] * weight[rows] * counts(scores[rows])
        caution = 0.5 * n_models / (n_models + _n_that_count(losses[rows] * near[:, None], code.ravel()))
        weights = solve(scores[rows], near, code.ravel(), drawn, caution).mean(0)
        weights[weights < _SMALLEST] = 0
        return weights / weights.sum()

    def with_others(self, n_models):
        """Weights of so many models, of which those that come after these have none."""
        other = SizeWeights(self.sizes, self.kind)
        other.weights = np.pad(self.weights, ((0, 0), (0, n_models - self.weights.shape[1])))
        return other

    @classmethod
    def mean_of(cls, several):
        """Weights that lie between others, which were fitted for the same models."""
        mean = cls(np.unique(np.concatenate([one.sizes for one in several])), several[0].kind)
        mean.weights = np.mean([one(mean.sizes) for one in several], axis=0)
        return mean

    def __call__(self, n_shown):
        """(N, E) weights for tasks that have shown so many rows."""
        at, place = np.log1p(n_shown), np.log1p(self.sizes)
        return np.stack([np.interp(at, place, column) for column in self.weights.T], axis=1)

    def blend(self, trust, answers):
        """(N, C) of the models' answers (N, E, C), given the weights (N, E) of each."""
        blend = np.einsum("ne,nec->nc", trust, answers)
        return blend if self.temperature == 1.0 else tempered(blend, self.temperature)


def usual(n_shown):
    """Sizes at which trust in tasks of the table is learned, from the rows that they had shown."""
    return np.unique(np.quantile(n_shown, [0.0, 0.1, 0.5, 0.9]).astype(int))


def that_occur(sizes, n_shown):
    """Sizes, of which any that lies between crowds of rows shown is moved to the nearest number that occurs."""
    there = np.unique(n_shown)
    gaps = np.abs(np.log1p(sizes)[:, None] - np.log1p(there))
    return np.unique(np.where(gaps.min(1) < _NEAR_SIZE, sizes, there[gaps.argmin(1)]))


def weights_without_own_task(weights, answers, y, n_shown, task, weight):
    """(N, E) weights for the rows that ``weights`` were learned from, each learned without its task and some others."""
    code = np.unique(task, return_inverse=True)[1]
    part = (np.random.default_rng(0).permutation(code.max() + 1) % _PARTS)[code]
    out = weights(n_shown)
    for k in range(_PARTS if part.any() else 0):
        mine, others = part == k, part != k
        learned = SizeWeights(weights.sizes, weights.kind, n_samples=5)
        learned.fit(answers[others], y[others], n_shown[others], task[others], weight[others])
        out[mine] = learned(n_shown[mine])
    return out


def _n_that_count(losses, code):
    """As many tasks of equal losses would tell as much of the mean loss of the best model."""
    of_task = np.bincount(code, weights=losses[:, losses.sum(0).argmin()])
    return of_task.sum() ** 2 / max((of_task**2).sum(), 1e-300)


def _without_outliers(errors):
    """(N,) weights under which squared errors are Huber's loss of what half of the models miss a row by."""
    missed = np.median(np.abs(errors), axis=1)
    usual = max(1.5 * np.median(missed), 0.1 * np.sqrt(np.mean(missed**2)))  # most rows may be answered exactly
    return np.minimum(1, _OUTLYING * usual / np.maximum(missed, 1e-300))


def _all_alike(likelihoods):
    return np.ones(len(likelihoods))


def _least_squares(errors, near, code, drawn, caution):
    """(S, E) weights for S samples of tasks, from (N, E) errors."""
    order = np.argsort(code, kind="stable")
    errors = errors[order] * np.sqrt(near[order])[:, None]
    parts = np.split(errors, np.cumsum(np.bincount(code))[:-1])
    gram = np.tensordot(drawn, np.stack([part.T @ part for part in parts]), axes=1)
    best = np.maximum(np.diagonal(gram, axis1=1, axis2=2).min(1), 1e-12 * gram.max() + 1e-300)
    gram = gram / best[:, None, None]
    each = np.diagonal(gram, axis1=1, axis2=2)

    def gradient(w):
        return 2 * (1 - caution) * np.einsum("se,sef->sf", w, gram) + caution * each

    return _descend(gradient, each.shape, n_iter=300, rate=0.5)


def _likeliest(likelihoods, near, code, drawn, caution):
    """The same from (N, E) likelihoods of the labels."""
    rows = np.linspace(0, len(near) - 1, min(len(near), _MOST_ROWS)).astype(int)
    likelihoods = likelihoods[rows].clip(_LEAST_LIKELY)
    share = drawn[:, code[rows]] * near[rows] + 1e-12
    share /= share.sum(1, keepdims=True)
    each = -share @ np.log(likelihoods)

    def gradient(w):
        return caution * each - (1 - caution) * (share / (w @ likelihoods.T)) @ likelihoods

    return _descend(gradient, each.shape, n_iter=150, rate=1.0)


def _descend(gradient, shape, n_iter, rate):
    """Exponentiated gradient descent on the simplex, from equal weights."""
    w = np.full(shape, 1 / shape[1])
    for _ in range(n_iter):
        g = gradient(w)
        step = np.minimum(rate * (g - g.min(1, keepdims=True)), _LONGEST_STEP)
        w = w * np.exp(-step) + _ALIVE
        w /= w.sum(1, keepdims=True)
    return w


def labelled(weights):
    """The weights ``(SizeWeights, members' names)`` of each target as one table, by size; one below the other."""
    try:
        import pandas as pd
    except ImportError as error:  # pragma: no cover
        raise ImportError("The tables of weights need pandas: pip install pandas.") from error
    tables = [
        pd.DataFrame(one.weights, index=pd.Index(one.sizes, name="rows shown"), columns=names) for one, names in weights
    ]
    return tables[0] if len(tables) == 1 else pd.concat(dict(enumerate(tables)), names=["target"])
