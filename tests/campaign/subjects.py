"""Every public estimator, fitted to small tasks; and what must stay as it was."""

import contextlib
import hashlib
import json
import warnings
from functools import cache

import numpy as np
import sklearn
import torch
from sklearn.base import BaseEstimator, is_classifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

import skmeta
from skmeta.saving.objects import Encoder
from tests.estimators import contract
from tests.estimators.contract import cheap, trained

CLUSTERS, LINES = (contract.tasks_for(cls) for cls in (skmeta.ProtoNetClassifier, skmeta.MAMLRegressor))

#: what the wrappers are made with
_MADE_WITH = {
    "FewShotClassifier": lambda: {"learner": trained(skmeta.ProtoNetClassifier)},
    "FewShotRegressor": lambda: {"learner": trained(skmeta.MAMLRegressor)},
    "PerTask": lambda: {"transformer": StandardScaler()},
    "PerTaskBaseline": lambda: {"estimator": LogisticRegression()},
    "PooledBaseline": lambda: {"estimator": LogisticRegression()},
    "SourceSelector": lambda: {"estimator": cheap(skmeta.FineTuneTransfer), "n_sources": 3},
    "TaskMixtureClassifier": lambda: {"pooled": LogisticRegression(), "per_task": None, "random_state": 0},
    "TaskMixtureRegressor": lambda: {"pooled": LinearRegression(), "per_task": None, "random_state": 0},
}
PUBLIC = {
    name: found
    for name, found in ((name, getattr(skmeta, name)) for name in skmeta.__all__)
    if isinstance(found, type) and issubclass(found, BaseEstimator)
}
ESTIMATORS = [name for name, cls in PUBLIC.items() if hasattr(cls, "predict")]
TRANSFORMERS = [name for name in PUBLIC if name not in ESTIMATORS]
#: fitted by rows, not by tasks
BY_ROWS = ("FewShotClassifier", "FewShotRegressor", "TableEncoder")


def unfitted(name, **settings):
    return cheap(PUBLIC[name], **_MADE_WITH.get(name, dict)() | settings)


@cache
def classifies(name):
    return is_classifier(unfitted(name))


def tasks_for(name):
    return CLUSTERS if classifies(name) else LINES


def rows_for(name):
    """The support and the query rows of a task: X, y, X to ask."""
    task = tasks_for(name)[0]
    return task.X, task.y, task.X_query


@cache
def _saved(name):
    cls, (X, y, _) = PUBLIC[name], rows_for(name)
    estimator = trained(cls) if cls in contract.CLASSES else unfitted(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name in BY_ROWS:
            estimator.fit(X, y)
        elif name.startswith("TaskMixture"):
            estimator.fit(*_long(name))
        else:
            if cls not in contract.CLASSES:
                estimator.fit(tasks_for(name))
            if hasattr(estimator, "partial_fit"):
                estimator.partial_fit(X, y)
    encoder = Encoder()
    return encoder.encode(estimator), {str(place): array for place, array in enumerate(encoder.arrays)}, estimator


def _long(name):
    X, y, _ = tasks_for(name).to_long()
    return X, y


def fitted(name):
    """A fitted and, where that is possible, adapted estimator: a copy that is nobody else's."""
    from skmeta.saving.objects import Decoder, Given

    written, arrays, _ = _saved(name)
    arrays = {place: (dtype, array.copy()) for place, (dtype, array) in arrays.items()}
    return Decoder(arrays, 10**9, Given("")).decode(written)


def picture(estimator):
    """A digest that any change of an estimator's state changes."""
    encoder = Encoder()
    digest = hashlib.sha256(json.dumps(encoder.encode(estimator), sort_keys=True).encode())
    for _, array in encoder.arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def surroundings():
    """All that is global, and nobody's to change."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return {
        "numpy's generator": (name, keys.tobytes(), *rest),
        "torch's generator": torch.random.get_rng_state().numpy().tobytes(),
        "default dtype": torch.get_default_dtype(),
        "threads of torch": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "errors of numpy": np.geterr(),
        "scikit-learn's configuration": sklearn.get_config(),
    }


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
