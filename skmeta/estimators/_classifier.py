"""The classifier's half of the contract: label spaces, the current task's classes, probabilities."""

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._answers import object_array
from skmeta.estimators._base import MetaEstimator
from skmeta.estimators._encoding import codes_among, refuse_other_kind
from skmeta.estimators._label_space import LabelSpace
from skmeta.estimators._long_format import LongFormatMixin
from skmeta.estimators._support import Support
from skmeta.estimators._support_effects import ExplainSupportOfClassesMixin
from skmeta.tasks import TaskSet, as_taskset, is_tasks


class MetaClassifier(ExplainSupportOfClassesMixin, LongFormatMixin, LabelSpace, ClassifierMixin, MetaEstimator):
    """Base of the classifiers.

    Classes are either each task's own (N-way episodes; ``labels_ == "task"``) or shared by all tasks (a ``churn``
    column; ``labels_ == "shared"``, with ``meta_classes_``).
    """

    _task_type = "classification"
    _default_criterion = torch.nn.CrossEntropyLoss
    _target_validation = {}

    __metadata_request__predict_proba = {"task": True}

    def __init__(self, module=None, *, labels="auto", **params):
        super().__init__(module, **params)
        self.labels = labels

    # ------------------------------------------------------------------ one table

    def _fit_one_table(self, X, y):
        self._forget_task()
        X, y = self._validate_rows(X, y, reset=not self._goes_on)
        classes, count = np.unique(y, return_counts=True)
        self._set_label_space("task" if self.labels == "task" else "shared", classes)
        rng = check_random_state(self.random_state)
        table = TaskSet([(X, y)])
        can_learn = (count >= 2).sum() >= 2
        train, valid = self._hold_out_rows(table, rng) if can_learn else (self._store(table), None)
        self._train_on_table(train, valid, rng, can_learn)
        self._adapt_to(Support.of(X, y, np.ones(len(y))))

    def _hold_out_rows(self, table, rng):
        if not self.validation_fraction:
            return self._store(table), None
        X, y = table.pooled
        parts = train_test_split(
            X, y, test_size=self.validation_fraction, stratify=y, random_state=rng.randint(2**31 - 1)
        )
        return self._store(TaskSet([(parts[0], parts[2])])), self._store(TaskSet([(parts[1], parts[3])]))

    def _initialize_untrained(self, X, y):
        self._set_label_space("task", np.unique(y))
        self._train(self._store(TaskSet([(X, y)])), None, check_random_state(self.random_state), epochs=0)

    # ------------------------------------------------------------------ the current task

    def partial_fit(self, X, y, classes=None, sample_weight=None, *, task=None):
        """Add labelled rows to the current task and adapt to all it has shown, from the meta-learned start.

        So two calls with halves of the rows equal one call with all of them. On an unfitted estimator the start is
        the initial weights.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : array-like, default=None
            All classes the task can ever show; one not seen yet gets probability 0, and another label is an error.
            None lets new classes come with any call.
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to: rows are added to those tasks, and new ones opened.

        Returns
        -------
        self : object
        """
        draft = self._draft()
        if classes is not None:
            draft._declare(np.unique(classes))
        if task is not None:
            draft._show_long(X, y, sample_weight, task)
        else:
            draft._show(X, y, sample_weight)
        return self._become(draft)

    def _declare(self, classes):
        declared = vars(self).get("_declared_classes")
        if declared is not None and not np.array_equal(declared, classes):
            raise ValueError(
                f"`classes={classes.tolist()}` is not the same as on an earlier call: {declared.tolist()}. "
                "Use adapt to begin another task."
            )
        self._declared_classes = classes

    def _no_targets(self):
        return self.meta_classes_[:0]

    def _adapt_to(self, support):
        meta = self.meta_classes_ if self.labels_ == "shared" else support.y[:0]
        refuse_other_kind(meta, support.y)
        seen = np.unique(support.y)
        declared = vars(self).get("_declared_classes")
        if declared is None:
            classes = np.union1d(meta, seen) if len(meta) else seen
        elif len(unknown := np.setdiff1d(seen, declared)):
            raise ValueError(
                f"Labels {unknown.tolist()} are not among the declared classes {declared.tolist()}. Use adapt to begin "
                "another task, or declare all classes of this one."
            )
        else:
            classes = declared
        order = np.concatenate([meta, np.setdiff1d(classes, meta)]) if len(meta) else classes
        self._class_order = order
        exists = np.ones(len(order), dtype=bool)
        if declared is not None:  # a shared class can be answered before it has a row; one of the task's own cannot
            exists = np.isin(order, classes) & np.isin(order, np.concatenate([meta, seen]))
        with torch.no_grad():
            state = self._ready_learner().adapt(
                self._tensor(support.X)[None],
                self._tensor(self._codes_of(support.y), torch.int64)[None],
                self._weight_tensor(support),
                self._tensor(exists, torch.bool)[None],
            )
        self._support, self._state, self.classes_ = support, state, classes
        self._columns = self._codes_of(classes)

    def _codes_of(self, y):
        """The learner's codes of classes of the current task; -1 for others."""
        position = np.argsort(self._class_order, kind="stable")
        place = codes_among(y, self._class_order[position])
        return np.where(place >= 0, position[place], -1) if len(position) else place

    # ------------------------------------------------------------------ answers

    def _logits(self, X, exact=True):
        logits = self._outputs(X) if exact else self._answers(X)
        in_order = (self._columns == np.arange(logits.shape[1])).all()
        return logits if in_order else logits[:, self._columns]

    def _logits_of_tasks(self, tasks, weight=None):
        """``[(logits, classes), ...]`` of each task's query rows, classes sorted."""
        _, classes = self._encode(tasks, tasks.pooled[1])
        answers = []
        for logits, known in zip(self._outputs_of_tasks(tasks, weight), classes):
            order = np.argsort(known, kind="stable")
            answers.append((logits[:, order], known[order]))
        return answers

    def task_classes(self, tasks):
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
        return object_array([np.sort(classes) for classes in self._encode(tasks, tasks.pooled[1])[1]])

    def _logits_long(self, X, task):
        """(n_rows, C) logits of rows of known tasks, and the sorted union of the tasks' classes."""
        tasks, weight, rows = self._tasks_of_rows(X, task)
        answers = self._logits_of_tasks(tasks, weight)
        classes = np.unique(np.concatenate([known for _, known in answers]))
        logits = np.full((int(tasks.n_query.sum()), len(classes)), -np.inf)
        for (z, known), where in zip(answers, rows):
            logits[np.ix_(where, codes_among(known, classes))] = z
        return logits, classes

    def predict(self, X, *, task=None):
        """Classes of rows of the current task, or of the query rows of many tasks.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,), or object ndarray of shape (n_tasks,) holding one such array per task
        """
        if is_tasks(X):
            return object_array([c[z.argmax(1)] for z, c in self._logits_of_tasks(self._validated_tasks(X))])
        if task is not None:
            logits, classes = self._logits_long(X, task)
            return classes[logits.argmax(1)]
        logits = self._logits(X, exact=False)
        return self.classes_[logits.argmax(1)]

    def predict_proba(self, X, *, task=None):
        """Class probabilities, in the order of ``classes_`` (for tasks: of each task's own sorted classes).

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), default=None

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes), or object ndarray of shape (n_tasks,) of such arrays
        """
        if is_tasks(X):
            return object_array([softmax(z, axis=1) for z, _ in self._logits_of_tasks(self._validated_tasks(X))])
        if task is not None:
            return softmax(self._logits_long(X, task)[0], axis=1)
        return softmax(self._logits(X, exact=False).astype(np.float64), axis=1)

    def decision_function(self, X):
        """Logits of the current task's classes; for two classes, how far the second leads the first.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        scores : ndarray of shape (n_rows, n_classes), or (n_rows,) for two classes
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def score(self, X, y=None, sample_weight=None, *, task=None):
        """Accuracy: on rows of the current task, or the mean over tasks.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
            Tasks without query rows are split, always the same way, into ``n_shots`` rows to adapt to (per class)
            and the rest to answer. Tasks too small to have such a rest are left out.
        y : array-like of shape (n_rows,), default=None
            Labels of the rows; ignored where ``X`` holds tasks.
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to. Rows of tasks known from ``fit`` or ``partial_fit`` are answered by them;
            a task never seen is split as above.

        Returns
        -------
        score : float
        """
        if is_tasks(X):
            tasks = self._tasks_to_score(X)
            return float(np.mean([np.mean(p == t.y_query) for p, t in zip(self.predict(tasks), tasks)]))
        if task is not None:
            return self._score_long(X, y, sample_weight, task, accuracy_score)
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)
