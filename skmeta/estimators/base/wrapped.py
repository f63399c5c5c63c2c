"""Any scikit-learn estimator behind the interface of the learners."""

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from skmeta.documentation import documented_like
from skmeta.estimators.base.answers import object_array, score
from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.current_task import Support, unpooled
from skmeta.estimators.base.parameters import check_settings
from skmeta.estimators.base.rows import check_weight, place_of_row, present_labels, refuse_no_rows, require_labels
from skmeta.estimators.base.targets import Targets
from skmeta.exceptions import NotAdaptedError
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.tasks import TaskSet, as_taskset, is_task_distribution, is_tasks
from skmeta.tasks.ids import factorize, find_task_ids, in_order_of_rows, names_of_columns, take_task_ids
from skmeta.tasks.rows import plain
from skmeta.tasks.splitting import asked_about
from skmeta.transaction import transaction


def _estimator_has(method):
    return available_if(lambda self: hasattr(self._prototype(), method))


class WrappedEstimator(Savable, LinkedToReference, MetaEstimatorMixin, BaseEstimator):
    """Base of the baselines; a subclass says in ``_fitted_for`` which rows its estimator sees.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Classifier or regressor; None is a ``LogisticRegression``.
    n_shots : int, default=5
        Support rows (per class) when ``score`` has to split tasks that have no query rows.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.

    Attributes
    ----------
    estimator_ : estimator
        The one that answers the current task.
    classes_ : ndarray of shape (n_classes,)
    task_names_in_ : list of str or None
        The columns that name tasks, after a fit in the long format.
    n_features_in_ : int
    """

    __metadata_request__fit = {"task": True}
    __metadata_request__partial_fit = {"task": True}
    __metadata_request__predict = {"task": True}
    __metadata_request__predict_proba = {"task": True}
    __metadata_request__decision_function = {"task": True}
    __metadata_request__score = {"task": True}

    def __init__(self, estimator=None, *, n_shots=5, task=None):
        self.estimator = estimator
        self.n_shots = n_shots
        self.task = task

    def _prototype(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = self._prototype().__sklearn_tags__()
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = inner.classifier_tags
        tags.regressor_tags = inner.regressor_tags
        tags.target_tags = inner.target_tags
        tags.input_tags = inner.input_tags
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_features_in_")

    # ------------------------------------------------------------------ ways in

    @documented_like(MetaClassifier.fit)
    def fit(self, X, y=None, *, task=None):
        """See many tasks, or one table.

        Parameters
        ----------
        X : collection of tasks, task distribution, or array-like of shape (n_rows, n_features)
            A distribution is drawn from once, 100 tasks.
        """
        check_settings(self)
        with transaction(self, keep_fitted=False) as draft:
            if is_task_distribution(X):
                X = X.sample(100, random_state=0)
            if is_tasks(X):
                draft._see(as_taskset(X))
                return self
            require_labels(self, X, y)
            task = self.task if task is None else task
            if task is not None:
                draft.task_names_in_ = names_of_columns(X, task)
                X, ids = take_task_ids(X, task)
                X, y = draft._validated(X, y, reset=True)
                tasks = TaskSet.from_long(X, y, ids)
                draft._learn(tasks)
                X, y = tasks.pooled
                draft.known_ = unpooled(tasks.names, tasks.n_rows, Support(X, y, np.ones(len(y))))
            else:
                X, y = draft._validated(X, y, reset=True)
                draft._adapt_to(Support(X.copy(), y.copy(), np.ones(len(y))))
        return self

    def _see(self, tasks):
        X, _ = tasks.pooled
        X = self._read(X, reset=True)
        self._check_labels(tasks)
        self._learn(tasks.with_rows(X))

    def _read(self, X, reset=False):
        return validate_data(self, plain(X), reset=reset, dtype=None, accept_sparse="csr", ensure_all_finite=False)

    def _validated(self, X, y, reset):
        y = present_labels(y)
        X, y = validate_data(
            self, plain(X), y, reset=reset, dtype=None, accept_sparse="csr", ensure_all_finite=False,
            multi_output=self.__sklearn_tags__().target_tags.multi_output, y_numeric=not is_classifier(self),
        )  # fmt: skip
        self._codec_class().check(y, type(self).__name__, place_of_row)
        return X, y

    def _codec_class(self):
        return Classes if is_classifier(self) else Targets

    def _check_labels(self, tasks):
        rows = np.flatnonzero(tasks.is_labelled_row)
        labels = tasks.pooled[1][rows]
        self._codec_class().check(labels, type(self).__name__, lambda i: place_of_row(rows[i], tasks))

    # ------------------------------------------------------------------ the current task

    @documented_like(MetaClassifier.adapt)
    def adapt(self, X, y, **partial_fit_params):
        """Turn to a new task: forget the rows of the current one, then ``partial_fit``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        **partial_fit_params
            ``sample_weight`` and ``task``; rows that say which task they are of take the place of what it had shown.
        """
        with transaction(self) as draft:
            for name in ("support_", "estimator_"):
                vars(draft).pop(name, None)
            X, ids = self._take_ids(X, partial_fit_params.pop("task", None))
            if ids is not None:
                known, again = vars(self).get("known_", {}), set(factorize(ids)[0])
                draft.known_ = {name: shown for name, shown in known.items() if name not in again}
            draft._show(X, y, ids=ids, **partial_fit_params)
        return self

    def _take_ids(self, X, task):
        """The table without its task columns, and one id a row; None where nothing says which task a row is of."""
        named = [self.task] if isinstance(self.task, str) else self.task
        return find_task_ids(X, task, vars(self).get("task_names_in_") or named)

    @documented_like(MetaClassifier.partial_fit)
    def partial_fit(self, X, y, classes=None, sample_weight=None, *, task=None):
        """Add labelled rows to the current task and fit anew.

        Parameters
        ----------
        classes : array-like, default=None
            Ignored; every label is welcome.
        """
        with transaction(self) as draft:
            X, ids = self._take_ids(X, task)
            draft._show(X, y, sample_weight, ids=ids)
        return self

    def _show(self, X, y, sample_weight=None, classes=None, ids=None):
        check_settings(self)
        X, y = self._validated(X, y, reset=not hasattr(self, "n_features_in_"))
        new = Support(X.copy(), y.copy(), check_weight(sample_weight, len(y)))
        if ids is None:
            old = vars(self).get("support_")
            if old is None:
                refuse_no_rows(new.weight)
            self._adapt_to(new if old is None else old.extended(new))
            return
        known = dict(vars(self).get("known_", {}))
        names, code = factorize(ids)
        if not any(name in known for name in names):
            refuse_no_rows(new.weight)
        for place, name in enumerate(names):
            rows = Support(*(part[code == place] for part in new.parts))
            if name not in known and not rows.weight.any():
                continue
            known[name] = known[name].extended(rows) if name in known else rows
            self._fitted_for(known[name])  # asked for anew when it answers: here, that rows it refuses are not kept
        self.known_ = known

    def _adapt_to(self, support):
        self.support_, self.estimator_ = support, self._fitted_for(support)

    def _fitted(self, X, y, weight):
        """The estimator fitted on rows; weights that say something must be of use to it."""
        estimator = clone(self._prototype())
        if (weight == 1).all():
            return estimator.fit(X, y)
        if has_fit_parameter(estimator, "sample_weight"):
            return estimator.fit(X, y, sample_weight=weight)
        if not np.isin(weight, (0, 1)).all():
            raise ValueError(f"{type(estimator).__name__} takes no sample_weight.")
        return estimator.fit(X[weight > 0], y[weight > 0])

    def _adapted(self):
        check_is_fitted(self)
        if "estimator_" not in vars(self):
            raise NotAdaptedError(
                f"This {type(self).__name__} has seen tasks but has no current one: show it some labelled rows with "
                "partial_fit(X, y) or adapt(X, y), or ask for predict(tasks)."
            )
        return self.estimator_

    @property
    def classes_(self):
        """Classes of the current task, sorted; without one, those of all tasks that are known by their ids."""
        if not is_classifier(self):
            raise AttributeError("A regressor has no classes_.")
        if "estimator_" not in vars(self) and "known_" in vars(self):
            return self._known_classes
        return self._adapted().classes_

    @property
    def _known_classes(self):
        return self._classes_beside(np.unique(np.concatenate([np.unique(one.y) for one in self.known_.values()])))

    @documented_like(MetaClassifier.task_classes)
    def task_classes(self, tasks):
        check_is_fitted(self)
        return object_array([self._classes_beside(np.unique(one.y)) for one in as_taskset(tasks)])

    # ------------------------------------------------------------------ answers

    def _answers(self, X, task, method):
        """The current task's estimator answers all rows; with ids, each known task's answers its own."""
        X, ids = self._take_ids(X, task)
        if ids is None:
            self._adapted()
        X = self._read(X)
        if ids is None:
            return getattr(self.estimator_, method)(X)
        names, code = factorize(ids)
        known = vars(self).get("known_", {})
        for name in names:
            if name not in known:
                raise ValueError(f"Task {name!r} was never seen: show {type(self).__name__} some of its rows first.")
        answers = []
        for place, name in enumerate(names):
            estimator = self._fitted_for(known[name])
            mine = getattr(estimator, method)(X[code == place])
            answers.append(self._in_known_columns(mine, estimator, method, name))
        return in_order_of_rows(answers, code)

    def _in_known_columns(self, answers, estimator, method, name):
        """Chances in columns of all known classes; other scores have no place for a class that is not there."""
        if method == "predict":
            return answers
        classes = self._known_classes
        if np.array_equal(estimator.classes_, classes):
            return answers
        if method != "predict_proba":
            raise ValueError(
                f"Task {name!r} has shown the classes {estimator.classes_.tolist()}, but {classes.tolist()} are known: "
                f"their {method} cannot be compared; ask for predict_proba."
            )
        out = np.zeros((len(answers), len(classes)))
        out[:, np.searchsorted(classes, estimator.classes_)] = answers
        return out

    def _answer_tasks(self, tasks, method):
        check_is_fitted(self)
        tasks = asked_about(tasks)
        self._check_labels(tasks)
        return object_array([self._answer_task(one, method) for one in self._checked(tasks)])

    def _answer_task(self, one, method):
        answer = getattr(self._fitted_for(Support(one.X, one.y, np.ones(len(one.y)))), method)
        return answer(one.X_query) if one.X_query.shape[0] else answer(one.X)[:0]  # none answers no rows

    @documented_like(MetaClassifier.predict)
    def predict(self, X, *, task=None):
        return self._answer_tasks(X, "predict") if is_tasks(X) else self._answers(X, task, "predict")

    @_estimator_has("predict_proba")
    @documented_like(MetaClassifier.predict_proba)
    def predict_proba(self, X, *, task=None):
        """Class probabilities, in the order of ``classes_`` (for tasks: of each task's own sorted classes).

        Parameters
        ----------
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; the columns are then the classes of all known tasks.
        """
        return self._answer_tasks(X, "predict_proba") if is_tasks(X) else self._answers(X, task, "predict_proba")

    @_estimator_has("decision_function")
    @documented_like(MetaClassifier.decision_function)
    def decision_function(self, X, *, task=None):
        """The estimator's own scores of rows.

        Parameters
        ----------
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; all of these must have shown the same classes.

        Returns
        -------
        scores : ndarray of shape (n_rows, n_classes), or (n_rows,) for two classes
        """
        return self._answers(X, task, "decision_function")

    @documented_like(MetaClassifier.score)
    def score(self, X, y=None, sample_weight=None, *, task=None):
        """Accuracy or R2: on rows of the current task, or over many tasks, as the learners count them.

        Parameters
        ----------
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, after a fit in the long format.
        """
        return score(self, self._codec_class(), X, y, sample_weight, task, self.n_shots)
