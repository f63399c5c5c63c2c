"""Pretraining: all source tasks are learned together first, as ordinary supervised learning does."""

import numpy as np
import torch

from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.current_task import adapt_to, answers_without_rows
from skmeta.estimators.base.labels import is_numbering
from skmeta.estimators.base.meta_training import MetaTraining
from skmeta.learners.base import innermost
from skmeta.learners.calibrated import Calibrated
from skmeta.learners.fine_tune import FineTunePerTaskTargets
from skmeta.tasks import as_taskset
from skmeta.tasks.row_batches import RowLoader
from skmeta.tasks.store import TaskStore, is_answered


class Pretraining(MetaTraining):
    """Training over rows instead of episodes, for estimators with the parameters ``heads`` and ``n_sources``.

    After a fit on one table the current task *is* what was pretrained: the pretrained weights answer it as they are,
    until further rows come. A classifier is calibrated, and what is calibrated has adapted to its rows.
    """

    per_task_targets = FineTunePerTaskTargets
    is_rehearsed = False  # a head for the classes trained on says nothing about others

    # ------------------------------------------------------------------ source tasks

    def on_distribution(self, distribution):
        if self.estimator.heads == "shared":
            super().on_distribution(distribution)
            return
        # a task can have a head of its own only if it comes again
        tasks = distribution.sample(self.estimator.n_sources, random_state=self.rng.randint(2**31 - 1))
        self.on_tasks(as_taskset(tasks))

    def hold_out_tasks(self, tasks):
        estimator = self.estimator
        estimator.heads_ = estimator.heads
        if estimator.heads == "auto":
            estimator.heads_ = "shared" if len(tasks) == 1 or self.outputs_recur(tasks) else "task"
        return super().hold_out_tasks(tasks)

    def outputs_recur(self, tasks):
        """Whether one head can serve all tasks: classes are shared, or have names and come in several tasks."""
        codec = self.estimator.codec_
        if codec.task_type == "regression" or codec.regime == "shared":
            return codec.task_type == "classification"
        y = tasks.pooled[1][tasks.is_labelled_row]
        labels, code = np.unique(y, return_inverse=True)
        n_pairs = len(np.unique(tasks.task_of_row[tasks.is_labelled_row] * len(labels) + code))
        if is_numbering(labels):
            return False  # begun anew in every task
        is_found = self.estimator.labels == "auto" and self.estimator.n_ways is None
        if is_found and n_pairs >= len(labels) * len(tasks) / 2:
            return False  # names that mean something else in each
        return n_pairs >= 2 * len(labels)

    def training_store(self, tasks):
        estimator, store = self.estimator, super().training_store(tasks)
        if isinstance(estimator.codec_, Classes):
            if estimator.heads_ == "shared" and estimator.codec_.regime == "task":
                own, store = store, with_common_numbering(tasks, store)
                store.own = own
        elif estimator.target_scaling == "task":
            task = torch.repeat_interleave(torch.arange(len(store), device=store.device), store.n_rows)
            store.y = standardised_by_task(store.y, task, is_answered(store.y), len(store))
        return store

    # ------------------------------------------------------------------ training

    def train(self, tasks, valid, epochs=None):
        estimator = self.estimator
        if self.is_one_table or "heads_" not in vars(estimator):
            estimator.heads_ = "shared"  # one table, or a distribution that is to be learned by one head
        store = getattr(tasks, "plain", tasks)
        is_stored = isinstance(store, TaskStore)
        self.n_sources = len(store) if is_stored else None
        self.n_classes = store.max_classes if is_stored and store.is_classification else None
        super().train(tasks, valid, epochs)

    def go_on_from(self, net, before):
        """A warm start keeps the trunk; the tasks may be others than before, or one table after tasks."""
        super().go_on_from(net, before)
        learner = innermost(net._bare_learner)
        if self.estimator.heads_ == "task":
            learner.renew_heads(self.n_sources, self.n_classes)
        elif learner.has_task_heads:
            learner.renew_heads(None, self.n_classes)
        else:
            return
        net.initialize_optimizer()

    def learner_settings(self):
        has_task_heads = self.estimator.heads_ == "task"
        return super().learner_settings() | {
            "n_source_tasks": self.n_sources if has_task_heads else None,
            "n_source_outputs": self.n_classes,
        }

    def set_iterators(self, routed):
        estimator = self.estimator
        if estimator.iterator_train is not RowLoader:
            super().set_iterators(routed)
            return
        routed.setdefault("iterator_train__steps", estimator.steps_per_epoch)
        # held-out tasks show how well few rows of a new task do; held-out rows of one table are simply answered
        n_shots = 0 if self.is_one_table else estimator.n_shots
        for name, value in {"n_ways": estimator.n_ways, "n_shots": n_shots, "n_query": estimator.n_query}.items():
            routed.setdefault(f"iterator_valid__{name}", value)

    # ------------------------------------------------------------------ one table

    def adapt_to_table(self, support):
        estimator = self.estimator
        is_learned = len(estimator.net_.history) and answers_without_rows(estimator)
        is_learned = is_learned and not isinstance(estimator.net_.module_, Calibrated)
        adapt_to(estimator, support, n_encoded=0 if is_learned else None)


def with_common_numbering(tasks, store):
    """A store with the labels of all tasks under one numbering, as one head for all of them is trained."""
    y, rows = tasks.pooled[1], tasks.is_labelled_row
    labels, code = np.unique(y[rows], return_inverse=True)
    codes = np.full(len(y), -1)
    codes[rows] = code
    return TaskStore(
        store.X,
        codes,
        tasks.n_support,
        tasks.n_query,
        n_classes=np.full(len(tasks), len(labels)),
        shared_labels=True,
        device=store.device,
    )


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


class Pretrained:
    """Base of the estimators that learn all source tasks together first.

    Parameters
    ----------
    n_sources : int, default=256
        Source tasks drawn where ``fit`` is given a task distribution.
    batch_size : int, default=16
        Tasks in a batch of validation tasks. Pretraining goes over rows: ``iterator_train__rows`` of them in a batch,
        by default between 16 and 128.
    max_epochs : int, default=10
        Epochs of pretraining; each goes over the rows of all source tasks once, and takes at least 10 steps.
    iterator_train : class, default=RowLoader
        Draws the training batches, rows of all tasks together; ``iterator_train__*`` are its parameters.
    """

    _training_class = Pretraining

    @property
    def fine_tuned_(self):
        """Whether the current task's rows have been fine-tuned on; after a fit on one table they have not."""
        if "task_" not in vars(self):
            raise AttributeError("fine_tuned_ is there once a task is: adapt(X, y) first.")
        return self.task_.n_encoded == len(self.task_.rows.y)
