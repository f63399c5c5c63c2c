"""A mixture answers rows of known tasks, of groups that were seen and of a task never seen, and whole tasks."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmeta.exceptions import NotAdaptedError, warn_caller
from skmeta.task_mixture.fitting import added, asked
from skmeta.task_mixture.table import read_asked
from skmeta.tasks.ids import find_task_ids
from skmeta.tasks.splitting import asked_about


def answers_to_rows(estimator, X, task, how_sure=None):
    """(n_rows, C) blended answers for each target, or what ``how_sure`` asks for of them."""
    check_is_fitted(estimator)
    X, ids = find_task_ids(X, task, estimator.task_names_in_)
    if ids is None and not estimator.places_.has_current_task:
        _say_that_no_task_is_known(estimator)
    X = read_asked(estimator, X)
    place, group = estimator.places_.found(ids, len(X))
    by_group = (place < 0) & (group >= 0)
    out = []
    for mixture, of_groups in zip(estimator.mixtures_, estimator.group_mixtures_ or [None] * len(estimator.mixtures_)):
        answers = asked(mixture, X[~by_group], place[~by_group], how_sure)
        if by_group.any():
            of_others, answers = answers, np.empty((len(X), answers.shape[1]))
            answers[~by_group] = of_others
            answers[by_group] = asked(of_groups, X[by_group], group[by_group], how_sure)
        out.append(answers)
    return out


def _say_that_no_task_is_known(estimator):
    name = type(estimator).__name__
    if estimator.from_tasks_:
        raise NotAdaptedError(
            f"This {name} has seen tasks but has no current one: show it some labelled rows with partial_fit(X, y) "
            "or adapt(X, y), or ask for predict(tasks) or predict(X, task=ids)."
        )
    named = f"the column {estimator.task_names_in_}" if estimator.task_names_in_ else "task=ids"
    warn_caller(
        f"{name} was fitted on rows of known tasks and is asked without them: the answers are those to a task "
        f"never seen. Give it {named} too."
    )


def answers_to_tasks(estimator, tasks, how_sure=None):
    """Query rows of each task are answered, given its support: a list of (n_query, C) for each target."""
    check_is_fitted(estimator)
    tasks = asked_about(tasks)
    X, y = tasks.pooled
    X, code = read_asked(estimator, X), len(estimator.places_) + tasks.task_of_row
    is_support = tasks.is_support_row
    y = estimator._coded_targets(estimator._shaped_targets(y[is_support], False))
    ends = np.cumsum(tasks.n_query)[:-1]
    answers = []
    for mixture, target in zip(estimator.mixtures_, y.T):
        shown = added(mixture, X[is_support], target, code[is_support])
        answers.append(np.split(asked(shown, X[~is_support], code[~is_support], how_sure), ends))
    return list(zip(*answers))
