"""Any metric of scikit-learn, over tasks."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.metrics import get_scorer, log_loss
from sklearn.pipeline import Pipeline

from skmeta.exceptions import warn_caller
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.ids import factorize, find_task_ids
from skmeta.tasks.rows import take_rows
from skmeta.tasks.splitting import split_tasks, with_query_rows
from skmeta.training import MetaNet


def task_scorer(scoring, *, n_shots=None, random_state=0):
    """A scorer for ``GridSearchCV`` and its kin where the samples are tasks, and for skorch's ``EpochScoring``.

    Every task is adapted to its support rows (all tasks together), its query rows are answered, the metric is taken
    task by task, and the mean over tasks is the score. Rows of a long table are answered as they are, by an estimator
    that knows the column that names their tasks; the metric is again taken task by task.

    Parameters
    ----------
    scoring : str or scorer
        A name such as "accuracy", "balanced_accuracy", "roc_auc_ovr", "neg_log_loss" or "r2", or a scorer made by
        ``sklearn.metrics.make_scorer``.
    n_shots : int or None, default=None
        Split every task into this many support rows (per class for classifiers) and the rest. None takes tasks that
        have query rows as they are, and splits others by the estimator's own ``n_shots``.
    random_state : int, default=0
        Decides the split.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, tasks)``, or ``scorer(estimator, X, y)`` for rows of a long table.

    Examples
    --------
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmeta import ProtoNetClassifier, task_scorer
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2).sample(20, random_state=0)
    >>> scores = cross_val_score(ProtoNetClassifier(max_epochs=1), tasks, cv=2, scoring=task_scorer("roc_auc"))
    >>> scores.shape
    (2,)
    """
    return _TaskScorer(scoring, n_shots, random_state)


class _TaskScorer:
    def __init__(self, scoring, n_shots, random_state):
        self.scoring, self.n_shots, self.random_state = scoring, n_shots, random_state
        if scoring is None:
            raise ValueError("task_scorer needs a metric, such as 'accuracy' or 'r2', or a scorer; got None.")
        get_scorer(scoring)  # an unknown name is refused here rather than in every fold

    def __repr__(self):
        return f"task_scorer({self.scoring!r})"

    def __call__(self, estimator, tasks, y=None):
        if isinstance(estimator, MetaNet):  # skorch asks it, in the middle of training
            estimator, tasks = _in_training(estimator, tasks)
        is_long = y is not None and not is_tasks(tasks)
        scores, reason = self._scores_of_rows(estimator, tasks, y) if is_long else self._scores(estimator, tasks)
        if np.isnan(scores).all():
            because = f": {reason}" if reason else "."
            raise ValueError(f"{self!r} is undefined on every one of the {len(scores)} tasks{because}") from reason
        if np.isnan(scores).any():
            warn_caller(f"{self!r} is undefined on {np.isnan(scores).sum()} of {len(scores)} tasks.")
        return float(np.nanmean(scores))

    def per_task(self, estimator, tasks):
        """(n_tasks,) scores; NaN where a metric is undefined, as ROC AUC is for queries of one class."""
        return self._scores(estimator, tasks)[0]

    def _scores(self, estimator, tasks):
        """Every task's score, and what made the last undefined one so."""
        tasks = self._with_query(estimator, as_taskset(tasks))
        # a task too small to have a query row has no score; of the others all are answered together
        answered = with_query_rows(tasks)
        some, reason = self._each(_answer(estimator, answered), [(task.X_query, task.y_query) for task in answered])
        scores = np.full(len(tasks), np.nan)
        scores[tasks.n_query > 0] = some
        return scores, reason

    def _scores_of_rows(self, estimator, X, y):
        """The same of each task's rows of a long table."""
        names = getattr(_last(estimator), "task_names_in_", None)
        _, ids = find_task_ids(X, None, names)
        if ids is None:
            raise ValueError(
                f"{self!r} takes tasks, or rows of a table with the column that the estimator knows their tasks by: "
                f"name it as the parameter task= of {type(_last(estimator)).__name__}, and leave it in the table."
            )
        names, code = factorize(ids)
        of_task, y = [np.flatnonzero(code == place) for place in range(len(names))], np.asarray(y)
        return self._each(_answer_rows(estimator, X, of_task), [(take_rows(X, rows), y[rows]) for rows in of_task])

    def _each(self, answers, asked):
        """The score of each stand-in's answers, NaN where it is undefined, and what made the last undefined one so."""
        scorer = _LogLoss() if self.scoring == "neg_log_loss" else get_scorer(self.scoring)
        scores, reason = np.full(len(asked), np.nan), None
        for i, (one, (X, y)) in enumerate(zip(answers, asked)):
            try:
                scores[i] = _score_one(scorer, one, X, y)
            except ValueError as error:
                if "class" not in str(error):
                    raise
                reason = error
        return scores, reason

    def _with_query(self, estimator, tasks):
        if not tasks.query_labelled[tasks.n_query >= 0].all():
            name = tasks.called(np.flatnonzero(~tasks.query_labelled & (tasks.n_query >= 0))[0])
            raise ValueError(f"{self!r} needs labelled query rows, but task {name} has no y_query.")
        if self.n_shots is None and (tasks.n_query >= 0).all():
            return tasks
        n_shots = _last(estimator).n_shots if self.n_shots is None else self.n_shots
        return split_tasks(tasks, n_shots, random_state=self.random_state, per_class=is_classifier(estimator))


