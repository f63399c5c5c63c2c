"""Pictures of tasks, of adaptation and of few-shot curves, in scikit-learn's Display style."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA

from skmeta.inspection.task_answers import task_embedding
from skmeta.model_selection.few_shot_curve import FewShotCurve, few_shot_curve


def _axes(ax):
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:  # pragma: no cover
        raise ImportError("Displays need matplotlib: pip install matplotlib.") from error
    return plt.subplots()[1] if ax is None else ax


def _frame_curves(ax, most_ticks=12):
    """Ticks where something was measured, and limits that an interval of few tasks cannot blow up."""
    points = np.concatenate([line.get_xydata() for line in ax.lines])
    places = np.unique(points[:, 0])
    if len(places) <= most_ticks:
        ax.set_xticks(places)
    low, high = points[:, 1].min(), points[:, 1].max()
    margin = 0.5 * (high - low) or 0.1
    ax.set_ylim(low - margin, high + margin)


class TaskMapDisplay:
    """Known tasks on a plane: tasks whose rows change the common answer alike lie close together.

    Parameters
    ----------
    positions : ndarray of shape (n_tasks, 2)
    shift : ndarray of shape (n_tasks,)
        How far each task lies from the common answer.
    names : sequence of shape (n_tasks,)
    explained : ndarray of shape (2,)
        Shares of the variance that the axes show.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    points_ : matplotlib artist

    Examples
    --------
    >>> import numpy as np
    >>> from skmeta import BayesianHeadRegressor
    >>> from skmeta.inspection import TaskMapDisplay
    >>> X, task = np.tile([[0.0], [1.0]], (20, 1)), np.repeat(np.arange(10), 4)
    >>> meta = BayesianHeadRegressor(max_epochs=2, random_state=0).fit(X, X[:, 0] + task, task=task)
    >>> TaskMapDisplay.from_estimator(meta, X[:2]).positions.shape
    (10, 2)
    """

    def __init__(self, positions, shift, names, explained):
        self.positions, self.shift, self.names, self.explained = positions, shift, names, explained

    @classmethod
    def from_estimator(cls, estimator, X, *, tasks=None, label=True, ax=None, **scatter):
        """Ask every task about the same rows, and draw the two main directions in which answers differ.

        Parameters
        ----------
        estimator : estimator fitted in the long format
        X : array-like or DataFrame of shape (n_rows, n_features)
        tasks : sequence, default=None
            Ids; None is all known.
        label : bool, default=True
            Write the ids beside the points.
        ax : matplotlib Axes, default=None
        **scatter
            Passed to ``Axes.scatter``.

        Returns
        -------
        display : TaskMapDisplay
        """
        names = list(estimator.adapted_tasks_.tolist() if tasks is None else tasks)
        embedding = task_embedding(estimator, X, names)
        if min(embedding.shape) < 2:
            raise ValueError(f"A map needs at least 2 tasks and 2 answers, got an embedding of {embedding.shape}.")
        pca = PCA(2, svd_solver="full").fit(embedding)
        shift = np.sqrt(np.mean(embedding**2, axis=1))
        return cls(pca.transform(embedding), shift, names, pca.explained_variance_ratio_).plot(
            label=label, ax=ax, **scatter
        )

    def plot(self, *, label=True, ax=None, **scatter):
        """Draw.

        Parameters
        ----------
        label : bool, default=True
        ax : matplotlib Axes, default=None
        **scatter
            Passed to ``Axes.scatter``.

        Returns
        -------
        display : TaskMapDisplay
        """
        ax = _axes(ax)
        self.points_ = ax.scatter(*self.positions.T, **{"c": self.shift, **scatter})
        if label:
            for name, place in zip(self.names, self.positions):
                ax.annotate(str(name), place, fontsize="x-small", xytext=(3, 3), textcoords="offset points")
        ax.margins(0.12)  # room for the names
        for axis, share, letter in zip((ax.set_xlabel, ax.set_ylabel), self.explained, "12"):
            axis(f"Direction {letter} ({share:.0%} of the differences)")
        ax.figure.colorbar(self.points_, ax=ax, label="Shift from the common answer")
        self.ax_, self.figure_ = ax, ax.figure
        return self


class _CurveDisplay:
    """A mean with its interval over a number."""

    _x_label = _y_label = ""

    def __init__(self, curve, name=None):
        self.curve, self.name = curve, name

    def plot(self, *, ax=None, name=None, **line):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        name : str, default=None
            What the legend says.
        **line
            Passed to ``Axes.plot``.

        Returns
        -------
        display : object
        """
        ax = _axes(ax)
        name = self.name if name is None else name
        x = self.curve.n_shots
        (self.line_,) = ax.plot(x, self.curve.mean, **{"marker": "o", "label": name, **line})
        self.interval_ = ax.fill_between(
            x, self.curve.low, self.curve.high, alpha=0.2, color=self.line_.get_color(), linewidth=0
        )
        _frame_curves(ax)
        ax.set_xlabel(self._x_label)
        ax.set_ylabel("Score, mean over tasks")
        if name is not None:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


