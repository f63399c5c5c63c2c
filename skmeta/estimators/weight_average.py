"""Averages of source tasks' weights as scikit-learn estimators."""

import torch
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._classifier import MetaClassifier
from skmeta.estimators._pretraining import PretrainingClassifierMixin, PretrainingRegressorMixin
from skmeta.estimators._regressor import MetaRegressor
from skmeta.exceptions import NotAdaptedError
from skmeta.learners.weight_average import WEIGHTINGS, WeightAverage
from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore, is_answered, similar_size_chunks

_ROWS_AT_ONCE = 65536


class _WeightAverage:
    """What the classifier and the regressor share.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    temperature : float, default=0.5
        Small values trust the most similar sources alone.
    source_steps : int, default=20
        Steps of fine-tuning on each source.
    source_lr : float, default=0.003
        Their rate.
    l2_sp : float, default={}
        Pull of fine-tuned weights and fitted heads towards where they start, counted in rows.
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together.

    Attributes
    ----------
    alpha_ : ndarray of shape (n_sources,)
        Shares of the source tasks in the current task's average.

    References
    ----------
    M. Wortsman et al. "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". ICML 2022.
    """

    _learner_class = WeightAverage
    _learner_parameters = ("weighting", "temperature", "source_steps", "source_lr", "l2_sp")
    _adaptation_parameters = ("weighting", "temperature", "l2_sp")
    _default_module_parameters = {"activate_output": True}

    def __init__(
        self,
        module=None,
        *,
        weighting="learn",
        temperature=0.5,
        source_steps=20,
        source_lr=0.003,
        heads="auto",
        l2_sp,
        n_sources=256,
        iterator_train=RowLoader,
        **params,
    ):
        super().__init__(module, iterator_train=iterator_train, **params)
        self.weighting = weighting
        self.temperature = temperature
        self.source_steps = source_steps
        self.source_lr = source_lr
        self.heads = heads
        self.l2_sp = l2_sp
        self.n_sources = n_sources

    @property
    def alpha_(self):
        """(n_sources,) weights of the source tasks in the current task's average."""
        check_is_fitted(self)
        state = vars(self).get("_state")
        if state is None:
            raise NotAdaptedError("alpha_ is there once a task is: adapt(X, y) first.")
        state = state if isinstance(state, dict) else state[0]
        return None if state["alpha"] is None else state["alpha"][0].cpu().numpy()

    def _ready_learner(self, dtype=None):
        if self.weighting not in WEIGHTINGS:
            raise ValueError(f"weighting must be one of {list(WEIGHTINGS)}, got {self.weighting!r}.")
        return super()._ready_learner(dtype)

    def _train(self, train, valid, rng, **how):
        super()._train(train, valid, rng, **how)
        if len(self.net_.history):  # initial weights have learned nothing from any source
            if not hasattr(train, "draw"):
                sources = train
            elif hasattr(train, "plain"):
                sources = train.plain
            else:
                sources = train.sample(self.n_sources, int(rng.randint(2**31 - 1)))
            self._collect(self._with_own_classes(sources))

    def _with_own_classes(self, store):
        return store

    def _collect(self, store):
        """Fine-tune on every source alone, tasks of similar size together, and keep the weights in the net."""
        learner = self._bare_learner()
        n_rows = store.n_rows.cpu().numpy()
        answered = is_answered(store.y)
        y = torch.where(answered if store.y.ndim == 1 else answered[:, None], store.y, 0)
        rows = TaskStore(
            store.X.to(self._serving_dtype),
            y if store.is_classification else y.to(self._serving_dtype),
            n_rows,
            n_rows * 0,
            n_classes=None if store.n_classes is None else store.n_classes.cpu().numpy(),
            shared_labels=store.shared_labels,
            weight=answered.to(self._serving_dtype),
            device=store.device,
        )
        found, order = [], []
        for chunk in similar_size_chunks(n_rows, n_rows * 0, _ROWS_AT_ONCE):
            batch, _ = rows.whole_tasks(torch.as_tensor(chunk, device=store.device), with_query=False)
            tuned, places = learner.source_weights(
                batch["support_X"], batch["support_y"], batch.get("support_weight"), batch.get("class_mask")
            )
            found.append([*tuned, places])
            order.extend(chunk.tolist())
        place = torch.as_tensor(order, device=store.device).argsort()
        *tuned, places = [torch.cat(values)[place] for values in zip(*found)]
        kept = self.net_._bare_learner
        getattr(kept, "learner", kept).keep_sources(tuned, places)
        self._serve(self.net_)


class WeightAverageTransfer(_WeightAverage, PretrainingClassifierMixin, MetaClassifier):
    """A new task's weights as a mixture of the weights fine-tuned on each source task.

    All source tasks are first learned together, with a shared trunk. From there each source is fine-tuned on its own.
    The trunk of a new task is the average of theirs, ``W = sum_i alpha_i W_i``, and its head is fitted on that trunk.

    Parameters
    ----------
    weighting : {"learn", "similarity", "uniform"}, default="learn"
        Where the shares come from: how well each source's weights (or, where classes are each task's own, its rows)
        fit the support; from there, descent on the support's loss; or all alike.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining, as in :class:`FineTuneTransfer`.
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from skmeta import WeightAverageTransfer
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
    >>> meta = WeightAverageTransfer(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> new = tasks[19]
    >>> meta.adapt(new.X, new.y).score(new.X_query, new.y_query) > 0.5
    True
    >>> meta.alpha_.shape, round(float(meta.alpha_.sum()), 6)
    ((19,), 1.0)
    """

    def __init__(self, module=None, *, l2_sp=1.0, **params):
        super().__init__(module, l2_sp=l2_sp, **params)

    def _training_store(self, tasks):
        store = super()._training_store(tasks)
        if self.heads_ == "shared" and self.labels_ == "task":
            store.own = self._store(tasks)
        return store

    def _with_own_classes(self, store):
        return getattr(store, "own", store)


class WeightAverageTransferRegressor(_WeightAverage, PretrainingRegressorMixin, MetaRegressor):
    """A new regression task's weights as a mixture of the weights fine-tuned on each source task.

    All source tasks are first learned together, with a shared trunk. From there each source is fine-tuned on its own.
    The trunk of a new task is the average of theirs, ``W = sum_i alpha_i W_i``, and its head is fitted on that trunk,
    pulled towards the average of their heads.

    Parameters
    ----------
    weighting : {"learn", "similarity", "uniform"}, default="learn"
        Where the shares come from: how well each source's weights fit the support; from there, descent on the
        support's loss; or all alike.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining, as in :class:`FineTuneTransferRegressor`.
    {meta_parameters}

    Attributes
    ----------
    {meta_attributes}

    References
    ----------
    {references}

    Examples
    --------
    >>> from skmeta import WeightAverageTransferRegressor
    >>> from skmeta.tasks import LinearFamily
    >>> tasks = LinearFamily().sample(20, random_state=0)
    >>> meta = WeightAverageTransferRegressor(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (10,)
    """

    def __init__(self, module=None, *, l2_sp=0.1, **params):
        super().__init__(module, l2_sp=l2_sp, **params)
