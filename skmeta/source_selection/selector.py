"""Which of many source tasks to learn from: those that look like the target."""

import copy

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.utils import check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmeta.documentation import documented_like
from skmeta.estimators.base.answers import object_array, score
from skmeta.estimators.base.classes import Classes, refuse_other_kind, said_regime
from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import check_settings
from skmeta.estimators.base.rows import place_of_row
from skmeta.estimators.base.targets import Targets, as_columns
from skmeta.exceptions import NotAdaptedError
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.source_selection.families import SourceFamilies
from skmeta.source_selection.reading import comparable, comparable_sources, embedded, kind_of_classes, numbers
from skmeta.tasks import Task, TaskSet, as_taskset, is_tasks
from skmeta.tasks.ids import factorize, find_task_ids, in_order_of_rows, names_of_columns
from skmeta.tasks.rows import take_rows
from skmeta.transaction import transaction


def _estimator_has(method):
    return available_if(lambda self: hasattr(self.estimator, method))


class SourceSelector(Savable, LinkedToReference, MetaEstimatorMixin, BaseEstimator):
    """Finds the source tasks most similar to a target, and learns from those alone.

    Sources are gathered into families without names, each a source with those most like it. What the functions of a
    family's members have in common, in the mean and in how they vary, is a prior of functions, and a target belongs
    where its rows are most probable: their labels, and how they lie. Its sources are those that most probably come from
    the same family as it does. Factors and offsets of targets do not matter, nor do the names of classes that are a
    task's own. With ``embedding``, rows are first embedded by a meta-trained estimator. Gathering some hundred sources
    takes seconds.

    Parameters
    ----------
    estimator : estimator or None, default=None
        Meta-trained on the selected tasks when a target comes. None: only ``select`` and ``distances`` are of use.
    n_sources : int, default=10
        Source tasks to select.
    embedding : meta-trained estimator, callable or None, default=None
        Takes the place of the raw features: the body of a meta-trained estimator, or ``embedding(X)``, which maps
        (n_rows, n_features) to (n_rows, n_embedding). None compares the features as they are.
    start : {"all", "scratch"}, default="all"
        What training on the selected tasks starts from: the weights of the estimator trained on all source tasks in
        ``fit``, or initial weights.
    task : str or list of str, default=None
        The column of a long table that names each row's task (columns: nested groups, the widest first). All methods
        look for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.

    Attributes
    ----------
    tasks_ : TaskSet
        The source tasks.
    memberships_ : ndarray of shape (n_tasks, n_families)
        How probably each source comes from each of the families found, which overlap: each is a source's surroundings.
    sources_ : ndarray of shape (n_sources,)
        Positions of the tasks selected for the current target, nearest first.
    estimator_ : estimator
        Trained on them, and adapted to the current target.
    target_names_ : list
        What the current target was called, where its rows said so.
    labels_ : {"task", "shared"} or None
        Whether classes are each source's own or shared by all; None for numbers.
    base_estimator_ : estimator
        Trained on all tasks; only there with ``start="all"``.
    task_names_in_ : list of str or None
        The columns that name tasks.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the sources came with string column names.

    References
    ----------
    K. Yu, V. Tresp, A. Schwaighofer. "Learning Gaussian Processes from Multiple Tasks". ICML 2005.

    Examples
    --------
    >>> from skmeta import FineTuneTransferRegressor, SourceSelector
    >>> from skmeta.tasks import LinearFamily, TaskFamilyMixture
    >>> families = {"a": LinearFamily(structure_seed=0), "b": LinearFamily(structure_seed=1)}
    >>> tasks = TaskFamilyMixture(families).sample(60, random_state=0)
    >>> target = tasks[59]
    >>> target.name
    'b/59'
    >>> selector = SourceSelector(FineTuneTransferRegressor(random_state=0), n_sources=5).fit(tasks[:59])
    >>> sorted(name[0] for name in selector.select(target).names)
    ['b', 'b', 'b', 'b', 'b']
    >>> selector.adapt(target.X, target.y).predict(target.X_query).shape
    (10,)
    """

    def __init__(self, estimator=None, *, n_sources=10, embedding=None, start="all", task=None):
        self.estimator = estimator
        self.n_sources = n_sources
        self.embedding = embedding
        self.start = start
        self.task = task

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags._skip_test = True  # samples are tasks
        if self.estimator is not None:
            tags.estimator_type = self.estimator.__sklearn_tags__().estimator_type
        return tags

    # ------------------------------------------------------------------ sources

    def fit(self, X, y=None, *, task=None):
        """Take down the source tasks.

        Parameters
        ----------
        X : collection of tasks, or array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,), default=None
            Labels, where the tasks come as rows of one table.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each of these rows belongs to; None is the parameter of the same name.

        Returns
        -------
        self : object
        """
        check_settings(self)
        if self.start == "all" and self.estimator is not None and "warm_start" not in self.estimator.get_params():
            raise ValueError(
                f"start='all' goes on from what all sources have taught, but {type(self.estimator).__name__} has no "
                "warm_start: SourceSelector(..., start='scratch') trains it on the selected sources alone."
            )
        task = self.task if task is None and not is_tasks(X) else task
        names = names_of_columns(X, task)
        tasks = as_taskset(X) if task is None else TaskSet.from_long(X, y, task)
        if len(tasks) < 2:
            raise ValueError("SourceSelector needs at least 2 source tasks to choose from, got 1.")
        are_classes = tasks.pooled[1].dtype.kind != "f" if self.estimator is None else is_classifier(self.estimator)
        sources = comparable_sources(numbers(tasks.pooled[0], tasks), tasks, are_classes)
        with transaction(self, keep_fitted=False) as draft:
            draft.tasks_, draft.task_names_in_ = tasks, names
            validate_data(draft, tasks.pooled[0], skip_check_array=True)
            said = said_regime(self.estimator)
            draft.labels_, classes = kind_of_classes(sources, said) if are_classes else (None, None)
            draft.families_ = SourceFamilies(embedded(sources.pooled[0], self.embedding), sources, classes)
            draft.memberships_ = np.exp(draft.families_.log_memberships)
            if self.start == "all" and self.estimator is not None:
                draft.base_estimator_ = draft._new_estimator().fit(tasks)
        return self

    # ------------------------------------------------------------------ selection

    def distances(self, target):
        """How far each source task is from a target: -log of the probability that both come from one family.

        Parameters
        ----------
        target : Task or (X, y) pair, or collection of tasks
            Only the support rows of a target are looked at.

        Returns
        -------
        distances : ndarray of shape (n_tasks,), or (n_targets, n_tasks) for a collection
        """
        check_is_fitted(self)
        if is_tasks(target):
            return np.stack([self.distances(one) for one in as_taskset(target)])
        X, y = (target.X, target.y) if isinstance(target, Task) else target
        given, X, y, are_classes = X, numbers(X), np.asarray(y), self.labels_ is not None
        validate_data(self, given, reset=False, skip_check_array=True)
        check_consistent_length(X, y)
        (Classes if are_classes else Targets).check(y, "A target", place_of_row)
        known = self.tasks_.pooled[1]
        if self.labels_ == "shared":
            refuse_other_kind(known, y, "All sources share their classes: write labels as they are written there.")
        elif not are_classes and as_columns(y).shape[1] != as_columns(known).shape[1]:
            n_targets = as_columns(y).shape[1], as_columns(known).shape[1]
            raise ValueError("y has {} targets, but the source tasks have {}.".format(*n_targets))
        return self.families_.distances(embedded(X, self.embedding), comparable(y, are_classes))

    def select(self, target, n_sources=None):
        """The source tasks nearest to a target.

        Parameters
        ----------
        target : Task or (X, y) pair
        n_sources : int or None, default=None
            None is the parameter of the same name.

        Returns
        -------
        tasks : TaskSet
            Nearest first.
        """
        nearest = self._nearest(target, n_sources)
        return self.tasks_[nearest]

    def _nearest(self, target, n_sources=None):
        n_sources = self.n_sources if n_sources is None else n_sources
        distances = self.distances(target)
        if not 1 <= n_sources <= len(distances):
            raise ValueError(f"n_sources must lie between 1 and the {len(distances)} source tasks, got {n_sources}.")
        return np.argsort(distances, kind="stable")[:n_sources]

    # ------------------------------------------------------------------ in front of an estimator

    def _checked_estimator(self):
        if self.estimator is None:
            raise ValueError("This SourceSelector has no estimator to train: SourceSelector(estimator=...).")
        return self.estimator

    def _new_estimator(self):
        """Untrained; a few tasks that are alike do not say whether classes are their own, so all sources decide."""
        estimator = clone(self._checked_estimator())
        if self.labels_ is not None and estimator.get_params().get("labels") == "auto":
            estimator.set_params(labels=self.labels_)
        return estimator

    def _trained_for(self, sources):
        self._checked_estimator()
        if self.start == "scratch":
            return self._new_estimator().fit(self.tasks_[sources])
        estimator = copy.deepcopy(self.base_estimator_).set_params(warm_start=True)
        estimator.net_.initialize_optimizer()  # its memory is not in files, and answers are to be the same after one
        return estimator.fit(self.tasks_[sources])

    def adapt(self, X, y, *, task=None, **params):
        """Turn to a target: select sources, train the estimator on them, adapt it to the rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        task : array-like of shape (n_rows,), str or list of str, default=None
            What the target is called: rows that are later said to be of it are answered as the target's.
        **params
            Of the estimator's ``adapt``.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        X, ids = find_task_ids(X, task, self.task_names_in_)  # whatever it is called, it is one target
        sources = self._nearest((X, y))
        estimator = self._trained_for(np.sort(sources))
        estimator.adapt(X, y, **params)
        self.sources_, self.estimator_ = sources, estimator
        self.target_names_ = [] if ids is None else factorize(ids)[0]
        return self

    @documented_like(adapt)
    def partial_fit(self, X, y, *, task=None, **params):
        """Add rows of the current target; the first ones decide what its sources are.

        Parameters
        ----------
        **params
            Of the estimator's ``partial_fit``.
        """
        if not hasattr(self, "estimator_"):
            return self.adapt(X, y, task=task, **params)
        X, ids = find_task_ids(X, task, self.task_names_in_)
        self.estimator_ = copy.copy(self.estimator_).partial_fit(X, y, **params)
        if ids is not None:
            called = vars(self).get("target_names_", [])
            self.target_names_ = called + [name for name in factorize(ids)[0] if name not in called]
        return self

    def _adapted(self):
        check_is_fitted(self)
        if not hasattr(self, "estimator_"):
            raise NotAdaptedError("This SourceSelector knows its sources but has no target yet: adapt(X, y) first.")
        return self.estimator_

    @property
    def classes_(self):
        """Classes of the current task, sorted."""
        return self._adapted().classes_

    def _for_each(self, tasks, method):
        """Every target with sources of its own; targets with the same sources share the training."""
        trained, answers = {}, []
        for one in as_taskset(tasks):
            sources = self._nearest(one)
            key = tuple(np.sort(sources))
            if key not in trained:
                trained[key] = self._trained_for(np.sort(sources))
            answers.append(getattr(trained[key], method)([one])[0])
        return object_array(answers)

    def _answers(self, X, task, method):
        check_is_fitted(self)
        if is_tasks(X):
            return self._for_each(X, method)
        X, ids = find_task_ids(X, task, self.task_names_in_)
        if ids is None:
            return getattr(self._adapted(), method)(X)
        names, code = factorize(ids)
        of_target = vars(self).get("target_names_", [])
        if all(name in of_target for name in names):
            return getattr(self._adapted(), method)(X)
        place = {name: i for i, name in enumerate(self.tasks_.names)}
        unknown = [name for name in names if name not in place and name not in of_target]
        if unknown:
            raise ValueError(f"Task {unknown[0]!r} is none of the source tasks: adapt(X, y) to its rows first.")
        rows = {name: take_rows(X, np.flatnonzero(code == i)) for i, name in enumerate(names)}
        sources = [name for name in names if name not in of_target]
        asked = (self.tasks_[place[name]] for name in sources)
        asked = [Task(one.X, one.y, rows[name]) for one, name in zip(asked, sources)]
        answers = dict(zip(sources, self._for_each(asked, method)))
        answers |= {name: getattr(self._adapted(), method)(rows[name]) for name in names if name in of_target}
        return in_order_of_rows([answers[name] for name in names], code)

    def predict(self, X, *, task=None):
        """Answers about rows of the current target or of source tasks, or about the query rows of many targets.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to: the current target, or a source, which is answered as a target that has
            shown the rows of ``fit``. None looks for the column named in ``fit``; where there is none, rows belong to
            the current target.

        Returns
        -------
        y : ndarray of shape (n_rows,), or object ndarray of shape (n_tasks,) of such arrays
        """
        return self._answers(X, task, "predict")

    @_estimator_has("predict_proba")
    @documented_like(predict)
    def predict_proba(self, X, *, task=None):
        """Class probabilities of rows of the current target or of source tasks, or of the query rows of many targets.

        Parameters
        ----------
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, as for ``predict``; of tasks that share their classes.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes), or object ndarray of shape (n_tasks,) of such arrays
        """
        return self._answers(X, task, "predict_proba")

    @_estimator_has("task_classes")
    @documented_like(MetaClassifier.task_classes)
    def task_classes(self, tasks):
        check_is_fitted(self)
        return self._for_each(tasks, "task_classes")

    @documented_like(predict)
    def score(self, X, y=None, sample_weight=None, *, task=None):
        """The estimator's score on rows of the current target, or accuracy or R2 over many targets.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
            Tasks without query rows show five of their rows (of each class), always the same, and answer the others.
        y : array-like of shape (n_rows,), default=None
        sample_weight : array-like of shape (n_rows,), default=None
            Of rows; None where ``X`` holds tasks, whose rows all count alike.

        Returns
        -------
        score : float
        """
        return score(self, Classes if is_classifier(self.estimator) else Targets, X, y, sample_weight, task)
