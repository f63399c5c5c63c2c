"""A picture of tasks on a plane, in scikit-learn's Display style."""

import numpy as np
from sklearn.decomposition import PCA

from skmeta.inspection.task_answers import task_embedding


def axes_to_draw_on(ax):
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:  # pragma: no cover
        raise ImportError("Displays need matplotlib: pip install matplotlib.") from error
    return plt.subplots()[1] if ax is None else ax


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
    def from_estimator(cls, estimator, X, *, tasks=None, label="auto", ax=None, **scatter):
        """Draw the two main directions in which tasks' answers to the same rows differ.

        Parameters
        ----------
        estimator : estimator fitted in the long format
        X : array-like or DataFrame of shape (n_rows, n_features)
        tasks : sequence, default=None
            Ids; None is all known.
        label : bool or "auto", default="auto"
            Write the ids beside the points. "auto": of the tasks that lie farthest out, a dozen of them.
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

    def plot(self, *, label="auto", ax=None, **scatter):
        """Draw the picture.

        Parameters
        ----------
        label : bool or "auto", default="auto"
            Whether ids are written beside all points, none, or the dozen that lie farthest out.
        ax : matplotlib Axes, default=None
        **scatter
            Passed to ``Axes.scatter``.

        Returns
        -------
        display : TaskMapDisplay
        """
        ax = axes_to_draw_on(ax)
        style = {"c": self.shift, "cmap": "cividis", "edgecolors": "white", "linewidths": 0.5, **scatter}
        self.points_ = ax.scatter(*self.positions.T, **style)
        for i in self._labelled(label):
            ax.annotate(
                str(self.names[i]), self.positions[i], fontsize="x-small", xytext=(4, 3), textcoords="offset points"
            )
        ax.margins(0.12)  # room for the names
        for axis, share, letter in zip((ax.set_xlabel, ax.set_ylabel), self.explained, "12"):
            axis(f"Direction {letter} ({share:.0%} of the differences)")
        if self.points_.get_array() is not None:
            ax.figure.colorbar(self.points_, ax=ax, label="Shift from the common answer")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _labelled(self, label, most=12):
        """Positions of the tasks whose names are written: a cloud of hundreds of names tells nobody anything."""
        if label is False:
            return []
        if label is True or len(self.names) <= most:
            return range(len(self.names))
        centred = (self.positions - self.positions.mean(0)) / (self.positions.std(0) + 1e-12)
        return np.sort(np.argsort(-np.square(centred).sum(1), kind="stable")[:most])
