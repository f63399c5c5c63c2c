"""What all estimators share: the ways in, training by skorch, the current task, many tasks at once."""

import copy
import inspect

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch.helper import predefined_split

from skmeta.estimators._augmented import AugmentedTraining
from skmeta.estimators._docs import complete
from skmeta.estimators._explain import explain, place_of_row
from skmeta.estimators._params import RoutedParamsMixin
from skmeta.estimators._settings import check_settings
from skmeta.estimators._support import Support
from skmeta.exceptions import NotAdaptedError
from skmeta.nets import MLP
from skmeta.tasks import TaskSet, as_taskset, is_task_distribution, is_tasks
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.ids import take_task_ids
from skmeta.tasks.splitting import split_tasks, with_query_rows
from skmeta.tasks.store import similar_size_chunks
from skmeta.training import MetaNet, resolve_device, seeded

_ROWS_AT_ONCE = 65536
_LARGEST_CELL = 1e30  # so that squares and sums of what a layer makes of it stay finite in single precision
_STEPS_OF_ENDLESS = 30


class MetaEstimator(RoutedParamsMixin, BaseEstimator):
    """Base of all meta-learning estimators; see the classifier and regressor bases for the two kinds.

    An estimator is in one of three states: *unfitted*; *meta-trained* (it has ``net_`` but no current task, after
    ``fit(tasks)``); *adapted* to a current task (after ``partial_fit``, ``adapt`` or ``fit(X, y)``).

    A subclass names its learner class, the constructor parameters the learner takes, and, if the default body needs
    them, that body's parameters. The parameters common to all are described in ``_docs``.
    """

    _learner_class = None
    _learner_parameters = ()
    _adaptation_parameters = ()  # read anew at every adaptation, so that set_params on a fitted estimator acts
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
            cls.__doc__ = complete(cls.__doc__, is_classifier=issubclass(cls, ClassifierMixin))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "net_")

    # ------------------------------------------------------------------ ways in

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
        if is_task_distribution(X):
            draft._meta_train(X)
        elif is_tasks(X):
            draft._meta_train(as_taskset(X))
        elif task is not None:
            draft._require_y(y)
            X, ids = take_task_ids(X, task)
            X, y = draft._validate_rows(X, y, reset=not draft._goes_on)
            tasks = TaskSet.from_long(X, y, ids)
            draft._meta_train(tasks, from_long=True)
            draft._remember(tasks)
        else:
            if y is None and isinstance(X, (list, tuple)) and len(X) == 0:
                raise ValueError("fit got an empty list of tasks: give at least one.")
            draft._require_y(y)
            draft._fit_one_table(X, y)
        return self._become(draft)

    def _draft(self, keep_fitted=True):
        """A copy to work on, so that a failure half-way leaves the estimator as it was."""
        draft = object.__new__(type(self))
        state = vars(self) if keep_fitted else {k: v for k, v in vars(self).items() if not _is_fitted_state(k)}
        draft.__dict__.update(state)
        return draft

    def __copy__(self):
        return self._draft()

    def _become(self, draft):
        for name in [name for name in vars(self) if _is_fitted_state(name)]:
            delattr(self, name)
        self.__dict__.update(vars(draft))
        return self

    def _require_y(self, y):
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")

    # ------------------------------------------------------------------ meta-training

    def _meta_train(self, source, from_long=False):
        self._forget_task()
        self.__dict__.pop("_known_tasks", None)
        rng = check_random_state(self.random_state)
        if isinstance(source, TaskSet):
            source = source.without_unlabelled_rows()
            # rows of the long format have been validated as one table, with their column names
            X, y = source.pooled if from_long else self._validate_pool(source, reset=not self._goes_on)
            self._learn_label_space(source, X, y, from_long)
            train, valid = self._hold_out_tasks(source.with_rows(X), rng)
        else:
            train, valid = _Endless(source, self, rng.randint(2**31 - 1)), None
            if self.validation_fraction:
                per_epoch = self.batch_size * (self.steps_per_epoch or _STEPS_OF_ENDLESS)
                n_valid = max(1, round(self.validation_fraction * per_epoch))
                valid = train.sample(n_valid, rng.randint(2**31 - 1))
        self._train(train, valid, rng)

    def _hold_out_tasks(self, tasks, rng):
        """Training and validation stores; whole tasks are held out, never episodes."""
        if not self.validation_fraction:
            return self._training_data(tasks), None
        n_valid = max(1, round(self.validation_fraction * len(tasks)))
        if n_valid >= len(tasks):
            raise ValueError(
                f"validation_fraction={self.validation_fraction} of {len(tasks)} tasks leaves none to train on."
            )
        order = rng.permutation(len(tasks))
        return self._training_data(tasks[order[n_valid:]]), self._store(tasks[order[:n_valid]])

    def _training_data(self, tasks):
        if self.augment is None:
            return self._training_store(tasks)
        return AugmentedTraining(tasks, self.augment, self._training_store)

    def _training_store(self, tasks):
        """The tasks as training sees them; in use it may be otherwise."""
        return self._store(tasks)

    def _train(self, train, valid, rng, epochs=None, one_table=False):
        seed = int(rng.randint(2**31 - 1))
        rows = train.X
        with seeded(seed, resolve_device(self.device)):
            if self._goes_on:
                net = self._net_to_go_on_with()
            else:
                net = self._make_net(rows.shape[1], valid, seed, one_table).initialize()
                for layer in net.module_.modules():
                    if hasattr(layer, "fit_rows"):
                        layer.fit_rows(rows)
            epochs = self.max_epochs if epochs is None else epochs
            if epochs > 0:
                net.partial_fit(train, epochs=epochs)
        self._serve(net)

    @property
    def _goes_on(self):
        """Whether training continues that of the last fit."""
        return self.warm_start and hasattr(self, "net_")

    def _net_to_go_on_with(self):
        net = copy.deepcopy(self.net_)
        if net.lr != self.lr:
            net.set_params(lr=self.lr)
        return net

    def _train_on_table(self, train, valid, rng, can_learn):
        """Training on episodes of one table."""
        self._train(train, valid, rng, epochs=None if can_learn else 0, one_table=True)

    def _make_net(self, n_features, valid, seed, one_table):
        routed = dict(self._routed)
        module = self.module
        if module is None:
            module = MLP
            for name, value in self._default_module_parameters.items():
                routed.setdefault(f"module__{name}", value)
        if isinstance(module, torch.nn.Module):
            module = copy.deepcopy(module)  # the user's instance is a parameter; it must stay as it is
        elif "n_features_in" in inspect.signature(module).parameters:
            routed.setdefault("module__n_features_in", n_features)
        self._set_iterators(routed, one_table)
        routed.setdefault("iterator_valid__seed", seed)
        callbacks = clone(self.callbacks, safe=False) if isinstance(self.callbacks, list) else self.callbacks
        return MetaNet(
            module,
            learner=self._learner_class,
            learner__n_features_in=n_features,
            learner__n_outputs=self._n_shared_outputs(),
            **{f"learner__{name}": value for name, value in self._learner_settings().items()},
            criterion=self._default_criterion if self.criterion is None else self.criterion,
            optimizer=self.optimizer,
            lr=self.lr,
            max_epochs=self.max_epochs,
            # episodes of one table resemble each other: a few of them make as good a step as many
            batch_size=min(self.batch_size, 4) if one_table else self.batch_size,
            iterator_train=self.iterator_train,
            iterator_valid=EpisodeLoader,
            train_split=None if valid is None else predefined_split(valid),
            callbacks=callbacks,
            verbose=self.verbose,
            device=str(resolve_device(self.device)),
            seed=seed,
            **routed,
        )

    def _set_iterators(self, routed, one_table):
        """Add the loaders' settings to the routed parameters, where those do not have them already."""
        if self.iterator_train is EpisodeLoader:
            episodes = {"n_ways": self.n_ways, "n_shots": self.n_shots, "n_query": self.n_query}
            for name, value in (episodes | self._loader_settings()).items():
                routed.setdefault(f"iterator_train__{name}", value)
                routed.setdefault(f"iterator_valid__{name}", routed[f"iterator_train__{name}"])
            steps = 10 if one_table and self.steps_per_epoch is None else self.steps_per_epoch
            routed.setdefault("iterator_train__steps", steps)

    def _learner_settings(self):
        return {name: getattr(self, name) for name in self._learner_parameters} | self._learner_task_type()

    def _learner_task_type(self):
        """Learners that serve classifiers and regressors alike are told which one they are in."""
        serves_both = not hasattr(self._learner_class, "task_type")
        return {"task_type": self._task_type} if serves_both else {}

    def _loader_settings(self):
        # a learner that cannot answer for a class without rows must not be asked about one
        return {"hide_unseen": not self._learner_class.cold_start}

    def _serve(self, net):
        """Take a trained net into use: ``net_`` as it is, and a frozen copy of its learner that answers."""
        self.net_ = net
        learner = copy.deepcopy(net.module_).eval().requires_grad_(False)
        # double precision keeps row i of an answer independent of the rows beside it to the last digit that counts
        self._learner = learner.to(self._serving_dtype)

    def _bare_learner(self):
        check_is_fitted(self)
        return getattr(self._learner, "learner", self._learner)

    def _ready_learner(self):
        """The serving learner, with the adaptation settings now in force."""
        learner = self._bare_learner()
        check_settings(self, self._adaptation_parameters)
        for name in self._adaptation_parameters:
            setattr(learner, name, getattr(self, name))
        return self._learner

    @property
    def _serving_dtype(self):
        return torch.float32 if torch.device(self.net_.device).type == "mps" else torch.float64

    def _tensor(self, array, dtype=None):
        array = np.require(array, requirements="W")  # support rows of a memory-mapped joblib file are read-only
        return torch.as_tensor(array, dtype=dtype or self._serving_dtype, device=self.net_.device)

    # ------------------------------------------------------------------ the current task

    def adapt(self, X=None, y=None, **partial_fit_params):
        """Turn to a new task: forget the rows of the current one, then ``partial_fit``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), default=None
        y : array-like of shape (n_rows,), default=None
            The new task's labelled rows. Without any, the meta-learned start itself answers, which takes a learner
            that has such an answer: shared classes, or regression.
        **partial_fit_params
            ``classes`` (classifiers) and ``sample_weight``.

        Returns
        -------
        self : object
        """
        draft = self._draft()
        draft._forget_task()
        if X is None:
            check_is_fitted(draft)
            draft._adapt_to(draft._no_rows())
        else:
            draft.partial_fit(X, y, **partial_fit_params)
        return self._become(draft)

    def _no_rows(self):
        if not self._answers_without_rows():
            raise ValueError(
                f"{type(self).__name__} cannot answer for a task of which it has seen no row: give adapt(X, y) some."
            )
        return Support(np.empty((0, self.n_features_in_)), self._no_targets(), np.empty(0))

    def _show(self, X, y, sample_weight):
        """Add rows to the current task and adapt, from the meta-learned start, to all it has shown."""
        X, y = self._validate_shown(X, y)
        new = Support.of(X, y, _check_weight(sample_weight, len(y)))
        old = vars(self).get("_support")
        if old is None and not len(new.y) and not self._answers_without_rows():
            raise ValueError("Every sample_weight is 0, which leaves no row to adapt to.")
        if old is None:
            self._adapt_to(new)
        else:
            self._extend(old, new)

    def _extend(self, old, new):
        """Adapt to further rows. A learner that can update its state need not look at the old ones again."""
        self._adapt_to(old.extended(new))

    def _validate_shown(self, X, y):
        """Rows to adapt to, validated; on an unfitted estimator they decide what initial weights look like."""
        if is_tasks(X):
            raise ValueError(
                f"partial_fit and adapt take the rows of one task, but X is a {type(X).__name__} of tasks. Meta-train "
                "with fit(tasks), ask with predict(tasks), or adapt to the rows of one of them."
            )
        self._require_y(y)
        if hasattr(self, "net_"):
            return self._validate_rows(X, y, reset=False)
        check_settings(self)
        X, y = self._validate_rows(X, y, reset=True)
        self._initialize_untrained(X, y)
        return X, y

    def _forget_task(self):
        for name in ("_support", "_state", "classes_", "_declared_classes"):
            self.__dict__.pop(name, None)

    def _adapted(self):
        check_is_fitted(self)
        if "_state" not in vars(self):
            raise NotAdaptedError(
                f"This {type(self).__name__} is meta-trained but has no task yet: show it some labelled rows with "
                "partial_fit(X, y) or adapt(X, y), or ask for predict(tasks)."
            )
        return self._state

    def _outputs(self, X, ask="predict"):
        """Raw outputs (n_rows, C or k) of the current task's adapted learner; ``ask`` names its method."""
        state = self._adapted()
        X = self._validate_X(X, reset=False)
        with torch.no_grad():
            blocks = [
                getattr(self._learner, ask)(state, self._tensor(X[i : i + _ROWS_AT_ONCE])[None])[0]
                for i in range(0, len(X), _ROWS_AT_ONCE)
            ]
        return torch.cat(blocks).cpu().numpy()

    # ------------------------------------------------------------------ many tasks at once

    def _outputs_of_tasks(self, tasks, weight=None, ask="predict"):
        """Adapt to every task's support and answer its query rows, tasks of similar size together.

        Returns a list of (n_query, C or k) arrays, one per task; the estimator's own state is untouched.
        """
        check_is_fitted(self)
        store = self._store(tasks, dtype=self._serving_dtype, weight=weight, device=self.net_.device)
        learner = self._ready_learner()
        outputs = [None] * len(tasks)
        for chunk in similar_size_chunks(tasks.n_support, tasks.n_query, _ROWS_AT_ONCE):
            batch, _ = store.whole_tasks(torch.as_tensor(chunk, device=store.device))
            query_X = batch.pop("query_X")
            with torch.no_grad():
                answers = getattr(learner, ask)(learner.adapt(**batch), query_X).cpu().numpy()
            for task, answer in zip(chunk, answers):
                outputs[task] = answer[: tasks.n_query[task]]
        return outputs

    def _validated_tasks(self, tasks, need_query=True):
        check_is_fitted(self)
        tasks = as_taskset(tasks)
        if need_query and (tasks.n_query < 0).any():
            name = tasks.called(int(np.flatnonzero(tasks.n_query < 0)[0]))
            raise ValueError(
                f"predict(tasks) answers query rows, but task {name} has none: build it as Task(X, y, X_query)."
            )
        X, _ = self._validate_pool(tasks, reset=False)
        return tasks.with_rows(X)

    def _tasks_to_score(self, tasks):
        """Tasks with labelled query rows: as given, or split, always the same way, into support and query."""
        tasks = as_taskset(tasks)
        if (tasks.n_query < 0).all():
            tasks = split_tasks(tasks, self.n_shots, random_state=0, per_class=self._splits_per_class())
        elif not tasks.query_labelled.all():
            name = tasks.called(np.flatnonzero(~tasks.query_labelled)[0])
            raise ValueError(
                "score needs labelled query rows in every task, or query rows in none so that all are split: task "
                f"{name} has no y_query."
            )
        return self._validated_tasks(with_query_rows(tasks))

    # ------------------------------------------------------------------ validation

    def _validate_X(self, X, reset):
        """Rows without labels as a dense array of numbers."""
        return self._single_safe(validate_data(self, X, reset=reset, accept_sparse="csr", dtype=np.float64), reset)

    def _validate_rows(self, X, y, reset):
        try:
            X, y = validate_data(
                self, X, y, reset=reset, accept_sparse="csr", dtype=np.float64, **self._target_validation
            )
        except ValueError as error:
            raise explain(error, X) from error
        self._check_targets(y)
        return self._single_safe(X, reset), y

    def _single_safe(self, X, reset):
        """Dense rows that single precision, in which weights are trained, can tell apart.

        A column that lies far from zero for its spread (a timestamp, an identifier) would lose the digits that
        differ; it is moved to zero by its mean in meta-training.
        """
        X = _dense(X)
        if X.size and np.abs(X).max() > _LARGEST_CELL:
            largest = np.abs(X).max()
            raise ValueError(f"Input X holds {largest:.3g}, a value too large for dtype('float32'): rescale it.")
        if reset:
            mean, spread = X.mean(0), X.std(0)
            self._column_shift = np.where((spread > 0) & (np.abs(mean) > 1e4 * spread), mean, 0.0)
        return X - self._column_shift if self._column_shift.any() else X

    def _validate_pool(self, tasks, reset):
        """Numbers and labels of all tasks' rows, with feature names and widths checked as scikit-learn does."""
        X, y = tasks.pooled
        if not len(tasks):
            raise ValueError("There are no tasks: give at least one.")
        if (tasks.n_support == 0).any() and (reset or not self._answers_without_rows()):
            name = tasks.called(int(np.flatnonzero(tasks.n_support == 0)[0]))
            raise ValueError(f"Task {name} has no support rows (X, y): leave it out, or give it some.")
        try:
            X = self._validate_X(X, reset=reset)
        except ValueError as error:
            raise explain(error, X, tasks) from error
        rows = np.flatnonzero(tasks.is_labelled_row)
        self._check_targets(y[rows], place=lambda i: place_of_row(rows[i], tasks))
        return X, y

    # ------------------------------------------------------------------ copies on disk

    def save(self, path):
        """Write the estimator to one file from which :func:`skmeta.load` makes it again without executing any code.

        The file holds numbers (safetensors) and JSON: parameters, weights, the history of training, the current task
        and known tasks. Callbacks, and a criterion or loader of one's own, are left out with a warning on loading; a
        module class of one's own has to be handed to ``load``.

        Parameters
        ----------
        path : str or path
        """
        from skmeta.estimators._persistence import save

        save(self, path)

    def __getstate__(self):
        state = dict(super().__getstate__())
        # weights travel once, inside net_, where skorch moves them off a GPU that is not there
        state.pop("_learner", None)
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
            self._adapt_to(self._support)


