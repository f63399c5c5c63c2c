"""Made-up tasks and related tables, in the manner of scikit-learn's ``make_*``."""

import numpy as np

from skmeta.tasks.clusters import GaussianClusters
from skmeta.tasks.families import LinearFamily, QuadraticFamily, Sinusoids
from skmeta.tasks.randomness import as_generator, draw_sizes


def make_few_shot_classification(
    n_tasks=100,
    *,
    n_ways=5,
    n_shots=5,
    n_query=15,
    n_features=20,
    n_latent=3,
    n_irrelevant=0,
    separation=4.0,
    structure_seed=0,
    random_state=None,
):
    """N-way K-shot tasks of Gaussian clusters whose centres share a subspace.

    Parameters
    ----------
    n_tasks : int, default=100
    n_ways, n_shots, n_query : int or (low, high)
        Classes of a task, support rows and query rows of each class.
    n_features, n_latent, n_irrelevant, separation, structure_seed
        As in :class:`skmeta.tasks.clusters.GaussianClusters`. Sets made with one ``structure_seed`` share what there is
        to learn: use the same for meta-training and test tasks, with different ``random_state``.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    tasks : TaskSet

    Examples
    --------
    >>> from skmeta.datasets import make_few_shot_classification
    >>> make_few_shot_classification(50, n_ways=3, n_shots=1, random_state=0)
    TaskSet(50 tasks, 20 features, 3 support and 45 query rows each)
    """
    family = GaussianClusters(
        n_ways=n_ways,
        n_shots=n_shots,
        n_query=n_query,
        n_features=n_features,
        n_latent=n_latent,
        n_irrelevant=n_irrelevant,
        separation=separation,
        structure_seed=structure_seed,
    )
    return family.sample(n_tasks, random_state)


_REGRESSION_FAMILIES = {"sinusoid": Sinusoids, "linear": LinearFamily, "quadratic": QuadraticFamily}


def make_few_shot_regression(
    n_tasks=100, *, family="sinusoid", n_shots=10, n_query=10, noise=0.0, random_state=None, **options
):
    """Few-shot regression tasks from one family of functions.

    Parameters
    ----------
    n_tasks : int, default=100
    family : {"sinusoid", "linear", "quadratic"}, default="sinusoid"
    n_shots, n_query : int or (low, high), default=10
        Support and query rows of a task.
    noise : float, default=0.0
        Standard deviation of Gaussian noise on the targets.
    random_state : int, RandomState, Generator or None, default=None
    **options
        Further parameters of :class:`~skmeta.tasks.families.Sinusoids`, :class:`~skmeta.tasks.families.LinearFamily`
        or :class:`~skmeta.tasks.families.QuadraticFamily`.

    Returns
    -------
    tasks : TaskSet

    Examples
    --------
    >>> from skmeta.datasets import make_few_shot_regression
    >>> make_few_shot_regression(50, family="linear", n_features=6, n_shots=4, random_state=0)
    TaskSet(50 tasks, 6 features, 4 support and 10 query rows each)
    """
    if family not in _REGRESSION_FAMILIES:
        raise ValueError(f"family must be one of {sorted(_REGRESSION_FAMILIES)}, got {family!r}.")
    make = _REGRESSION_FAMILIES[family]
    return make(n_shots=n_shots, n_query=n_query, noise=noise, **options).sample(n_tasks, random_state)


def make_related_tables(
    n_tables=20,
    *,
    n_rows=(30, 60),
    n_features=8,
    task_type="classification",
    n_classes=2,
    relatedness=0.8,
    noise=0.5,
    missing_share=0.0,
    n_categorical=0,
    as_frame=False,
    random_state=None,
):
    """One long table of many small related ones: sites, customers, years that follow similar rules.

    Every table has its own linear rule from features to label, and its own centre of the features. The rules are a
    blend of one rule for all and one of the table's own, so a table alone is too small to learn from while the pooled
    rows miss what is special about it.

    Parameters
    ----------
    n_tables : int, default=20
    n_rows : int or (low, high), default=(30, 60)
        Rows of each table.
    n_features : int, default=8
        All features, categorical ones included.
    task_type : {"classification", "regression"}, default="classification"
        Tables of a classification share their labels, 0 to ``n_classes - 1``.
    n_classes : int, default=2
    relatedness : float, default=0.8
        Correlation of the rules of two tables: 1 is one rule for all, 0 is no relation.
    noise : float, default=0.5
        Standard deviation of Gaussian noise on the scores (classification: on the score of each class), whose own
        standard deviation is 1.
    missing_share : float, default=0.0
        Share of the cells to be NaN.
    n_categorical : int, default=0
        So many of the features are cut into the categories ``"low"``, ``"middle"`` and ``"high"``; needs ``as_frame``.
    as_frame : bool, default=False
        Return a DataFrame and two Series; needs pandas.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    X : ndarray or DataFrame of shape (n_rows_in_all, n_features)
    y : ndarray or Series of shape (n_rows_in_all,)
    task : ndarray or Series of shape (n_rows_in_all,)
        Number of the table that each row belongs to.

    Examples
    --------
    >>> from skmeta import TaskSet
    >>> from skmeta.datasets import make_related_tables
    >>> X, y, task = make_related_tables(5, n_rows=20, random_state=0)
    >>> X.shape, y.shape, task.shape
    ((100, 8), (100,), (100,))
    >>> TaskSet.from_long(X, y, task)
    TaskSet(5 tasks, 8 features, 20 rows each)
    >>> make_related_tables(5, n_features=3, n_categorical=1, as_frame=True, random_state=0)[0].columns.tolist()
    ['x0', 'x1', 'x2']
    """
    if task_type not in ("classification", "regression"):
        raise ValueError(f"task_type must be 'classification' or 'regression', got {task_type!r}.")
    for name, share in (("relatedness", relatedness), ("missing_share", missing_share)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must lie between 0 and 1, got {share!r}.")
    if not 0 <= n_categorical <= n_features:
        raise ValueError(f"n_categorical must lie between 0 and n_features={n_features}, got {n_categorical!r}.")
    if n_categorical and not as_frame:
        raise ValueError("Categorical columns need as_frame=True: an array of numbers cannot hold them.")
    if task_type == "classification" and n_classes < 2:
        raise ValueError(f"n_classes must be at least 2, got {n_classes!r}.")
    rng = as_generator(random_state)
    size = draw_sizes(n_rows, n_tables, rng, "n_rows")
    task = np.repeat(np.arange(n_tables), size)
    X = rng.standard_normal((len(task), n_features)) + 0.5 * rng.standard_normal((n_tables, n_features))[task]
    n_scores = n_classes if task_type == "classification" else 1
    shared = rng.standard_normal((1, n_features, n_scores))
    own = rng.standard_normal((n_tables, n_features, n_scores))
    rules = np.sqrt(relatedness) * shared + np.sqrt(1 - relatedness) * own
    score = np.einsum("nd,ndc->nc", X, rules[task])
    score = score / score.std() + noise * rng.standard_normal(score.shape)
    y = score.argmax(axis=1) if task_type == "classification" else score[:, 0]
    X[rng.random(X.shape) < missing_share] = np.nan
    return _as_frames(X, y, task, n_categorical) if as_frame else (X, y, task)


def _as_frames(X, y, task, n_categorical):
    import pandas as pd

    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    for name in frame.columns[:n_categorical]:
        frame[name] = pd.cut(frame[name], [-np.inf, -0.5, 0.5, np.inf], labels=["low", "middle", "high"], ordered=False)
    return frame, pd.Series(y, name="target"), pd.Series(task, name="task")
