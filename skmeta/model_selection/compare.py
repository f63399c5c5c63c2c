"""Which learner suits these tasks: any of ours and of scikit-learn's, over the same tasks and the same rows."""

import time

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skmeta.model_selection.task_scorer import task_scorer
from skmeta.progress import progress
from skmeta.tasks import as_taskset
from skmeta.tasks.splitting import split_tasks


def compare(
    estimators,
    tasks,
    n_shots=(1, 5, 10),
    *,
    scoring=None,
    cv=5,
    n_repeats=3,
    reference=None,
    n_jobs=None,
    verbose=0,
    per_task=False,
    random_state=0,
):
    """Measure several estimators on the same tasks, each shown the same few rows.

    The tasks are cut into folds. Estimators of this library are meta-trained on the tasks outside a fold; those of
    scikit-learn learn from what a task shows and from nothing else. Then every task of the fold shows ``n_shots``
    random rows, the same to all estimators, and the rest of its rows is asked about.

    Parameters
    ----------
    estimators : dict, or sequence of estimators or of (name, estimator) pairs
        Classifiers or regressors, of this library or of scikit-learn, pipelines included; they are cloned. Without
        names they are called by their classes.
    tasks : collection of tasks
        Query rows that a task brings are pooled with its support and drawn anew, but for those without labels, which
        are left out.
    n_shots : int or sequence of int, default=(1, 5, 10)
        Rows that a task shows, per class for classifiers; a class (or task) with fewer than twice as many gives half.
    scoring : str or scorer, default=None
        A metric as for :func:`~skmeta.task_scorer`; None is accuracy or R2.
    cv : int, splitter or iterable of (train, test), default=5
        Folds over tasks; an int shuffles them first.
    n_repeats : int, default=3
        Random draws of the rows that a task shows.
    reference : str, default=None
        The estimator that the others are compared with; None is the first.
    n_jobs : int, default=None
        Estimators and folds at once.
    verbose : int, default=0
        1 draws a bar of the estimators and folds that are done.
    per_task : bool, default=False
        Return every score instead of their summary.
    random_state : int, RandomState instance or None, default=0
        Decides the folds and the rows that are shown. It sets no estimator's own.

    Returns
    -------
    table : DataFrame
        For each estimator and number of shots: ``mean`` over tasks with its 95% interval, ``low`` to ``high`` (by
        Student's t, tasks as independent units); ``difference``, the mean over tasks of the difference to the
        reference, with its own interval; ``n_tasks``; ``fit_seconds``, mean over folds; and, where an estimator
        failed, in how many folds (``n_failed``) and why first (``error``). Tasks of such a fold are missing from
        its mean. With ``per_task``: a row for each estimator, number of shots, repeat and task.

    See Also
    --------
    skmeta.inspection.ComparisonDisplay : Draws the table.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.model_selection import compare
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=10).sample(12, random_state=0)
    >>> table = compare([LogisticRegression(), ProtoNetClassifier(max_epochs=1)], tasks, n_shots=[1, 5], cv=2)
    >>> table.index.names, len(table)
    (FrozenList(['estimator', 'n_shots']), 4)
    """
    import pandas as pd

    named = _named(estimators)
    reference = next(iter(named)) if reference is None else reference
    if reference not in named:
        raise ValueError(f"reference={reference!r} is none of the estimators {list(named)}.")
    tasks, rng = as_taskset(tasks).without_unlabelled_rows(), check_random_state(random_state)
    scorer = task_scorer(scoring or ("accuracy" if _all_classifiers(named) else "r2"))
    questions = list(_questions(tasks, _folds(cv, len(tasks), rng), n_shots, n_repeats, _all_classifiers(named), rng))
    jobs = (
        delayed(_measure)(name, _learner(estimator), question, scorer)
        for question in questions
        for name, estimator in named.items()
    )
    records = []
    with progress("estimators and folds", len(questions) * len(named), verbose) as done:
        # one after the other as they come; without a bar nothing asks for that
        for found in Parallel(n_jobs=n_jobs, **({"return_as": "generator"} if verbose else {}))(jobs):
            records += found
            done()
    scores = pd.DataFrame(records)
    return scores if per_task else summary(scores, reference)


def summary(scores, reference):
    """Means over tasks, differences to a reference, and their 95% intervals.

    Parameters
    ----------
    scores : DataFrame
        As :func:`compare` returns it with ``per_task=True``.
    reference : str
        An estimator in it.

    Returns
    -------
    table : DataFrame
    """
    import pandas as pd

    of_task = scores.groupby(["estimator", "n_shots", "fold", "task"], sort=False)["score"].mean()
    folds = scores.drop_duplicates(["estimator", "fold"]).groupby("estimator", sort=False)
    lines = []
    for (name, shots), values in of_task.groupby(level=["estimator", "n_shots"], sort=False):
        values, beside = (
            one.droplevel(["estimator", "n_shots"]) for one in (values, of_task.loc[[reference], [shots]])
        )
        mean, low, high, n_tasks = _interval(values)
        difference, below, above, _ = _interval(values - beside)
        errors = [error for error in folds.get_group(name)["error"] if error]
        lines.append(
            {
                "estimator": name,
                "n_shots": shots,
                "mean": mean,
                "low": low,
                "high": high,
                "difference": difference,
                "difference_low": below,
                "difference_high": above,
                "n_tasks": n_tasks,
                "fit_seconds": folds.get_group(name)["fit_seconds"].mean(),
                "n_failed": len(errors),
                "error": errors[0] if errors else "",
            }
        )
    return pd.DataFrame(lines).set_index(["estimator", "n_shots"])


