"""How the members of a fitted mixture are called: after their models, and by what was added to them."""

from sklearn.preprocessing import StandardScaler

from skmeta.mixed_models.effects_around_model import KINDS


def of_new_tasks(mixture):
    """The names of the members that new tasks are answered by."""
    return _around(mixture, mixture.for_new.pooled, mixture.by_task)


def of_known_tasks(mixture):
    """The names of the members that tasks of the table are answered by."""
    return _of_all_tasks(mixture) + [f"{_name(one.estimator)} with the task" for one in mixture.joint]


def of_rows_ahead(mixture):
    """The names of the members that rows later than those of their task are answered by."""
    if mixture.n_ahead is None:
        return of_known_tasks(mixture)
    pooled = mixture.for_known.pooled if mixture.kind == "regression" else []
    return _of_all_tasks(mixture) + [f"{_name(one.estimator)} from the last row" for one in pooled]


def _of_all_tasks(mixture):
    """The names of the members fitted to all tasks."""
    return _around(mixture, mixture.for_known.pooled, mixture.for_known.n_effects > 0)


def _around(mixture, pooled, with_effects):
    names = [_name(model.estimator) for model in pooled]
    if not with_effects:
        return names
    names += [f"{name} + {kind}" for name in names for kind in KINDS]
    names += [] if mixture.members.own is None else ["task's own model"]
    return names + [_name(meta) for meta in mixture.members.metas]


def _name(estimator):
    """The class; of a pipeline, its steps but for a scaler."""
    if estimator is None:
        return "mean"
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " ".join(type(step).__name__ for step in steps if not isinstance(step, StandardScaler))
