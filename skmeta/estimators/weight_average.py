"""Averages of source tasks' weights as scikit-learn estimators."""

import torch
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.parameters import ByKind
from skmeta.estimators.base.pretraining import Pretrained, Pretraining
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.exceptions import NotAdaptedError
from skmeta.learners.base import innermost
from skmeta.learners.weight_average import WeightAverage, shares_of_sources
from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore, is_answered, similar_size_chunks

_ROWS_AT_ONCE = 65536


class _CollectingSources(Pretraining):
    """Pretraining, and then fine-tuning on every source alone, whose weights the net keeps."""

    def train(self, tasks, valid, epochs=None):
        super().train(tasks, valid, epochs)
        estimator = self.estimator
        if not len(estimator.net_.history):
            return  # initial weights have learned nothing from any source
        if not hasattr(tasks, "draw"):
            sources = tasks
        elif hasattr(tasks, "plain"):
            sources = tasks.plain
        else:
            sources = tasks.sample(estimator.n_sources, int(self.rng.randint(2**31 - 1)))
        # one head for all classes is no head for a source's own
        keep_sources(estimator, getattr(sources, "own", sources))


def keep_sources(estimator, store):
    """Fine-tune on every source alone, tasks of similar size together, and keep the weights in the net."""
    served = estimator.served_
    n_rows = sum(store.sizes)
    answered = is_answered(store.y)
    y = torch.where(answered if store.y.ndim == 1 else answered[:, None], store.y, 0)
    rows = TaskStore(
        store.X.to(served.dtype),
        y if store.is_classification else y.to(served.dtype),
        n_rows,
        n_rows * 0,
        n_classes=None if store.n_classes is None else store.n_classes.cpu().numpy(),
        shared_labels=store.shared_labels,
        weight=answered.to(served.dtype),
        device=store.device,
    )
    found, order = [], []
    for chunk in similar_size_chunks(n_rows, n_rows * 0, _ROWS_AT_ONCE):
        batch, _ = rows.whole_tasks(chunk, with_query=False)
        tuned, places = served.bare.source_weights(
            batch["support_X"], batch["support_y"], batch.get("support_weight"), batch.get("class_mask")
        )
        found.append([*tuned, places])
        order.extend(chunk.tolist())
    place = torch.as_tensor(order, device=store.device).argsort()
    *tuned, places = [torch.cat(values)[place] for values in zip(*found)]
    kept = estimator.net_._bare_learner
    innermost(kept).keep_sources(tuned, places)
    estimator._serve(estimator.net_)


class _WeightAverage(Pretrained):
    """A new task's weights as a mixture of the weights fine-tuned on each source task.

    All source tasks are first learned together, with a shared trunk. From there each source is fine-tuned on its own.
    The trunk of a new task is the average of theirs, ``W = sum_i alpha_i W_i``, and its head is fitted on that trunk;
    a regressor's is pulled towards the average of their heads.

    Parameters
    ----------
    module : torch module class or instance, default=None
        The trunk: embeds rows. None is a small :class:`~skmeta.nets.MLP`.
    weighting : {"similarity", "learn", "uniform"}, default="similarity"
        Where the shares come from: how well each source's weights (or, where classes are each task's own, its rows)
        fit the support; from there, descent on the support's loss, for several times the time; or all alike.
    temperature : float, default=0.5
        Small values trust the most similar sources alone.
    source_steps : int, default=20
        Steps of fine-tuning on each source.
    source_lr : float, default=0.003
        Their rate.
    heads : {"auto", "task", "shared"}, default="auto"
        Heads of the source tasks in pretraining, as in :class:`FineTuneTransfer`.
    l2_sp : float, default={}
        Pull of fine-tuned weights and fitted heads towards where they start, counted in rows.

    Attributes
    ----------
    alpha_ : ndarray of shape (n_sources,)
        Shares of the source tasks in the current task's average.

    References
    ----------
    M. Wortsman et al. "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". ICML 2022.
    """

    weighting: str = "similarity"
    temperature: float = 0.5
    source_steps: int = 20
    source_lr: float = 0.003
    heads: str = "auto"
    l2_sp: float = ByKind(classifier=1.0, regressor=0.1)
    n_sources: int = 256
    iterator_train = RowLoader

    _learner_class = WeightAverage
    _training_class = _CollectingSources
    _adaptation_parameters = ("weighting", "temperature", "l2_sp")
    _default_module_parameters = {"activate_output": True}

    @property
    def alpha_(self):
        """(n_sources,) weights of the source tasks in the current task's average."""
        check_is_fitted(self)
        if "task_" not in vars(self):
            raise NotAdaptedError("alpha_ is there once a task is: adapt(X, y) first.")
        alpha = shares_of_sources(self.task_.state)
        return None if alpha is None else alpha[0].cpu().numpy()


class WeightAverageTransfer(_WeightAverage, MetaClassifier):
    """
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

    _default_module_parameters = _WeightAverage._default_module_parameters | {"carry_input": True}


class WeightAverageTransferRegressor(_WeightAverage, MetaRegressor):
    """
    Examples
    --------
    >>> from skmeta import WeightAverageTransferRegressor
    >>> from skmeta.tasks import LinearFamily
    >>> tasks = LinearFamily().sample(20, random_state=0)
    >>> meta = WeightAverageTransferRegressor(max_epochs=2, random_state=0).fit(tasks[:19])
    >>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
    (10,)
    """
