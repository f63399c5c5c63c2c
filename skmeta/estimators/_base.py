"""What all estimators share: parameters, the ways in, a failed call leaves no trace, copies on disk."""

import torch
from sklearn.base import BaseEstimator, ClassifierMixin

from skmeta.estimators._current_task import CurrentTask, ManyTasks
from skmeta.estimators._docs import complete
from skmeta.estimators._meta_training import MetaTraining
from skmeta.estimators._params import RoutedParamsMixin
from skmeta.estimators._settings import check_settings
from skmeta.estimators._validation import RowValidation
from skmeta.nets import MLP
from skmeta.tasks import TaskSet, as_taskset, is_task_distribution, is_tasks
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.ids import take_task_ids
from skmeta.training import raise_if_interrupted


class MetaEstimator(MetaTraining, CurrentTask, ManyTasks, RowValidation, RoutedParamsMixin, BaseEstimator):
    """Base of all meta-learning estimators; see the classifier and regressor bases for the two kinds.

    An estimator is in one of three states: *unfitted*; *meta-trained* (it has ``net_`` but no current task, after
    ``fit(tasks)``); *adapted* to a current task (after ``partial_fit``, ``adapt`` or ``fit(X, y)``).

    A subclass names its learner class, the constructor parameters the learner takes, and, if the default body needs
    them, that body's parameters. The parameters common to all are described in ``_docs``.
    """

    _learner_class = None
    _learner_parameters = ()
    _adaptation_parameters = ()  # read anew at every adaptation, so that set_params on a fitted estimator acts
    _default_module = MLP
    _default_module_parameters = {}

    # metadata routing carries `task` without the user having to request it
    __metadata_request__fit = {"task": True}
    __metadata_request__partial_fit = {"task": True}
    __metadata_request__predict = {"task": True}
    __metadata_request__score = {"task": True}

    def __init__(
        self,
        module=None,
        *,
        n_ways=None,
        n_shots=5,
        n_query=10,
        steps_per_epoch=None,
        batch_size=16,
        max_epochs=10,
        lr=0.001,
        optimizer=torch.optim.Adam,
        criterion=None,
        validation_fraction=None,
        augment=None,
        callbacks=None,
        iterator_train=EpisodeLoader,
        warm_start=False,
        verbose=0,
        device="cpu",
        random_state=None,
        **module__kwargs,
    ):
        self.module = module
        self.n_ways = n_ways
        self.n_shots = n_shots
        self.n_query = n_query
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.lr = lr
        self.optimizer = optimizer
        self.criterion = criterion
        self.validation_fraction = validation_fraction
        self.augment = augment
        self.callbacks = callbacks
        self.iterator_train = iterator_train
        self.warm_start = warm_start
        self.verbose = verbose
        self.device = device
        self.random_state = random_state
        self._accept_routed(module__kwargs)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__doc__ and "{meta_" in cls.__doc__:
            cls.__doc__ = complete(cls, is_classifier=issubclass(cls, ClassifierMixin))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    def fit(self, X, y=None, *, task=None):
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
        draft = self._draft(keep_fitted=self.warm_start)
        if task is not None and (is_task_distribution(X) or is_tasks(X)):
            raise ValueError("task= says which task each row of a table belongs to, but X holds whole tasks already.")
        if is_task_distribution(X):
            draft._meta_train(X)
        elif is_tasks(X):
            draft._meta_train(as_taskset(X))
        elif task is not None:
            draft._require_y(y)
            X, ids = take_task_ids(X, task)
            numbers, y = draft._validate_rows(X, y, reset=not draft._goes_on)
            tasks = TaskSet.from_long(numbers, y, ids)
            draft._meta_train(tasks, from_long=True)
            draft._remember(tasks)
            draft._keep_probes(X)
        else:
            if y is None and isinstance(X, (list, tuple)) and len(X) == 0:
                raise ValueError("fit got an empty list of tasks: give at least one.")
            draft._require_y(y)
            draft._fit_one_table(X, y)
        self._become(draft)
        raise_if_interrupted(self.net_)
        return self

    def _draft(self, keep_fitted=True):
        """A copy to work on, so that a failure half-way leaves the estimator as it was."""
        draft = object.__new__(type(self))
        state = vars(self) if keep_fitted else {k: v for k, v in vars(self).items() if not _is_fitted_state(k)}
        draft.__dict__.update(state)
        return draft

    def __copy__(self):
        return self._draft()

    def _become(self, draft):
        self.__dict__ = vars(draft)
        return self

    def save(self, path):
        """Write the estimator to one file from which :func:`skmeta.load` makes it again without executing any code.

        The file holds numbers (safetensors) and JSON: parameters, weights, the history of training, the current task
        and known tasks. Callbacks, and a criterion or loader of one's own, are left out with a warning on loading; a
        module class of one's own has to be handed to ``load``.

        Parameters
        ----------
        path : str or path
        """
        from skmeta.saving import save

        save(self, path)

    def __getstate__(self):
        state = dict(super().__getstate__())
        # weights travel once, inside net_, where skorch moves them off a GPU that is not there
        for name in ("_learner", "_single"):
            state.pop(name, None)
        if state.pop("_state", None) is not None:
            state["_was_adapted"] = True
        return state

    def __setstate__(self, state):
        state = dict(state)
        was_adapted = state.pop("_was_adapted", False)
        super().__setstate__(state)
        if "net_" in state:
            self._serve(self.net_)
        if was_adapted:
            self._adapt_again()


def _is_fitted_state(name):
    return (name.endswith("_") and not name.startswith("_")) or name in (
        "_support",
        "_state",
        "_learner",
        "_single",
        "_declared_classes",
        "_known_tasks",
        "_probes",
        "_targets_1d",
        "_column_shift",
    )
