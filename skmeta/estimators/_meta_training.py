"""Meta-training: tasks held out, a net made and trained by skorch, its learner taken into use."""

import copy
import inspect

import torch
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch.helper import predefined_split

from skmeta.estimators._augmented import AugmentedTraining
from skmeta.estimators._serving import SinglePrecision
from skmeta.estimators._settings import check_settings
from skmeta.tasks import TaskSet, as_taskset
from skmeta.tasks.episodes import EpisodeLoader
from skmeta.training import MetaNet, go_on, resolve_device, train

_STEPS_OF_ENDLESS = 30


class MetaTraining:
    """From a set or distribution of tasks to ``net_``, and the frozen learner that answers."""

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

    def _train(self, train_tasks, valid, rng, epochs=None, one_table=False):
        seed = int(rng.randint(2**31 - 1))
        rows = train_tasks.X
        epochs = self.max_epochs if epochs is None else epochs
        net = self._make_net(rows.shape[1], valid, seed, one_table)
        if self._goes_on:
            go_on(net, self.net_)
            self._renew(net)
        else:
            net.initialize(rows)
            if epochs > 0:
                self._start(net.module_, train_tasks)
        train(net, train_tasks, epochs)
        self._serve(net)

    def _renew(self, net):
        """Change parts of a learner whose training goes on with other tasks than before."""

    def _start(self, learner, train):
        """Weights better than random ones to train from, where they can be told from the data."""

    @property
    def _goes_on(self):
        """Whether training continues that of the last fit."""
        return self.warm_start and hasattr(self, "net_")

    def _tasks_in_a_batch(self, one_table):
        # episodes of one table resemble each other: a few of them make as good a step as many
        return min(self.batch_size, 4) if one_table else self.batch_size

    def _train_on_table(self, train, valid, rng, can_learn):
        """Training on episodes of one table."""
        self._train(train, valid, rng, epochs=None if can_learn else 0, one_table=True)

    def _make_net(self, n_features, valid, seed, one_table):
        routed = dict(self._routed)
        module = self.module
        if module is None:
            module = self._default_module
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
            batch_size=self._tasks_in_a_batch(one_table),
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
        """Take a trained net into use: ``net_`` as it is, and frozen copies of its learner that adapt and answer.

        One is in double precision; ``_single`` is in single precision, or None where that would be felt.
        """
        self.net_ = net
        # double precision keeps row i of an answer independent of the rows beside it to the last digit that counts
        self._learner = copy.deepcopy(net.module_).eval().requires_grad_(False).to(self._serving_dtype)
        self._single = SinglePrecision(self._learner) if getattr(self._learner, "single_precision", False) else None

    def _bare_learner(self):
        check_is_fitted(self)
        return getattr(self._learner, "learner", self._learner)

    def _ready_learner(self, dtype=None):
        """The serving learner, with the adaptation settings now in force; of single precision, if asked for."""
        if "net_" not in vars(self):
            check_is_fitted(self)
        check_settings(self, self._adaptation_parameters)
        learner = self._learner if dtype in (None, self._serving_dtype) else self._single.learner
        bare = getattr(learner, "learner", learner)
        for name in self._adaptation_parameters:
            setattr(bare, name, getattr(self, name))
        return learner


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
