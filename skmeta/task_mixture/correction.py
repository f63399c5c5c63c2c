"""What tells tasks of one kind from those of another: a model that sees what a task has shown."""

import numpy as np

from skmeta.mixed_models.effects_around_model import ask_effects
from skmeta.mixed_models.segments import random_ranks
from skmeta.task_mixture.pooled_model import PooledModel

_ENOUGH_ROWS = 30_000


class Correction:
    """An estimator of what the effects leave to be said.

    Trees can only cut along what they see: here they see a row, the answers of intercepts and slopes to it, and how
    many rows its task has shown. So they learn, from tasks of which a random part has been shown, how the answer
    changes with what was shown, and need no fitting to a new task.

    Parameters
    ----------
    estimator : regressor or classifier
    n_classes : int
    random_state : int
    """

    def __init__(self, estimator, n_classes, random_state):
        self.model, self.random_state = PooledModel(estimator, n_classes), random_state
        self.is_regression = n_classes == 1

    def fit(self, rows, base, effects):
        """Learn from rows, pooled models' answers to them (of models that have not seen them), and the effects."""
        rng = np.random.default_rng(self.random_state)
        names, code, size = np.unique(rows.code, return_inverse=True, return_counts=True)
        inputs, targets = [], []
        for _ in range(int(np.clip(_ENOUGH_ROWS // len(rows), 1, 3))):
            rank = random_ranks(code, size, rng)
            n_shown = np.floor(np.exp(rng.uniform(0, np.log(np.maximum(size, 2))))).astype(int)
            n_shown[(rng.random(len(size)) < 0.2) | (size < 2)] = 0
            shown = rank < n_shown[code]
            support, query = (type(rows)(rows.X[i], rows.y[i], code[i]) for i in (shown, ~shown))
            answers = [F[~shown] for F in base]
            for F, variants in zip(base, effects):
                for design, model in variants:
                    answers.append(ask_effects(design, model, support, query, F[shown], F[~shown], len(names)))
            columns, offset = self._seen(support, query, answers, len(base), len(names))
            inputs.append(columns)
            targets.append(query.y - offset[:, 0] if self.is_regression else query.y)
        self.model.fit(np.concatenate(inputs), np.concatenate(targets))
        return self

    def _seen(self, support, query, answers, n_pooled, n_tasks):
        """What the estimator looks at, and what it corrects: the mean of the answers of intercepts and slopes."""
        base = np.stack(answers[:n_pooled], axis=1)
        effects = np.stack(answers[n_pooled:], axis=1)[:, : 3 * n_pooled]
        effects = effects.reshape(len(query), n_pooled, 3, -1)[:, :, :2]
        if n_pooled > 1:  # the mean has nothing to say that the others do not
            base, effects = base[:, 1:], effects[:, 1:]
        if not self.is_regression:
            base, effects = (np.log(p / p[..., -1:])[..., :-1] for p in (base, effects))
        offset = effects.mean((1, 2))
        apart = (effects - offset[:, None, None]).reshape(len(query), -1)
        shift = (effects[:, :, 0] - base).mean(1)
        n_shown = np.bincount(support.code, minlength=n_tasks)[query.code]
        seen = [query.X, apart, shift, np.log1p(n_shown)[:, None]]
        return np.hstack(seen if self.is_regression else [*seen, offset]), offset

    def answer(self, support, query, answers, n_pooled, n_tasks):
        """(n_query, C), from the other members' answers: pooled models, then three kinds of effects around each."""
        columns, offset = self._seen(support, query, answers, n_pooled, n_tasks)
        answer = self.model.answer(columns)
        return answer + offset if self.is_regression else answer
