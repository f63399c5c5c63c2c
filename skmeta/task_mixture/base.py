"""What the two task mixtures share: the table around the mixture."""

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from skmeta.estimators._settings import check_settings
from skmeta.estimators._task_geometry import TaskGeometryMixin
from skmeta.preprocessing.table_encoder import TableEncoder
from skmeta.task_mixture.mixture import Members, Mixture
from skmeta.task_mixture.rows import Rows
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.ids import factorize, ids_as_array, take_task_ids
from skmeta.tasks.rows import is_frame

_HUGE = 1e150

DOC = """Pooled models, per-task models and what tasks add to the common model, trusted by what held-out tasks say.

    {about}

    Parameters
    ----------
    {pooled}
    {per_task}
    meta : sequence of estimators, default=()
        Meta-learners of this library that take part.
    cv : int, default=5
        Folds of the two cross-validations, over tasks and over rows.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    {attributes}members_ : list of str
        The models that new tasks are answered by.
    weights_new_ : object
        ``weights_new_.weights`` (n_sizes, n_members): the trust in each, for tasks that have shown
        ``weights_new_.sizes`` rows.
    weights_known_ : object
        The same for tasks of the table; after the members come trees with the task as a feature.
    adapted_tasks_ : ndarray
        Ids of the tasks whose rows have been seen.
    encoder_ : TableEncoder
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the table came with string column names.

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    N. M. Laird, J. H. Ware. "Random-effects models for longitudinal data". Biometrics 38, 1982.
    {reference}

    Examples
    --------
    {example}"""


