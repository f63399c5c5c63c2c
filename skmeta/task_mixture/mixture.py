"""The mixture of pooled, per-task and meta-learned models, on rows of numbers: fitted, trusted, asked."""

import copy
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sklearn.base import clone

from skmeta.task_mixture.ahead import TrustAhead
from skmeta.task_mixture.calendar import Calendar
from skmeta.task_mixture.committee import Committee
from skmeta.task_mixture.cross_fitted import CrossFitted, seeded
from skmeta.task_mixture.held_out_rows import errors_of_few, trusted
from skmeta.task_mixture.hiding import Hiding
from skmeta.task_mixture.jobs import Jobs
from skmeta.task_mixture.odd_tasks import FEWEST_ROWS, MOST_ROWS, means_of, trust_in_blend
from skmeta.task_mixture.pooled_model import PooledModel, best_temperature, tempered
from skmeta.task_mixture.shown_rows import ShownRows
from skmeta.task_mixture.trust import SizeWeights, usual

_FEWEST_TASKS = 4  # with fewer, nothing can be learned about new tasks
_MOST_CATEGORIES = 255  # that histogram gradient boosting takes
_ROWS_AT_ONCE = 50_000  # are answered


@dataclass
class Members:
    """Unfitted estimators, and how to treat them.

    ``joint`` are fitted to all rows with the task as a category, the first column; ``own``, where there is one, to the
    rows of each task.
    """

    pooled: list
    joint: list
    own: object
    metas: list = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """Some of the rows that are asked about, how members answer them, and the trust in these.

    ``ask(rows, trust)`` answers (n_rows, E, C). How far beyond those of its task each of all the rows is, ``distance``
    says.
    """

    is_asked: np.ndarray
    ask: object
    weights: SizeWeights
    errors: object
    distance: object = None

    def about(self, some):
        return None if self.distance is None else self.distance[some]


