"""Meta-training: tasks held out, a net made and trained by skorch, its learner taken into use."""

import copy
import inspect

import numpy as np
import torch
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from skorch.helper import predefined_split

from skmeta.estimators.base.current_task import Support, adapt_to
from skmeta.estimators.base.fresh_tasks import AugmentedTraining, Endless
from skmeta.estimators.base.known_tasks import KnownTasks
from skmeta.estimators.base.rows import refuse_too_large, require_labels
from skmeta.estimators.base.spreads import Spreads
from skmeta.estimators.base.targets import Targets
from skmeta.estimators.base.tasks_apart import TasksApart
from skmeta.estimators.base.unlike_tasks import warn_of_tasks_apart
from skmeta.learners.calibrated import Calibrated
from skmeta.learners.calibrated_numbers import CalibratedNumbers
from skmeta.learners.calibrated_tasks import CalibratedTasks
from skmeta.learners.target_scaling import PerTaskTargets
from skmeta.nets.scaling import scaling_of
from skmeta.tasks import TaskSet, as_taskset, is_task_distribution, is_tasks
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.store import sample_of
from skmeta.training import MetaNet, resolve_device
from skmeta.training.held_out import KeptApart, Rehearsal, acting_on_steps
from skmeta.training.standing import train
from skmeta.training.warm_start import go_on
from skmeta.transaction import copy_of

_STEPS_OF_ENDLESS = 30