class TaskMixture(TaskGeometryMixin, BaseEstimator):
    """Encodes tables and names tasks for a :class:`~.mixture.Mixture` of numbers.

    A table of nested groups is a table of its widest groups as well: a second mixture, over those, answers an inner
    group never seen inside one that was.
    """

    __metadata_request__fit = {"task": True}
    __metadata_request__partial_fit = {"task": True}
    __metadata_request__predict = {"task": True}
    __metadata_request__score = {"task": True}

    def __init__(self, pooled="default", *, per_task="default", meta=(), cv=5, random_state=None):
        self.pooled = pooled
        self.per_task = per_task
        self.meta = meta
        self.cv = cv
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags

    def __sklearn_is_fitted__(self):
        return hasattr(self, "encoder_")

    # ------------------------------------------------------------------ fitting

    def fit(self, X, y=None, *, task=None):
        """Fit all members, and learn from held-out tasks and held-out rows how far to trust each.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or collection of tasks
            Mixed tables are encoded by a :class:`~skmeta.preprocessing.TableEncoder`.
        y : array-like of shape (n_rows,)
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to, or the name of the DataFrame column (columns) that says so. None is one
            single task.

        Returns
        -------
        self : object
        """
        check_settings(self, ("pooled", "per_task", "cv"))
        if is_tasks(X):
            X, y, task = as_taskset(X).to_long()
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        X, ids = (X, None) if task is None else take_task_ids(X, task)
        table = X
        X, y = self._validated(X, y, reset=True)
        if not X.shape[1] and ids is None:
            raise ValueError(
                f"{type(self).__name__} needs features or tasks; the table has no columns, and task is None."
            )
        names, code = _named(ids, len(y))
        y = self._learn_targets(y)
        self.encoder_ = TableEncoder().fit(X)
        numbers = self._numbers(X)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        vars(self).pop("_probes", None)
        if ids is not None:
            self._keep_probes(table)
        with config_context(enable_metadata_routing=False):  # the members are ours: nothing is routed to them
            self._mixture = self._fitted(numbers, y, code, len(names), seed)
            self._names = {name: position for position, name in enumerate(names)}
            self._group_names, self._groups = {}, None
            if len(names) and isinstance(names[0], tuple):
                group_of_task = self._groups_of(names, open_new=True)
                n_groups = len(self._group_names)
                self._groups = self._fitted(numbers, y, group_of_task[code], n_groups, seed, unit=code)
        return self

    def _fitted(self, X, y, code, n_tasks, seed, unit=None):
        order = np.argsort(code, kind="stable")
        mixture = Mixture(self._members(), self._n_outputs, self.cv, seed)
        unit = None if unit is None else unit[order]
        return mixture.fit(Rows(X[order], y[order], code[order]), n_tasks, unit)

    def _members(self):
        if isinstance(self.pooled, str):
            pooled, joint, correction = self._default_members()
        else:
            pooled = list(self.pooled) if isinstance(self.pooled, (list, tuple)) else [self.pooled]
            joint = [estimator for estimator in pooled if hasattr(estimator, "categorical_features")]
            correction = None
        own = {None: False, "default": None}.get(self.per_task) if _is_setting(self.per_task) else self.per_task
        return Members(pooled, joint, own, list(self.meta), correction)

    def _groups_of(self, names, open_new=False):
        """Positions of the tasks' widest groups; -1 for one that is not known."""
        known = self._group_names
        if open_new:
            for name in names:
                known.setdefault(name[0], len(known))
        return np.array([known.get(name[0], -1) if isinstance(name, tuple) else -1 for name in names], dtype=np.int64)

    def _validated(self, X, y, reset):
        if is_frame(X):
            X = validate_data(self, X, reset=reset, skip_check_array=True)
            y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
            check_consistent_length(X, y)
        else:
            X, y = validate_data(self, X, y, reset=reset, dtype=None, ensure_all_finite="allow-nan")
        if len(y) < 2 and reset:
            raise ValueError("Found array with 1 sample(s), while a minimum of 2 is required.")
        return X, column_or_1d(y, warn=True)

    def _numbers(self, X):
        """The encoded table; one without features has one that says nothing, and its tasks differ by their means."""
        numbers = self.encoder_.transform(X)
        if not numbers.shape[1]:
            return np.zeros((len(numbers), 1))
        if np.abs(numbers).max() > _HUGE:
            raise ValueError(f"Some numbers of X are beyond {_HUGE:g}, too large to be squared: rescale their columns.")
        return numbers

    # ------------------------------------------------------------------ more rows

    def partial_fit(self, X, y, classes=None, *, task=None):
        """Add rows to known tasks and open new ones; members and weights stay as they are.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        classes : ignored
            The classes are those of ``fit``.
        task : array-like of shape (n_rows,), str or list of str, default=None
            None adds to the one task without a name, which ``predict(X)`` answers for.

        Returns
        -------
        self : object
        """
        if not hasattr(self, "encoder_"):
            return self.fit(X, y, task=task)
        X, ids = (X, None) if task is None else take_task_ids(X, task)
        X, y = self._validated(X, y, reset=False)
        names, code = _named(ids, len(y))
        if self._groups is not None and not all(isinstance(name, tuple) for name in names):
            raise ValueError(f"Tasks of this table are nested groups, named by several columns; got {names[0]!r}.")
        y = self._coded_targets(y)
        numbers = self._numbers(X)
        places = dict(self._names)
        position = np.array([places.setdefault(name, len(places)) for name in names], dtype=np.int64)
        self._mixture = _added(self._mixture, numbers, y, position[code], len(places))
        self._names = places
        if self._groups is not None:
            self._group_names = dict(self._group_names)
            group = self._groups_of(names, open_new=True)[code]
            self._groups = _added(self._groups, numbers, y, group, len(self._group_names))
        return self

    @property
    def adapted_tasks_(self):
        """Ids of the tasks whose rows have been seen."""
        check_is_fitted(self)
        return ids_as_array([name for name in self._names if name is not None])

    @property
    def members_(self):
        """The models that new tasks are answered by."""
        check_is_fitted(self)
        return self._mixture.names

    @property
    def weights_new_(self):
        """The trust in each member for new tasks, by the rows they have shown."""
        check_is_fitted(self)
        return self._mixture.weights_new

    @property
    def weights_known_(self):
        """The trust in each member, and in pooled models that see the task, for tasks of the table."""
        check_is_fitted(self)
        return self._mixture.weights_known

    # ------------------------------------------------------------------ answers

    def _answers(self, X, task):
        """(n_rows, C) blended answers."""
        check_is_fitted(self)
        X, ids = (X, None) if task is None else take_task_ids(X, task)
        if is_frame(X):
            X = validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = validate_data(self, X, reset=False, dtype=None, ensure_all_finite="allow-nan")
        X = self._numbers(X)
        names, code = _named(ids, len(X))
        position = np.array([self._names.get(name, -1) for name in names], dtype=np.int64)[code]
        if self._groups is None or (position >= 0).all():
            return _asked(self._mixture, X, position)
        group = self._groups_of(names)[code]
        by_group = (position < 0) & (group >= 0)
        out = np.empty((len(X), self._n_outputs))
        out[~by_group] = _asked(self._mixture, X[~by_group], position[~by_group])
        out[by_group] = _asked(self._groups, X[by_group], group[by_group])
        return out


def _named(ids, n_rows):
    """The tasks' names, and each row's position among them; without ids there is one task, which has no name."""
    return ([None], np.zeros(n_rows, dtype=np.int64)) if ids is None else factorize(ids)


def _is_setting(per_task):
    return per_task is None or isinstance(per_task, str)


def _added(mixture, X, y, code, n_tasks):
    order = np.argsort(code, kind="stable")
    return mixture.add(Rows(X[order], y[order], code[order]), n_tasks)


def _asked(mixture, X, code):
    out = np.empty((len(X), mixture.n_outputs))
    order = np.argsort(code, kind="stable")
    no_targets = np.zeros(len(X), dtype=mixture.rows.y.dtype)
    out[order] = mixture.answer(Rows(X[order], no_targets, code[order]))
    return out
