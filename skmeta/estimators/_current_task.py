"""The current task, adapted to as its rows arrive, and many tasks adapted to together."""

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skmeta.estimators._serving import answers_in_blocks
from skmeta.estimators._settings import check_settings
from skmeta.estimators._support import Support
from skmeta.estimators._validation import check_weight
from skmeta.exceptions import NotAdaptedError
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.splitting import split_tasks, with_query_rows
from skmeta.tasks.store import similar_size_chunks

_ROWS_AT_ONCE = 16384


class CurrentTask:
    """Adaptation to one task: its rows are kept, as ``_support``, beside what the learner made of them, ``_state``."""

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
        new = Support.of(X, y, check_weight(sample_weight, len(y)))
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

    def _adapt_again(self):
        """What a copy from disk does with the rows that came along."""
        self._adapt_to(self._support)

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
        if "_state" not in vars(self):
            check_is_fitted(self)
            raise NotAdaptedError(
                f"This {type(self).__name__} is meta-trained but has no task yet: show it some labelled rows with "
                "partial_fit(X, y) or adapt(X, y), or ask for predict(tasks)."
            )
        return self._state

    def _answers(self, X):
        """Outputs (n_rows, C or k) as :meth:`_outputs` gives them, logits up to a constant of each row.

        In single precision where that is not felt.
        """
        state = self._adapted()
        if vars(self).get("_single") is None:
            return self._outputs(X)
        X = self._validate_X(X, reset=False)
        with torch.no_grad():
            return answers_in_blocks(self._single.of(state), X, self.net_.device, self._single.block)

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

    @property
    def _serving_dtype(self):
        return torch.float32 if torch.device(self.net_.device).type == "mps" else torch.float64

    def _weight_tensor(self, support):
        """The rows' weights, or None where they are all 1, which spares the learner much."""
        if len(support.weight) and (support.weight == 1).all():
            return None
        return self._tensor(support.weight)[None]

    def _tensor(self, array, dtype=None):
        array = np.require(array, requirements="W")  # support rows of a memory-mapped joblib file are read-only
        return torch.as_tensor(array, dtype=dtype or self._serving_dtype, device=self.net_.device)


class ManyTasks:
    """Answers for whole tasks, without touching the current one."""

    def _outputs_of_tasks(self, tasks, weight=None, ask="predict", finish=None):
        """Adapt to every task's support and answer its query rows, tasks of similar size together.

        Returns a list of (n_query, C or k) arrays, one per task, or of what ``finish`` makes of several tasks' answers
        (T, n_query, C or k) at once; the estimator's own state is untouched.
        """
        check_is_fitted(self)
        dtype = self._serving_dtype if vars(self).get("_single") is None else torch.float32
        store = self._store(tasks, dtype=dtype, weight=weight, device=self.net_.device)
        learner = self._ready_learner(dtype)
        outputs = [None] * len(tasks)
        for chunk in similar_size_chunks(tasks.n_support, tasks.n_query, _ROWS_AT_ONCE):
            batch, _ = store.whole_tasks(torch.as_tensor(chunk, device=store.device))
            query_X = batch.pop("query_X")
            with torch.no_grad():
                answers = getattr(learner, ask)(learner.adapt(**batch), query_X).cpu().numpy()
            answers = answers if finish is None else finish(answers)
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
            # shots are counted per class, as task_scorer and few_shot_curve count them
            tasks = split_tasks(tasks, self.n_shots, random_state=0, per_class=is_classifier(self))
        elif not tasks.query_labelled.all():
            name = tasks.called(np.flatnonzero(~tasks.query_labelled)[0])
            raise ValueError(
                "score needs labelled query rows in every task, or query rows in none so that all are split: task "
                f"{name} has no y_query."
            )
        return self._validated_tasks(with_query_rows(tasks))
