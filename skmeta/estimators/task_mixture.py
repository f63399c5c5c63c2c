"""Which of pooled, per-task and meta-learned models to trust, by how much a task has shown."""

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler, TargetEncoder
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from skmeta.estimators._blending import SizeWeights
from skmeta.estimators._committee import Committee, OwnModel, PooledModel, Rows, best_temperature, fit_effects
from skmeta.estimators._task_effects import random_ranks
from skmeta.preprocessing.table_encoder import TableEncoder
from skmeta.tasks import as_taskset, is_tasks
from skmeta.tasks.ids import factorize, take_task_ids
from skmeta.tasks.rows import is_frame

_SIZES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
_QUERY_ROWS = 20  # of a task and size, when weights for new tasks are learned
_FEWEST_TASKS = 4  # with fewer, nothing can be learned about tasks
_MOST_CATEGORIES = 255  # that histogram gradient boosting takes


class _TaskMixture(BaseEstimator):
    """What the classifier and the regressor share.

    Everything is learned from two cross-validations. *Over tasks*: members fitted on the other tasks answer a task's
    rows, given 0, 1, 2, 5, ... of its rows; that tells what to trust on a new task of each size. *Over rows*: they
    answer hidden rows of a task, given its others; that tells what to trust on the tasks of the table itself, where
    models that have seen the task's own rows compete as well. Task ``t`` of the table is answered by the members that
    were fitted without it, and its rows as their support: an answer of the same kind as those that were scored.
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
        return hasattr(self, "members_")

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
        if is_tasks(X):
            X, y, task = as_taskset(X).to_long()
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None.")
        ids = None
        if task is not None:
            X, ids = take_task_ids(X, task)
        X, y = self._validated(X, y, reset=True)
        y = self._learn_targets(y)
        self.encoder_ = TableEncoder().fit(X)
        names, code = ([None], np.zeros(len(y), dtype=np.int64)) if ids is None else factorize(ids)
        order = np.argsort(code, kind="stable")
        rows = Rows(self.encoder_.transform(X)[order], y[order], code[order])
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self._names = {name: position for position, name in enumerate(names)}
        with config_context(enable_metadata_routing=False):  # the members are ours: nothing is routed to them
            self._fit_members(rows, len(names))
        return self

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

    def _fit_members(self, rows, n_tasks):
        rng = np.random.default_rng(self._seed)
        pooled = self._pooled_members()
        self._by_task = n_tasks >= _FEWEST_TASKS
        self._joint = self._joint_members(n_tasks) if n_tasks > 1 else []
        fold_of_row = self._folds_of_rows(rows, n_tasks, rng)
        joint_answers = self._row_folds(self._joint, _with_task, rows, fold_of_row)
        if self._by_task:
            answers = self._learn_tasks(pooled, rows, n_tasks, fold_of_row, rng)
        else:
            answers = self._learn_pooled(pooled, rows, fold_of_row)
        answers = np.concatenate([answers, joint_answers], axis=1)
        n_shown = np.bincount(rows.code, minlength=n_tasks)[rows.code]
        shown_then = np.maximum(n_shown - n_shown // max(fold_of_row.max() + 1, 1), 1)
        nodes = np.unique(np.quantile(shown_then, [0.1, 0.5, 0.9]).astype(int))
        self.weights_known_ = SizeWeights(nodes, self._kind).fit(answers, rows.y, shown_then)
        for member in self._joint:
            member.fit(_with_task(rows), rows.y)
        self._rows = rows
        self.members_ = self._names_of_members(pooled)

    def _learn_pooled(self, pooled, rows, fold_of_row):
        """Too few tasks to learn from: a blend of pooled models, chosen by held-out rows."""
        answers = self._row_folds(pooled, lambda r: r.X, rows, fold_of_row)
        for member in pooled:
            member.fit(rows.X, rows.y)
        self._committee = Committee(pooled, [[] for _ in pooled], None, [])
        self.weights_new_ = SizeWeights([0], self._kind).fit(answers, rows.y, np.zeros(len(rows)))
        return answers

    def _learn_tasks(self, pooled, rows, n_tasks, fold_of_row, rng):
        n_folds = min(self.cv, n_tasks)
        self._fold_of_task = rng.permutation(n_tasks) % n_folds
        fold = self._fold_of_task[rows.code]
        fold_models, base = self._out_of_task(pooled, rows, fold, n_folds)
        own = None if self.per_task is None else OwnModel(self._own_estimator(), self._n_outputs).fit(rows.X)
        for member in pooled:
            member.fit(rows.X, rows.y)
        self._committee = self._committee_on(rows, np.arange(len(rows)), pooled, base, own)
        self._fold_committees = [
            self._committee_on(rows, np.flatnonzero(fold != k), fold_models[k], base, own, self._committee.effects)
            for k in range(n_folds)
        ]
        self._base = base
        self._learn_weights_new(rows, fold, base, n_tasks, rng)
        answers = np.empty((len(rows), self.weights_new_.weights.shape[1], self._n_outputs))
        for k, committee in enumerate(self._fold_committees):
            for hidden in range(fold_of_row.max() + 1):
                query = np.flatnonzero((fold == k) & (fold_of_row == hidden))
                shown = np.flatnonzero((fold == k) & (fold_of_row != hidden))
                answers[query] = _ask(committee, rows, shown, query, base)
        return answers

    def _out_of_task(self, pooled, rows, fold, n_folds):
        """Pooled models for each fold of tasks, fitted on the others, and their answers to the rows they never saw."""
        base = [np.empty((len(rows), self._n_outputs)) for _ in pooled]
        fold_models = []
        for k in range(n_folds):
            models = [PooledModel(member.estimator, self._n_outputs) for member in pooled]
            for model, answers in zip(models, base):
                model.fit(rows.X[fold != k], rows.y[fold != k])
                answers[fold == k] = model.answer(rows.X[fold == k])
            fold_models.append(models)
        if self._kind == "classification":
            for i, member in enumerate(pooled):
                temperature = best_temperature(base[i], rows.y)
                base[i] = _retempered(base[i], temperature)
                for model in [member, *(models[i] for models in fold_models)]:
                    model.temperature = temperature
        return fold_models, base

    def _committee_on(self, rows, chosen, pooled, base, own, start=None):
        some = rows.take(chosen)
        effects = [
            fit_effects(F[chosen], some, self._n_outputs, self._seed, None if start is None else start[i])
            for i, F in enumerate(base)
        ]
        metas = [self._seeded(meta).fit(some.X, some.y, task=some.code) for meta in self.meta]
        return Committee(pooled, effects, own, metas)

    def _learn_weights_new(self, rows, fold, base, n_tasks, rng):
        size = np.bincount(rows.code, minlength=n_tasks)
        rank = random_ranks(rows.code, size, rng)
        answers, targets, n_shown = [], [], []
        sizes = [s for s in _SIZES if s < size.max()]
        for shots in sizes:
            asked = (rank >= shots) & (rank < shots + _QUERY_ROWS)
            for k, committee in enumerate(self._fold_committees):
                query = np.flatnonzero(asked & (fold == k))
                if len(query):
                    shown = np.flatnonzero((rank < shots) & (fold == k) & (size > shots)[rows.code])
                    answers.append(_ask(committee, rows, shown, query, base))
                    targets.append(rows.y[query])
                    n_shown.append(np.full(len(query), shots))
        self.weights_new_ = SizeWeights(sizes, self._kind).fit(
            np.concatenate(answers), np.concatenate(targets), np.concatenate(n_shown)
        )

    def _row_folds(self, members, columns, rows, fold_of_row):
        """Answers of models that have seen the tasks, but not the row: (n_rows, len(members), C)."""
        answers = np.empty((len(rows), len(members), self._n_outputs))
        for hidden in range(fold_of_row.max() + 1):
            train, test = rows.take(fold_of_row != hidden), fold_of_row == hidden
            for i, member in enumerate(members):
                model = PooledModel(member.estimator, self._n_outputs).fit(columns(train), train.y)
                answers[test, i] = model.answer(columns(rows.take(test)))
        if self._kind == "classification":
            for i, member in enumerate(members):
                member.temperature = best_temperature(answers[:, i], rows.y)
                answers[:, i] = _retempered(answers[:, i], member.temperature)
        return answers

    def _folds_of_rows(self, rows, n_tasks, rng):
        """Every task's rows spread evenly over the folds."""
        n_folds = min(self.cv, len(rows))
        rank = random_ranks(rows.code, np.bincount(rows.code, minlength=n_tasks), rng)
        return (rank + rng.integers(n_folds, size=n_tasks)[rows.code]) % n_folds

    # ------------------------------------------------------------------ members

    def _pooled_members(self):
        given = self._default_pooled() if isinstance(self.pooled, str) else self.pooled
        given = list(given) if isinstance(given, (list, tuple)) else [given]
        return [PooledModel(None, self._n_outputs), *(self._pooled_model(estimator) for estimator in given)]

    def _pooled_model(self, estimator):
        return PooledModel(self._seeded(estimator), self._n_outputs)

    def _joint_members(self, n_tasks):
        """The pooled models again, with the task as one more feature."""
        members = []
        for member in self._pooled_members()[1:]:
            estimator = member.estimator
            if hasattr(estimator, "categorical_features") and n_tasks <= _MOST_CATEGORIES:
                estimator = clone(estimator).set_params(categorical_features=[0])
            else:
                kind = {1: "continuous", 2: "binary"}.get(self._n_outputs, "multiclass")
                by_target = ("task", TargetEncoder(target_type=kind, random_state=self._seed), [0])
                estimator = make_pipeline(ColumnTransformer([by_target], remainder="passthrough"), estimator)
            members.append(PooledModel(estimator, self._n_outputs))
        return members

    def _own_estimator(self):
        return None if isinstance(self.per_task, str) else self._seeded(self.per_task)

    def _seeded(self, estimator):
        estimator = clone(estimator)
        random = {k: self._seed for k, v in estimator.get_params().items() if k.endswith("random_state") and v is None}
        return estimator.set_params(**random) if random else estimator

    def _names_of_members(self, pooled):
        def called(member):
            return "mean" if member.estimator is None else _name(member.estimator)

        names = [called(member) for member in pooled]
        if self._by_task:
            names += [f"{called(m)} + {kind}" for m in pooled for kind in ("task intercept", "task slopes")]
            names += [] if self.per_task is None else ["task's own model"]
            names += [_name(meta) for meta in self.meta]
        return names

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
        if not hasattr(self, "members_"):
            return self.fit(X, y, task=task)
        ids = None
        if task is not None:
            X, ids = take_task_ids(X, task)
        X, y = self._validated(X, y, reset=False)
        y = self._coded_targets(y)
        names, code = ([None], np.zeros(len(y), dtype=np.int64)) if ids is None else factorize(ids)
        places = dict(self._names)
        position = np.array([places.setdefault(name, len(places)) for name in names], dtype=np.int64)
        new = Rows(self.encoder_.transform(X), y, position[code])
        parts = [np.concatenate(pair) for pair in zip(vars(self._rows).values(), vars(new).values())]
        order = np.argsort(parts[2], kind="stable")
        if self._by_task:
            added = self._base_of(new)
            self._base = [np.concatenate(pair)[order] for pair in zip(self._base, added)]
        self._rows, self._names = Rows(*(part[order] for part in parts)), places
        return self

    def _base_of(self, rows):
        """Pooled answers to rows, by the models that were fitted without their tasks."""
        fold = self._fold_of(rows.code)
        base = [np.empty((len(rows), self._n_outputs)) for _ in self._committee.pooled]
        for k, committee in [*enumerate(self._fold_committees), (-1, self._committee)]:
            for out, answers in zip(base, committee.base(rows.X[fold == k])):
                out[fold == k] = answers
        return base

    def _fold_of(self, code):
        """Which fold a task was in; -1 where it came after ``fit``."""
        n_fitted = len(self._fold_of_task)
        return np.where((code >= 0) & (code < n_fitted), self._fold_of_task[np.clip(code, 0, n_fitted - 1)], -1)

    @property
    def adapted_tasks_(self):
        """Ids of the tasks whose rows have been seen."""
        check_is_fitted(self)
        names = [name for name in self._names if name is not None]
        out = np.empty(len(names), dtype=object)
        out[:] = names
        return out

    # ------------------------------------------------------------------ answers

    def _answers(self, X, task):
        """(n_rows, C) blended answers."""
        check_is_fitted(self)
        ids = None
        if task is not None:
            X, ids = take_task_ids(X, task)
        if is_frame(X):
            X = validate_data(self, X, reset=False, skip_check_array=True)
        else:
            X = validate_data(self, X, reset=False, dtype=None, ensure_all_finite="allow-nan")
        X = self.encoder_.transform(X)
        if ids is None:
            code = np.full(len(X), self._names.get(None, -1))
        else:
            names, code = factorize(ids)
            code = np.array([self._names.get(name, -1) for name in names], dtype=np.int64)[code]
        out = np.empty((len(X), self._n_outputs))
        order = np.argsort(code, kind="stable")
        rows = Rows(X[order], np.zeros(len(X), dtype=self._rows.y.dtype), code[order])
        out[order] = self._blend(rows)
        return out

    def _blend(self, query):
        n_shown = self._n_shown(query.code)
        if not self._by_task:
            answers = np.stack(self._committee.base(query.X), axis=1)
            if not self._joint:
                return _mixed(answers, self.weights_known_(n_shown))
            joint = np.stack([member.answer(_with_task(query)) for member in self._joint], axis=1)
            known = _mixed(np.concatenate([answers, joint], axis=1), self.weights_known_(n_shown))
            return np.where((n_shown > 0)[:, None], known, _mixed(answers, self.weights_new_(n_shown)))
        out = np.empty((len(query), self._n_outputs))
        fold = self._fold_of(query.code)
        shown_fold = self._fold_of(self._rows.code)
        asked = np.unique(query.code)
        for k in np.unique(fold):
            committee = self._committee if k < 0 else self._fold_committees[k]
            wanted = np.flatnonzero(fold == k)
            shown = np.flatnonzero((shown_fold == k) & np.isin(self._rows.code, asked))
            trust = (self.weights_new_ if k < 0 else self.weights_known_)(n_shown[wanted])
            needed = (trust > 0).any(axis=0)
            n_members = len(self.members_)
            answers = committee.answer(
                self._rows.take(shown),
                query.take(wanted),
                support_base=[F[shown] for F in self._base],
                needed=needed[:n_members],
            )
            if k >= 0:
                joint = np.zeros((len(wanted), len(self._joint), self._n_outputs))
                for i, member in enumerate(self._joint):
                    if needed[n_members + i]:
                        joint[:, i] = member.answer(_with_task(query.take(wanted)))
                answers = np.concatenate([answers, joint], axis=1)
            out[wanted] = _mixed(answers, trust)
        return out

    def _n_shown(self, code):
        count = np.bincount(self._rows.code, minlength=len(self._names))
        return np.where(code >= 0, count[np.maximum(code, 0)], 0)


