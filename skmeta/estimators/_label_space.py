"""Classes that are each task's own, or shared by all tasks: which it is, and the codes the learner sees."""

from numbers import Real

import numpy as np
import torch
from sklearn.utils.multiclass import check_classification_targets

from skmeta.estimators._encoding import codes_among, infer_label_regime, local_codes, refuse_other_kind
from skmeta.estimators._explain import place_of_row
from skmeta.tasks.store import TaskStore
from skmeta.training import resolve_device


class LabelSpace:
    """``labels_`` and ``meta_classes_``, learned from the tasks, and tasks as stores of codes."""

    def _check_targets(self, y, place=place_of_row):
        if y.ndim != 1:
            raise ValueError(f"{type(self).__name__} takes one label per row, got an array of shape {y.shape}.")
        kinds = {"a number" if isinstance(label, Real) else "text" for label in y} if y.dtype == object else ()
        if len(kinds) > 1:
            is_text = np.array([isinstance(label, str) for label in y])
            i, j = sorted([int(is_text.argmax()), int((~is_text).argmax())])
            raise ValueError(
                f"Labels must be all numbers or all text, got {y[i]!r} in {place(i)} and {y[j]!r} in {place(j)}."
            )
        check_classification_targets(y)

    def _learn_label_space(self, tasks, X, y, from_long):
        if self.labels not in ("auto", "task", "shared"):
            raise ValueError(f"labels must be 'auto', 'task' or 'shared', got {self.labels!r}.")
        rows = tasks.is_labelled_row
        regime = self.labels
        if regime == "auto" and self.n_ways is not None:
            regime = "task"  # who asks for N-way episodes has classes that are relabelled
        elif regime == "auto":
            regime = infer_label_regime(X[rows], y[rows], tasks.task_of_row[rows], len(tasks), from_long)
        if regime == "shared" and len(np.unique(y[rows])) < 2 or regime == "task" and not _some_task_has_two(tasks, y):
            raise ValueError(
                f"{type(self).__name__} needs tasks with at least 2 classes, but every task has only 1 class, such as "
                f"{y[rows][:1].tolist()[0]!r}."
            )
        self._set_label_space(regime, np.unique(y[rows]))

    def _set_label_space(self, regime, classes):
        before = vars(self).pop("meta_classes_", None)
        known, now = (None if c is None else c.tolist() for c in (before, classes if regime == "shared" else None))
        if self._goes_on and known != now:
            raise ValueError(
                f"warm_start=True goes on with the shared classes {known}, but these tasks have {now} (None: classes "
                "of their own). Say labels='task' or 'shared', or fit with warm_start=False."
            )
        self.labels_ = regime
        if regime == "shared":
            self.meta_classes_ = classes

    def _n_shared_outputs(self):
        return len(self.meta_classes_) if self.labels_ == "shared" else None

    def _answers_without_rows(self):
        return getattr(self, "labels_", None) == "shared" and self._learner_class.cold_start

    def _encode(self, tasks, y):
        """Class codes of pooled labels, and each task's classes in the order of the learner's outputs.

        Shared classes keep the places that the head has learned; classes never seen in meta-training come after.
        """
        labelled = tasks.is_labelled_row
        if self.labels_ == "task":
            codes, classes = local_codes(y, tasks.is_support_row, tasks.task_of_row)
        else:
            refuse_other_kind(self.meta_classes_, y[labelled])
            new = np.setdiff1d(y[labelled], self.meta_classes_)
            codes = codes_among(y, self.meta_classes_)
            is_new = codes < 0
            codes[is_new] = len(self.meta_classes_) + codes_among(y[is_new], new)
            classes = [np.concatenate([self.meta_classes_, new])] * len(tasks)
        return np.where(labelled, codes, -1), classes

    def _store(self, tasks, dtype=torch.float32, weight=None, device=None):
        X, y = tasks.pooled
        codes, classes = self._encode(tasks, y)
        return TaskStore(
            torch.as_tensor(X, dtype=dtype),
            codes,
            tasks.n_support,
            tasks.n_query,
            n_classes=[len(c) for c in classes],
            shared_labels=self.labels_ == "shared",
            weight=weight,
            device=resolve_device(self.device) if device is None else device,
        )


def _some_task_has_two(tasks, y):
    support = tasks.is_support_row
    task, y = tasks.task_of_row[support], y[support]  # a task's rows lie together
    return bool(((task[1:] == task[:-1]) & (y[1:] != y[:-1])).any())