def _in_training(net, store):
    """The estimator as if training had ended now, and the tasks of what skorch scores."""
    if net._standing_estimator is None or not hasattr(store, "tasks"):
        raise ValueError(
            "A task scorer scores the tasks that fit holds out (validation_fraction), or with on_train=True those it "
            "trains on, which a distribution or augment makes anew each time."
        )
    return net._standing_estimator(), store.tasks


def _score_one(scorer, answers, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined metrics are counted and reported once, for all tasks
        return scorer(answers, X, y)


def _last(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _answer(estimator, tasks):
    """One stand-in per task that scikit-learn's scorers take for the adapted estimator."""
    predictions = estimator.predict(tasks)
    if not is_classifier(estimator):
        return [_AnsweredRegressor(y) for y in predictions]
    classes, probabilities = _last(estimator).task_classes(tasks), _Probabilities(estimator, tasks)
    kind = _AnsweredWithProbabilities if hasattr(estimator, "predict_proba") else _AnsweredClassifier
    return [kind(i, y, probabilities, c) for i, (y, c) in enumerate(zip(predictions, classes))]


def _answer_rows(estimator, X, of_task):
    """The same for the rows of each task of a long table."""
    predictions = estimator.predict(X)
    if not is_classifier(estimator):
        return [_AnsweredRegressor(predictions[rows]) for rows in of_task]
    probabilities = _Probabilities(estimator, X, of_task)
    kind = _AnsweredWithProbabilities if hasattr(estimator, "predict_proba") else _AnsweredClassifier
    classes = _last(estimator).classes_
    return [kind(i, predictions[rows], probabilities, classes) for i, rows in enumerate(of_task)]


class _Probabilities:
    """Of all tasks, or rows, together, and only if a metric asks for those of one task."""

    def __init__(self, estimator, asked, of_task=None):
        self.estimator, self.asked, self.of_task, self.found = estimator, asked, of_task, None

    def of(self, i):
        if self.found is None:
            self.found = self.estimator.predict_proba(self.asked)
        return self.found[i if self.of_task is None else self.of_task[i]]


class _AnsweredClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, i, y, probabilities, classes):
        self.i, self.y, self.probabilities, self.classes = i, y, probabilities, classes
        self.classes_ = classes

    def predict(self, X):
        return self.y


class _AnsweredWithProbabilities(_AnsweredClassifier):
    def predict_proba(self, X):
        return self.probabilities.of(self.i)


class _AnsweredRegressor(RegressorMixin, BaseEstimator):
    def __init__(self, y):
        self.y = y
        self.is_fitted_ = True

    def predict(self, X):
        return self.y


class _LogLoss:
    """``neg_log_loss`` that knows the task's classes, so that a query may lack some of them."""

    def __call__(self, answers, X, y):
        return -log_loss(y, answers.predict_proba(X), labels=answers.classes_)
