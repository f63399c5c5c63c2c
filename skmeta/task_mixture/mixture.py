"""The mixture of pooled, per-task and meta-learned models, on rows of numbers: fitted, trusted, asked."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skmeta.mixed_models.effects_around_model import KINDS
from skmeta.mixed_models.segments import random_ranks
from skmeta.task_mixture.committee import Committee
from skmeta.task_mixture.cross_fitted import CrossFitted, seeded
from skmeta.task_mixture.pooled_model import PooledModel, best_temperature, tempered
from skmeta.task_mixture.trust import SizeWeights

_SIZES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_ENOUGH_ROWS = 10_000  # smaller tables are looked at several times, as a few shown rows are a matter of luck
_QUERY_ROWS = 20  # of a task and size, when weights for new tasks are learned
_FEWEST_TASKS = 4  # with fewer, nothing can be learned about new tasks
_MOST_CATEGORIES = 255  # that histogram gradient boosting takes


@dataclass
class Members:
    """Unfitted estimators, and how to treat them.

    ``joint`` are fitted to all rows with the task as a category, the first column; ``own`` to each task, where None
    is a quick linear model and False is nothing; ``correction`` is what a :class:`~.correction.Correction` is made
    of, or None.
    """

    pooled: list
    joint: list
    own: object
    metas: list = field(default_factory=list)
    correction: object = None


class Mixture:
    """Members fitted on tasks, and the trust in each of them.

    New tasks and known tasks are two questions, and each has members and a cross-validation of its own. *Over tasks*:
    members fitted on the other tasks answer a task's rows, given 0, 1, 2, 5, ... of its rows. *Over rows*: members
    fitted on all tasks answer hidden rows of each, given its others; models that take the task as a category compete
    as well.

    Parameters
    ----------
    members : Members
    n_outputs : int
        Classes; 1 for regression.
    cv : int
    seed : int
    """

    def __init__(self, members, n_outputs, cv, seed):
        self.members, self.n_outputs, self.cv, self.seed = members, n_outputs, cv, seed
        self.kind = "regression" if n_outputs == 1 else "classification"

    # ------------------------------------------------------------------ fitting

    def fit(self, rows, n_tasks, unit=None):
        """Fit all members, and learn the trust in them.

        ``rows`` are sorted by task. ``unit`` names for each row what is hidden together: an inner task of a group,
        say, where the question is what the group says about a new one; None hides single rows.
        """
        rng = np.random.default_rng(self.seed)
        self.rows, self.n_tasks, self.n_fitted = rows, n_tasks, n_tasks
        pooled = [self._pooled(estimator).fit(rows.X, rows.y, rows.code) for estimator in (None, *self.members.pooled)]
        hidden_in = self._folds_of_rows(rows, n_tasks, rng, unit)
        over_rows = CrossFitted(self.members, self.n_outputs, self.seed)
        over_rows.fit(rows, hidden_in, pooled, tasks_tell=n_tasks > 1)
        answers = self._learn_known(over_rows, n_tasks)
        self.by_task = n_tasks >= _FEWEST_TASKS
        if self.by_task:
            fold = (rng.permutation(n_tasks) % min(self.cv, n_tasks))[rows.code]
            over_tasks = CrossFitted(self.members, self.n_outputs, self.seed).fit(rows, fold, pooled)
            self._learn_new(over_tasks, n_tasks, rng)
            self.for_new = over_tasks.whole
        else:
            self.for_new = Committee(over_rows.pooled)
            no_rows = np.zeros(len(rows))
            self.weights_new = SizeWeights([0], self.kind).fit(answers[:, : len(pooled)], rows.y, no_rows, hidden_in)
        self.for_known, self.base = over_rows.whole, over_rows.support_base
        return self

    def _pooled(self, estimator):
        return PooledModel(None if estimator is None else seeded(estimator, self.seed), self.n_outputs)

    def _learn_known(self, over_rows, n_tasks):
        """The trust for tasks of the table, from hidden rows; returns what was answered to them."""
        rows, fold = over_rows.rows, over_rows.fold
        takes_category = self.members.joint if 1 < n_tasks <= _MOST_CATEGORIES else []
        self.joint = [self._pooled(clone(one).set_params(categorical_features=[0])) for one in takes_category]
        answers = np.empty((len(rows), over_rows.whole.n_members + len(self.joint), self.n_outputs))
        shown_then = np.empty(len(rows))
        for k in range(over_rows.n_folds):
            shown, query = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
            shown_then[query] = np.bincount(rows.code[shown], minlength=n_tasks)[rows.code[query]]
            answers[query, : over_rows.whole.n_members] = over_rows.ask(k, shown, query)
            for i, model in enumerate(self.joint, start=over_rows.whole.n_members):
                model.fit(_with_task(rows.take(shown)), rows.y[shown])
                answers[query, i] = model.answer(_with_task(rows.take(query)))
        for i, model in enumerate(self.joint, start=over_rows.whole.n_members):
            model.fit(_with_task(rows), rows.y)
            if self.kind == "classification":
                model.temperature = best_temperature(answers[:, i], rows.y)
                answers[:, i] = tempered(answers[:, i], model.temperature)
        sizes = np.unique(np.quantile(shown_then, [0.0, 0.1, 0.5, 0.9]).astype(int))
        self.weights_known = SizeWeights(sizes, self.kind).fit(answers, rows.y, shown_then, rows.code)
        return answers

    def _learn_new(self, over_tasks, n_tasks, rng):
        """The trust for new tasks of each size, from tasks that the members were fitted without."""
        rows, fold = over_tasks.rows, over_tasks.fold
        size = np.bincount(rows.code, minlength=n_tasks)
        n_draws = int(np.clip(_ENOUGH_ROWS // len(rows), 1, 5))
        answers, targets, n_shown, tasks = [], [], [], []
        sizes = [s for s in _SIZES if s < size.max()]
        for shots in (s for s in sizes for _ in range(n_draws if s else 1)):
            rank = random_ranks(rows.code, size, rng)
            asked = (rank >= shots) & (rank < shots + _QUERY_ROWS)
            for k in range(over_tasks.n_folds):
                query = np.flatnonzero(asked & (fold == k))
                if len(query):
                    shown = np.flatnonzero((rank < shots) & (fold == k) & (size > shots)[rows.code])
                    answers.append(over_tasks.ask(k, shown, query))
                    targets.append(rows.y[query])
                    n_shown.append(np.full(len(query), shots))
                    tasks.append(rows.code[query])
        parts = map(np.concatenate, (answers, targets, n_shown, tasks))
        self.weights_new = SizeWeights(sizes, self.kind).fit(*parts)

    def _folds_of_rows(self, rows, n_tasks, rng, unit):
        """Every task's rows, or the units they make up, spread evenly over the folds."""
        unit = np.arange(len(rows)) if unit is None or (unit == unit[0]).all() else unit
        names, first, unit = np.unique(unit, return_index=True, return_inverse=True)
        code = rows.code[first]
        order = np.argsort(code, kind="stable")
        rank = np.empty(len(names), dtype=np.int64)
        rank[order] = random_ranks(code[order], np.bincount(code, minlength=n_tasks), rng)
        fold = (rank + rng.permutation(n_tasks)[code]) % self.cv
        _, fold = np.unique(fold, return_inverse=True)  # with few rows some folds are empty
        return fold[unit.ravel()]

    # ------------------------------------------------------------------ more rows

    def add(self, rows, n_tasks):
        """A copy that has seen further rows, of its tasks or of new ones; members and trust stay as they are."""
        other = object.__new__(type(self))
        other.__dict__.update(vars(self), n_tasks=n_tasks)
        other.rows, order = self.rows.followed_by(rows)
        added = [np.empty((len(rows), self.n_outputs)) for _ in self.base]
        is_known = self._is_known(rows.code)
        for committee, mine in ((self.for_known, is_known), (self.for_new, ~is_known)):
            for out, answers in zip(added, committee.base(rows.X[mine])):
                out[mine] = answers
        other.base = [np.concatenate(pair)[order] for pair in zip(self.base, added)]
        return other

    def _is_known(self, code):
        """Whether a task was there when the members were fitted."""
        return (code >= 0) & (code < self.n_fitted)

    # ------------------------------------------------------------------ answers

    def answer(self, query):
        """(n_query, C) for rows sorted by task; code -1 is a task that has shown nothing."""
        n_shown = self.n_shown(query.code)
        out = np.empty((len(query), self.n_outputs))
        is_known = self._is_known(query.code)
        for mine, committee, weights in (
            (is_known, self.for_known, self.weights_known),
            (~is_known, self.for_new, self.weights_new),
        ):
            if mine.any():
                trust = weights(n_shown[mine])
                out[mine] = np.einsum("ne,nec->nc", trust, self._answers_of(committee, query.take(mine), trust))
        return out

    def _answers_of(self, committee, query, trust):
        """(n_query, E, C); members that no row trusts are left out, as zeros."""
        needed, n_members = (trust > 0).any(axis=0), committee.n_members
        shown = np.isin(self.rows.code, query.code)
        support_base = [F[shown] for F in self.base]
        answers = np.zeros((len(query), len(needed), self.n_outputs))
        answers[:, :n_members] = committee.answer(
            self.rows.take(shown), query, support_base=support_base, needed=needed[:n_members]
        )
        for i in np.flatnonzero(needed[n_members:]):
            answers[:, n_members + i] = self.joint[i].answer(_with_task(query))
        return answers

    def n_shown(self, code):
        count = np.bincount(self.rows.code, minlength=self.n_tasks)
        return np.where(code >= 0, count[np.maximum(code, 0)], 0)

    @property
    def names(self):
        """Of the members that new tasks are answered by."""
        pooled = [_name(model.estimator) for model in self.for_new.pooled]
        if not self.by_task:
            return pooled
        names = pooled + [f"{name} + {kind}" for name in pooled for kind in KINDS]
        names += [] if self.members.own is False else ["task's own model"]
        names += [_name(meta) for meta in self.members.metas]
        return names + ([] if self.members.correction is None else ["correction"])


def _with_task(rows):
    return np.hstack([rows.code[:, None].astype(np.float64), rows.X])


def _name(estimator):
    """The class; of a pipeline, its steps but for a scaler."""
    if estimator is None:
        return "mean"
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " ".join(type(step).__name__ for step in steps if not isinstance(step, StandardScaler))
