"""Why the in-context estimators answer as they do: the columns and the support rows behind an answer."""

import numpy as np
from scipy.special import log_softmax
from sklearn.utils import Bunch

from skmeta.estimators.base.current_task import task_of


def attribution(estimator, X):
    """Columns and rows of the support behind the answers of an in-context estimator."""
    state, rows = task_of(estimator).state, estimator.rows_.read(estimator, estimator._take_ids(X, None)[0])
    of_kind = _of_classes if estimator.codec_.task_type == "classification" else _of_targets
    return of_kind(estimator.served_, estimator.codec_, state, rows)


def _of_classes(served, codec, state, rows):
    """Columns and rows behind the log-probabilities of the predicted classes."""

    def ask(some):
        return log_softmax(served.answer(state, some).astype(np.float64), axis=1)

    whole = ask(rows)
    chosen = whole.argmax(1)
    each = np.arange(len(rows))
    hidden = _hidden_one_by_one(rows, lambda some: ask(some)[each, chosen])
    support = served.contributions(state, rows)[0][each, :, chosen]
    return Bunch(columns=whole[each, chosen][:, None] - hidden, support=support)


def _of_targets(served, codec, state, rows):
    """Columns and rows behind the predicted targets."""

    def ask(some):
        return codec.decode(served.answer(state, some).astype(np.float64))

    columns = ask(rows)[:, None] - _hidden_one_by_one(rows, ask)
    # one task for each target; contributions are in units of the support's own scale
    support = np.moveaxis(served.contributions(state, rows)[..., 0], 0, -1)
    support = support * (served.support_scale(state) * codec.scale)
    return Bunch(columns=columns, support=codec.in_shape(support))


def _hidden_one_by_one(rows, ask):
    """``ask`` with every column missing in turn, stacked along axis 1."""
    answers = []
    for j in range(rows.shape[1]):
        hidden = rows.copy()
        hidden[:, j] = np.nan
        answers.append(ask(hidden))
    return np.stack(answers, 1)
