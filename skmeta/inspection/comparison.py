"""A picture of several estimators on the same tasks."""

import numpy as np

from skmeta.inspection.curve_displays import frame_curves
from skmeta.inspection.task_map import axes_to_draw_on
from skmeta.model_selection.compare import compare


class ComparisonDisplay:
    """Means of several estimators over the rows that a task shows, with 95% intervals.

    Parameters
    ----------
    table : DataFrame
        As :func:`~skmeta.model_selection.compare` returns it.
    metric : str, default="Score"
        What the vertical axis is called.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    lines_ : list of matplotlib artists
        One container of error bars for each estimator.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmeta.inspection import ComparisonDisplay
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=10).sample(8, random_state=0)
    >>> models = [LogisticRegression(), KNeighborsClassifier(1)]
    >>> len(ComparisonDisplay.from_estimators(models, tasks, n_shots=[1, 5], cv=2).lines_)
    2
    """

    def __init__(self, table, metric="Score"):
        self.table, self.metric = table, metric

    @classmethod
    def from_estimators(
        cls, estimators, tasks, n_shots=(1, 5, 10), *, scoring=None, difference=False, ax=None, **compare_params
    ):
        """Compare the estimators and draw the result.

        Parameters
        ----------
        estimators, tasks, n_shots, scoring, **compare_params
            As for :func:`~skmeta.model_selection.compare`.
        difference : bool, default=False
            Whether to draw the differences to the reference.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ComparisonDisplay
        """
        table = compare(estimators, tasks, n_shots, scoring=scoring, **compare_params)
        metric = scoring.replace("_", " ").capitalize() if isinstance(scoring, str) else "Score"
        return cls(table, metric).plot(difference=difference, ax=ax)

    def plot(self, *, difference=False, ax=None):
        """Draw the picture.

        Parameters
        ----------
        difference : bool, default=False
            Whether to draw the differences to the reference, whose own line is then 0.
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ComparisonDisplay
        """
        ax, self.lines_ = axes_to_draw_on(ax), []
        columns = ["difference", "difference_low", "difference_high"] if difference else ["mean", "low", "high"]
        names = list(dict.fromkeys(self.table.index.get_level_values("estimator")))
        for place, name in enumerate(names):
            mine = self.table.loc[name]
            shots, (mean, low, high) = mine.index.to_numpy(dtype=float), mine[columns].to_numpy(dtype=float).T
            # side by side, or intervals of equal estimators would hide each other
            beside = 1 + 0.02 * (place - (len(names) - 1) / 2)
            bars = np.nan_to_num([mean - low, high - mean])
            self.lines_.append(ax.errorbar(shots * beside, mean, yerr=bars, marker="o", capsize=2, label=name))
        frame_curves(ax)
        shots = np.unique(self.table.index.get_level_values("n_shots").to_numpy(dtype=float))
        ax.set_xticks(shots, [f"{n:g}" for n in shots])
        ax.set_xlabel("Rows shown (per class for classifiers)")
        ax.set_ylabel(
            f"{self.metric}, difference to the reference" if difference else f"{self.metric}, mean over tasks"
        )
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
