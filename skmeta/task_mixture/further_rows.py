"""Rows that come after fitting: added to their tasks, weighed beside those before, and forgotten again."""

import numpy as np

from skmeta.estimators.base.classes import refuse_undeclared
from skmeta.estimators.base.rows import refuse_no_rows
from skmeta.task_mixture.first_table import fitted_anew
from skmeta.task_mixture.fitting import added
from skmeta.task_mixture.row_weights import check_weighable, relative, say_something
from skmeta.task_mixture.table import numbers, read_labelled, rows_that_count


def show_rows(estimator, X, y, sample_weight, ids):
    """Add rows to the tasks that their ids name, or without ids to the current one."""
    X, y = read_labelled(estimator, X, y, reset=False)
    is_known = (estimator.places_.found(ids, len(y))[0] >= 0).any()
    y, X, ids, weight = rows_that_count(sample_weight, y, X, ids)
    if not len(y):
        if not is_known:
            refuse_no_rows(weight)
        return
    weight = _in_unit(estimator, weight, len(y), of_current_task=ids is None)
    estimator.places_, code = estimator.places_.opened(ids, len(y))
    X, y, group = numbers(estimator, X), estimator._coded_targets(y), estimator.places_.group_of_place[code]
    estimator.mixtures_ = [added(mixture, X, one, code, weight) for mixture, one in zip(estimator.mixtures_, y.T)]
    if (group >= 0).all():
        groups = zip(estimator.group_mixtures_, y.T)
        estimator.group_mixtures_ = [added(mixture, X, one, group, weight) for mixture, one in groups]


def _in_unit(estimator, weight, n_rows, of_current_task):
    """Weights beside those that came before: of ``fit`` or, of the current task, of its first rows."""
    name = "current_weight_unit_" if of_current_task else "weight_unit_"
    weight, unit = relative(weight, n_rows, vars(estimator).get(name, None if of_current_task else 1.0))
    if of_current_task:
        estimator.current_weight_unit_ = unit
    if say_something(weight):
        check_weighable(fitted_anew(estimator))
    return weight


def forget_opened(estimator, ids):
    """Further rows of tasks are forgotten; rows that members were fitted on stay in these."""
    place, _ = estimator.places_.found(ids, len(ids))
    known = np.unique(place[place >= 0])
    fitted = known[known < estimator.mixtures_[0].shown.n_fitted]
    if len(fitted):
        name = next(name for name, at in estimator.places_.place.items() if at == fitted[0])
        raise ValueError(
            f"Task {name!r} was there when the mixture was fitted, and cannot be forgotten: add rows to it by "
            "partial_fit, or give adapt its rows without the column that names their task."
        )
    for at in known:
        estimator.mixtures_ = [mixture.without(at) for mixture in estimator.mixtures_]


def refuse_other_classes(estimator, y, classes):
    """Refuse labels that the user has not declared, and declared ones that are not among those of ``fit``."""
    refuse_undeclared(y, classes)
    if len(unknown := np.setdiff1d(classes, vars(estimator).get("classes_", classes))):
        raise ValueError(
            f"classes= declares {unknown.tolist()}, but fit saw {estimator.classes_.tolist()} alone, and all tasks of "
            "a mixture share these: fit it anew on rows of all classes."
        )
