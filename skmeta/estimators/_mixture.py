"""The mixture of pooled, per-task and meta-learned models, on rows of numbers: fitted, trusted, asked."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skmeta.estimators._blending import SizeWeights
from skmeta.estimators._committee import Committee
from skmeta.estimators._committee_members import OwnModel, PooledModel, best_temperature, tempered
from skmeta.estimators._correction import Correction
from skmeta.estimators._effects_around import KINDS, fit_effects
from skmeta.estimators._task_effects import random_ranks

_SIZES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_QUERY_ROWS = 20  # of a task and size, when weights for new tasks are learned
_FEWEST_TASKS = 4  # with fewer, nothing can be learned about tasks
_MOST_CATEGORIES = 255  # that histogram gradient boosting takes


@dataclass
class Members:
    """Unfitted estimators, and how to treat them.

    ``joint`` are fitted to all rows with the task as a category, the first column; ``own`` to each task, where None
    is a quick linear model and False is nothing; ``correction`` is what a :class:`~._correction.Correction` is made
    of, or None.
    """

    pooled: list
    joint: list
    own: object
    metas: list = field(default_factory=list)
    correction: object = None


class Mixture:
    """Members fitted on tasks, and the trust in each of them.

    Everything is learned from two cross-validations. *Over tasks*: members fitted on the other tasks answer a task's
    rows, given 0, 1, 2, 5, ... of its rows; that tells what to trust on a new task of each size. *Over rows*: they
    answer hidden rows of a task, given its others; that tells what to trust on the tasks of the table itself, where
    models that have seen the task's own rows compete as well. Task ``t`` of the table is answered by the members that
    were fitted without it, and its rows as their support: an answer of the same kind as those that were scored.

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
        pooled = [self._pooled(estimator) for estimator in (None, *self.members.pooled)]
        self.by_task = n_tasks >= _FEWEST_TASKS
        takes_category = self.members.joint if 1 < n_tasks <= _MOST_CATEGORIES else []
        self.joint = [self._pooled(clone(one).set_params(categorical_features=[0])) for one in takes_category]
        hidden_in = self._folds_of_rows(rows, n_tasks, rng, unit)
        joint_answers = self._row_folds(self.joint, _with_task, rows, hidden_in)
        learn = self._learn_tasks if self.by_task else self._learn_pooled
        answers = np.concatenate([learn(pooled, rows, n_tasks, hidden_in, rng), joint_answers], axis=1)
        n_shown = np.bincount(rows.code, minlength=n_tasks)[rows.code]
        shown_then = np.maximum(n_shown - n_shown // max(hidden_in.max() + 1, 1), 1)
        nodes = np.unique(np.quantile(shown_then, [0.1, 0.5, 0.9]).astype(int))
        self.weights_known = SizeWeights(nodes, self.kind).fit(answers, rows.y, shown_then, rows.code)
        for model in self.joint:
            model.fit(_with_task(rows), rows.y)
        self.rows, self.n_tasks = rows, n_tasks
        return self

    def _pooled(self, estimator):
        return PooledModel(None if estimator is None else seeded(estimator, self.seed), self.n_outputs)

    def _learn_pooled(self, pooled, rows, n_tasks, hidden_in, rng):
        """Too few tasks to learn from: a blend of pooled models, chosen by held-out rows."""
        answers = self._row_folds(pooled, lambda r: r.X, rows, hidden_in)
        for model in pooled:
            model.fit(rows.X, rows.y, rows.code)
        self.committee = Committee(pooled)
        self.weights_new = SizeWeights([0], self.kind).fit(answers, rows.y, np.zeros(len(rows)), hidden_in)
        return answers

    def _learn_tasks(self, pooled, rows, n_tasks, hidden_in, rng):
        n_folds = min(self.cv, n_tasks)
        self.fold_of_task = rng.permutation(n_tasks) % n_folds
        fold = self.fold_of_task[rows.code]
        fold_models, self.base = self._out_of_task(pooled, rows, fold, n_folds)
        for model in pooled:
            model.fit(rows.X, rows.y, rows.code)
        self.committee = self._committee_on(rows, np.arange(len(rows)), pooled)
        self.fold_committees = [
            self._committee_on(rows, np.flatnonzero(fold != k), fold_models[k], self.committee.effects)
            for k in range(n_folds)
        ]
        self._learn_weights_new(rows, fold, n_tasks, rng)
        answers = np.empty((len(rows), self.committee.n_members, self.n_outputs))
        for k in range(n_folds):
            for hidden in range(hidden_in.max() + 1):
                query = np.flatnonzero((fold == k) & (hidden_in == hidden))
                shown = np.flatnonzero((fold == k) & (hidden_in != hidden))
                answers[query] = self._ask_fold(k, rows, shown, query)
        return answers

    def _ask_fold(self, k, rows, shown, query):
        base = [[F[chosen] for F in self.base] for chosen in (shown, query)]
        return self.fold_committees[k].answer(rows.take(shown), rows.take(query), *base)

    def _out_of_task(self, pooled, rows, fold, n_folds):
        """Pooled models for each fold of tasks, fitted on the others, and their answers to the rows they never saw."""
        base = [np.empty((len(rows), self.n_outputs)) for _ in pooled]
        fold_models = []
        for k in range(n_folds):
            train, test = rows.take(fold != k), rows.X[fold == k]
            models = [PooledModel(model.estimator, self.n_outputs) for model in pooled]
            for model, answers in zip(models, base):
                answers[fold == k] = model.fit(train.X, train.y, train.code).answer(test)
            fold_models.append(models)
        if self.kind == "classification":
            for i, model in enumerate(pooled):
                temperature = best_temperature(base[i], rows.y)
                base[i] = tempered(base[i], temperature)
                for one in [model, *(models[i] for models in fold_models)]:
                    one.temperature = temperature
        return fold_models, base

    def _committee_on(self, rows, chosen, pooled, start=None):
        some, base = rows.take(chosen), [F[chosen] for F in self.base]
        starts = [None] * len(base) if start is None else start
        effects = [fit_effects(F, some, self.n_outputs, self.seed, before) for F, before in zip(base, starts)]
        own = None if self.members.own is False else OwnModel(self._own_estimator(), self.n_outputs).fit(rows.X)
        metas = [seeded(meta, self.seed).fit(some.X, some.y, task=some.code) for meta in self.members.metas]
        correction = None
        if self.members.correction is not None:
            estimator = seeded(self.members.correction, self.seed)
            correction = Correction(estimator, self.n_outputs, self.seed).fit(some, base, effects)
        return Committee(pooled, effects, own, metas, correction)

    def _own_estimator(self):
        return None if self.members.own is None else seeded(self.members.own, self.seed)

    def _learn_weights_new(self, rows, fold, n_tasks, rng):
        size = np.bincount(rows.code, minlength=n_tasks)
        rank = random_ranks(rows.code, size, rng)
        answers, targets, n_shown, tasks = [], [], [], []
        sizes = [s for s in _SIZES if s < size.max()]
        for shots in sizes:
            asked = (rank >= shots) & (rank < shots + _QUERY_ROWS)
            for k in range(len(self.fold_committees)):
                query = np.flatnonzero(asked & (fold == k))
                if len(query):
                    shown = np.flatnonzero((rank < shots) & (fold == k) & (size > shots)[rows.code])
                    answers.append(self._ask_fold(k, rows, shown, query))
                    targets.append(rows.y[query])
                    n_shown.append(np.full(len(query), shots))
                    tasks.append(rows.code[query])
        parts = map(np.concatenate, (answers, targets, n_shown, tasks))
        self.weights_new = SizeWeights(sizes, self.kind).fit(*parts)

    def _row_folds(self, models, columns, rows, hidden_in):
        """Answers of models that have seen the tasks, but not the row: (n_rows, len(models), C)."""
        answers = np.empty((len(rows), len(models), self.n_outputs))
        for hidden in range(hidden_in.max() + 1):
            train, test = rows.take(hidden_in != hidden), hidden_in == hidden
            for i, model in enumerate(models):
                fitted = PooledModel(model.estimator, self.n_outputs).fit(columns(train), train.y, train.code)
                answers[test, i] = fitted.answer(columns(rows.take(test)))
        if self.kind == "classification":
            for i, model in enumerate(models):
                model.temperature = best_temperature(answers[:, i], rows.y)
                answers[:, i] = tempered(answers[:, i], model.temperature)
        return answers

    def _folds_of_rows(self, rows, n_tasks, rng, unit):
        """Every task's rows, or the units they make up, spread evenly over the folds."""
        n_folds = min(self.cv, len(rows))
        unit = np.arange(len(rows)) if unit is None else unit
        names, first, unit = np.unique(unit, return_index=True, return_inverse=True)
        code = rows.code[first]
        order = np.argsort(code, kind="stable")
        rank = np.empty(len(names), dtype=np.int64)
        rank[order] = random_ranks(code[order], np.bincount(code, minlength=n_tasks), rng)
        return ((rank + rng.integers(n_folds, size=n_tasks)[code]) % n_folds)[unit.ravel()]

    # ------------------------------------------------------------------ more rows

    def add(self, rows, n_tasks):
        """A copy that has seen further rows, of its tasks or of new ones; members and trust stay as they are."""
        other = object.__new__(type(self))
        other.__dict__.update(vars(self), n_tasks=n_tasks)
        other.rows, order = self.rows.followed_by(rows)
        if self.by_task:
            added = self._base_of(rows)
            other.base = [np.concatenate(pair)[order] for pair in zip(self.base, added)]
        return other

    def _base_of(self, rows):
        """Pooled answers to rows, by the models that were fitted without their tasks."""
        fold = self._fold_of(rows.code)
        base = [np.empty((len(rows), self.n_outputs)) for _ in self.committee.pooled]
        for k, committee in [*enumerate(self.fold_committees), (-1, self.committee)]:
            for out, answers in zip(base, committee.base(rows.X[fold == k])):
                out[fold == k] = answers
        return base

    def _fold_of(self, code):
        """Which fold a task was in; -1 where it came after ``fit``."""
        n_fitted = len(self.fold_of_task)
        return np.where((code >= 0) & (code < n_fitted), self.fold_of_task[np.clip(code, 0, n_fitted - 1)], -1)

    # ------------------------------------------------------------------ answers

    def answer(self, query):
        """(n_query, C) for rows sorted by task; code -1 is a task that has shown nothing."""
        n_shown = self.n_shown(query.code)
        if not self.by_task:
            answers = np.stack(self.committee.base(query.X), axis=1)
            joint = [model.answer(_with_task(query)) for model in self.joint]
            known = np.concatenate([answers, *(one[:, None] for one in joint)], axis=1)
            known, new = _mixed(known, self.weights_known(n_shown)), _mixed(answers, self.weights_new(n_shown))
            return np.where((n_shown > 0)[:, None] | (not self.joint), known, new)
        out = np.empty((len(query), self.n_outputs))
        fold = self._fold_of(query.code)
        shown_fold = self._fold_of(self.rows.code)
        asked = np.unique(query.code)
        for k in np.unique(fold):
            wanted = np.flatnonzero(fold == k)
            shown = np.flatnonzero((shown_fold == k) & np.isin(self.rows.code, asked))
            trust = (self.weights_new if k < 0 else self.weights_known)(n_shown[wanted])
            out[wanted] = _mixed(self._answers_of_fold(k, query.take(wanted), shown, trust), trust)
        return out

    def _answers_of_fold(self, k, query, shown, trust):
        """(n_query, E, C); members that no row trusts are left out, as zeros."""
        committee = self.committee if k < 0 else self.fold_committees[k]
        needed = (trust > 0).any(axis=0)
        support_base = [F[shown] for F in self.base]
        n_members = committee.n_members
        answers = committee.answer(self.rows.take(shown), query, support_base=support_base, needed=needed[:n_members])
        if k < 0:
            return answers
        joint = np.zeros((len(query), len(self.joint), self.n_outputs))
        for i, model in enumerate(self.joint):
            if needed[n_members + i]:
                joint[:, i] = model.answer(_with_task(query))
        return np.concatenate([answers, joint], axis=1)

    def n_shown(self, code):
        count = np.bincount(self.rows.code, minlength=self.n_tasks)
        return np.where(code >= 0, count[np.maximum(code, 0)], 0)

    @property
    def names(self):
        """Of the members that new tasks are answered by."""
        pooled = [_name(model.estimator) for model in self.committee.pooled]
        if not self.by_task:
            return pooled
        names = pooled + [f"{name} + {kind}" for name in pooled for kind in KINDS]
        names += [] if self.members.own is False else ["task's own model"]
        names += [_name(meta) for meta in self.members.metas]
        return names + ([] if self.members.correction is None else ["correction"])


def seeded(estimator, seed):
    """A clone whose unset random states are set."""
    estimator = clone(estimator)
    random = {k: seed for k, v in estimator.get_params().items() if k.endswith("random_state") and v is None}
    return estimator.set_params(**random) if random else estimator


def _with_task(rows):
    return np.hstack([rows.code[:, None].astype(np.float64), rows.X])


def _mixed(answers, weights):
    return np.einsum("ne,nec->nc", weights, answers)


def _name(estimator):
    """The class; of a pipeline, its steps but for a scaler."""
    if estimator is None:
        return "mean"
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " ".join(type(step).__name__ for step in steps if not isinstance(step, StandardScaler))
