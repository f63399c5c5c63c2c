"""What estimators share that first learn all source tasks together, as ordinary supervised learning does."""

import numpy as np
import torch
from sklearn.utils import check_random_state

from skmeta.learners.fine_tune import FineTunePerTaskTargets
from skmeta.tasks import as_taskset, is_task_distribution
from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore, is_answered


class PretrainingMixin:
    """Comes before ``MetaClassifier`` or ``MetaRegressor``; training goes over rows instead of episodes.

    Expects the parameters ``heads`` and ``n_sources``. After a fit on one table the current task *is* what was
    pretrained: the pretrained weights answer it as they are, until further rows come.
    """

    # ------------------------------------------------------------------ source tasks

    def _meta_train(self, source, from_long=False):
        if is_task_distribution(source) and self.heads != "shared":
            # a task can have a head of its own only if it comes again
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            source = as_taskset(source.sample(self.n_sources, random_state=seed))
        super()._meta_train(source, from_long)

    def _hold_out_tasks(self, tasks, rng):
        if self.heads not in ("auto", "task", "shared"):
            raise ValueError(f"heads must be 'auto', 'task' or 'shared', got {self.heads!r}.")
        self.heads_ = self.heads
        if self.heads == "auto":
            self.heads_ = "shared" if len(tasks) == 1 or self._outputs_recur(tasks) else "task"
        return super()._hold_out_tasks(tasks, rng)

    def _train(self, train, valid, rng, **how):
        if not hasattr(self, "heads_"):  # one table, or a distribution that is to be learned by one head
            self.heads_ = "shared"
        store = getattr(train, "plain", train)
        is_stored = isinstance(store, TaskStore)
        self.n_sources_ = len(store) if is_stored else None
        self._n_source_classes = store.max_classes if is_stored and store.is_classification else None
        super()._train(train, valid, rng, **how)

    def _renew(self, net):
        """A warm start keeps the trunk; the tasks may be others than before."""
        if self.heads_ == "task":
            learner = getattr(net._bare_learner, "learner", net._bare_learner)
            learner.renew_heads(self.n_sources_, self._n_source_classes)
            net.initialize_optimizer()

    def _learner_settings(self):
        return super()._learner_settings() | {
            "n_source_tasks": self.n_sources_ if self.heads_ == "task" else None,
            "n_source_outputs": self._n_source_classes,
        }

    def _set_iterators(self, routed, one_table):
        if self.iterator_train is not RowLoader:
            super()._set_iterators(routed, one_table)
            return
        routed.setdefault("iterator_train__steps", self.steps_per_epoch)
        # held-out tasks show how well few rows of a new task do; held-out rows of one table are simply answered
        episodes = {"n_ways": self.n_ways, "n_shots": 0 if one_table else self.n_shots, "n_query": self.n_query}
        for name, value in episodes.items():
            routed.setdefault(f"iterator_valid__{name}", value)

    # ------------------------------------------------------------------ one table

    def _fit_one_table(self, X, y):
        self._fits_table = True
        super()._fit_one_table(X, y)
        del self._fits_table

    def _adapt_to(self, support):
        if hasattr(self, "_fits_table") and len(self.net_.history) and self._answers_without_rows():
            self.fine_tuned_ = False
        self.fine_tuned_ = getattr(self, "fine_tuned_", True)
        super()._adapt_to(support if self.fine_tuned_ else support.first(0))
        self._support = support

    def _extend(self, old, new):
        self.fine_tuned_ = True
        super()._extend(old, new)

    def _forget_task(self):
        super()._forget_task()
        self.__dict__.pop("fine_tuned_", None)


class PretrainingClassifierMixin(PretrainingMixin):
    """The classifier's half: which labels of different tasks mean the same."""

    def _outputs_recur(self, tasks):
        """Whether one head can serve all tasks: classes are shared, or have names and come in several tasks."""
        if self.labels_ == "shared":
            return True
        y = tasks.pooled[1][tasks.is_labelled_row]
        labels, code = np.unique(y, return_inverse=True)
        if labels.dtype.kind in "iub" and np.array_equal(labels, np.arange(len(labels))):
            return False  # a mere numbering, begun anew in every task
        n_pairs = len(np.unique(tasks.task_of_row[tasks.is_labelled_row] * len(labels) + code))
        return n_pairs >= 2 * len(labels)

    def _training_store(self, tasks):
        store = super()._training_store(tasks)
        if self.heads_ == "shared" and self.labels_ == "task":
            y, rows = tasks.pooled[1], tasks.is_labelled_row
            labels, code = np.unique(y[rows], return_inverse=True)
            codes = np.full(len(y), -1)
            codes[rows] = code
            store = TaskStore(
                store.X,
                codes,
                tasks.n_support,
                tasks.n_query,
                n_classes=np.full(len(tasks), len(labels)),
                shared_labels=True,
                device=store.device,
            )
        return store


class PretrainingRegressorMixin(PretrainingMixin):
    """The regressor's half: targets standardised by each task where that was asked for."""

    def _outputs_recur(self, tasks):
        return False

    def _make_net(self, *args):
        net = super()._make_net(*args)
        if self.target_scaling == "task":
            net.set_params(learner=FineTunePerTaskTargets.around(self._learner_class))
        return net

    def _training_store(self, tasks):
        store = super()._training_store(tasks)
        if self.target_scaling == "task":
            task = torch.repeat_interleave(torch.arange(len(store), device=store.device), store.n_rows)
            store.y = standardised_by_task(store.y, task, is_answered(store.y), len(store))
        return store


def standardised_by_task(y, task, answered, n_tasks):
    """(N, k) targets minus their task's mean, over its scale; both shrunk as by one row of mean 0 and variance 1."""
    task, known = task[answered], y[answered]
    total = torch.bincount(task, minlength=n_tasks)[:, None] + 1.0
    zeros = torch.zeros(n_tasks, y.shape[1], dtype=y.dtype, device=y.device)
    mean = zeros.index_add(0, task, known) / total
    squares = zeros.index_add(0, task, (known - mean[task]).square()) + 1 + mean.square()
    scale = (squares / total).sqrt()
    out = torch.full_like(y, torch.nan)
    out[answered] = (known - mean[task]) / scale[task]
    return out
