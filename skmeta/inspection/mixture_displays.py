"""Pictures of what a task mixture trusts, and of what it makes of each task."""

import numpy as np

from skmeta.inspection.task_map import axes_to_draw_on


class TrustDisplay:
    """The trust in each member of a task mixture, stacked to one, over the rows that a task has shown.

    Parameters
    ----------
    weights : DataFrame of shape (n_sizes, n_members)
        As ``weights_new_`` and ``weights_known_`` of a mixture.
    most : int, default=8
        Members with an area of their own, those trusted most anywhere; the others share one.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    areas_ : list of matplotlib artists

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmeta import TaskMixtureRegressor
    >>> from skmeta.inspection import TrustDisplay
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(8), 6)
    >>> X = rng.normal(size=(48, 1))
    >>> model = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, X[:, 0] + site, task=site)
    >>> len(TrustDisplay.from_estimator(model).areas_) > 0
    True
    """

    def __init__(self, weights, most=8):
        self.weights, self.most = weights, most

    @classmethod
    def from_estimator(cls, estimator, *, known=False, most=8, ax=None):
        """Draw what a fitted mixture of one target trusts.

        Parameters
        ----------
        estimator : fitted TaskMixtureRegressor or TaskMixtureClassifier
        known : bool, default=False
            Whether tasks of the table are in question, instead of new ones.
        most : int, default=8
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : TrustDisplay
        """
        weights = estimator.weights_known_ if known else estimator.weights_new_
        if weights.index.nlevels > 1:
            raise ValueError(
                "The mixture has several targets: draw TrustDisplay(model.weights_new_.loc[target]).plot()."
            )
        return cls(weights, most).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw the shares as areas over rows shown.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : TrustDisplay
        """
        ax, weights = axes_to_draw_on(ax), self.weights
        trusted = weights.max().sort_values(ascending=False)
        chosen = [name for name in trusted.index[: self.most] if trusted[name] > 0]
        parts = {name: weights[name].to_numpy() for name in chosen}
        rest = 1 - sum(parts.values())
        if rest.max() > 1e-6:
            parts["others"] = rest
        n_shown = np.asarray(weights.index, dtype=float)
        areas = list(parts.values())
        if len(n_shown) == 1:  # one size is a band, not a line
            n_shown, areas = n_shown + [0.0, 1.0], [np.repeat(area, 2) for area in areas]
        self.areas_ = ax.stackplot(n_shown, *areas, labels=list(parts), linewidth=0)
        ax.set_xscale("symlog", linthresh=1)
        ticks = weights.index.tolist()
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.minorticks_off()
        ax.set(xlabel="Rows shown", ylabel="Trust", ylim=(0, 1), xlim=(n_shown[0], n_shown[-1]))
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], labels[::-1], fontsize="x-small", loc="upper left", bbox_to_anchor=(1, 1))
        self.ax_, self.figure_ = ax, ax.figure
        return self


class ShrinkageDisplay:
    """Answers of tasks, drawn from what their own rows say to what is said of a task never seen.

    Parameters
    ----------
    names : list of shape (n_tasks,)
    n_shown : ndarray of shape (n_tasks,)
        Rows of each task.
    pooled, own, blended : ndarrays of shape (n_tasks,)
        For the rows of each task, means of the answers to a task never seen, of the targets, and of the task's answers.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    pooled_, own_, blended_ : matplotlib artists

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmeta import TaskMixtureRegressor
    >>> from skmeta.inspection import ShrinkageDisplay
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(8), 6)
    >>> X = rng.normal(size=(48, 1))
    >>> y = X[:, 0] + site
    >>> model = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, y, task=site)
    >>> ShrinkageDisplay.from_estimator(model, X, y, task=site).own.shape
    (8,)
    """

    def __init__(self, names, n_shown, pooled, own, blended):
        self.names, self.n_shown = names, n_shown
        self.pooled, self.own, self.blended = pooled, own, blended

    @classmethod
    def from_estimator(cls, estimator, X, y, *, task=None, ax=None):
        """Ask a fitted regressor about rows as of their tasks, and as of a task never seen.

        Parameters
        ----------
        estimator : fitted TaskMixtureRegressor of one target
        X : array-like or DataFrame of shape (n_rows, n_features)
        y : array-like of shape (n_rows,)
        task : as in ``estimator.predict``
        ax : matplotlib Axes, default=None

        Returns
        -------
        display : ShrinkageDisplay
        """
        from skmeta.inspection.task_geometry import _NOBODY
        from skmeta.tasks.ids import factorize, find_task_ids

        features, ids = find_task_ids(X, task, estimator.task_names_in_)
        if ids is None:
            raise ValueError("Which task each row belongs to is not known: pass task=ids, or a table with the column.")
        names, code = factorize(ids)
        nobody = np.full(len(code), _NOBODY, dtype=object)
        answers = [estimator.predict(features, task=nobody), y, estimator.predict(features, task=ids)]
        n_shown = np.bincount(code)
        means = [np.bincount(code, np.asarray(one, dtype=np.float64)) / n_shown for one in answers]
        return cls(names, n_shown, *means).plot(ax=ax)

    def plot(self, *, ax=None, most=30):
        """Draw a line for each task, from what is said of a task never seen to what its own rows say.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        most : int, default=30
            Tasks that are drawn; of more, these are spread evenly over the means of their rows.

        Returns
        -------
        display : ShrinkageDisplay
        """
        ax, order = axes_to_draw_on(ax), np.argsort(self.own, kind="stable")
        order = order[np.unique(np.linspace(0, len(order) - 1, min(len(order), most)).round().astype(int))]
        place = np.arange(len(order))
        ax.hlines(place, self.pooled[order], self.own[order], color="lightgray", linewidth=2, zorder=0)
        (self.pooled_,) = ax.plot(self.pooled[order], place, "|", color="gray", label="task never seen")
        (self.own_,) = ax.plot(self.own[order], place, "o", mfc="white", label="mean of its rows")
        (self.blended_,) = ax.plot(self.blended[order], place, "o", markersize=4, label="answer")
        ax.set_yticks(place, [f"{self.names[i]} ({self.n_shown[i]})" for i in order], fontsize="x-small")
        ax.set(xlabel="Target, mean over the task's rows", ylabel="Task (rows)")
        ax.legend(fontsize="small")
        self.ax_, self.figure_ = ax, ax.figure
        return self
