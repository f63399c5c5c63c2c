"""How good an estimator is after K rows."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student_t
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from skmeta.model_selection.task_scorer import task_scorer
from skmeta.progress import progress
from skmeta.tasks import as_taskset
from skmeta.tasks.splitting import split_tasks


@dataclass(frozen=True)
class FewShotCurve:
    """Scores against support size.

    Parameters
    ----------
    n_shots : ndarray of shape (n_sizes,)
    mean : ndarray of shape (n_sizes,)
        Mean over tasks.
    low, high : ndarray of shape (n_sizes,)
        95% interval of the mean, by Student's t; the tasks are the independent units, repeats only make each of them
        less noisy. NaN where there is but one task.
    scores : ndarray of shape (n_sizes, n_repeats, n_tasks)

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier, few_shot_curve
    >>> from skmeta.datasets import make_few_shot_classification
    >>> tasks = make_few_shot_classification(30, n_shots=10, n_query=0, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks[:20])
    >>> curve = few_shot_curve(meta, tasks[20:], [1, 5], n_repeats=1, random_state=0)
    >>> curve.mean.shape
    (2,)
    """

    n_shots: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    scores: np.ndarray

    def __repr__(self):
        points = ", ".join(
            f"{n}: {m:.3f} [{a:.3f}, {b:.3f}]" for n, m, a, b in zip(self.n_shots, self.mean, self.low, self.high)
        )
        return f"FewShotCurve({points})"


def few_shot_curve(estimator, tasks, n_shots=(1, 5, 10), *, n_repeats=5, scoring=None, random_state=None, verbose=0):
    """Adapt a meta-trained estimator to few rows of every task, and score it on the others.

    Parameters
    ----------
    estimator : meta-trained estimator or Pipeline
        It is not changed.
    tasks : collection of tasks
        None of them should have been used in meta-training. All tasks are adapted together.
    n_shots : int or sequence of int, default=(1, 5, 10)
        Support rows, per class for classifiers.
    n_repeats : int, default=5
        Random splits of every task.
    scoring : str or scorer, default=None
        A metric as for :func:`task_scorer`; None is accuracy or R2.
    random_state : int, RandomState instance or None, default=None
    verbose : int, default=0
        1 draws a bar of the splits that are scored.

    Returns
    -------
    curve : FewShotCurve

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier, few_shot_curve
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=15).sample(30, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=2, random_state=0).fit(tasks[:20])
    >>> curve = few_shot_curve(meta, tasks[20:], n_shots=[1, 5], random_state=0)
    >>> curve.scores.shape
    (2, 5, 10)
    """
    tasks, rng = as_taskset(tasks), check_random_state(random_state)
    n_shots = np.atleast_1d(n_shots)
    per_class = is_classifier(estimator)
    scorer = task_scorer(scoring or ("accuracy" if per_class else "r2"))
    scores = np.empty((len(n_shots), n_repeats, len(tasks)))
    with progress("splits", len(n_shots) * n_repeats, verbose) as done:
        for size, shots in enumerate(n_shots):
            for repeat in range(n_repeats):
                split = split_tasks(tasks, int(shots), random_state=rng, per_class=per_class, strict=True)
                scores[size, repeat] = scorer.per_task(estimator, split)
                done()
    mean, half = np.transpose([_mean_and_half_width(of_size) for of_size in scores])
    return FewShotCurve(n_shots, mean, mean - half, mean + half, scores)


def _mean_and_half_width(scores):
    """Mean over tasks of (n_repeats, n_tasks) scores, and half of its 95% interval; undefined scores are left out."""
    defined = ~np.isnan(scores)
    counts = defined.any(0)
    of_task = np.where(defined, scores, 0).sum(0)[counts] / defined.sum(0)[counts]
    n = len(of_task)
    if n < 2:
        return of_task.mean() if n else np.nan, np.nan
    return of_task.mean(), student_t.ppf(0.975, n - 1) * of_task.std(ddof=1) / np.sqrt(n)
