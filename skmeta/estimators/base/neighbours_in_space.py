"""scikit-learn's k nearest neighbours in a learned space: a task's state is the fitted estimator."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skmeta.estimators.base.served_learner import ServedLearner
from skmeta.estimators.base.targets import Targets, as_columns
from skmeta.progress import progress
from skmeta.tasks.store import rows_at_once

#: names of scikit-learn's metrics whose distances can be learned as they are; others are learned for as Euclidean
LEARNED_METRICS = {
    "cityblock": "manhattan",
    "l1": "manhattan",
    "manhattan": "manhattan",
    "chebyshev": "chebyshev",
    "cosine": "cosine",
    "minkowski": "minkowski",
    "p": "minkowski",
}
_TOLD = 5  # neighbours that a user is told of where all rows vote
_ROWS_AT_ONCE = 16384  # so that a million rows are answered in the memory of a few


@dataclass(frozen=True)
class FittedNeighbours:
    """The neighbours of one task.

    Parameters
    ----------
    estimator : KNeighborsClassifier or KNeighborsRegressor
        Fitted to the task's points.
    y : ndarray
        Codes or targets of those.
    weight : ndarray or None
        Weights of the rows; None where they are all alike.
    n_outputs : int or None
        Classes that votes are counted for; None in regression.
    soft : state of the learner or None, default=None
        Where it is there all rows vote, as in training, and the neighbours are only told.
    """

    estimator: Any
    y: np.ndarray
    weight: np.ndarray
    n_outputs: int
    soft: Any = None

    def answers(self, points):
        """Shares of the votes (m, C), or means (m, k) of the neighbours' targets."""
        if not len(points):
            return np.zeros((0, self.n_outputs or self.y.shape[1]))
        if self.n_outputs is None:
            if self.weight is None:
                return self.estimator.predict(points).reshape(len(points), -1)
            vote, neighbours = self._weighted(points)
            return (self.y[neighbours] * vote[..., None]).sum(1) / vote.sum(1, keepdims=True)
        shares = np.zeros((len(points), self.n_outputs))
        if self.weight is None:
            shares[:, self.estimator.classes_] = self.estimator.predict_proba(points)
            return shares
        vote, neighbours = self._weighted(points)
        np.add.at(shares, (np.arange(len(points))[:, None], self.y[neighbours]), vote)
        return shares / shares.sum(1, keepdims=True)

    def _weighted(self, points):
        """Votes (m, k), by distance as ``weights`` says and by the rows' own weights; the neighbours' positions."""
        distances, neighbours = self.estimator.kneighbors(points)
        if self.estimator.weights == "distance":
            with np.errstate(divide="ignore"):
                vote = 1 / distances
            # a row at distance 0 outvotes all that are not
            same = np.isinf(vote)
            vote = np.where(same.any(1, keepdims=True), same, vote)
        elif callable(self.estimator.weights):
            vote = self.estimator.weights(distances)
        else:
            vote = np.ones_like(distances)
        return vote * self.weight[neighbours], neighbours


def fit_neighbours(points, y, weight, n_outputs, settings):
    """Fit scikit-learn's estimator to a task's points.

    A task may have fewer rows than neighbours are asked for. Where its classes are its own, or all its rows would vote
    and no class have the more of them, no more neighbours vote than its rarest class has rows: with one row of each of
    five classes, five neighbours would always be a tie.
    """
    counts = weight > 0
    points, y, weight = points[counts], y[counts], weight[counts]
    settings = dict(settings)
    is_own = settings.pop("classes_are_own", False)
    k = min(_TOLD if is_soft(settings) else settings["n_neighbors"], len(y))
    if n_outputs is not None and len(y) and not is_soft(settings):
        of_class = np.unique(y, return_counts=True)[1]
        if is_own or k == len(y) and (of_class == of_class.max()).sum() > 1:
            k = min(k, int(of_class.min()))
    make = KNeighborsRegressor if n_outputs is None else KNeighborsClassifier
    fitted = make(**settings | {"n_neighbors": k}).fit(points, y)
    return FittedNeighbours(fitted, y, None if (weight == weight[0]).all() else weight, n_outputs)


class TargetsAsGiven(Targets):
    """Targets that are standardised in training only: a mean of neighbours needs no scale."""

    def encode(self, y, about=None):
        self.scaled(y)  # refuses another number of targets
        return as_columns(y)

    def with_scale(self, y):
        return

    @property
    def of_outputs(self):
        return np.zeros_like(self.mean), np.ones_like(self.scale)


def is_soft(settings):
    """Whether all rows vote, as they do in training, and not a number of neighbours."""
    return settings["n_neighbors"] == "auto"


class NeighboursInSpace(ServedLearner):
    """Answers of scikit-learn's own estimators in the space that training has learned by soft neighbours.

    Or of the soft neighbours themselves, where no number of neighbours has been asked for.
    """

    def adapt(self, support, y, exists=None, settings=None):
        n_outputs = None if exists is None else len(exists)
        state = fit_neighbours(self.embed(support.X), y, support.counts, n_outputs, settings)
        return replace(state, soft=super().adapt(support, y, exists)) if is_soft(settings) else state

    def extended(self, state, old, new, y, settings=None):
        return None

    def as_answered(self, state):
        return None if state.soft is None else super().as_answered(state.soft)

    def answer(self, state, X, ask="predict", exact=False):
        if state.soft is not None:
            return super().answer(state.soft, X, ask, exact)
        n = rows_at_once(X, _ROWS_AT_ONCE)
        parts = [X[i : i + n] for i in range(0, max(X.shape[0], 1), n)]
        return np.concatenate([_outputs(state, self.embed(part)) for part in parts])

    def answer_tasks(self, tasks, codec, weight=None, ask="predict", settings=None, verbose=0):
        if is_soft(settings):
            outputs, about = super().answer_tasks(tasks, codec, weight, ask, verbose=verbose)
            if isinstance(codec, TargetsAsGiven):  # tasks are stored as training sees them
                outputs = [output * codec.scale + codec.mean for output in outputs]
            return outputs, about
        X, y = tasks.pooled
        points, about = X if sparse.issparse(X) else self.embed(X), codec.about(tasks)
        weight = np.ones(len(y)) if weight is None else weight
        starts = np.cumsum(tasks.n_rows) - tasks.n_rows
        outputs = []
        with progress("tasks", len(tasks), verbose, leave=False) as done:
            for start, n_support, n_rows, one in zip(starts, tasks.n_support, tasks.n_rows, about):
                rows, asked = slice(start, start + n_support), slice(start + n_support, start + n_rows)
                n_outputs = None if one is None else len(one.order)
                codes = codec.encode(y[rows], one)
                shown, questions = (
                    self.embed(points[part]) if points is X else points[part] for part in (rows, asked)
                )  # sparse rows become points a task at a time
                state = fit_neighbours(shown, codes, weight[rows], n_outputs, settings)
                outputs.append(_outputs(state, questions))
                done()
        return outputs, about


def _outputs(state, points):
    """Logarithms of votes, or means."""
    answers = state.answers(points)
    if state.n_outputs is None:
        return answers
    with np.errstate(divide="ignore"):
        return np.log(answers)