def _interval(values):
    """Mean of the defined values, the ends of its 95% interval, and how many there are."""
    values = np.asarray(values)[~np.isnan(values)]
    n = len(values)
    mean = values.mean() if n else np.nan
    half = student_t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return mean, mean - half, mean + half, n


def _named(estimators):
    """Estimators by name, no two of one name."""
    if hasattr(estimators, "items"):
        return dict(estimators)
    named = {}
    for one in estimators:
        name, estimator = one if isinstance(one, tuple) else (type(_last(one)).__name__, one)
        if isinstance(one, tuple) and name in named:
            raise ValueError(f"Two estimators are called {name!r}: give each a name of its own.")
        number = 2
        while name in named:
            name, number = f"{type(_last(estimator)).__name__} {number}", number + 1
        named[name] = estimator
    if not named:
        raise ValueError("There is no estimator to compare: give at least one.")
    return named


def _all_classifiers(named):
    kinds = {name: is_classifier(estimator) for name, estimator in named.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(f"Classifiers cannot be compared with regressors: {kinds} says which of them classify.")
    return all(kinds.values())


def _folds(cv, n_tasks, rng):
    if isinstance(cv, (int, np.integer)):
        if not 2 <= cv <= n_tasks:
            raise ValueError(f"cv={cv} folds need at least 2 of them and as many tasks, but there are {n_tasks} tasks.")
        cv = KFold(int(cv), shuffle=True, random_state=rng.randint(2**31 - 1))
    return list(cv.split(np.empty(n_tasks))) if hasattr(cv, "split") else list(cv)


def _questions(tasks, folds, n_shots, n_repeats, per_class, rng):
    """For each fold its number, the training tasks, and ``{(shots, repeat): test tasks}``, their rows drawn."""
    for number, (train, test) in enumerate(folds):
        asked = {
            (int(shots), repeat): split_tasks(
                tasks[test], int(shots), random_state=rng.randint(2**31 - 1), per_class=per_class
            )
            for shots in np.atleast_1d(n_shots)
            for repeat in range(n_repeats)
        }
        yield number, tasks[train], np.asarray(test), asked


def _measure(name, estimator, question, scorer):
    """Records of one estimator in one fold."""
    fold, train, test, asked = question
    began, error, seconds = time.perf_counter(), "", np.nan
    scores = {key: np.full(len(test), np.nan) for key in asked}
    try:
        estimator.fit(train)
        seconds = time.perf_counter() - began
        for key, tasks in asked.items():
            scores[key] = scorer.per_task(estimator, tasks)
    except Exception as failure:  # one that fails must not take the others' results with it
        error = f"{type(failure).__name__}: {failure}"
    about = {"estimator": name, "fold": fold, "fit_seconds": seconds, "error": error}
    return [
        about | {"n_shots": shots, "repeat": repeat, "task": int(task), "score": score}
        for (shots, repeat), of_tasks in scores.items()
        for task, score in zip(test, of_tasks)
    ]


def _last(estimator):
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def _learner(estimator):
    """A clone that takes tasks: one of ours as it is, another one task by task."""
    estimator = clone(estimator)
    is_ours = hasattr(_last(estimator), "adapt") or hasattr(_last(estimator), "task_classes")
    return estimator if is_ours else _Alone(estimator)


class _Alone(BaseEstimator):
    """An estimator of scikit-learn that learns each task from the rows it shows."""

    def __init__(self, estimator):
        self.estimator = estimator

    def __sklearn_tags__(self):
        return self.estimator.__sklearn_tags__()

    def fit(self, tasks):
        return self

    def predict(self, tasks):
        return self._each(tasks, lambda fitted, X: fitted.predict(X))

    @property
    def predict_proba(self):
        if not hasattr(self.estimator, "predict_proba"):
            raise AttributeError(f"{type(self.estimator).__name__} has no predict_proba.")
        return lambda tasks: self._each(tasks, lambda fitted, X: fitted.predict_proba(X))

    def task_classes(self, tasks):
        """The classes that each task shows."""
        return [np.unique(task.y) for task in tasks]

    def _each(self, tasks, answer):
        return [answer(self._fitted(task), task.X_query) for task in tasks]

    def _fitted(self, task):
        shows_one_class = is_classifier(self.estimator) and len(np.unique(task.y)) == 1
        return (DummyClassifier() if shows_one_class else clone(self.estimator)).fit(task.X, task.y)