class ShotCurveDisplay(_CurveDisplay):
    """How good an estimator is after K rows, with the 95% interval of the mean over tasks.

    Parameters
    ----------
    curve : FewShotCurve
    name : str, default=None

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    line_, interval_ : matplotlib artists

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.inspection import ShotCurveDisplay
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=15).sample(20, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks[:10])
    >>> ShotCurveDisplay.from_estimator(meta, tasks[10:], [1, 5], random_state=0).curve.n_shots
    array([1, 5])
    """

    _x_label = "Rows shown (per class for classifiers)"

    @classmethod
    def from_estimator(
        cls, estimator, tasks, n_shots=(1, 5, 10), *, n_repeats=5, scoring=None, random_state=None, ax=None, name=None,
        **line,
    ):  # fmt: skip
        """Measure the curve by :func:`~skmeta.few_shot_curve` and draw it.

        Parameters
        ----------
        estimator : meta-trained estimator or Pipeline
        tasks : collection of tasks
        n_shots : sequence of int, default=(1, 5, 10)
        n_repeats : int, default=5
        scoring : str or scorer, default=None
        random_state : int, RandomState instance or None, default=None
        ax : matplotlib Axes, default=None
        name : str, default=None
            None is the estimator's class.
        **line
            Passed to ``Axes.plot``.

        Returns
        -------
        display : ShotCurveDisplay
        """
        curve = few_shot_curve(
            estimator, tasks, n_shots, n_repeats=n_repeats, scoring=scoring, random_state=random_state
        )
        return cls(curve, type(estimator).__name__ if name is None else name).plot(ax=ax, **line)


class AdaptationCurveDisplay(_CurveDisplay):
    """How good gradient-based adaptation is after so many steps, with the 95% interval of the mean over tasks.

    Parameters
    ----------
    curve : FewShotCurve
        Its ``n_shots`` are the steps.
    name : str, default=None

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    line_, interval_ : matplotlib artists

    Examples
    --------
    >>> from skmeta import MAMLRegressor
    >>> from skmeta.inspection import AdaptationCurveDisplay
    >>> from skmeta.tasks import Sinusoids
    >>> tasks = Sinusoids(n_shots=10).sample(10, random_state=0)
    >>> meta = MAMLRegressor(max_epochs=1, random_state=0).fit(tasks)
    >>> AdaptationCurveDisplay.from_estimator(meta, tasks, steps=[0, 2]).curve.n_shots
    array([0, 2])
    """

    _x_label = "Steps of adaptation"

    @classmethod
    def from_estimator(
        cls, estimator, tasks, steps=range(11), *, n_shots=5, scoring=None, random_state=0, ax=None, name=None, **line
    ):
        """Score the estimator with each number of steps, and draw the curve.

        Parameters
        ----------
        estimator : meta-trained estimator with the parameter ``adapt_steps``
            It is not changed.
        tasks : collection of tasks
        steps : sequence of int, default=range(11)
        n_shots : int, default=5
            Rows of each task (and class) that are shown.
        scoring : str or scorer, default=None
        random_state : int, default=0
        ax : matplotlib Axes, default=None
        name : str, default=None
            None is the estimator's class.
        **line
            Passed to ``Axes.plot``.

        Returns
        -------
        display : AdaptationCurveDisplay
        """
        if "adapt_steps" not in clone(estimator).get_params():
            raise ValueError(f"{type(estimator).__name__} does not adapt in steps: it has no parameter adapt_steps.")
        before, curves = estimator.adapt_steps, []
        try:
            for n in steps:
                estimator.set_params(adapt_steps=int(n))
                curves.append(
                    few_shot_curve(estimator, tasks, n_shots, n_repeats=1, scoring=scoring, random_state=random_state)
                )
        finally:
            estimator.set_params(adapt_steps=before)
        mean, low, high = (np.array([getattr(c, part)[0] for c in curves]) for part in ("mean", "low", "high"))
        curve = FewShotCurve(np.array(list(steps)), mean, low, high, np.concatenate([c.scores for c in curves]))
        return cls(curve, type(estimator).__name__ if name is None else name).plot(ax=ax, **line)
