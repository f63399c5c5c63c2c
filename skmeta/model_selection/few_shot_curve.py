"""How good an estimator is after K rows."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from skmeta.model_selection.task_scorer import task_scorer
from skmeta.tasks import as_taskset
from skmeta.tasks.splitting import split_tasks


@dataclass(frozen=True)
class FewShotCurve:
    """Scores against support size.

    Attributes
    ----------
    n_shots : ndarray of shape (n_sizes,)
    mean : ndarray of shape (n_sizes,)
        Mean over tasks.
    low, high : ndarray of shape (n_sizes,)
        95% interval of the mean; the tasks are the independent units, repeats only make each of them less noisy.
    scores : ndarray of shape (n_sizes, n_repeats, n_tasks)
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


def few_shot_curve(estimator, tasks, n_shots=(1, 5, 10), *, n_repeats=5, scoring=None, random_state=None):
    """Adapt a meta-trained estimator to few rows of every task, and score it on the others.

    Parameters
    ----------
    estimator : meta-trained estimator or Pipeline
        It is not changed.
    tasks : collection of tasks
        None of them should have been used in meta-training. All tasks are adapted together.
    n_shots : sequence of int, default=(1, 5, 10)
        Support rows, per class for classifiers.
    n_repeats : int, default=5
        Random splits of every task.
    scoring : str or scorer, default=None
        A metric as for :func:`task_scorer`; None is accuracy or R2.
    random_state : int, RandomState instance or None, default=None

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
    per_class = is_classifier(estimator)
    scorer = task_scorer(scoring or ("accuracy" if per_class else "r2"))
    scores = np.empty((len(n_shots), n_repeats, len(tasks)))
    for size, shots in enumerate(n_shots):
        for repeat in range(n_repeats):
            split = split_tasks(tasks, shots, random_state=rng, per_class=per_class, strict=True)
            scores[size, repeat] = scorer.per_task(estimator, split)
    of_task = np.nanmean(scores, axis=1)
    counted = (~np.isnan(of_task)).sum(1)
    mean = np.nanmean(of_task, axis=1)
    half = 1.96 * np.nanstd(of_task, axis=1, ddof=1 if len(tasks) > 1 else 0) / np.sqrt(np.maximum(counted, 1))
    return FewShotCurve(np.asarray(n_shots), mean, mean - half, mean + half, scores)
