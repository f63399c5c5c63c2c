"""The face that all estimators share: parameters, the ways in, the ways out."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.answers import object_array, score, score_long, weight_of_score
from skmeta.estimators.base.classes import declared_classes, refuse_undeclared
from skmeta.estimators.base.current_task import Support, adapt_again, adapt_to, no_rows, show, task_of
from skmeta.estimators.base.docs import complete
from skmeta.estimators.base.fit_callbacks import CallbackSupportMixin, begin_fit, with_callbacks
from skmeta.estimators.base.known_tasks import KnownTasks, answers_by_id, known_tasks_of
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.estimators.base.parameters import (
    ByKind,
    check_settings,
    complete_constructor,
    get_routed,
    is_routed,
    learner_arguments,
    parameters_of,
)
from skmeta.estimators.base.rows import NumericRows, check_weight, require_labels
from skmeta.estimators.base.served_learner import ServedLearner
from skmeta.estimators.base.support_effects import support_effects
from skmeta.estimators.base.unlike_tasks import look_at_task, look_at_tasks
from skmeta.inspection.task_geometry import TaskGeometry, changes
from skmeta.nets import MLP
from skmeta.reference_link import LinkedToReference
from skmeta.saving.savable import Savable
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.ids import factorize, find_task_ids, names_of_columns, take_task_ids
from skmeta.tasks.splitting import asked_about
from skmeta.training.standing import raise_if_interrupted
from skmeta.transaction import copy_of, forget, transaction

if TYPE_CHECKING:
    from typing_extensions import Self


class MetaEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of all meta-learning estimators; :class:`MetaClassifier` and :class:`MetaRegressor` are the two kinds.

    An estimator is in one of three states: *unfitted*; *meta-trained* (it has ``net_`` but no ``task_``, after
    ``fit(tasks)``); *adapted* to a current task (after ``partial_fit``, ``adapt`` or ``fit(X, y)``). What it has
    learned lies in the attributes that end in an underscore: ``rows_`` reads rows, ``codec_`` labels, ``net_`` is the
    trained net, ``served_`` its learner as it answers, ``task_`` and ``known_tasks_`` are what tasks have shown.

    A family names its learner class and its parameters, as class attributes with a type and a default.
    """

    n_ways: int | tuple[int, int] | None = None
    n_shots: int | tuple[int, int] = ByKind(classifier=(1, 5), regressor=5)
    n_query: int | tuple[int, int] = 10
    steps_per_epoch: int | None = None
    batch_size: int = 16
    max_epochs: int = 10
    lr: float = 0.001
    optimizer: type = torch.optim.Adam
    criterion: type | None = None
    validation_fraction: float | None = None
    augment: Callable | None = None
    callbacks: list | None = None
    iterator_train: type = EpisodeLoader
    warm_start: bool = False
    task: str | list[str] | None = None
    verbose: int = 0
    device: str = "cpu"
    random_state: int | np.random.RandomState | None = None

    module = None
    _learner_class = None
    _rules = {}  # what parameters may be, where it is not what others of the name may be; see check_settings
    _adaptation_parameters = ()  # read anew at every adaptation, so that set_params on a fitted estimator acts
    _default_module = MLP
    _default_module_parameters = {}
    _module_of_own_classes = None  # another, its parameters, and the least columns, for tasks with classes of their own
    _reader_class = NumericRows
    _training_class = MetaTraining
    _serving_class = ServedLearner
    _feels_scales = True  # whether a task on another scale than those of meta-training is answered otherwise
    _is_calibrated = False  # whether a learner of one table is heard beside a linear model

    # metadata routing carries `task` without the user having to request it
    __metadata_request__fit = {"task": True}
    __metadata_request__partial_fit = {"task": True}
    __metadata_request__predict = {"task": True}
    __metadata_request__score = {"task": True}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        is_classifier = issubclass(cls, ClassifierMixin)
        complete_constructor(cls, is_classifier)
        if cls._learner_class is not None:
            cls.__doc__ = complete(cls, is_classifier)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the estimator, those included that skorch gets.

        Parameters
        ----------
        deep : bool, default=True
            Whether parameters of parameters that are estimators are given too.

        Returns
        -------
        params : dict
        """
        # a subclass with an __init__ of its own hands parameters on that scikit-learn does not see in its signature
        handed_on = {name: getattr(self, name) for name in parameters_of(type(self)) if name in vars(self)}
        return handed_on | super().get_params(deep=deep) | get_routed(self)

    def set_params(self, **params: Any) -> "Self":
        """Set parameters of the estimator, or of skorch's by their prefix.

        Parameters
        ----------
        **params : dict
            Such as ``inner_lr=0.1`` or ``module__n_hidden=8``.

        Returns
        -------
        self : object
        """
        explicit = set(self._get_param_names()) | set(parameters_of(type(self)))
        routed = {name: value for name, value in params.items() if name not in explicit and is_routed(name)}
        super().set_params(**{name: value for name, value in params.items() if name not in routed})
        self._routed = get_routed(self) | routed
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self._reader_class.allows_missing
        tags.input_tags.categorical = self._reader_class.allows_missing
        return tags

    def __sklearn_is_fitted__(self):
        return "net_" in vars(self)

    # ------------------------------------------------------------------ the ways in

    @with_callbacks
    def fit(self, X: Any, y: Any = None, *, task: Any = None) -> "Self":
        """Meta-train on many tasks, or learn one table.

        Parameters
        ----------
        X : collection of tasks, task distribution, or array-like of shape (n_rows, n_features)
            Tasks (a :class:`~skmeta.TaskSet`, a list of :class:`~skmeta.Task` or of ``(X, y)`` pairs, or an object
            with ``sample(n_tasks, random_state)``): meta-trains from scratch, with no task adapted afterwards. Rows:
            episodes are drawn from this one table, and the learner is then adapted to all of it.
        y : array-like of shape (n_rows,), default=None
            Labels of the rows; None where ``X`` holds tasks.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to: many tasks in one long table. A string names the column of the DataFrame
            that says so, which is then no feature; several say nested groups, the widest first.

        Returns
        -------
        self : object
        """
        check_settings(self)
        watcher = begin_fit(self, X, y) if vars(self).get("_skl_callbacks") else None
        with transaction(self, keep_fitted=self.warm_start) as draft:
            forget(draft, "task_", "known_tasks_")
            training = self._training_class(draft)
            if watcher is not None:
                watcher.draft, training.watcher = draft, watcher
            training.learn(X, y, task)
        if watcher is not None:
            watcher.end()
        raise_if_interrupted(self.net_)
        return self

    def adapt(self, X: Any = None, y: Any = None, **partial_fit_params: Any) -> "Self":
        """Turn to a new task: forget the rows of the current one, then ``partial_fit``.

        Rows that say which task they are of, by the column that ``task=`` has named, take the place of what those tasks
        have shown.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
        y : array-like of shape (n_rows,), default=None
            The new task's labelled rows. Without any, the meta-learned start itself answers, which takes a learner
            that has such an answer: shared classes, or regression.
        **partial_fit_params
            ``classes`` (classifiers), ``sample_weight`` and ``task``.

        Returns
        -------
        self : object
        """
        with transaction(self) as draft:
            forget(draft, "task_")
            if X is None:
                check_is_fitted(draft)
                adapt_to(draft, no_rows(draft))
            else:
                rows, ids = draft._take_ids(X, partial_fit_params.pop("task", None))
                if ids is not None and "known_tasks_" in vars(draft):
                    draft.known_tasks_ = draft.known_tasks_.without(factorize(ids)[0])
                draft._show(rows, y, ids=ids, **partial_fit_params)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> "Self":
        """Add labelled rows to the current task and adapt to all it has shown, from the meta-learned start.

        So two calls with halves of the rows equal one call with all of them. On an unfitted estimator the start is
        the initial weights, which are made for the rows of the first call.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array-like of shape (n_rows,), default=None
            How many rows each row counts as. What adds up to fewer rows than there are says how they compare, no more.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to: rows are added to those tasks, and new ones opened.

        Returns
        -------
        self : object
        """
        with transaction(self) as draft:
            require_labels(self, X, y)
            rows, ids = draft._take_ids(X, task)
            draft._show(rows, y, sample_weight, ids=ids)
        return self

    def _show(self, X, y, sample_weight=None, classes=None, ids=None):
        """Add rows to the current task and adapt, from the meta-learned start, to all it has shown.

        Rows that have ids are added to the tasks known by these instead, and are adapted to when asked. On an unfitted
        estimator rows decide what initial weights look like.
        """
        known = None if ids is None else vars(self).get("known_tasks_") or KnownTasks.none_yet(X)
        require_labels(self, X, y)
        if "net_" in vars(self):
            self.rows_, X, y = self.rows_.read_labelled(self, X, y)
            y = self.codec_.shaped(y)
        else:
            check_settings(self)
            X, y = self._training_class(self).untrained(X, y)
        before = vars(self).get("task_") if ids is None else None
        declared = declared_classes(before, classes)
        refuse_undeclared(y, declared)
        if ids is not None:
            self.known_tasks_ = known.shown(ids, X, y, check_weight(sample_weight, len(y)))
            return
        show(self, Support.of(X, y, check_weight(sample_weight, len(y))), declared)
        look_at_task(self, before)

    def _settings(self):
        """The settings of adaptation now in force."""
        check_settings(self, self._adaptation_parameters)
        return {name: getattr(self, name) for name in self._adaptation_parameters}

    def _learner_settings(self):
        """Arguments of the learner: the parameters of the family that have the name of one of them."""
        common = set(MetaEstimator.__annotations__) | {"labels", "target_scaling"}
        names = learner_arguments(self._learner_class) & set(self._get_param_names()) - common
        settings = {name: getattr(self, name) for name in sorted(names)}  # files are the same from run to run
        if "task_type" in learner_arguments(self._learner_class):  # it serves classifiers and regressors alike
            settings["task_type"] = self._codec_class.task_type
        return settings

    def _start(self, learner, train):
        """Weights better than random ones to train from, where they can be told from the data."""

    def _serve(self, net):
        """Take a trained net into use."""
        self.net_ = net
        self.served_ = self._serving_class(net.module_, net.device)

    # ------------------------------------------------------------------ answers

    def _answers(self, X, task=None, ask="predict", exact=False, decode=None):
        """The learner is asked, and gives ``(outputs, classes)`` for rows, or lists of both for whole tasks.

        Outputs are decoded: logits of sorted classes, or targets in the user's units. ``classes`` are None in
        regression.
        """
        if is_tasks(X):
            tasks = self._read_tasks(X, keep_sparse=True)
            look_at_tasks(self, tasks)
            outputs, about = self._answers_of_tasks(tasks, ask=ask)
            if decode is None:
                return self.codec_.decode_tasks(outputs, about), about
            return [decode(out, one) for out, one in zip(outputs, about)], about
        decode = self.codec_.decode if decode is None and "codec_" in vars(self) else decode
        X, ids = self._take_ids(X, task)
        if ids is None:
            current = task_of(self)
            X = self.rows_.read(self, X, keep_sparse=True)
            return decode(self.served_.answer(current.state, X, ask, exact), current.classes), current.classes
        check_is_fitted(self)
        return answers_by_id(self, X, ids, ask, decode)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict rows of the current task, or the query rows of many tasks.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
        """
        outputs, about = self._answers(X, task)
        if is_tasks(X):
            return object_array([self.codec_.answer(out, one) for out, one in zip(outputs, about)])
        return self.codec_.answer(outputs, about)

    def explain(self, X: Any) -> Bunch:
        """Say which labelled rows of the current task carried the answers.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)

        Returns
        -------
        explanation : Bunch
            ``support`` : ndarray of shape (n_rows, n_support) - by how much the prediction, or the log-probability of
            the predicted class, falls when the row of the support is left out. Several targets have one more axis at
            the end.
        """
        return support_effects(self, X)

    def _answers_of_tasks(self, tasks, weight=None, ask="predict"):
        """Raw outputs for the query rows of tasks whose rows have been read; the estimator's state is untouched."""
        check_is_fitted(self)
        return self.served_.answer_tasks(tasks, self.codec_, weight, ask, self._settings(), self.verbose)

    def _read_tasks(self, tasks, need_query=True, keep_sparse=False):
        """Tasks with numbers for rows, dense unless sparse ones are to stay so."""
        check_is_fitted(self)
        tasks = asked_about(tasks) if need_query else as_taskset(tasks)
        return self.rows_.read_tasks(self, tasks, keep_sparse=keep_sparse)

    def _take_ids(self, X, task, is_fit=False):
        """The table without its task columns, and one id a row; None where nothing says which task a row is of."""
        if is_fit:
            given = self.task if task is None else task
            forget(self, "task_names_in_")
            if given is None:
                return X, None
            names = names_of_columns(X, given)
            features, ids = take_task_ids(X, given)
            if names is not None:
                self.task_names_in_ = names
            return features, ids
        named = vars(self).get("task_names_in_") or ([self.task] if isinstance(self.task, str) else self.task)
        return (X, None) if task is None and not named else find_task_ids(X, task, named)

    # ------------------------------------------------------------------ scores

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, task: Any = None) -> float:
        """Accuracy of a classifier, R2 of a regressor: on rows, or over many tasks.

        Over tasks, accuracy is the mean of the tasks' own, and R2 is 1 - (squared errors of all tasks) / (squared
        deviations from each task's own mean), so that a task whose targets hardly vary cannot dominate.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
            Tasks without query rows are split, always the same way, into ``n_shots`` rows to adapt to (per class, for
            classifiers) and the rest to answer. Tasks too small to have such a rest are left out.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
            Labels of the rows; ignored where ``X`` holds tasks.
        sample_weight : array-like of shape (n_rows,), default=None
            Of rows; None where ``X`` holds tasks, whose rows all count alike.
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to. Rows of tasks known from ``fit`` or ``partial_fit`` are answered by them;
            a task never seen is split as above. The score is then that of all rows.

        Returns
        -------
        score : float
        """
        codec, ids = self._codec_class, None
        if not is_tasks(X):
            X, ids = self._take_ids(X, task)
        if ids is None:
            return score(self, codec, X, y, sample_weight, n_shots=self.n_shots)
        return score_long(self, codec, X, np.asarray(y), weight_of_score(sample_weight, y), ids)

    # ------------------------------------------------------------------ tasks known by their ids

    @property
    def adapted_tasks_(self) -> np.ndarray:
        """Ids of the tasks that ``predict(X, task=ids)`` knows."""
        return known_tasks_of(self, "adapted_tasks_ is").ids

    @property
    def task_embedding_(self) -> np.ndarray:
        """(n_tasks, n_answers): the change that each of ``adapted_tasks_`` makes to the common answers."""
        return changes(self, known_tasks_of(self, "How tasks differ is").probes)

    task_shift_, task_similarity = TaskGeometry.task_shift_, TaskGeometry.task_similarity

    # ------------------------------------------------------------------ copies

    def __copy__(self):
        return copy_of(self)

    save = Savable.save
    _doc_link_module, _doc_link_template = LinkedToReference._doc_link_module, LinkedToReference._doc_link_template

    def __getstate__(self):
        state = dict(super().__getstate__())
        # weights travel once, inside net_, where skorch moves them off a GPU that is not there
        state.pop("served_", None)
        if "task_" in state:
            current = state["task_"]
            state["task_"] = replace(current, state=None, classes=None)
        return state

    def __setstate__(self, state):
        super().__setstate__(dict(state))
        if "net_" in vars(self):
            self._serve(self.net_)
        if "task_" in vars(self):
            adapt_again(self)
