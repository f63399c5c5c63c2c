"""The classifiers' kind: probabilities and classes."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skmeta.documentation import documented_like
from skmeta.estimators.base.answers import object_array
from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.rows import require_labels
from skmeta.tasks import as_taskset, is_tasks
from skmeta.transaction import transaction

if TYPE_CHECKING:
    from typing_extensions import Self

#: how far a class that cannot be lies behind the others, in logits: a chance of one in a million
_LEAST = -13.8


class MetaClassifier(ClassifierMixin, MetaEstimator):
    """Base of the classifiers.

    Classes are either each task's own (N-way episodes; ``labels_ == "task"``) or shared by all tasks (a ``churn``
    column; ``labels_ == "shared"``, with ``meta_classes_``).
    """

    labels: str = "auto"

    _codec_class = Classes
    _is_calibrated = True
    score = MetaEstimator.score  # scikit-learn's mixin has one too, which knows rows only

    __metadata_request__predict_proba = {"task": True}
    __metadata_request__decision_function = {"task": True}

    @property
    def labels_(self) -> str:
        """Whether classes are each task's own or shared: "task" or "shared"."""
        return _of(self, "codec_", "labels_").regime

    @property
    def meta_classes_(self) -> np.ndarray:
        """The classes that all tasks share."""
        shared = _of(self, "codec_", "meta_classes_").shared
        if shared is None:
            raise AttributeError("meta_classes_ are there where tasks share their classes.")
        return shared

    @property
    def classes_(self) -> np.ndarray:
        """The classes of the current task, sorted."""
        if "task_" not in vars(self) and "known_tasks_" in vars(self):
            return self.codec_.known_classes(self.known_tasks_)  # scikit-learn's scorers ask for them
        return _of(self, "task_", "classes_").classes.names

    @documented_like(MetaEstimator.partial_fit)
    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, *, task: Any = None
    ) -> "Self":
        """Add labelled rows to the current task and adapt to all it has shown, from the meta-learned start.

        So two calls with halves of the rows equal one call with all of them. On an unfitted estimator the start is
        the initial weights.

        Parameters
        ----------
        y : array-like of shape (n_rows,)
        classes : array-like, default=None
            All classes the task can ever show; one not seen yet gets probability 0, and another label is an error.
            None lets new classes come with any call.
        """
        with transaction(self) as draft:
            require_labels(self, X, y)
            rows, ids = draft._take_ids(X, task)
            draft._show(rows, y, sample_weight, classes, ids)
        return self

    def task_classes(self, tasks: Any) -> np.ndarray:
        """The classes of each task, in the order of the columns of ``predict_proba(tasks)``.

        Parameters
        ----------
        tasks : collection of tasks

        Returns
        -------
        classes : object ndarray of shape (n_tasks,) of arrays
        """
        check_is_fitted(self)
        tasks = as_taskset(tasks)
        return object_array([one.names for one in self.codec_.about(tasks)])

    @documented_like(MetaEstimator.predict)
    def predict_proba(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Class probabilities, in the order of ``classes_`` (for tasks: of each task's own sorted classes).

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes), or object ndarray of shape (n_tasks,) of such arrays
        """
        logits, _ = self._answers(X, task)
        if is_tasks(X):
            return object_array([softmax(z, axis=1) for z in logits])
        return softmax(logits.astype(np.float64), axis=1)

    @documented_like(MetaEstimator.predict)
    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Logits of the current task's classes; for two classes, how far the second leads the first.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        scores : ndarray of shape (n_rows, n_classes), or (n_rows,) for two classes
            Finite: a class that cannot be lies 13.8, a chance of one in a million, behind the last that can.
        """
        logits, _ = self._answers(X, task, exact=True)
        least = logits.min(1, keepdims=True, initial=np.inf, where=np.isfinite(logits)) + _LEAST
        logits = np.where(np.isfinite(logits), logits, least)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits


def _of(estimator, holder, name):
    """The part of an estimator that knows an attribute; before it is there, neither is the attribute."""
    if holder not in vars(estimator):
        raise AttributeError(f"{type(estimator).__name__!r} object has no attribute {name!r} yet.")
    return vars(estimator)[holder]