class MetaTraining:
    """The way from tasks, or one table, to an estimator's ``codec_``, ``net_`` and ``served_``.

    It is made anew for every fit and works on the draft of an estimator.

    Parameters
    ----------
    estimator : estimator
    """

    watcher = None  # of every epoch
    is_copy = False  # whether it only shows what a training on some of the tasks comes to
    apart = None  # tasks that say how far a regressor of few of them is to be trusted
    is_rehearsed = True  # whether classes, or tasks, held out say how far training goes

    def __init__(self, estimator):
        self.estimator = estimator
        self.before = vars(estimator) if estimator.warm_start and "net_" in vars(estimator) else None
        self.rng = check_random_state(estimator.random_state)
        self.is_one_table = False

    # ------------------------------------------------------------------ the ways in

    def learn(self, X, y, task):
        """Go the way in that the arguments of ``fit`` ask for."""
        are_tasks, is_source = is_tasks(X), is_task_distribution(X)
        if task is not None and (are_tasks or is_source):
            raise ValueError("task= says which task each row of a table belongs to, but X holds whole tasks already.")
        if are_tasks:
            return self.on_tasks(as_taskset(X))
        if is_source:
            return self.on_distribution(X)
        require_labels(self.estimator, X, y)
        X, ids = self.estimator._take_ids(X, task, is_fit=True)
        return self.on_table(X, y) if ids is None else self.on_long_table(X, y, ids)

    def on_tasks(self, tasks, from_long=False):
        """Meta-train on a set of tasks; no task is adapted afterwards."""
        estimator = self.estimator
        tasks = tasks.without_unlabelled_rows()
        if not from_long:  # rows of the long format have been validated as one table, with their column names
            # who changes tasks is to find them as they always were
            keep_sparse = estimator.augment is None
            tasks = self.reader().read_tasks(estimator, tasks, reset=self.before is None, keep_sparse=keep_sparse)
        X, y = tasks.pooled
        refuse_too_large(X)  # tables may hold such cells, and training may not
        self.learn_codec(estimator._codec_class.of_tasks(estimator, tasks, X, y, from_long))
        self.measure_spreads(tasks)
        self.train(*self.hold_out_tasks(tasks))

    def on_distribution(self, distribution):
        """Meta-train on tasks that are drawn anew in every epoch."""
        estimator = self.estimator
        tasks, valid = Endless(distribution, self, self.rng.randint(2**31 - 1)), None
        if estimator.validation_fraction:
            per_epoch = estimator.batch_size * (estimator.steps_per_epoch or _STEPS_OF_ENDLESS)
            n_valid = max(1, round(estimator.validation_fraction * per_epoch))
            valid = tasks.sample(n_valid, self.rng.randint(2**31 - 1))
        self.train(tasks, valid)

    def on_long_table(self, X, y, ids):
        """Meta-train on the tasks of one table, which are then known by their ids."""
        estimator = self.estimator
        estimator.rows_, rows, y = self.reader().read_labelled(estimator, X, y, reset=self.before is None)
        self.on_tasks(TaskSet.from_long(rows, y, ids), from_long=True)
        estimator.known_tasks_ = KnownTasks.none_yet(X).shown(ids, rows, y, np.ones(len(y)))

    def on_table(self, X, y):
        """Meta-train on episodes of one table, and adapt to all of it."""
        estimator, self.is_one_table = self.estimator, True
        estimator.rows_, X, y = self.reader().read_labelled(estimator, X, y, reset=self.before is None)
        self.learn_codec(estimator._codec_class.of_table(estimator, y))
        self.measure_spreads(one_task(X, y))
        can_learn = estimator.codec_.can_learn(y)
        tasks, valid = self.hold_out_rows(X, y) if can_learn else (self.store(one_task(X, y)), None)
        self.train(tasks, valid, epochs=self.epochs_on_table(can_learn))
        self.adapt_to_table(Support.of(X, y))

    def untrained(self, X, y):
        """Initial weights for tasks of such rows; the rows as numbers, and their labels."""
        estimator = self.estimator
        estimator.rows_, X, y = self.reader().read_labelled(estimator, X, y, reset=True)
        self.learn_codec(estimator._codec_class.of_untrained(estimator, y))
        self.train(self.store(one_task(X, y)), None, epochs=0)
        return X, y

    # ------------------------------------------------------------------ data

    def reader(self):
        """The reader of rows: a new one, or that of the fit that training goes on from."""
        estimator = self.estimator
        if self.before is None:
            estimator.rows_ = estimator._reader_class(estimator)
        return estimator.rows_

    def learn_codec(self, codec):
        """Take a codec into use, or see that the one before serves these tasks too."""
        self.estimator.codec_ = codec if self.before is None else codec.following(self.before["codec_"])

    def measure_spreads(self, tasks):
        """Remember how widely columns and targets spread within tasks, where it matters on which scale they are."""
        estimator = self.estimator
        if not estimator._feels_scales:
            return
        X, y = tasks.pooled
        if sparse.issparse(X):  # words have no units
            return
        targets = None if getattr(estimator, "target_scaling", None) == "task" else estimator.codec_.with_scale(y)
        start = np.cumsum(tasks.n_rows) - tasks.n_rows
        spreads = Spreads.of_tasks(X, targets, start, tasks.n_rows)
        if getattr(estimator.codec_, "regime", None) == "task":  # of shared classes, places may tell
            warn_of_tasks_apart(estimator, X, start, tasks.n_rows)
        before = None if self.before is None else self.before.get("spreads_")
        # with another scaling of targets training does not go on, which is said where nets are made
        follows = before is not None and before.low.shape == spreads.low.shape
        estimator.spreads_ = spreads.following(before) if follows else spreads

    def store(self, tasks):
        """Tasks as tensors, beside what they are to those who score them."""
        made = self.estimator.codec_.store(tasks, device=resolve_device(self.estimator.device))[0]
        made.tasks = tasks
        return made

    def training_store(self, tasks):
        """Tasks as training sees them; in use it may be otherwise."""
        return self.store(tasks)

    def hold_out_tasks(self, tasks):
        """Training and validation data; whole tasks are held out, never episodes."""
        estimator, fraction = self.estimator, self.estimator.validation_fraction
        valid = None
        if fraction:
            n_valid = max(1, round(fraction * len(tasks)))
            if n_valid >= len(tasks):
                raise ValueError(f"validation_fraction={fraction} of {len(tasks)} tasks leaves none to train on.")
            order = self.rng.permutation(len(tasks))
            tasks, valid = tasks[order[n_valid:]], self.store(tasks[order[:n_valid]])
        if estimator.augment is None:
            return self.training_store(tasks), valid
        return AugmentedTraining(tasks, estimator.augment, self.training_store), valid

    def hold_out_rows(self, X, y):
        """Training and validation rows of one table."""
        fraction = self.estimator.validation_fraction
        if not fraction:
            return self.store(one_task(X, y)), None
        strata = self.estimator.codec_.strata(y)
        seed = self.rng.randint(2**31 - 1)
        X, X_valid, y, y_valid = train_test_split(X, y, test_size=fraction, stratify=strata, random_state=seed)
        return self.store(one_task(X, y)), self.store(one_task(X_valid, y_valid))

    # ------------------------------------------------------------------ training

    def train(self, tasks, valid, epochs=None):
        """Make a net, train it, and take its learner into use."""
        estimator = self.estimator
        seed = int(self.rng.randint(2**31 - 1))
        epochs = estimator.max_epochs if epochs is None else epochs
        kept = None
        if epochs > 0 and self.before is None and not self.is_copy:
            if not self.is_one_table and self.takes_tasks_apart():
                self.apart = TasksApart(tasks, estimator.codec_, seed)
            elif self.is_one_table and self.calibrated() is not None:
                kept = KeptApart(tasks, seed)
                tasks = kept.to_train_on()
        net = self.make_net(tasks.X, valid, seed)
        if self.before is None:
            net.initialize(tasks.X)
            if epochs > 0:
                learner = net.module_
                estimator._start(learner.learner if isinstance(learner, Calibrated) else learner, tasks)
        else:
            self.go_on_from(net, self.before["net_"])
        net._standing_estimator = lambda: self.standing(net)
        if self.is_rehearsed and self.before is None:
            rehearsal = Rehearsal(lambda rows: self.make_net(rows, None, seed), tasks, seed)
            rehearsal.train(net, tasks, epochs, self.watcher)
        else:
            train(net, tasks, epochs, self.watcher)
        net._standing_estimator = None
        if kept is not None:
            kept.calibrate(net.module_)
        if self.apart is not None and self.apart.is_of_use:
            self.apart.calibrate(net, lambda some: self.answers_of_copy(some, len(net.history), seed))
        estimator._serve(net)

    def answers_of_copy(self, tasks, epochs, seed):
        """A function from tasks to outputs of the estimator that a training on some tasks alone comes to."""
        one = copy.copy(self)
        one.estimator, one.rng = copy_of(self.estimator), np.random.RandomState(seed)
        one.is_copy, one.apart, one.watcher = True, None, None
        one.train(one.training_store(tasks), None, epochs)
        served, settings = one.estimator.served_, one.estimator._settings()
        if one.estimator.net_.interrupted_:
            raise KeyboardInterrupt("The rehearsal was interrupted.")
        return lambda others: served.answer_tasks(others, one.estimator.codec_, settings=settings)[0]

    def standing(self, net):
        """The estimator as if training had ended now, for tasks whose rows have been read."""
        estimator = copy_of(self.estimator)
        estimator._serve(net)
        estimator._read_tasks = lambda tasks, **how: tasks
        return estimator

    def go_on_from(self, net, before):
        """Give a new net what the last one had learned; whatever was set anew is taken as it is now."""
        go_on(net, before)
        learner = net.module_
        if isinstance(learner, CalibratedTasks) or (isinstance(learner, Calibrated) and not self.is_one_table):
            # what tasks, or one table, have said of a learner that knew less than it will says nothing of others
            learner.is_calibrated.fill_(False)

    def epochs_on_table(self, can_learn):
        """Epochs of training on one table; None is what the estimator says."""
        return None if can_learn else 0

    def adapt_to_table(self, support):
        """Adapt to the rows of the table that has been trained on."""
        adapt_to(self.estimator, support)

    # ------------------------------------------------------------------ the net

    def make_net(self, rows, valid, seed):
        """The skorch net of the estimator's parameters, for rows like these."""
        estimator, n_features = self.estimator, rows.shape[1]
        routed = dict(estimator._routed)
        module = estimator.module
        if module is None:
            module, parameters = estimator._default_module, estimator._default_module_parameters
            if estimator.codec_.n_outputs is None and estimator._module_of_own_classes is not None:
                other, its_parameters, least = estimator._module_of_own_classes
                if n_features >= least:
                    module, parameters = other, its_parameters
            for name, value in parameters.items():
                routed.setdefault(f"module__{name}", value)
        if isinstance(module, torch.nn.Module):
            module = copy.deepcopy(module)  # the user's instance is a parameter; it must stay as it is
        else:
            known = {"n_features_in": n_features, **scaling_of(sample_of(rows))}
            for name in known.keys() & inspect.signature(module).parameters.keys():
                routed.setdefault(f"module__{name}", known[name])
        self.set_iterators(routed)
        routed.setdefault("iterator_valid__seed", seed)
        # episodes of one table resemble each other: a few of them make as good a step as many
        batch_size = min(estimator.batch_size, 4) if self.is_one_table else estimator.batch_size
        codec = estimator.codec_
        return MetaNet(
            module,
            learner=self.learner(),
            learner__n_features_in=n_features,
            learner__n_outputs=codec.n_outputs,
            **{f"learner__{name}": value for name, value in self.learner_settings().items()},
            criterion=codec.criterion if estimator.criterion is None else estimator.criterion,
            optimizer=estimator.optimizer,
            lr=estimator.lr,
            max_epochs=estimator.max_epochs,
            batch_size=batch_size,
            iterator_train=estimator.iterator_train,
            iterator_valid=EpisodeLoader,
            train_split=None if valid is None else predefined_split(valid),
            callbacks=acting_on_steps(_own(estimator.callbacks)) if self.is_copy else _own(estimator.callbacks),
            verbose=0 if self.is_copy else estimator.verbose,
            device=str(resolve_device(estimator.device)),
            seed=seed,
            **routed,
        )

    #: what stands around a learner whose targets each task standardises
    per_task_targets = PerTaskTargets

    def learner(self):
        """The constructor of the learner, which is put around a body."""
        learner_class = self.estimator._learner_class
        if getattr(self.estimator, "target_scaling", None) == "task":
            learner_class = self.per_task_targets.around(learner_class)
        calibrated = self.calibrated()
        return learner_class if calibrated is None else calibrated.around(learner_class)

    def calibrated(self):
        """A learner of one table, or of few tasks, can be too sure: this is the class that stands around it, or None.

        The class finds out how far the learner can be trusted.
        """
        estimator = self.estimator
        if self.before is not None:
            kind = type(self.before["net_"].module_)
            return kind if issubclass(kind, Calibrated) else None
        if self.apart is not None and self.apart.is_of_use:
            return CalibratedTasks
        if not self.is_one_table or not estimator._is_calibrated or estimator.codec_.n_outputs is None:
            return None
        return Calibrated if estimator._codec_class.task_type == "classification" else CalibratedNumbers

    def takes_tasks_apart(self):
        """Whether tasks are regressions whose targets are on one scale, in training and in use, as a line's are."""
        estimator = self.estimator
        return estimator._is_calibrated and type(estimator.codec_) is Targets and estimator.target_scaling != "task"

    def learner_settings(self):
        """Arguments of the learner beside the body."""
        return self.estimator._learner_settings()

    def set_iterators(self, routed):
        """Add the loaders' settings to the routed parameters, where those do not have them already."""
        estimator = self.estimator
        if estimator.iterator_train is EpisodeLoader:
            episodes = {"n_ways": estimator.n_ways, "n_shots": estimator.n_shots, "n_query": estimator.n_query}
            # a learner that cannot answer for a class without rows must not be asked about one
            episodes["hide_unseen"] = not estimator._learner_class.cold_start
            for name, value in episodes.items():
                routed.setdefault(f"iterator_train__{name}", value)
                routed.setdefault(f"iterator_valid__{name}", routed[f"iterator_train__{name}"])
            steps = 10 if self.is_one_table and estimator.steps_per_epoch is None else estimator.steps_per_epoch
            routed.setdefault("iterator_train__steps", steps)


def one_task(X, y):
    """A table whose rows have been read, as a set of one task."""
    return TaskSet.from_pool(X, y, [len(y)])


def _own(callbacks):
    """Callbacks for a net of its own: clones, and themselves those that cannot be cloned."""
    if not isinstance(callbacks, (list, tuple)):
        return callbacks
    return [(one[0], _clone(one[1])) if isinstance(one, tuple) else _clone(one) for one in callbacks]


def _clone(callback):
    try:
        return clone(callback, safe=False)
    except (TypeError, RuntimeError):  # it holds an open file, or a trial that runs
        return callback
