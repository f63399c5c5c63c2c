"""Trees beside the in-context learner: they grow on all rows of a table, of which it reads a few thousand at most."""

import numpy as np
import torch
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

from skmeta.learners.in_context.support_rows import relative_weight
from skmeta.learners.stacking import fit_shares, fit_trust, trusted

N_TREES = 50
N_TREES_OF_NUMBERS, ROWS_A_TREE = 25, 4000  # more, or more rows for each, brought nothing beside boosting
MOST_COLUMNS = 30  # that a split of a tree of numbers looks at
ROWS_A_LEAF = 10_000  # for so many rows of a table a leaf holds one more: trees of noise would fill the memory
HELD, MOST_HELD = 0.2, 500  # the share of rows that say how far each answer is believed, and their number
MOST_BOOSTED = 10  # classes; boosting grows a tree for each, a hundred times
LEAST_CHANCE = 1e-4
FARTHEST = 1e30  # a scaled cell: trees read numbers of single precision


class WithTrees:
    """A learner that is joined by trees where a table has more rows than it reads together.

    Extremely randomised trees are asked about the rows that they have not seen; boosted ones grow on four fifths of the
    rows and are asked about the others, and so is the learner, by those of its parts that have not read them. How far
    each of the three is believed is fitted to these answers. Such tasks are adapted to one by one.
    """

    def __init__(self, learner):
        self.learner = learner

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        if len(support_X) > 1 and support_X.shape[1] > self.learner.most_rows:
            tasks = _apart(support_X, support_y, support_weight, class_mask)
            return {"tasks": [self._adapt_one(*one) for one in tasks]}
        return self._adapt_one(support_X, support_y, support_weight, class_mask)

    def _adapt_one(self, X, y, weight, class_mask):
        if X.shape[1] <= self.learner.most_rows:
            return self.learner.adapt(X, y, weight, class_mask)
        order = _order(X, y, weight)
        X, y, weight = (None if rows is None else rows[:, order] for rows in (X, y, weight))
        state = self.learner.adapt(X, y, weight, class_mask)
        unread = np.random.default_rng(0).permutation(_unread(state["dealt"], X.shape[1]))
        held = np.sort(unread[: min(int(HELD * X.shape[1]), MOST_HELD)])
        rows = torch.as_tensor(held, device=X.device)
        own = self.learner.ask_others(state, X[:, rows], rows[None])
        weight = None if weight is None else relative_weight(weight)[0]  # boosting's least leaf is an absolute weight
        kind = TreesOfNumbers if class_mask is None else TreesOfClasses
        trees = kind(X, y, weight, class_mask, held, own)
        return {**state, "dealt": [order[rows] for rows in state["dealt"]], "trees": trees}

    def extend(self, state, *more):
        return self.learner.extend(state, *more)

    def explain_rows(self, state, query_X):
        return self.learner.explain_rows(state, query_X)

    def predict(self, state, query_X):
        return self._joined("predict", state, query_X)

    def predict_mixture(self, state, query_X):
        return self._joined("predict_mixture", state, query_X)

    def _joined(self, ask, state, query_X):
        if "tasks" in state:
            return torch.cat([self._joined(ask, one, X[None]) for one, X in zip(state["tasks"], query_X)])
        own = getattr(self.learner, ask)(state, query_X)
        return getattr(state["trees"], ask)(own, query_X) if "trees" in state else own


def _order(X, y, weight):
    """Positions of the rows of one task, shuffled from where their cells put them: whatever order they came in."""
    columns = [rows[0].reshape(X.shape[1], -1).cpu().numpy() for rows in (weight, y, X) if rows is not None]
    order = np.lexsort(np.concatenate(columns, 1).T)
    return torch.as_tensor(np.random.default_rng(1).permutation(order), device=X.device)


def _unread(dealt, n_rows):
    """Places of the rows that some part of a support has not read."""
    read = np.bincount(np.concatenate([rows[0].cpu().numpy() for rows in dealt]), minlength=n_rows)
    return np.flatnonzero(read < len(dealt))


def _apart(X, y, weight, class_mask):
    """Tasks one by one, each without its padding."""
    for t in range(len(X)):
        there = torch.ones_like(X[t, :, 0], dtype=torch.bool) if weight is None else weight[t] > 0
        rest = (None if weight is None else weight[[t]][:, there], None if class_mask is None else class_mask[[t]])
        yield X[[t]][:, there], y[[t]][:, there], *rest


