"""What each task's own model says about the same rows: how far tasks lie from the common answer and each other."""

import numpy as np
from sklearn.base import is_classifier

from skmeta.documentation import documented_like
from skmeta.inspection.task_geometry import answers_of_tasks, changes, cosines, lengths
from skmeta.tasks.rows import is_frame


def task_embedding(estimator, X, tasks=None):
    """Each known task as the change that it makes to the answers to a few rows.

    Works with everything that takes ``predict(X, task=ids)``, whatever is inside: a task is known by what its adapted
    model answers.

    Parameters
    ----------
    estimator : estimator fitted in the long format
    X : array-like or DataFrame of shape (n_rows, n_features)
        Rows that all tasks are asked about; a hundred or so, spread as the data are, will do.
    tasks : sequence, default=None
        Ids; None is ``estimator.adapted_tasks_``.

    Returns
    -------
    embedding : ndarray of shape (n_tasks, n_rows) or (n_tasks, n_rows * n_classes)
        Answers - for classifiers, log probabilities - less the answer to a task never seen, or less the mean over
        tasks where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.inspection import task_embedding
    >>> X, task = np.tile([[0.0], [1.0]], (20, 1)), np.repeat(np.arange(10), 4)
    >>> meta = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(X, X[:, 0] + task, task=task)
    >>> task_embedding(meta, X[:2]).shape
    (10, 2)
    """
    return changes(estimator, X, tasks)


@documented_like(task_embedding)
def task_shift(estimator, X, tasks=None):
    """How far each task's answers lie from the common one: the root mean square of its embedding.

    Returns
    -------
    shift : ndarray of shape (n_tasks,)
        In units of the target; for classifiers, of log probabilities.

    Examples
    --------
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.datasets import make_related_tables
    >>> from skmeta.inspection import task_shift
    >>> X, y, site = make_related_tables(6, n_rows=10, task_type="regression", random_state=0)
    >>> model = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(X, y, task=site)
    >>> task_shift(model, X).shape
    (6,)
    """
    return lengths(changes(estimator, X, tasks))


@documented_like(task_embedding)
def task_similarity(estimator, X, tasks=None):
    """How alike the changes are that tasks make to the common answer.

    Returns
    -------
    similarity : ndarray of shape (n_tasks, n_tasks)
        Cosine of the embeddings: 1 for tasks that change the answers alike, -1 for opposite changes, 0 for a task
        that changes nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.inspection import task_similarity
    >>> rng = np.random.default_rng(0)
    >>> X, site = rng.normal(size=(60, 2)), np.repeat(np.arange(6), 10)
    >>> y = X[:, 0] + np.where(site < 3, 2, -2) * X[:, 1]
    >>> model = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(X, y, task=site)
    >>> alike = task_similarity(model, X)
    >>> bool(alike[0, 1] > 0 > alike[0, 5])
    True
    """
    return cosines(changes(estimator, X, tasks))


def explain_adaptation(estimator, X, task):
    """Compare the effect of each feature before and after a task has shown its rows.

    An effect is the coefficient of the standardised feature in the linear model that comes closest to the answers.

    Parameters
    ----------
    estimator : estimator fitted in the long format
    X : array-like or DataFrame of shape (n_rows, n_features)
        Numeric rows to look at; many more than features.
    task : object
        Id of a known task.

    Returns
    -------
    table : dict of ndarrays
        "feature", "before", "after", "change", one entry per feature and one, "(intercept)", for the mean answer;
        the largest change first. ``pandas.DataFrame(table)`` shows it. For classifiers the answer is the log odds
        of the last class.

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.inspection import explain_adaptation
    >>> rng = np.random.default_rng(0)
    >>> X, site = rng.normal(size=(60, 2)), np.repeat(np.arange(6), 10)
    >>> y = X[:, 0] + np.where(site < 3, 2, -2) * X[:, 1]
    >>> model = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(X, y, task=site)
    >>> str(explain_adaptation(model, X, 0)["feature"][0])  # what task 0 changed most
    'x1'
    """
    names, answers, cold = answers_of_tasks(estimator, X)
    if task not in names:
        raise ValueError(f"{task!r} is not among the {len(names)} known tasks.")
    before = answers.mean(0) if cold is None else cold
    after = answers[names.index(task)]
    if is_classifier(estimator):
        before, after = (_last_odds(a, X.shape[0]) for a in (before, after))
    features = [str(name) for name in X.columns] if is_frame(X) else [f"x{j}" for j in range(X.shape[1])]
    Z = np.asarray(X, dtype=np.float64)
    scale = Z.std(0)
    Z = np.hstack([np.ones((len(Z), 1)), (Z - Z.mean(0)) / np.where(scale > 0, scale, 1)])
    effects = np.linalg.lstsq(Z, np.stack([before, after], axis=1), rcond=None)[0]
    change = effects[:, 1] - effects[:, 0]
    order = np.argsort(-np.abs(change), kind="stable")
    names = np.array(["(intercept)", *features])
    return {
        "feature": names[order],
        "before": effects[order, 0],
        "after": effects[order, 1],
        "change": change[order],
    }


def _last_odds(log_p, n_rows):
    log_p = log_p.reshape(n_rows, -1)
    return log_p[:, -1] - np.log1p(-np.exp(log_p[:, -1]).clip(max=1 - 1e-9))
