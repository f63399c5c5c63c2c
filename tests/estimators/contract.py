"""What tests of the common contract need of any estimator: small tasks it can learn, and a trained one."""

import copy
import inspect
from functools import cache

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge

from skmeta.estimators import MetaKNeighborsClassifier, MetaKNeighborsRegressor
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.learners.sequences.sequence import SequenceLearner
from skmeta.registry import all_estimators
from skmeta.tasks import GaussianClusters, LinearFamily

CLASSES = [cls for cls in all_estimators() if issubclass(cls, MetaEstimator)]
CLASSIFIERS = [cls for cls in CLASSES if is_classifier(cls())]
REGRESSORS = [cls for cls in CLASSES if not is_classifier(cls())]
#: learners that read a task's rows one after another
READS_IN_ORDER = [cls for cls in CLASSES if issubclass(cls._learner_class, SequenceLearner)]
#: learners to which a row of weight 2 is not two rows: it is read once, or is one neighbour of the k that count
COUNTS_ROWS = [*READS_IN_ORDER, MetaKNeighborsClassifier, MetaKNeighborsRegressor]
every_estimator = pytest.mark.parametrize("cls", CLASSES)
every_classifier = pytest.mark.parametrize("cls", CLASSIFIERS)
every_regressor = pytest.mark.parametrize("cls", REGRESSORS)
CHEAP = {"max_epochs": 1, "steps_per_epoch": 3, "batch_size": 4, "random_state": 0}

CLUSTERS = GaussianClusters(n_ways=3, n_shots=4, n_query=5, n_features=4, n_irrelevant=2)
LINES = LinearFamily(n_features=4, n_shots=10, n_query=8)


def cheap(cls, **params):
    """An untrained estimator that will train for a moment only."""
    return _with(cls, CHEAP, params)


def quick(cls):
    """An untrained estimator that hardly trains at all, with all else as it is by default."""
    return _with(cls, {"max_epochs": 1, "steps_per_epoch": 2}, {})


#: what makes others short that do not train by epochs
SHORT = {
    "TaskMixtureClassifier": {"pooled": LogisticRegression(), "cv": 2, "random_state": 0},
    "TaskMixtureRegressor": {"pooled": Ridge(), "cv": 2, "random_state": 0},
    "WeightAverageTransfer": {"source_steps": 2},
    "WeightAverageTransferRegressor": {"source_steps": 2},
}


def _with(cls, settings, params):
    known = set(inspect.signature(cls.__init__).parameters)
    settings = {name: value for name, value in settings.items() if name in known}
    return cls(**settings | SHORT.get(cls.__name__, {}) | params)


@cache
def tasks_for(cls, seed=0):
    family = CLUSTERS if is_classifier(cls()) else LINES
    return family.sample(12, random_state=seed)


@cache
def ragged_tasks(cls):
    """Supports, queries and ways of many sizes."""
    if is_classifier(cls()):
        return GaussianClusters(n_ways=(2, 5), n_shots=(1, 6), n_query=(1, 4), n_features=4).sample(9, random_state=3)
    return LinearFamily(n_features=4, n_shots=(1, 12), n_query=(2, 9)).sample(9, random_state=3)


@cache
def _trained(cls):
    return cheap(cls).fit(tasks_for(cls))


def trained(cls):
    """Meta-trained, without a task. Training is shared between tests, the estimator is not."""
    return copy.copy(_trained(cls))


@cache
def _trained_on_a_table(cls):
    task = one_task(cls)
    return cheap(cls).fit(task.X, task.y)


def trained_on_a_table(cls):
    """Fitted to the rows of ``one_task`` alone."""
    return copy.copy(_trained_on_a_table(cls))


@cache
def _trained_on_shared_labels(cls):
    from tests.conftest import make_shared_tasks

    return cheap(cls).fit(make_shared_tasks())


def trained_on_shared_labels(cls):
    return copy.copy(_trained_on_shared_labels(cls))


def one_task(cls, seed=1):
    return tasks_for(cls, seed)[0]


def answers(estimator, X):
    """What an estimator says about rows, as numbers: probabilities or predictions."""
    if is_classifier(estimator):
        return estimator.predict_proba(X)
    return estimator.predict(X)


def everything_in(estimator):
    """A picture of an estimator that shows any change: parameters, attributes, weights, answers' ingredients."""
    picture = {}
    for name, value in sorted(vars(estimator).items()):
        if name == "net_":
            weights = {k: v.numpy().tobytes() for k, v in value.module_.state_dict().items()}
            picture[name] = (id(value), weights, len(value.history))
        elif name == "task_":
            picture[name] = tuple(np.asarray(part).tobytes() for part in value.rows.parts)
        elif name == "known_tasks_":
            picture[name] = {task: rows.X.tobytes() + rows.weight.tobytes() for task, rows in value.supports.items()}
        elif isinstance(value, np.ndarray):
            picture[name] = value.tolist()
        else:
            picture[name] = (id(value), repr(value))
    return picture
