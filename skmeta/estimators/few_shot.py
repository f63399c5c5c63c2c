"""A meta-trained estimator as a plain one: fit is adaptation, and clone keeps what was meta-learned."""

import copy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, RegressorMixin, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmeta.documentation import documented, documented_like
from skmeta.estimators.base.answers import weight_of_score
from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.targets import Targets
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.tasks import is_task_distribution, is_tasks
from skmeta.tasks.rows import as_pandas, plain, stack_labels, stack_rows
from skmeta.transaction import copy_of, transaction


def _learner_has(method):
    return available_if(lambda self: hasattr(_last(self.learner), method))


def _last(learner):
    return learner[-1] if isinstance(learner, Pipeline) else learner


def _kept(X):
    """Copy rows, since the user's may change, into a container that further rows can follow in."""
    X = as_pandas(X)
    return X.copy() if hasattr(X, "shape") and hasattr(X, "copy") else np.array(X)


class _FewShot(Savable, LinkedToReference, MetaEstimatorMixin, BaseEstimator):
    """A meta-trained estimator stands behind ``fit(X, y)``, for classes and for numbers alike.

    Parameters
    ----------
    learner : estimator or Pipeline
        Meta-trained. Its own state is never changed.
    adaptation : dict or None, default=None
        Parameters to set on the copy that adapts, such as ``{"adapt_steps": 10}``; can be searched over.

    Attributes
    ----------
    learner_ : estimator
        The adapted copy.
    n_features_in_ : int
    """

    def __init__(self, learner, *, adaptation=None):
        self.learner = learner
        self.adaptation = adaptation

    def __sklearn_clone__(self):
        # clone() of a meta-trained estimator forgets its training, which is what this class is there to prevent
        return self._unfitted()

    def _unfitted(self):
        """A copy that has its parameters and metadata requests, and no task."""
        return copy_of(self, keep_fitted=False)

    def get_params(self, deep=True):
        """Parameters of this estimator; the learner is finished and its own parameters are not offered.

        Parameters
        ----------
        deep : bool, default=True
            Ignored.

        Returns
        -------
        params : dict
        """
        return {"learner": self.learner, "adaptation": self.adaptation}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags._skip_test = True  # scikit-learn's checks bring tables of many widths; a learner has one
        tags.input_tags.sparse = True
        return tags

    def fit(self, X, y=None, sample_weight=None):
        """Adapt to a task; nothing is meta-trained.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            The task's support rows.
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None

        Returns
        -------
        self : object
        """
        self._require_one_task(X)
        with transaction(self, keep_fitted=False) as draft:
            draft._start(X, y)
            draft._show(X, y, sample_weight, "adapt")
        return self

    def partial_fit(self, X, y, sample_weight=None, **params):
        """Add support rows to the task.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None
        **params
            ``classes``, for classifiers.

        Returns
        -------
        self : object
        """
        self._require_one_task(X)
        is_first = not hasattr(self, "learner_")
        with transaction(self) as draft:
            if is_first:
                draft._start(X, y)
            if is_first or draft._fits_on_support():
                # preprocessing that is fitted on the support changes with it, so all rows are needed again
                if not is_first:
                    X, y, sample_weight = draft._with_earlier_rows(X, y, sample_weight)
                    draft._start(X, y)
                draft._show(X, y, sample_weight, "adapt", **params)
            else:
                draft.learner_ = copy.copy(draft.learner_)
                draft._show(X, y, sample_weight, "partial_fit", **params)
        return self

    def _require_one_task(self, X):
        if is_tasks(X) or is_task_distribution(X):
            raise ValueError(
                f"{type(self).__name__} adapts to the rows of one task, but X holds tasks. It wraps a learner that is "
                "meta-trained already: fit that one on the tasks."
            )

    def _start(self, X, y):
        """Fresh copies: of the estimator that adapts, and of the transformers before it."""
        if not hasattr(_last(self.learner), "adapt") or isinstance(self.learner, type):
            raise ValueError(
                f"learner of {type(self).__name__} must be a meta-trained estimator of this library, or a pipeline "
                f"that ends in one, got {self.learner!r}."
            )
        if not isinstance(self.adaptation, (dict, type(None))):
            raise ValueError(
                f"adaptation of {type(self).__name__} must be None or a dict of parameters of the learner, got "
                f"{self.adaptation!r}."
            )
        if is_classifier(_last(self.learner)) != is_classifier(self):
            raise ValueError(
                f"The learner of {type(self).__name__} is a {type(_last(self.learner)).__name__}: wrap classifiers in "
                "FewShotClassifier and regressors in FewShotRegressor."
            )
        if not getattr(_last(self.learner), "pretrained", False):
            check_is_fitted(self.learner)
        X = plain(X)
        self.learner_ = copy.copy(_last(self.learner))
        if self.adaptation:
            self.learner_.set_params(**self.adaptation)
        steps = self.learner.steps[:-1] if isinstance(self.learner, Pipeline) else []
        self.transformers_ = []
        rows = X
        for _, step in steps:
            if step in (None, "passthrough"):
                continue
            step = step.for_task(rows) if hasattr(step, "for_task") else step
            rows = step.transform(rows)
            self.transformers_.append(step)
        is_table = len(getattr(X, "shape", ())) == 2
        X = X if is_table else check_array(X, dtype=None, ensure_all_finite=False)
        validate_data(self, X, skip_check_array=True)

    def _fits_on_support(self):
        steps = self.learner.steps[:-1] if isinstance(self.learner, Pipeline) else []
        return any(getattr(step, "fit_on", None) == "support" for _, step in steps)

    def _with_earlier_rows(self, X, y, sample_weight):
        old_X, old_y, old_weight = self.shown_
        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
        return stack_rows([old_X, _kept(X)]), stack_labels([old_y, y]), np.concatenate([old_weight, weight])

    def _show(self, X, y, sample_weight, method, **params):
        if sample_weight is not None:
            params["sample_weight"] = sample_weight
        getattr(self.learner_, method)(self._transformed(X), y, **params)
        if self._fits_on_support():
            weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight)
            self.shown_ = _kept(X), np.array(y), np.array(weight)

    def _transformed(self, X):
        check_is_fitted(self, "learner_")
        if is_tasks(X):
            raise ValueError(
                f"{type(self).__name__} answers rows of the one task it was fitted to. For whole tasks ask "
                "learner.predict(tasks)."
            )
        X = plain(X)
        if len(getattr(X, "shape", ())) == 2:
            validate_data(self, X, reset=False, skip_check_array=True)
        for step in self.transformers_:
            X = step.transform(X)
        return X

    def predict(self, X, **params):
        """Predict rows of the task.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        **params
            Passed on, for instance ``return_std=True``.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        X = self._transformed(X)
        return self.learner_.predict(X, **params)

    def score(self, X, y, sample_weight=None):
        """Accuracy or R2 of the answers to rows of the task.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None

        Returns
        -------
        score : float
        """
        answers = self.predict(X)
        return self._codec_class.metric(y, answers, sample_weight=weight_of_score(sample_weight, y))


@documented
class FewShotClassifier(ClassifierMixin, _FewShot):
    """A meta-trained classifier, or a pipeline that ends in one, as an ordinary scikit-learn classifier.

    ``fit(X, y)`` adapts to the rows and meta-trains nothing, and ``clone`` keeps the meta-trained learner. So
    cross-validation, learning curves, calibration and ensembles over *one* new task work as for any classifier.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmeta import FewShotClassifier, ProtoNetClassifier
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=20).sample(20, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> cross_val_score(FewShotClassifier(meta), tasks[19].X, tasks[19].y, cv=4).shape
    (4,)
    """

    _codec_class = Classes
    score = _FewShot.score  # scikit-learn's mixin has one too, to which the unit of weights matters

    @property
    def classes_(self):
        """Classes of the task, sorted."""
        return self.learner_.classes_

    @_learner_has("predict_proba")
    @documented_like(_FewShot.predict)
    def predict_proba(self, X):
        """Class probabilities, in the order of ``classes_``.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        X = self._transformed(X)
        return self.learner_.predict_proba(X)

    @_learner_has("decision_function")
    @documented_like(_FewShot.predict)
    def decision_function(self, X):
        """Logits of the classes.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_classes), or (n_rows,) for two classes
        """
        X = self._transformed(X)
        return self.learner_.decision_function(X)


@documented
class FewShotRegressor(RegressorMixin, _FewShot):
    """A meta-trained regressor, or a pipeline that ends in one, as an ordinary scikit-learn regressor.

    ``fit(X, y)`` adapts to the rows and meta-trains nothing, and ``clone`` keeps the meta-trained learner.

    Examples
    --------
    >>> from skmeta import FewShotRegressor, MAMLRegressor
    >>> from skmeta.tasks import Sinusoids
    >>> task = Sinusoids(n_shots=10).sample(1, random_state=0)[0]
    >>> meta = MAMLRegressor(inner_lr=0.01, max_epochs=1, random_state=0).fit(Sinusoids(n_shots=10))
    >>> FewShotRegressor(meta).fit(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
    True
    """

    _codec_class = Targets
    score = _FewShot.score
