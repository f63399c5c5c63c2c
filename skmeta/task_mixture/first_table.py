"""The table that a mixture is fitted on: what counts of it is read, its tasks are named, its members fitted."""

from sklearn import config_context
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from skmeta.task_mixture.fitting import TableOfTasks
from skmeta.task_mixture.jobs import Jobs
from skmeta.task_mixture.mixture import Members, Mixture
from skmeta.task_mixture.row_weights import check_weighable, relative, say_something
from skmeta.task_mixture.table import first_numbers, read_groups, read_labelled, rows_that_count, spread_evenly
from skmeta.task_mixture.task_places import TaskPlaces
from skmeta.tasks.ids import factorize


def learn_table(estimator, X, y, sample_weight, ids, groups):
    """Fit a mixture for every target of a table whose task columns have been taken out."""
    _refuse_other_kinds(estimator)
    X, y, weight, ids, groups = _read(estimator, X, y, sample_weight, ids, groups)
    estimator.places_, code = TaskPlaces().opened(ids, len(y))
    y = estimator._learn_targets(y)
    _fit_mixtures(estimator, first_numbers(estimator, X), y, code, weight, groups)


def _read(estimator, X, y, sample_weight, ids, groups):
    """Rows that count are returned, with their targets, weights, ids of tasks and numbers of groups."""
    given = X
    X, y = read_labelled(estimator, X, y, reset=True)
    given, groups = given if hasattr(given, "shape") else X, read_groups(groups, len(y))
    y, X, given, ids, groups, weight = rows_that_count(sample_weight, y, X, given, ids, groups)
    if not len(y):
        raise ValueError("Every sample_weight is zero, which leaves no row to learn from.")
    if len(y) < 2:
        raise ValueError("Found array with 1 sample(s), while a minimum of 2 is required.")
    estimator.probes_ = None if ids is None else spread_evenly(given)
    weight, estimator.weight_unit_ = relative(weight, len(y))
    if say_something(weight):
        check_weighable([*_pooled_by_name(estimator), *fitted_anew(estimator)])
    if not X.shape[1] and ids is None:
        raise ValueError(
            f"{type(estimator).__name__} needs features or tasks; the table has no columns, and task is None."
        )
    if ids is None:
        estimator.current_weight_unit_ = estimator.weight_unit_
    return X, y, weight, ids, None if groups is None else factorize(groups)[1]


def _fit_mixtures(estimator, X, y, code, weight, groups):
    seed = int(check_random_state(estimator.random_state).randint(2**31 - 1))
    jobs, places = Jobs(estimator.n_jobs, estimator.verbose), estimator.places_
    table = TableOfTasks(X, code, len(places), weight, groups, seed)
    places = estimator.places_ = places.moved(table.position)

    def new(target):
        return Mixture(_members(estimator, target), estimator._n_outputs, estimator.cv, seed)

    with config_context(enable_metadata_routing=False):  # the members are ours: nothing is routed to them
        estimator.mixtures_, estimator.group_mixtures_ = [table.fitted(new(one), one, jobs) for one in y.T], []
        if places.are_nested:
            group = places.group_of_place[table.code], places.n_groups
            estimator.group_mixtures_ = [table.fitted_to_groups(new(one), one, *group, jobs) for one in y.T]


def _refuse_other_kinds(estimator):
    """Refuse members that do not answer as the mixture does."""
    for one in [*_pooled_by_name(estimator), *fitted_anew(estimator)]:
        name, mixture = type(one).__name__, type(estimator).__name__
        if not is_classifier(estimator) and hasattr(one, "__sklearn_tags__") and is_classifier(one):
            raise ValueError(f"{name} is a classifier, but a {mixture} is made of regressors.")
        if is_classifier(estimator) and not hasattr(one, "predict_proba"):
            raise ValueError(f"{name} has no predict_proba, which a {mixture} asks of its members.")


def _members(estimator, y):
    if isinstance(estimator.pooled, str):
        pooled, joint = estimator._default_members(y)
    else:
        pooled = _pooled_by_name(estimator)
        joint = [one for one in pooled if hasattr(one, "categorical_features")]
    return Members(pooled, joint, estimator.per_task, list(estimator.meta))


def _pooled_by_name(estimator):
    """The pooled models that the user has given."""
    pooled = estimator.pooled
    if isinstance(pooled, str):
        return []
    return list(pooled) if isinstance(pooled, (list, tuple)) else [pooled]


def fitted_anew(estimator):
    """The estimators that are fitted to rows of single tasks are listed."""
    return [*([] if estimator.per_task is None else [estimator.per_task]), *estimator.meta]
