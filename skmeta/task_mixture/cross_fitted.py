"""Members asked about rows that they were fitted without: those of whole tasks, or some of every task's."""

import copy

import numpy as np
from sklearn.base import clone

from skmeta.mixed_models.effects_around_model import fit_effects
from skmeta.task_mixture.committee import Committee
from skmeta.task_mixture.own_model import OwnModel
from skmeta.task_mixture.pooled_model import PooledModel, best_temperature, tempered

_STIFF = 0.9  # of the loss on rows not seen is at least the loss on rows seen


class CrossFitted:
    """A committee fitted on all rows, and for each fold of them one fitted on the others.

    What a fold is makes the question. Whole tasks: how good are answers about tasks never seen? Some rows of every
    task: how good are they about tasks that the members were fitted on? What tasks add to a pooled model is learned
    from its answers to rows that it was fitted without, or a flexible one would leave nothing to be added. Where folds
    cut through tasks, a stiff one speaks for itself on the rows it was fitted to: it leaves as much to be added there,
    and what its versions for different folds differ by would pass for what the task adds.

    Parameters
    ----------
    members : Members
    n_outputs : int
        Classes; 1 for regression.
    seed : int
    jobs : Jobs
    question : str
        What progress is told under.
    """

    def __init__(self, members, n_outputs, seed, jobs, question):
        self.members, self.n_outputs, self.seed = members, n_outputs, seed
        self.jobs, self.question = jobs, question

    def fit(self, rows, fold, pooled, tasks_tell=True, whole=None):
        """Fit all committees.

        Parameters
        ----------
        rows : Rows
        fold : (n_rows,) array of int
        pooled : list of PooledModel
            Fitted on all rows.
        tasks_tell : bool
            Whether there are tasks enough to learn from what they add; if not, pooled models are the only members.
        whole : Committee or None
            Of all rows, where that has been fitted with other folds.
        """
        self.rows, self.fold, self.n_folds = rows, fold, int(fold.max()) + 1
        fold_pooled = self._cross_fit(pooled)
        self.is_stiff, self.support_base = self._stiff_models()
        if not tasks_tell:
            self.whole, self.parts = Committee(self.pooled), [Committee(models) for models in fold_pooled]
            return self
        chosen = [np.flatnonzero(fold != k) for k in range(self.n_folds)]
        sides = [(rows, self.pooled, self.support_base)]
        sides += [
            (rows.take(some), models, self._support_base(models, some)) for some, models in zip(chosen, fold_pooled)
        ]
        self.whole, *self.parts = self._committees(sides, whole)
        return self

    def _run(self, what, function, arguments):
        return self.jobs(f"{self.question}: {what}", function, arguments)

    def _cross_fit(self, pooled):
        """The pooled models fitted without each fold; their answers to the rows of that fold are kept in ``base``."""
        self.base, self.pooled = [np.empty((len(self.rows), self.n_outputs)) for _ in pooled], pooled
        train = [self.rows.take(self.fold != k) for k in range(self.n_folds)]
        hidden = [np.flatnonzero(self.fold == k) for k in range(self.n_folds)]

        def fit_one(k, i):
            seen = train[k]
            model = PooledModel(pooled[i].estimator, self.n_outputs).fit(seen.X, seen.y, seen.code, seen.weight)
            return model, model.answer(self.rows.X[hidden[k]])

        places = [(k, i) for k in range(self.n_folds) for i in range(len(pooled))]
        fold_pooled = [[] for _ in range(self.n_folds)]
        for (k, i), (model, answers) in zip(places, self._run("pooled models", fit_one, places)):
            fold_pooled[k].append(model)
            self.base[i][hidden[k]] = answers
        if self.n_outputs > 1:
            self.pooled = [copy.copy(model) for model in pooled]
            for i, model in enumerate(self.pooled):
                temperature = best_temperature(self.base[i], self.rows.y, self.rows.weight)
                self.base[i] = tempered(self.base[i], temperature)
                for one in [model, *(models[i] for models in fold_pooled)]:
                    one.temperature = temperature
        return fold_pooled

    def _stiff_models(self):
        """Which pooled models are hardly better on rows that they have seen, where that matters.

        And all models' answers from which effects of tasks are learned: of these, those to rows that they have seen.
        """
        first_fold = self.fold[np.searchsorted(self.rows.code, self.rows.code)]
        if (self.fold == first_fold).all():
            return [False] * len(self.pooled), self.base
        pairs = [(model.answer(self.rows.X), hidden) for model, hidden in zip(self.pooled, self.base)]
        is_stiff = [_loss(seen, self.rows) > _STIFF * _loss(hidden, self.rows) for seen, hidden in pairs]
        return is_stiff, [seen if stiff else hidden for stiff, (seen, hidden) in zip(is_stiff, pairs)]

    def _support_base(self, pooled, chosen):
        """The same for some rows, and models that were fitted without a fold."""
        return [
            model.answer(self.rows.X[chosen]) if is_stiff else F[chosen]
            for model, is_stiff, F in zip(pooled, self.is_stiff, self.base)
        ]

    def _committees(self, sides, whole):
        """One committee for each of the sides ``(rows, pooled models, their answers)``; the first are all rows."""
        members, first = self.members, 0 if whole is None else 1  # to be fitted

        def effects_of(side, i, start=None):
            rows, pooled, base = sides[side]
            model = pooled[i]
            is_constant = model.estimator is None
            return fit_effects(base[i], rows, self.n_outputs, self.seed, start, model.multiplies, is_constant)

        n_pooled = len(sides[0][1])
        if whole is None:
            start = self._run("effects of tasks", effects_of, [(0, i) for i in range(n_pooled)])
        else:
            start = whole.effects
        places = [(side, i) for side in range(1, len(sides)) for i in range(n_pooled)]
        others = self._run("effects of tasks without a fold", effects_of, [(s, i, start[i]) for s, i in places])
        effects = [start, *(others[at : at + n_pooled] for at in range(0, len(others), n_pooled))]

        own = None if members.own is None else OwnModel(seeded(members.own, self.seed), self.n_outputs)

        def meta_of(side, meta):
            rows = sides[side][0]
            return seeded(meta, self.seed).fit(rows.X, rows.y, task=rows.code)

        metas = [[meta_of(side, meta) for meta in members.metas] for side in range(first, len(sides))]

        fitted = range(first, len(sides))
        made = [Committee(sides[side][1], effects[side], own, metas[i]) for i, side in enumerate(fitted)]
        return made if whole is None else [whole, *made]

    def ask(self, k, shown, query):
        """(n_query, E, C) answers of the committee fitted without fold ``k`` to rows of that fold.

        ``shown`` and ``query`` are positions of the rows that the tasks have shown, and of those asked about, and for
        each the number of the draw that it belongs to: in another draw a task is another task.
        """
        part = self.parts[k]
        bases = self._support_base(part.pooled, shown[0]), [F[query[0]] for F in self.base]
        return part.answer(self._drawn(*shown), self._drawn(*query), *bases)

    def of_earlier(self, shown):
        """A committee fitted to the rows at these positions alone, and what its pooled models answer to these."""
        rows = self.rows.take(shown)

        def fitted_again(model):
            return model.again(rows.X, rows.y, rows.code, rows.weight)

        pooled = self._run("pooled models of earlier rows", fitted_again, [(model,) for model in self.pooled])
        base = self._support_base(pooled, shown)
        _, part = self._committees([(self.rows, self.pooled, self.support_base), (rows, pooled, base)], self.whole)
        return part, base

    def _drawn(self, position, draw):
        rows = self.rows.take(position)
        return rows.with_code(rows.code + draw * (self.rows.code[-1] + 1))


def _loss(F, rows):
    """Mean squared error, or log loss."""
    losses = (F[:, 0] - rows.y) ** 2 if F.shape[1] == 1 else -np.log(F[np.arange(len(rows)), rows.y])
    return np.average(losses, weights=rows.weight)


def seeded(estimator, seed):
    """A clone whose unset random states are set."""
    estimator = clone(estimator)
    random = {k: seed for k, v in estimator.get_params().items() if k.endswith("random_state") and v is None}
    return estimator.set_params(**random) if random else estimator