class Mixture:
    """Members fitted on tasks, and the trust in each of them.

    New tasks and known tasks are two questions, and each has members and a cross-validation of its own. *Over tasks*:
    members fitted on the other tasks answer a task's rows, given 0, 1, 2, 5, ... of its rows. *Over rows*: members
    fitted on all tasks answer hidden rows of each, given its others; models that take the task as a category compete
    as well.

    Parameters
    ----------
    members : Members
    n_outputs : int
        Classes; 1 for regression.
    cv : int
    seed : int
    """

    ahead = None  # of files from before there was any, too
    n_ahead = None  # of files from before distances counted, when trees with the task were asked ahead as well

    def __init__(self, members, n_outputs, cv, seed):
        self.members, self.n_outputs, self.cv, self.seed = members, n_outputs, cv, seed
        self.kind = "regression" if n_outputs == 1 else "classification"

    # ------------------------------------------------------------------ fitting

    def fit(self, rows, n_tasks, unit=None, jobs=None, n_ahead=0):
        """Fit all members, and learn the trust in them.

        ``rows`` are sorted by task. ``unit`` names for each row what is hidden together: repeated measures of one
        visit, or an inner task of a group, where the question is what the group says about a new one; None hides single
        rows. ``jobs`` runs what does not depend on each other. Of the first ``n_ahead`` tasks, of which there may be
        more than those that are learned from, rows that are later than theirs are answered by whom they speak for.
        """
        jobs = Jobs() if jobs is None else jobs
        hiding = Hiding(rows.code, n_tasks, unit, self.cv, np.random.default_rng(self.seed))
        pooled = jobs("pooled models", self._fitted_pooled, [(one, rows) for one in (None, *self.members.pooled)])
        hidden_in = hiding.folds_of_rows()
        over_rows = CrossFitted(self.members, self.n_outputs, self.seed, jobs, "known tasks")
        over_rows.fit(rows, hidden_in, pooled, tasks_tell=n_tasks > 1)
        answers, shown_then = self._learn_known(over_rows, n_tasks, jobs)
        self.by_task, self.n_ahead = n_tasks >= _FEWEST_TASKS, n_ahead
        if n_ahead and self.by_task:
            self._learn_ahead(over_rows, n_tasks, answers, shown_then)
        if self.by_task:
            self.for_new, asked = None, []
            for fold_of_task in hiding.folds_of_tasks():
                fold = fold_of_task[rows.code]
                over_tasks = CrossFitted(self.members, self.n_outputs, self.seed, jobs, "new tasks")
                over_tasks.fit(rows, fold, pooled, whole=self.for_new)
                self.for_new = over_tasks.whole
                asked.append(self._ask_new(over_tasks, hiding, jobs))
            self._learn_new(rows, *map(np.concatenate, zip(*asked)))
        else:
            self.for_new = Committee(over_rows.pooled)
            no_rows, of_pooled = np.zeros(len(rows)), answers[:, : len(pooled)]
            self.weights_new, _ = trusted(self.kind, [0], of_pooled, rows.y, no_rows, hidden_in, rows.weight)
            self.errors_new = errors_of_few(self.kind, self.weights_new, of_pooled, rows)
        self.for_known = over_rows.whole
        self.shown = ShownRows(rows, over_rows.support_base, n_tasks)
        self.trust_in_blend = {}
        return self

    def _pooled(self, estimator):
        return PooledModel(None if estimator is None else seeded(estimator, self.seed), self.n_outputs)

    def _fitted_pooled(self, estimator, rows):
        return self._pooled(estimator).fit(rows.X, rows.y, rows.code, rows.weight)

    def _learn_known(self, over_rows, n_tasks, jobs):
        """The trust for tasks of the table, from hidden rows; what was answered to them, at how many rows shown."""
        rows, fold = over_rows.rows, over_rows.fold
        takes_category = self.members.joint if 1 < n_tasks <= _MOST_CATEGORIES else []
        joint = [clone(one).set_params(categorical_features=[0]) for one in takes_category]
        shown = [np.flatnonzero(fold != k) for k in range(over_rows.n_folds)]
        query = [np.flatnonzero(fold == k) for k in range(over_rows.n_folds)]

        def fitted_joint(estimator, rows):
            return self._pooled(estimator).fit(_with_task(rows), rows.y, weight=rows.weight)

        def joint_without(estimator, k):
            return fitted_joint(estimator, rows.take(shown[k])).answer(_with_task(rows.take(query[k])))

        answers = np.empty((len(rows), over_rows.whole.n_members + len(joint), self.n_outputs))
        shown_then = np.empty(len(rows))
        questions = [(k, *((at, np.zeros_like(at)) for at in sides)) for k, sides in enumerate(zip(shown, query))]
        asked = jobs("known tasks: answers", over_rows.ask, questions)
        places = [(one, k) for one in joint for k in range(len(query))]
        of_joint = iter(jobs("known tasks: models with the task", joint_without, places))
        for k, part in enumerate(asked):
            answers[query[k], : over_rows.whole.n_members] = part
            shown_then[query[k]] = rows.take(shown[k]).n_shown(n_tasks)[rows.code[query[k]]]
        self.joint = [fitted_joint(one, rows) for one in joint]
        for i, model in enumerate(self.joint, start=over_rows.whole.n_members):
            for k in range(len(query)):
                answers[query[k], i] = next(of_joint)
            if self.kind == "classification":
                model.temperature = best_temperature(answers[:, i], rows.y, rows.weight)
                answers[:, i] = tempered(answers[:, i], model.temperature)
        about = rows.y, shown_then, rows.code, rows.weight
        self.weights_known, self.errors_known = trusted(
            self.kind, usual(shown_then), answers, *about, of_these_tasks=True
        )
        return answers, shown_then

    def _learn_ahead(self, over_rows, n_tasks, answers, shown_then):
        """The trust for rows later than those of their task, where there is a time: from the last rows, hidden again.

        Trees with the task as a category are not asked, so that tasks need not be among those that were learned from.
        """
        rows = over_rows.rows
        calendar = Calendar.of(rows, n_tasks)
        if calendar is not None:
            between = SizeWeights(self.weights_known.sizes, self.kind)
            between.fit(answers[:, : over_rows.whole.n_members], rows.y, shown_then, rows.code, rows.weight)
            self.ahead = TrustAhead(calendar, between, over_rows)

    def _ask_new(self, over_tasks, hiding, jobs):
        """Members' answers to tasks that they were fitted without, at each number of rows shown; and to which rows.

        And how many rows were shown, by their number and by their weights.
        """
        rows, fold, n_tasks = over_tasks.rows, over_tasks.fold, hiding.n_tasks
        sizes, shown_of_fold, asked_of_fold = [], *([[] for _ in range(over_tasks.n_folds)] for _ in range(2))
        for draw, (shots, *chosen) in enumerate(hiding.draws()):
            sizes.append(shots)
            for k in range(over_tasks.n_folds):
                for is_chosen, of_fold in zip(chosen, (shown_of_fold, asked_of_fold)):
                    at = np.flatnonzero(is_chosen & (fold == k))
                    of_fold[k].append((at, np.full(len(at), draw)))
        sides = [[tuple(map(np.concatenate, zip(*one))) for one in side] for side in (shown_of_fold, asked_of_fold)]
        answers = np.concatenate(jobs("new tasks: answers", over_tasks.ask, zip(range(over_tasks.n_folds), *sides)))
        (shown, draw_shown), (query, draw) = (map(np.concatenate, zip(*side)) for side in sides)
        n_shown = np.bincount(rows.code[shown] + n_tasks * draw_shown, rows.weight[shown], n_tasks * len(sizes))
        return answers, query, np.array(sizes)[draw], n_shown[rows.code[query] + n_tasks * draw]

    def _learn_new(self, rows, answers, query, shots, n_shown):
        """The trust for new tasks of each size, from tasks that the members were fitted without."""
        sizes = np.unique([np.median(n_shown[shots == k]) for k in np.unique(shots)])
        about = rows.y[query], n_shown, rows.code[query], rows.weight[query]
        self.weights_new, self.errors_new = trusted(self.kind, sizes, answers, *about)

    # ------------------------------------------------------------------ more rows

    def add(self, rows):
        """A copy that has seen further rows, of its tasks or of new ones; members and trust stay as they are."""
        added = [np.empty((len(rows), self.n_outputs)) for _ in self.for_new.pooled]
        is_known = self._is_known(rows.code)
        for committee, mine in ((self.for_known, is_known), (self.for_new, ~is_known)):
            for some in _chunks(np.flatnonzero(mine)):
                for out, answers in zip(added, committee.base(rows.X[some])):
                    out[some] = answers
        other = self._with_shown(self.shown.followed_by(rows, added))
        other._look_at_errors_of(np.unique(rows.code))
        return other

    def _look_at_errors_of(self, tasks):
        """Decide of new tasks that have shown a few rows whether they are like the others."""
        n_shown = self.shown.count(tasks)
        is_few = ~self._is_known(tasks) & (n_shown >= FEWEST_ROWS) & (n_shown <= MOST_ROWS)
        trust = {task: one for task, one in self.trust_in_blend.items() if task not in set(tasks.tolist())}
        if self.by_task and is_few.any():
            support, _ = self.shown.of(tasks[is_few])
            trust.update(zip(tasks[is_few].tolist(), trust_in_blend(self._blend_of, self._cold, support)))
        self.trust_in_blend = trust

    def _blend_of(self, support, query):
        """Answers to rows of new tasks, and the usual size of their errors, if these rows are what they have shown."""
        names, code = np.unique(query.code, return_inverse=True)
        place = np.searchsorted(names, support.code)
        n_shown = np.bincount(place, support.weight, minlength=len(names))[code]
        trust = self.weights_new(n_shown)
        answers = self.for_new.answer(support, query, needed=(trust > 0).any(axis=0))
        blend = self.weights_new.blend(trust, answers)
        if self.kind == "classification":
            return blend, None
        unit = self.errors_new.scale(blend[:, 0], answers[:, :, 0], trust, n_shown, query.code)
        return blend, self.errors_new.std(unit, n_shown)

    def _cold(self, query):
        """Answers to rows as of tasks that have shown nothing."""
        return self._blend_of(query.take(slice(0)), query)[0]

    def without(self, task):
        """A copy that has forgotten the rows of a task that was opened after fitting."""
        other = self._with_shown(self.shown.without(task))
        other.trust_in_blend = {name: trust for name, trust in self.trust_in_blend.items() if name != task}
        return other

    def _with_shown(self, shown):
        other = copy.copy(self)
        other.shown = shown
        return other

    def _is_known(self, code):
        """Whether a task was there when the members were fitted."""
        return (code >= 0) & (code < self.shown.n_fitted)

    # ------------------------------------------------------------------ answers

    def answer(self, query, how_sure=None):
        """(n_query, C) for rows sorted by task; code -1 is a task that has shown nothing.

        Of numbers, ``how_sure`` asks for more: "std" for (n_query, 2), the answers and their standard deviations, a
        sequence of levels for (n_query, n_levels) quantiles.
        """
        n_shown = self.shown.count(query.code)
        n_columns = self.n_outputs if how_sure is None else 2 if isinstance(how_sure, str) else len(how_sure)
        out = np.empty((len(query), n_columns))
        for question in self._questions(query):
            weights, errors = question.weights, question.errors
            for some in _chunks(np.flatnonzero(question.is_asked)):
                trust, rows = weights(n_shown[some]), query.take(some)
                answers = question.ask(rows, trust)
                blend = self._simpler_where_odd(weights.blend(trust, answers), rows)
                if how_sure is None:
                    out[some] = blend
                    continue
                blend = blend[:, 0]
                unit = errors.scale(blend, answers[:, :, 0], trust, n_shown[some], rows.code, question.about(some))
                if isinstance(how_sure, str):
                    out[some] = np.column_stack([blend, errors.std(unit, n_shown[some])])
                else:
                    out[some] = errors.quantiles(blend, unit, n_shown[some], how_sure)
        return out

    def _questions(self, query):
        """The questions that rows ask, each row one."""
        is_known = self._is_known(query.code)
        asked = [
            (~is_known, partial(self._answers_of, self.for_new), self.weights_new, self.errors_new),
            (is_known, partial(self._answers_of, self.for_known), self.weights_known, self.errors_known),
        ]
        if self.ahead is None:
            yield from (Question(*one) for one in asked)
            return
        is_ahead, distance = self.ahead.calendar.beyond(query, self.shown)
        if self.n_ahead is None:
            is_ahead, is_late, distance = is_ahead & is_known, np.zeros_like(is_ahead), None
            ask = partial(self._answers_of, self.for_known)
        else:
            looks_ahead = (query.code >= 0) & (query.code < self.n_ahead)
            is_ahead, is_late = is_ahead & looks_ahead, ~is_ahead & looks_ahead & (distance > 0)
            ask = partial(self.ahead.ask, self.for_known, self.shown)
        yield Question(is_ahead, ask, self.ahead.weights, self.ahead.errors, distance)
        for is_asked, ask, weights, errors in asked:
            yield Question(is_asked & ~is_ahead & ~is_late, ask, weights, errors)
            # rows of other tasks tell what to answer, not how far it lies from what comes after all of this one's
            yield Question(is_asked & is_late, ask, weights, self.ahead.errors, distance)

    def _simpler_where_odd(self, blend, query):
        """The answers of tasks that their own errors speak against are drawn to simpler ones."""
        tasks = [task for task in np.unique(query.code).tolist() if task in self.trust_in_blend]
        rows = np.flatnonzero(np.isin(query.code, tasks))
        if not len(rows):
            return blend
        asked, out = query.take(rows), blend.copy()
        trust = np.stack([self.trust_in_blend[task] for task in asked.code.tolist()])
        cold = self._cold(asked)
        own = means_of(self.shown.of(np.array(tasks))[0], asked.code, cold)
        out[rows] = trust[:, [0]] * blend[rows] + trust[:, [1]] * own + trust[:, [2]] * cold
        return out

    def _answers_of(self, committee, query, trust):
        """(n_query, E, C); members that no row trusts are left out, as zeros."""
        needed, n_members = (trust > 0).any(axis=0), committee.n_members
        support, support_base = self.shown.of(np.unique(query.code))
        answers = np.zeros((len(query), len(needed), self.n_outputs))
        answers[:, :n_members] = committee.answer(support, query, support_base=support_base, needed=needed[:n_members])
        for i in np.flatnonzero(needed[n_members:]):
            answers[:, n_members + i] = self.joint[i].answer(_with_task(query))
        return answers


def _chunks(rows):
    """Consecutive parts of so many rows at most, so that answers to long tables take no more memory than they must."""
    return [rows[at : at + _ROWS_AT_ONCE] for at in range(0, len(rows), _ROWS_AT_ONCE)]


def _with_task(rows):
    return np.hstack([rows.code[:, None].astype(np.float64), rows.X])