class TaskMixtureRegressor(RegressorMixin, _TaskMixture):
    """Pooled models, per-task models and what tasks add to the common model, trusted by what held-out tasks say.

    Parameters
    ----------
    pooled : regressor, list of regressors or "default", default="default"
        Models of all rows together; "default" is ridge regression, the same on splines of every column, and histogram
        gradient boosting. The mean is always among them. Around each of them, random intercepts and random slopes of
        the tasks are estimated.
    per_task : regressor, "default" or None, default="default"
        Fitted to each task's rows alone; "default" is a ridge regression for tasks of 8 rows and more.
    meta : sequence of estimators, default=()
        Meta-learners of this library that take part.
    cv : int, default=5
        Folds of the two cross-validations, over tasks and over rows.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    members_ : list of str
        The models that new tasks are answered by.
    weights_new_ : object
        ``weights_new_.weights`` (n_sizes, n_members): the trust in each, for tasks that have shown
        ``weights_new_.sizes`` rows.
    weights_known_ : object
        The same for tasks of the table; after the members come the pooled models with the task as a feature.
    adapted_tasks_ : ndarray
        Ids of the tasks whose rows have been seen.
    encoder_ : TableEncoder
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the table came with string column names.

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    L. Breiman. "Stacked regressions". Machine Learning 24, 1996.
    N. M. Laird, J. H. Ware. "Random-effects models for longitudinal data". Biometrics 38, 1982.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmeta import TaskMixtureRegressor
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(20), 10)
    >>> X = rng.normal(size=(200, 2))
    >>> y = X[:, 0] + rng.normal(size=20)[site] + 0.1 * rng.normal(size=200)
    >>> mixture = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, y, task=site)
    >>> bool(mixture.score(X, y, task=site) > 0.95 > mixture.score(X, y))
    True
    """

    _kind = "regression"
    _n_outputs = 1

    def _learn_targets(self, y):
        return self._coded_targets(y)

    def _coded_targets(self, y):
        if y.dtype.kind not in "biuf":
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"{type(self).__name__} needs numeric targets: {error}") from error
        y = np.asarray(y, dtype=np.float64)
        if not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity.")
        return y

    def _default_pooled(self):
        return [
            make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
            make_pipeline(
                StandardScaler(), SplineTransformer(6, extrapolation="constant"), RidgeCV(np.logspace(-4, 2, 13))
            ),
            HistGradientBoostingRegressor(),
        ]

    def predict(self, X, *, task=None):
        """Targets of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; a task never seen gets the answer for tasks without rows. None: the task
            without a name.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        return self._answers(X, task)[:, 0]

    def score(self, X, y, sample_weight=None, *, task=None):
        """R2 of ``predict(X, task=task)``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), str or list of str, default=None

        Returns
        -------
        score : float
        """
        return r2_score(y, self.predict(X, task=task), sample_weight=sample_weight)


class TaskMixtureClassifier(ClassifierMixin, _TaskMixture):
    """Pooled models, per-task models and what tasks add to the common model, trusted by what held-out tasks say.

    All tasks share their classes.

    Parameters
    ----------
    pooled : classifier, list of classifiers or "default", default="default"
        Models of all rows together, with ``predict_proba``; "default" is logistic regression and histogram gradient
        boosting. The class shares are always among them. Around each of them, random intercepts and random slopes of
        the tasks are estimated on the log odds.
    per_task : classifier, "default" or None, default="default"
        Fitted to each task's rows alone; "default" is a logistic regression for tasks of 8 rows and more.
    meta : sequence of estimators, default=()
        Meta-learners of this library that take part.
    cv : int, default=5
        Folds of the two cross-validations, over tasks and over rows.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    members_ : list of str
        The models that new tasks are answered by.
    weights_new_ : object
        ``weights_new_.weights`` (n_sizes, n_members): the trust in each, for tasks that have shown
        ``weights_new_.sizes`` rows.
    weights_known_ : object
        The same for tasks of the table; after the members come the pooled models with the task as a feature.
    adapted_tasks_ : ndarray
        Ids of the tasks whose rows have been seen.
    encoder_ : TableEncoder
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where the table came with string column names.

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    D. Boehning. "Multinomial logistic regression algorithm". Ann. Inst. Statist. Math. 44, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmeta import TaskMixtureClassifier
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(20), 20)
    >>> X = rng.normal(size=(400, 2))
    >>> y = np.where(X[:, 0] + 3 * rng.normal(size=20)[site] > 0, "stays", "leaves")
    >>> mixture = TaskMixtureClassifier(LogisticRegression(), random_state=0).fit(X, y, task=site)
    >>> bool(mixture.score(X, y, task=site) > 0.85 > mixture.score(X, y))
    True
    """

    _kind = "classification"

    __metadata_request__predict_proba = {"task": True}

    def _learn_targets(self, y):
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs samples of at least 2 classes, but the data has 1 class.")
        self._n_outputs = len(self.classes_)
        return self._coded_targets(y)

    def _coded_targets(self, y):
        place = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[place] != y
        if unknown.any():
            raise ValueError(f"y holds labels that fit never saw: {np.unique(np.asarray(y)[unknown])[:5].tolist()}.")
        return place

    def _default_pooled(self):
        return [
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
            HistGradientBoostingClassifier(),
        ]

    def predict_proba(self, X, *, task=None):
        """Class probabilities in the order of ``classes_``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        task : array-like of shape (n_rows,), str or list of str, default=None
            Which task each row belongs to; a task never seen gets the answer for tasks without rows. None: the task
            without a name.

        Returns
        -------
        p : ndarray of shape (n_rows, n_classes)
        """
        p = self._answers(X, task)
        return p / p.sum(1, keepdims=True)

    def predict(self, X, *, task=None):
        """The likeliest classes.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        task : array-like of shape (n_rows,), str or list of str, default=None

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        p = self.predict_proba(X, task=task)
        return self.classes_[p.argmax(1)]

    def score(self, X, y, sample_weight=None, *, task=None):
        """Accuracy of ``predict(X, task=task)``.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        sample_weight : array-like of shape (n_rows,), default=None
        task : array-like of shape (n_rows,), str or list of str, default=None

        Returns
        -------
        score : float
        """
        return accuracy_score(y, self.predict(X, task=task), sample_weight=sample_weight)


def _ask(committee, rows, shown, query, base):
    return committee.answer(rows.take(shown), rows.take(query), [F[shown] for F in base], [F[query] for F in base])


def _with_task(rows):
    return np.hstack([rows.code[:, None].astype(np.float64), rows.X])


def _mixed(answers, weights):
    return np.einsum("ne,nec->nc", weights, answers)


def _retempered(p, temperature):
    p = p ** (1 / temperature)
    return p / p.sum(1, keepdims=True)


def _name(estimator):
    """The class; of a pipeline, its steps but for a scaler."""
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " ".join(type(step).__name__ for step in steps if not isinstance(step, StandardScaler))