class _Endless(torch.utils.data.Dataset):
    """A task distribution as a data set: new tasks every epoch."""

    def __init__(self, distribution, estimator, seed):
        self.distribution, self.estimator = distribution, estimator
        self.X = self.sample(64, seed, first=True).X

    def sample(self, n_tasks, seed, first=False):
        tasks = as_taskset(self.distribution.sample(n_tasks, random_state=seed)).without_unlabelled_rows()
        X, y = self.estimator._validate_pool(tasks, reset=first and not self.estimator._goes_on)
        if first:
            self.estimator._learn_label_space(tasks, X, y, from_long=False)
        return self.estimator._store(tasks.with_rows(X))

    def draw(self, n_tasks):
        return self.sample(n_tasks, int(torch.randint(2**31 - 1, ())))

    def __len__(self):
        return 1


def _is_fitted_state(name):
    return (name.endswith("_") and not name.startswith("_")) or name in (
        "_support",
        "_state",
        "_learner",
        "_declared_classes",
        "_known_tasks",
        "_targets_1d",
        "_column_shift",
    )


def _dense(X):
    X = X.toarray() if hasattr(X, "toarray") else X
    return np.require(X, requirements="CW")  # torch takes neither read-only memory nor rows in reversed order


def _check_weight(sample_weight, n_rows):
    if sample_weight is None:
        return np.ones(n_rows)
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.shape != (n_rows,) or (weight < 0).any():
        raise ValueError(
            f"sample_weight must be {n_rows} non-negative numbers, got an array of shape {weight.shape}"
            + (f" with a minimum of {weight.min()}." if weight.size else ".")
        )
    return weight
