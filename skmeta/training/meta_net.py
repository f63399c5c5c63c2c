"""The outer loop: a skorch net whose samples are tasks, and whose module is a learner."""

import copy

import torch
from skorch.callbacks import PassthroughScoring

from skmeta.learners.base import innermost
from skmeta.tasks.episodes import EpisodeLoader, Parts
from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore, is_answered, sample_of
from skmeta.threads import one_thread
from skmeta.training.packed_net import packed, unpack
from skmeta.training.randomness import Randomness
from skmeta.training.seeded_net import SeededNet
from skmeta.training.standing import NothingLearned
from skmeta.training.step import Adam, correct, is_small, learned_at_once, n_tasks, shared_step, shorten_gradient

# since torch 2.4 on the CPU: a step of a small network is then several times as fast
_FUSED = (torch.optim.Adam, torch.optim.AdamW) if torch.__version__ >= (2, 4) else ()


class MetaNet(SeededNet):
    """skorch's ``NeuralNet`` around a learner: almost vanilla, so that all of skorch keeps working.

    ``module`` stays the user's (the body that embeds rows) and ``module__*`` its parameters; the learner, which is
    the algorithm, wraps it. Batches come from the episode loader as ``(keyword arguments of the learner's forward,
    flat query labels)``.

    Parameters
    ----------
    module : torch module class or instance
        The body.
    learner : callable
        ``learner(body, **learner__*) -> Learner``.
    seed : int
        See :class:`~skmeta.training.seeded_net.SeededNet`. It decides initial weights too.

    Attributes
    ----------
    standing_ : dict or None
        During training, where it stood after the last whole epoch; see :func:`~skmeta.training.standing.snapshot`.
    stopped_, interrupted_ : bool
        Whether a callback has ended the last training before its last epoch, or Ctrl-C has.

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.datasets import make_few_shot_classification
    >>> meta = ProtoNetClassifier(max_epochs=2, random_state=0).fit(make_few_shot_classification(20, random_state=0))
    >>> type(meta.net_).__name__, len(meta.net_.history)
    ('MetaNet', 2)
    """

    prefixes_ = SeededNet.prefixes_ + ["learner"]
    _trained = _loader = _standing_estimator = None

    def __init__(self, module, *args, learner, seed=0, iterator_train=EpisodeLoader, **kwargs):
        super().__init__(module, *args, seed=seed, iterator_train=iterator_train, **kwargs)
        self.learner = learner

    def initialize(self, rows=None):
        """skorch's, with the random numbers of ``seed``.

        Parameters
        ----------
        rows : tensor of shape (n_rows, n_features), default=None
            Rows to be trained on, for layers that have a method ``fit_rows``; of many sparse ones they are shown some.
        """
        with Randomness(self.device, self.seed).as_global():
            super().initialize()
            rows = None if rows is None else sample_of(rows)
            for layer in reversed(list(self.module_.modules())) if rows is not None else ():  # the inner ones first
                if hasattr(layer, "fit_rows"):
                    layer.fit_rows(rows)
        return self

    def initialize_from(self, trained):
        """Initialise with a copy of a trained net's learner in place of a new one."""
        self._trained = trained
        try:
            return self.initialize()
        finally:
            del self._trained

    def initialize_module(self):
        if self._trained is not None:
            self.module_ = copy.deepcopy(self._trained.module_)
            return self
        super().initialize_module()
        self.module_ = self.learner(self.module_, **self.get_params_for("learner"))
        return self

    # ------------------------------------------------------------------ one epoch

    def on_epoch_begin(self, net, **kwargs):
        super().on_epoch_begin(net, **kwargs)
        if hasattr(self._bare_learner, "training_progress"):
            done = len(self.history) - 1
            self._bare_learner.training_progress = min(done / max(self.max_epochs - 1, 1), 1.0)

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """skorch's, with this training's random numbers for the loader, and on one thread where batches are small."""
        small, self._loader = is_small(iterator, self._bare_learner), iterator
        if training and self._processes is not None and type(iterator) is EpisodeLoader:
            # of a loss that looks across tasks everybody needs the labels of all
            iterator.share = self._processes.place if self._bare_learner.loss_in_parts else None
        if iterator is not None and self._randomness is not None:
            if type(iterator) in (EpisodeLoader, RowLoader) and isinstance(iterator.dataset, TaskStore):
                iterator.generator = self._randomness.generator(iterator.dataset.device)
            else:
                iterator = self._randomness.draws_of(iterator)
        try:
            with one_thread(small):
                self._run_batches(iterator, training, prefix, step_fn, **fit_params)
        finally:
            self._loader = None

    def _run_batches(self, batches, training, prefix, step_fn, **fit_params):
        """skorch's loop, which would look into all of a batch for the number of its tasks."""
        if batches is None:
            return
        n_batches = 0
        for batch in batches:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            self.history.record_batch(f"{prefix}_loss", step["loss"].item())
            place = getattr(self._loader, "place", None)
            self.history.record_batch(f"{prefix}_batch_size", n_tasks(batch[0]) if place is None else place.n_all)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            n_batches += 1
        self.history.record(f"{prefix}_batch_count", n_batches)

    def train_step_single(self, batch, **fit_params):
        """skorch's, its gradient bounded where it may explode."""
        done = self._gradient_of(batch, **fit_params)
        if innermost(self._bare_learner).gradient_may_explode:
            for name in self._optimizers:
                shorten_gradient(getattr(self, f"{name}_"))
        return done

    def _gradient_of(self, batch, **fit_params):
        """skorch's step; or the learner's own way, if it has one, where nobody would see the difference."""
        done = None if fit_params or self._processes is not None else learned_at_once(self, *batch)
        if done is not None:
            return done
        if not self._draws_in_steps or self._randomness is None:
            return self._step(batch, **fit_params)
        with self._randomness_of_steps.as_global():
            return self._step(batch, **fit_params)

    def _step(self, batch, **fit_params):
        if self._processes is not None:
            return shared_step(self, self._processes, batch, **fit_params)
        return super().train_step_single(batch, **fit_params)

    def __getstate__(self):
        return packed(self)

    def __setstate__(self, state):
        unpack(self, state)

    # ------------------------------------------------------------------ one batch

    def get_params_for_optimizer(self, prefix, named_parameters):
        """skorch's, and the one-kernel implementation where torch has one and nothing else is asked for."""
        args, kwargs = super().get_params_for_optimizer(prefix, named_parameters)
        if getattr(self, prefix) in _FUSED and not {"fused", "foreach", "differentiable", "capturable"} & set(kwargs):
            values = [value for group in args[0] for value in group["params"]]
            if all(value.device.type in ("cpu", "cuda") and value.is_floating_point() for value in values):
                kwargs["fused"] = True
        return args, kwargs

    def initialize_optimizer(self, *args, **kwargs):
        super().initialize_optimizer(*args, **kwargs)
        for name in self._optimizers:
            optimizer = getattr(self, f"{name}_")
            if type(optimizer) is torch.optim.Adam:
                optimizer.__class__ = Adam  # the same, with a shorter way
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        super().on_train_begin(net, X=X, y=y, **kwargs)
        self._has_learned_from_rows = None

    def on_train_end(self, net, X=None, y=None, **kwargs):
        super().on_train_end(net, X=X, y=y, **kwargs)
        if self._has_learned_from_rows is False:
            raise NothingLearned(
                "These tasks leave no query row to learn from: as soon as one row of a task (of a class, where tasks "
                "have classes of their own) is support, none is left. Give some tasks more rows, or labelled query "
                "rows of their own."
            )

    def _set_training(self, training=True):
        """skorch's, which goes through all modules before every batch, where the mode is another."""
        if self.module_.training != training or self.criterion_.training != training:
            super()._set_training(training)

    @property
    def _bare_learner(self):
        """The learner itself, also where a wrapper for many GPUs stands around it."""
        return getattr(self.module_, "module", self.module_)

    def get_iterator(self, dataset, training=False):
        iterator = super().get_iterator(dataset, training=training)
        if isinstance(iterator, EpisodeLoader) and not self._bare_learner.loss_in_parts:
            iterator.in_parts = False
        return iterator

    def infer(self, x, **fit_params):
        """skorch's; for a batch in parts the answers of all, then, where there is more than answers, what each gave."""
        if not isinstance(x, Parts):
            return super().infer(x, **fit_params)
        answers = [self.infer(batch, **fit_params) for batch in x.batches]
        if not isinstance(answers[0], tuple):
            return _joined(answers)
        return _joined([part for part, *_ in answers]), answers

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """The criterion over the query rows that have a label; padding has none.

        A learner whose loss takes more than the answers returns ``(answers, more)`` in training and says in its
        ``training_loss(criterion, answers, more, y)`` what to make of it.
        """
        if training and not self._has_learned_from_rows:
            self._has_learned_from_rows = bool(is_answered(y_true).any())
        if isinstance(X, Parts) and isinstance(y_pred, tuple):
            _, parts = y_pred
            y_of_parts = y_true.split([len(answers) for answers, *_ in parts])
            losses = [self.get_loss(part, y, training=training) for part, y in zip(parts, y_of_parts)]
            by_tasks = self._bare_learner.loss_by_tasks
            counts = [len(b["query_X"]) for b in X.batches] if by_tasks else [is_answered(y).sum() for y in y_of_parts]
            return sum(loss * count for loss, count in zip(losses, counts)) / max(sum(counts), 1)
        if isinstance(y_pred, tuple):
            return self._bare_learner.training_loss(self._criterion_of_answered, *y_pred, y_true)
        return self._criterion_of_answered(y_pred, y_true, self._may_hide)

    @property
    def _may_hide(self):
        """Whether query rows of a batch may have no label; a share of a batch is padded besides."""
        return self._processes is not None or getattr(self._loader, "hides", True)

    def _criterion_of_answered(self, y_pred, y_true, may_hide=True):
        y_true = y_true.to(y_pred.device)
        if may_hide:
            answered = is_answered(y_true)
            if not answered.all():
                y_pred, y_true = y_pred[answered], y_true[answered]
        if not len(y_true):
            return y_pred.sum()  # 0 with a gradient of 0; the mean of nothing would be NaN, and so the weights after it
        if isinstance(self.criterion_, torch.nn.CrossEntropyLoss) and y_pred.t().is_contiguous() and y_true.ndim == 1:
            # the same rows, as the points of one image with C channels: softmax over an outer axis is vectorised
            return super().get_loss(y_pred.t()[None], y_true[None])
        return super().get_loss(y_pred, y_true)

    def on_batch_end(self, net, batch=None, training=False, y_pred=None, **kwargs):
        super().on_batch_end(net, batch=batch, training=training, y_pred=y_pred, **kwargs)
        _, y = batch
        if y_pred is None or y.is_floating_point():
            return
        if training and self._correct_of_all is not None:
            n_correct, n_answered = self._correct_of_all
        else:
            n_correct, n_answered = correct(y_pred, y, self._may_hide)
        accuracy = n_correct / n_answered if n_answered else float("nan")
        self.history.record_batch("train_acc" if training else "valid_acc", accuracy)

    @property
    def _default_callbacks(self):
        callbacks = super()._default_callbacks
        accuracies = [
            ("train_acc", PassthroughScoring("train_acc", lower_is_better=False, on_train=True)),
            ("valid_acc", PassthroughScoring("valid_acc", lower_is_better=False)),
        ]
        # the log comes last, so that it prints what the scorers before it have recorded
        return [*callbacks[:-1], *accuracies, callbacks[-1]]

    def predict(self, X):
        """Flat query labels or targets, as string scorers of ``EpochScoring`` expect."""
        answers = self.predict_proba(X)
        return answers if getattr(self.module_, "task_type", None) == "regression" else answers.argmax(1)


def _joined(answers):
    """Flat answers of several parts as one, their classes before their rows in memory, as a learner's are."""
    return torch.cat([part.t() for part in answers], 1).t()
