"""Pictures of few-shot curves and of adaptation, in scikit-learn's Display style."""

import numpy as np
from sklearn.base import clone, is_classifier

from skmeta.documentation import documented, documented_like
from skmeta.inspection.task_map import axes_to_draw_on
from skmeta.model_selection.few_shot_curve import FewShotCurve, few_shot_curve
from skmeta.tasks import as_taskset

#: metrics that cannot be more than this, and what is reached without looking at a row
_BEST = {"accuracy": 1, "balanced_accuracy": 1, "roc_auc": 1, "f1_macro": 1, "r2": 1, "neg_log_loss": 0}
_METRIC_NAMES = {"r2": "R\N{SUPERSCRIPT TWO}", "roc_auc": "ROC AUC", "neg_log_loss": "Negative log-loss"}


def _metric(estimator, scoring):
    """What is measured, as scikit-learn calls it; None where a scorer of one's own does it."""
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "r2"
    return scoring if isinstance(scoring, str) else None


def _called(metric):
    """The metric's name for an axis."""
    plain = (metric or "score").replace("neg_", "negative ").replace("_", " ").capitalize()
    return _METRIC_NAMES.get(metric, plain)


def _chance(metric, tasks):
    """The score of one who guesses - classes at random, targets at their mean - and what that is called."""
    if metric in ("accuracy", "balanced_accuracy"):
        ways = [len(np.unique(np.asarray(task.y))) for task in as_taskset(tasks)]
        return float(np.mean([1 / n for n in ways])), "chance"
    return {"roc_auc": (0.5, "chance"), "r2": (0.0, "mean of the task")}.get(metric)


def frame_curves(ax, best=None, most_ticks=12):
    """Ticks where something was measured; limits that no interval of few tasks blows up, and no score can pass."""
    points = np.concatenate([line.get_xydata() for line in ax.lines if line.get_gid() != "chance"])
    chances = [line.get_ydata()[0] for line in ax.lines if line.get_gid() == "chance"]
    places = np.unique(points[:, 0])
    if places[0] > 0 and places[-1] >= 8 * places[0]:  # from one row to twenty: each doubling is as much
        ax.set_xscale("log")
        ax.minorticks_off()
    if len(places) <= most_ticks:
        ax.set_xticks(places, [f"{place:g}" for place in places])
    low, high = points[:, 1].min(), points[:, 1].max()
    margin = 0.5 * (high - low) or 0.1
    near = [c for c in chances if low - 3 * (high - low) - 0.2 <= c <= high]  # one far below would flatten the curves
    bottom, top = min([low - margin, *(c - 0.1 * (high - c) for c in near)]), high + margin
    ax.set_ylim(bottom, top if best is None else min(top, best + 0.02 * (best - bottom)))


class _CurveDisplay:
    """A mean with its interval over a number.

    Parameters
    ----------
    curve : FewShotCurve
    name : str, default=None
    metric : str, default=None
        What was measured, as scikit-learn calls it.
    chance : (float, str), default=None
        The score of one who guesses, and what that is called.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    line_, interval_ : matplotlib artists
    chance_line_ : matplotlib artist or None
    """

    _x_label = ""

    def __init__(self, curve, name=None, *, metric=None, chance=None):
        self.curve, self.name, self.metric, self.chance = curve, name, metric, chance

    @classmethod
    def _of(cls, curve, estimator, tasks, scoring, name):
        """The display of a curve that was measured on an estimator; a pipeline is called by its last step."""
        metric, last = _metric(estimator, scoring), getattr(estimator, "_final_estimator", estimator)
        chance = None if metric is None else _chance(metric, tasks)
        return cls(curve, type(last).__name__ if name is None else name, metric=metric, chance=chance)

    def plot(self, *, ax=None, name=None, **line):
        """Draw the curve; on the same axes, several curves share one legend and one line of chance.

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
        ax = axes_to_draw_on(ax)
        name = self.name if name is None else name
        x = self.curve.n_shots
        (self.line_,) = ax.plot(x, self.curve.mean, **{"marker": "o", "label": name, **line})
        self.interval_ = ax.fill_between(
            x, self.curve.low, self.curve.high, alpha=0.2, color=self.line_.get_color(), linewidth=0
        )
        drawn = [line for line in ax.lines if line.get_gid() == "chance"]
        self.chance_line_ = drawn[0] if drawn else None
        if self.chance is not None and not drawn:
            level, label = self.chance
            self.chance_line_ = ax.axhline(level, color="gray", linestyle=":", linewidth=1, label=label, gid="chance")
        frame_curves(ax, _BEST.get(self.metric))
        if self.chance_line_ is not None and not ax.get_ylim()[0] <= self.chance_line_.get_ydata()[0]:
            self.chance_line_.set_label("_nolegend_")  # out of sight
        ax.set(xlabel=self._x_label, ylabel=f"{_called(self.metric)}, mean over tasks")
        if name is not None:
            ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self


@documented
class ShotCurveDisplay(_CurveDisplay):
    """How good an estimator is after K rows, with the 95% interval of the mean over tasks.

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
        return cls._of(curve, estimator, tasks, scoring, name).plot(ax=ax, **line)


@documented
class AdaptationCurveDisplay(_CurveDisplay):
    """How good gradient-based adaptation is after so many steps, with the 95% interval of the mean over tasks.

    Parameters
    ----------
    curve : FewShotCurve
        Its ``n_shots`` are the steps.

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
    @documented_like(ShotCurveDisplay.from_estimator)
    def from_estimator(
        cls, estimator, tasks, steps=range(11), *, n_shots=5, scoring=None, random_state=0, ax=None, name=None, **line
    ):
        """Score the estimator with each number of steps, and draw the curve.

        Parameters
        ----------
        estimator : meta-trained estimator with the parameter ``adapt_steps``
            It is not changed.
        steps : sequence of int, default=range(11)
        n_shots : int, default=5
            Rows of each task (and class) that are shown.
        random_state : int, default=0

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
        return cls._of(curve, estimator, tasks, scoring, name).plot(ax=ax, **line)