class _Trees:
    """A forest and boosted trees grow on the rows of a support, and say what they make of others."""

    def _grow(self, X, y, weight, held, forest, boosting):
        """Grow, and say what a forest and, where there is one, boosting make of the rows held back: (E, h, ...)."""
        kept = np.setdiff1d(np.arange(len(X)), held)
        self.blank = np.isnan(X[kept]).all(0)  # boosting cannot bin a column of which it sees no cell
        self.centre, self.unit = _scale(X)
        X = self._scaled(X)
        flat = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        self.forest = forest.set_params(min_samples_leaf=1 + len(X) // ROWS_A_LEAF).fit(X, flat, weight)
        self.boosting = [
            one.fit(X[kept], y[kept] if column is None else y[kept, column], None if weight is None else weight[kept])
            for one, column in boosting
        ]
        return X[held]

    def _scaled(self, X):
        # trees compare in single precision, which would lose small differences of large numbers
        return np.where(self.blank, 0.0, np.clip((X - self.centre) / self.unit, -FARTHEST, FARTHEST))


def _scale(X):
    there = ~np.isnan(X)
    centre = np.where(there, X, 0).sum(0) / np.maximum(there.sum(0), 1)
    unit = np.abs(np.where(there, X - centre, 0)).max(0)
    return centre, np.where(unit > 0, unit, 1.0)


def _amounts(weight, held, own):
    """Weights (1, h) of the rows held back, one on average."""
    if weight is None:
        return own.new_ones(1, len(held))
    weight = weight[:, held].to(own)
    return weight / weight.mean().clamp(min=1e-30)


def _numpy(tensor):
    return None if tensor is None else tensor[0].cpu().numpy()


class TreesOfClasses(_Trees):
    """Trees and the trust in them, of one task.

    Parameters
    ----------
    X, y, weight, class_mask : tensors
        The support, as a learner gets it.
    held : ndarray of int
        Rows that boosting does not grow on.
    own : (1, h, C) tensor
        The learner's logits for these.
    """

    def __init__(self, X, y, weight, class_mask, held, own):
        self.class_mask, self.n_classes = class_mask, class_mask.shape[1]
        rows, codes, amounts = _numpy(X).astype(np.float64), _numpy(y), _numpy(weight)
        boosted = [(HistGradientBoostingClassifier(early_stopping=False, random_state=0), None)]
        few = len(np.unique(np.delete(codes, held))) > 1 and int(class_mask.sum()) <= MOST_BOOSTED
        forest = ExtraTreesClassifier(N_TREES, bootstrap=True, oob_score=True, random_state=0)
        asked = self._grow(rows, codes, amounts, held, forest, boosted if few else [])
        left_out = [self._all_classes(self.forest, self.forest.oob_decision_function_[held])]
        left_out += [self._all_classes(model, model.predict_proba(asked)) for model in self.boosting]
        members = torch.nn.functional.one_hot(y[:, held], self.n_classes).to(own.dtype)
        self.trust = fit_trust(self._together(own, left_out), members, _amounts(weight, held, own), class_mask)

    def predict(self, own, query_X):
        """Logits (1, m, C) of rows of which the learner's are ``own``."""
        rows = self._scaled(_numpy(query_X).astype(np.float64))
        said = [self._all_classes(model, model.predict_proba(rows)) for model in (self.forest, *self.boosting)]
        return trusted(self.trust, self._together(own, said), self.class_mask)

    def _all_classes(self, model, chances):
        wide = np.zeros((len(chances), self.n_classes))
        wide[:, model.classes_] = chances
        return wide

    def _together(self, own, said):
        """Logarithms of chances (1, m, E, C)."""
        said = torch.as_tensor(np.stack(said, 1)[None], dtype=own.dtype, device=own.device)
        chances = torch.cat([own.softmax(-1)[:, :, None], said], 2)
        return chances.nan_to_num(0.0).clamp(min=LEAST_CHANCE).log()


class TreesOfNumbers(_Trees):
    """Trees of numbers and their shares in a mean, of one task; see :class:`TreesOfClasses` for the parameters.

    The learner's distribution moves to the mean and narrows as errors fall.
    """

    def __init__(self, X, y, weight, class_mask, held, own):
        rows, targets, amounts = _numpy(X).astype(np.float64), _numpy(y), _numpy(weight)
        boosted = [
            (HistGradientBoostingRegressor(early_stopping=False, random_state=0), column)
            for column in range(targets.shape[1])
        ]
        columns = min(1.0, MOST_COLUMNS / rows.shape[1])
        settings = {"max_features": columns, "max_samples": min(len(rows), ROWS_A_TREE)}
        forest = ExtraTreesRegressor(N_TREES_OF_NUMBERS, bootstrap=True, oob_score=True, random_state=0, **settings)
        asked = self._grow(rows, targets, amounts, held, forest, boosted)
        left_out = self._together(own, self.forest.oob_prediction_[held], asked)
        truth = y[0, held].t().to(own)
        self.middle = truth.mean(1, keepdim=True)
        spread = truth.std(1, keepdim=True).clamp(min=1e-30)
        scaled = (left_out - self.middle[..., None]) / spread[..., None]
        amounts = _amounts(weight, held, own).expand_as(truth)
        self.shares = fit_shares(scaled, (truth - self.middle) / spread, amounts, rounds=2)
        before = ((left_out[..., 0] - truth).square() * amounts).mean(1)
        after = ((self._mean(left_out) - truth).square() * amounts).mean(1)
        self.width = (after / before.clamp(min=1e-30)).sqrt().clamp(1e-2, 1)

    def _together(self, own, forest, rows):
        """Answers (k, m, E) of the learner, (1, m, k), of the forest, and of boosting to scaled rows."""
        forest = forest.reshape(len(rows), -1)
        boosting = np.stack([model.predict(rows) for model in self.boosting], 1)
        trees = torch.as_tensor(np.stack([forest, boosting]), dtype=own.dtype, device=own.device)
        return torch.cat([own, trees]).permute(2, 1, 0)

    def _mean(self, together):
        return self.middle + ((together - self.middle[..., None]) * self.shares[:, None]).sum(2)

    def predict(self, own, query_X):
        """Means (1, m, k) of rows of which the learner's are ``own``."""
        rows = self._scaled(_numpy(query_X).astype(np.float64))
        return self._mean(self._together(own, self.forest.predict(rows), rows)).t()[None]

    def predict_mixture(self, flat, query_X):
        """The learner's mixtures, flat, around the mean of all."""
        k = len(self.width)
        log_weight, means, log_scale = flat.unflatten(2, (3, k, -1)).unbind(2)
        own = (log_weight.exp() * means).sum(-1)
        moved = self.predict(own, query_X)[..., None] + self.width[:, None] * (means - own[..., None])
        return torch.stack([log_weight, moved, log_scale + self.width.log()[:, None]], 2).flatten(2)
