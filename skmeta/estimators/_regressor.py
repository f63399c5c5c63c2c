"""The regressor's half of the contract: targets, their scaling, predictions in the user's units."""

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from skmeta.estimators._answers import object_array
from skmeta.estimators._base import MetaEstimator
from skmeta.estimators._explain import place_of_row
from skmeta.estimators._long_format import LongFormatMixin
from skmeta.estimators._support import Support
from skmeta.estimators._support_effects import ExplainSupportOfTargetsMixin
from skmeta.learners.target_scaling import PerTaskTargets
from skmeta.tasks import TaskSet, is_tasks
from skmeta.tasks.store import TaskStore
from skmeta.training import resolve_device


class MetaRegressor(ExplainSupportOfTargetsMixin, LongFormatMixin, RegressorMixin, MetaEstimator):
    """Base of the regressors.

    Targets are standardised inside, over the rows of all tasks (``target_scaling="pooled"``) or by each support
    (``"task"``), and predictions come back in the user's units.
    """

    _task_type = "regression"
    _default_criterion = torch.nn.MSELoss
    _target_validation = {"multi_output": True, "y_numeric": True}

    # squared errors of standardised targets bear a larger rate than cross-entropy does
    def __init__(self, module=None, *, target_scaling="pooled", lr=0.003, **params):
        super().__init__(module, lr=lr, **params)
        self.target_scaling = target_scaling

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # ------------------------------------------------------------------ targets

    def _check_targets(self, y, place=place_of_row):
        if y.dtype.kind not in "biuf":
            raise ValueError(
                f"{type(self).__name__} needs numeric targets, got an array of dtype {y.dtype} that holds "
                f"{y.ravel()[:1].tolist()[0]!r}. A classifier takes labels of any kind."
            )
        if not np.isfinite(y).all():
            row = int(np.flatnonzero(~np.isfinite(_columns(y)).all(1))[0])
            raise ValueError(f"Input y contains NaN or infinity: {y[row]} in {place(row)}. Leave such rows out.")

    def _validate_rows(self, X, y, reset):
        X, y = super()._validate_rows(X, y, reset)
        if reset:
            return X, y
        self._scaled(y)  # refuses another number of targets than meta-training had
        return X, y.reshape(len(y)) if self._targets_1d else _columns(y)

    def _learn_label_space(self, tasks, X, y, from_long):
        self._learn_target_scale(y[tasks.is_labelled_row])

    def _learn_target_scale(self, y):
        if self.target_scaling not in ("pooled", "task", None):
            raise ValueError(f"target_scaling must be 'pooled', 'task' or None, got {self.target_scaling!r}.")
        if self._goes_on:
            self._scaled(y)  # refuses another number of targets; the scale stays what the weights were trained for
            return
        self._targets_1d = y.ndim == 1
        columns = _columns(y)
        if self.target_scaling is None:
            self.target_mean_, self.target_scale_ = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
            return
        self.target_mean_ = columns.mean(0)
        scale = columns.std(0)
        self.target_scale_ = np.where(scale > 1e-12 * np.abs(columns).max(0, initial=1e-300), scale, 1.0)

    def _scaled(self, y):
        columns = _columns(y)
        if columns.shape[1] != len(self.target_mean_):
            raise ValueError(f"y has {columns.shape[1]} targets, but {len(self.target_mean_)} were meta-trained.")
        return (columns - self.target_mean_) / self.target_scale_

    def _unscaled(self, outputs):
        y = outputs * self.target_scale_ + self.target_mean_
        return y[..., 0] if self._targets_1d else y

    def _n_shared_outputs(self):
        return len(self.target_mean_)

    def _make_net(self, *args):
        net = super()._make_net(*args)
        if self.target_scaling == "task":
            net.set_params(learner=PerTaskTargets.around(self._learner_class))
        return net

    def _answers_without_rows(self):
        return self._learner_class.cold_start

    def _store(self, tasks, dtype=torch.float32, weight=None, device=None):
        X, y = tasks.pooled
        targets = np.where(tasks.is_labelled_row[:, None], self._scaled(y), np.nan)
        return TaskStore(
            torch.as_tensor(X, dtype=dtype),
            torch.as_tensor(targets, dtype=dtype),
            tasks.n_support,
            tasks.n_query,
            weight=weight,
            device=resolve_device(self.device) if device is None else device,
        )

    # ------------------------------------------------------------------ one table

    def _fit_one_table(self, X, y):
        self._forget_task()
        X, y = self._validate_rows(X, y, reset=not self._goes_on)
        self._learn_target_scale(y)
        rng = check_random_state(self.random_state)
        can_learn = len(y) >= 4
        train, valid = self._hold_out_rows(X, y, rng) if can_learn else (self._store(TaskSet([(X, y)])), None)
        self._train_on_table(train, valid, rng, can_learn)
        self._adapt_to(Support.of(X, y, np.ones(len(y))))

    def _hold_out_rows(self, X, y, rng):
        if not self.validation_fraction:
            return self._store(TaskSet([(X, y)])), None
        parts = train_test_split(X, y, test_size=self.validation_fraction, random_state=rng.randint(2**31 - 1))
        return self._store(TaskSet([(parts[0], parts[2])])), self._store(TaskSet([(parts[1], parts[3])]))

    def _initialize_untrained(self, X, y):
        self._learn_target_scale(y)
        self._train(self._store(TaskSet([(X, y)])), None, check_random_state(self.random_state), epochs=0)

    # ------------------------------------------------------------------ the current task

    def partial_fit(self, X, y, sample_weight=None, *, task=None):
        """Add labelled rows to the current task and adapt to all it has shown, from the meta-learned start.

        So two calls with halves of the rows equal one call with all of them. On an unfitted estimator the start is
        the initial weights.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to: rows are added to those tasks, and new ones opened.

        Returns
        -------
        self : object
        """
        draft = self._draft()
        if task is not None:
            draft._show_long(X, y, sample_weight, task)
        else:
            draft._show(X, y, sample_weight)
        return self._become(draft)

    def _no_targets(self):
        return np.empty(0 if self._targets_1d else (0, len(self.target_mean_)))

    def _adapt_to(self, support):
        with torch.no_grad():
            self._state = self._ready_learner().adapt(
                self._tensor(support.X)[None],
                self._tensor(self._scaled(support.y))[None],
                self._weight_tensor(support),
            )
        self._support = support

    # ------------------------------------------------------------------ answers

    def predict(self, X, *, task=None):
        """Targets of rows of the current task, or of the query rows of many tasks.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to, after a fit in the long format.

        Returns
        -------
        y : ndarray of shape (n_rows,) or (n_rows, n_targets), or object ndarray of shape (n_tasks,) of such arrays
        """
        if is_tasks(X):
            return object_array(self._outputs_of_tasks(self._validated_tasks(X), finish=self._unscaled))
        if task is not None:
            return self._unscaled(self._outputs_long(X, task))
        return self._unscaled(self._answers(X))

    def _outputs_long(self, X, task, ask="predict"):
        tasks, weight, rows = self._tasks_of_rows(X, task)
        answers = self._outputs_of_tasks(tasks, weight, ask)
        outputs = np.empty((int(tasks.n_query.sum()), answers[0].shape[1]))
        for answer, where in zip(answers, rows):
            outputs[where] = answer
        return outputs

    def score(self, X, y=None, sample_weight=None, *, task=None):
        """R2: on rows of the current task, or over many tasks.

        Over tasks it is 1 - (squared errors of all tasks) / (squared deviations from each task's own mean), so that
        a task whose targets hardly vary cannot dominate.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), or collection of tasks
            Tasks without query rows are split, always the same way, into ``n_shots`` rows to adapt to and the rest.
            Tasks too small to have such a rest are left out.
        y : array-like of shape (n_rows,) or (n_rows, n_targets), default=None
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), default=None
            Which task each row belongs to. Rows of tasks known from ``fit`` or ``partial_fit`` are answered by them;
            a task never seen is split as above. The score is then R2 over all rows.

        Returns
        -------
        score : float
        """
        if is_tasks(X):
            tasks = self._tasks_to_score(X)
            return r2_over_tasks(self.predict(tasks), tasks)
        if task is not None:
            return self._score_long(X, y, sample_weight, task, r2_score)
        return r2_score(y, self.predict(X), sample_weight=sample_weight)


def r2_over_tasks(answers, tasks):
    """1 - (squared errors of all tasks) / (squared deviations from each task's own mean), averaged over targets.

    As in scikit-learn's R2, a target that varies in no task counts 1 where it is met, else 0.
    """
    errors = sum(np.square(one.y_query - answer).sum(0) for answer, one in zip(answers, tasks))
    deviations = sum(np.square(one.y_query - one.y_query.mean(0)).sum(0) for one in tasks)
    varies = deviations > 0
    explained = 1 - errors / np.where(varies, deviations, 1)
    return float(np.mean(np.where(varies, explained, errors == 0)))


def _columns(y):
    y = np.asarray(y, dtype=np.float64)
    return y[:, None] if y.ndim == 1 else y
