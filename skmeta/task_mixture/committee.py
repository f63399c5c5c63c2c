"""The models among which a task mixture chooses, fitted on one selection of tasks and answering for other tasks."""

from functools import partial

import numpy as np
from sklearn.base import is_classifier

from skmeta.estimators.base.current_task import answers_without_rows
from skmeta.mixed_models.effects_around_model import ask_effects
from skmeta.task_mixture.pooled_model import tempered
from skmeta.tasks import TaskSet


class Committee:
    """Pooled models, task effects around each, each task's own model, and meta-learners.

    Parameters
    ----------
    pooled : list of PooledModel, fitted
    effects : list of list of (Design, effects), fitted; for each pooled model
    own : OwnModel or None
    metas : list of meta-estimators, fitted in the long format
    """

    def __init__(self, pooled, effects=None, own=None, metas=()):
        self.pooled, self.own, self.metas = pooled, own, metas
        self.effects = [[] for _ in pooled] if effects is None else effects
        self.n_effects = sum(map(len, self.effects))

    @property
    def n_members(self):
        return len(self.pooled) + self.n_effects + (self.own is not None) + len(self.metas)

    def base(self, X, needed=None):
        """The pooled models' answers, a list of (n_rows, C); a model that is not needed answers 0."""
        needed = np.ones(len(self.pooled), dtype=bool) if needed is None else needed
        return [
            model.answer(X) if ask else np.zeros((len(X), model.n_classes)) for model, ask in zip(self.pooled, needed)
        ]

    def with_what_they_rest_on(self, needed):
        """The needed members (E,), and those whose answers they use."""
        needed = needed.copy()
        n_pooled, last = len(self.pooled), len(self.pooled) + self.n_effects
        variants = needed[n_pooled:last].reshape(n_pooled, -1)
        needed[:n_pooled] |= variants.any(1)
        needed[0] = True  # what members fall back to
        return needed

    def answer(self, support, query, support_base=None, query_base=None, needed=None):
        """(n_query, E, C): every member's answer to the query rows, given what their tasks have shown.

        ``support_base`` and ``query_base`` are the pooled models' answers where they are known already; a member that
        is not among the ``needed`` (E,) answers 0, if no other needs it.
        """
        needed = np.ones(self.n_members, dtype=bool) if needed is None else self.with_what_they_rest_on(needed)
        bases = needed[: len(self.pooled)]
        query_base = self.base(query.X, bases) if query_base is None else query_base
        support_base = self.base(support.X, bases) if support_base is None else support_base
        names, code = np.unique(np.concatenate([support.code, query.code]), return_inverse=True)
        support, n_tasks = support.with_code(code[: len(support)]), len(names)
        query = query.with_code(code[len(support) :])
        answers = list(query_base)

        def add(ask):
            answers.append(ask() if needed[len(answers)] else np.zeros_like(query_base[0]))

        for F_support, F_query, variants in zip(support_base, query_base, self.effects):
            for design, effects in variants:
                add(partial(ask_effects, design, effects, support, query, F_support, F_query, n_tasks))
        if self.own is not None:
            add(partial(self.own.answer, support, query, query_base[0], n_tasks))
        for meta in self.metas:
            add(partial(_ask_meta, meta, support, query, n_tasks, query_base[0]))
        return np.stack(answers, axis=1).clip(*self.pooled[0].bounds)


def _ask_meta(meta, support, query, n_tasks, fallback):
    n_support = np.bincount(support.code, minlength=n_tasks)
    n_query = np.bincount(query.code, minlength=n_tasks)
    can = n_query > 0
    if not answers_without_rows(meta):
        can &= n_support > 0
    out = fallback.copy()
    if not can.any():
        return out
    shown, asked = can[support.code], can[query.code]
    code = np.concatenate([support.code[shown], query.code[asked]])
    order = np.argsort(code, kind="stable")
    some = np.repeat(support.y[:1] if len(support) else np.zeros(1, dtype=support.y.dtype), asked.sum())
    tasks = TaskSet.from_pool(
        np.concatenate([support.X[shown], query.X[asked]])[order],
        np.concatenate([support.y[shown], some])[order],
        n_support[can],
        n_query[can],
        labelled=np.zeros(int(can.sum()), dtype=bool),
    )
    if not is_classifier(meta):
        out[asked] = np.concatenate(list(meta.predict(tasks)))[:, None]
        return out
    p = np.full((int(asked.sum()), fallback.shape[1]), 0.0)
    p[:, meta.meta_classes_] = np.concatenate(list(meta.predict_proba(tasks)))
    out[asked] = tempered(p)
    return out
