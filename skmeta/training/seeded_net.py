"""A training by skorch that its seed decides, that is left at whole epochs, and that several processes may share."""

from skorch import NeuralNet
from skorch.callbacks import Checkpoint, EpochTimer, ProgressBar

from skmeta.training.processes import current_processes
from skmeta.training.randomness import Randomness, draws_by_itself, is_foreign, may_draw
from skmeta.training.standing import TrainingInterrupted, fingerprint, identity, noticing_ctrl_c, put_back, snapshot


class SeededNet(NeuralNet):
    """skorch's ``NeuralNet``, with random numbers of its own, whole epochs, and callbacks that hear what concerns them.

    Parameters
    ----------
    seed : int
        Decides every epoch's batches and dropout. Each epoch is seeded by its number, so training that is resumed after
        epoch 5 sees the same sixth epoch as training that was never interrupted. Torch's global generators are left as
        found, and other threads do not disturb.

    Attributes
    ----------
    standing_ : dict or None
        During training, where it stood after the last whole epoch; see :func:`~skmeta.training.standing.snapshot`.
    stopped_, interrupted_ : bool
        Whether a callback has ended the last training before its last epoch, or Ctrl-C has.
    """

    standing_ = _randomness = _randomness_of_steps = _watcher = None
    _processes = _share = _correct_of_all = _learnable = None  # of several processes
    stopped_ = interrupted_ = _in_epoch = False
    _draws_in_steps = _draws_in_callbacks = False

    def __init__(self, module, *args, seed=0, **kwargs):
        super().__init__(module, *args, **kwargs)
        self.seed = seed
        self._n_batches = {}

    def get_iterator(self, dataset, training=False):
        iterator = super().get_iterator(dataset, training=training)
        self._n_batches[training] = len(iterator) if hasattr(iterator, "__len__") else None
        return iterator

    # ------------------------------------------------------------------ from the first epoch to the last

    def partial_fit(self, X, y=None, classes=None, epochs=None, **fit_params):
        """Train for some epochs, from where the net stands.

        Ctrl-C puts the net back to its last whole epoch, ends the training as it would have ended there, and is then
        raised as :class:`~skmeta.training.standing.TrainingInterrupted`. A callback that raises KeyboardInterrupt
        ends it where it is, and nothing is raised: so skorch's callbacks stop early.

        Parameters
        ----------
        X : TaskStore or object with ``draw(n_tasks) -> TaskStore``
        epochs : int, default=None
            None takes ``max_epochs``.
        """
        if not self.initialized_:
            self.initialize()
        self.stopped_ = self.interrupted_ = self._in_epoch = False
        self._randomness = self._randomness_of_steps = Randomness(self.device, self.seed)
        self._processes = current_processes(self.device)
        self._draws_in_steps = may_draw(self.module_) or may_draw(self.criterion_)
        self._draws_in_callbacks = any(is_foreign(callback) for _, callback in self.callbacks_)
        try:
            if self._processes is not None:
                self._processes.check_same(identity(self, X))
                if self._draws_in_steps and draws_by_itself(self.module_):
                    self._randomness_of_steps = Randomness(self.device)
            self.notify("on_train_begin", X=X, y=y)
            epochs = self._epochs_left(X, self.max_epochs if epochs is None else epochs)
            with noticing_ctrl_c() as signals:
                try:
                    self.fit_loop(X, y, epochs=epochs, **fit_params)
                except KeyboardInterrupt:
                    if signals or not self.stopped_:
                        self.stopped_, self.interrupted_ = False, True
                        if not self._gone_back():
                            raise
            self.standing_ = snapshot(self)
            self.notify("on_train_end", X=X, y=y)
            if self._processes is not None and not self.interrupted_:
                self._stand_where_the_first_does(snapshot(self))
        finally:
            self.standing_ = self._randomness = self._randomness_of_steps = self._processes = None
            self._share = self._correct_of_all = self._watcher = self._learnable = None
        if self.interrupted_:
            raise TrainingInterrupted(f"Training was interrupted; its {len(self.history)} whole epochs are kept.")
        return self

    def _epochs_left(self, X, epochs):
        """Epochs that are to be trained after those that callbacks resume."""
        begun = len(self.history)
        for _, callback in self.callbacks_:
            if hasattr(callback, "resume") and self._hears(callback):
                self.stopped_ |= callback.resume(self, X)
        epochs = 0 if self.stopped_ else max(0, epochs - (len(self.history) - begun))
        if self._processes is None:
            return epochs
        epochs, self.stopped_ = self._processes.of_first([epochs, self.stopped_])
        return epochs

    def _stand_where_the_first_does(self, standing):
        standing = self._processes.of_first(standing, self.device)
        if not self._processes.is_first:
            put_back(self, standing)

    def _gone_back(self):
        """Go back to the last whole epoch; whether there is one."""
        if self._in_epoch and self.standing_ is None:
            return False
        if self._in_epoch:
            put_back(self, self.standing_)
        return len(self.history) > 0

    def notify(self, method_name, **cb_kwargs):
        """skorch's; a callback of the user's own finds this training's random numbers in torch's global generators.

        Of several processes all hear what concerns training, and the first alone prints, logs and writes files.
        """
        if (
            self._share is not None
            and cb_kwargs.get("training")
            and method_name in ("on_grad_computed", "on_batch_end")
        ):
            cb_kwargs["batch"] = self._share
        wants_to_stop = False
        try:
            if self._draws_in_callbacks and self._randomness is not None:
                with self._randomness.as_global():
                    self._tell(method_name, cb_kwargs)
            else:
                self._tell(method_name, cb_kwargs)
        except KeyboardInterrupt:
            self.stopped_ = wants_to_stop = True
            if self._processes is None or method_name != "on_epoch_end":
                raise
        if method_name == "on_epoch_begin":
            self._tell_progress_bars(cb_kwargs["dataset_valid"] is not None)
        if method_name == "on_epoch_end":
            self._in_epoch = False
            if self._processes is not None and self._processes.any(wants_to_stop, self.device):
                self.stopped_ = True
                raise KeyboardInterrupt

    def _tell(self, method_name, cb_kwargs):
        if self._processes is None or self._processes.is_first:
            super().notify(method_name, **cb_kwargs)
            watch = getattr(self._watcher, method_name, None)
            if watch is not None and watch(self):
                raise KeyboardInterrupt  # as callbacks of skorch that stop
            return
        getattr(self, method_name)(self, **cb_kwargs)
        for _, callback in self.callbacks_:
            if self._hears(callback):
                getattr(callback, method_name)(self, **cb_kwargs)

    def _tell_progress_bars(self, validates):
        """How many batches there are: skorch's count the tasks instead."""
        counts = [self._n_batches.get(training) for training in ([True, False] if validates else [True])]
        for _, callback in self.callbacks_:
            if (
                isinstance(callback, ProgressBar)
                and callback.batches_per_epoch == "auto"
                and hasattr(callback, "pbar_")
            ):
                callback.pbar_.reset(total=None if None in counts else sum(counts))

    def _hears(self, callback):
        return self._processes is None or self._processes.is_first or not only_writes(callback)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        standing = snapshot(self) if len(self.history) or self._processes is not None else None
        if self._processes is not None and not self._processes.agree(fingerprint(standing), self.device):
            # a callback of the first process has resumed a training, or changed it
            self._stand_where_the_first_does(standing)
            standing = snapshot(self)
        if self._processes is not None:  # skorch looks for them in all modules
            self._learnable = [parameter for _, parameter in self.get_all_learnable_params()]
        if len(self.history):
            self.standing_ = standing
        self._in_epoch = True
        super().on_epoch_begin(net, dataset_train=dataset_train, dataset_valid=dataset_valid, **kwargs)
        if self._randomness is not None:
            self._randomness.reseed(self.seed + len(self.history))
            if self._randomness_of_steps is not self._randomness:
                # far from the seeds of epochs
                self._randomness_of_steps.reseed(self.seed + len(self.history) + 10**9 * (1 + self._processes.rank))


def only_writes(callback):
    """Whether a callback prints, logs or writes files, and changes nothing about training.

    One of the user's own may say so in an attribute ``only_first_process``.
    """
    is_logger = any(cls.__module__ == "skorch.callbacks.logging" for cls in type(callback).mro())
    is_logger = is_logger and not isinstance(callback, EpochTimer)
    return is_logger or isinstance(callback, Checkpoint) or getattr(callback, "only_first_process", False)
