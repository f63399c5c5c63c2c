"""Rows later than those of their task: whom to trust with them, and how far answers lie from these."""

from dataclasses import dataclass, replace

import numpy as np

from skmeta.task_mixture.calendar import Calendar  # noqa: F401 - where older pickles look for it
from skmeta.task_mixture.pooled_model import best_temperature
from skmeta.task_mixture.trust import SizeWeights, that_occur, usual
from skmeta.task_mixture.uncertainty import Uncertainty

_TINY = 1e-300
_FEW = 0.5  # of a task's rows, or fewer, are shown alone, to see how far rows of short tasks are missed


@dataclass(frozen=True)
class Foretold:
    """A record holds what members answered to the rows behind an origin.

    Answers are (N, E, C); all else is (N,): the truth, how many rows the task had shown, the task, what the row counts
    by, how far beyond the rows shown it is in time, and in fifths of the task's times.
    """

    answers: np.ndarray
    y: np.ndarray
    n_shown: np.ndarray
    task: np.ndarray
    weight: np.ndarray
    distance: np.ndarray
    fifth: np.ndarray

    def take(self, rows):
        return Foretold(*(values[rows] for values in vars(self).values()))

    @classmethod
    def joined(cls, several):
        return cls(*map(np.concatenate, zip(*(vars(one).values() for one in several))))

    @property
    def about(self):
        return self.y, self.n_shown, self.task, self.weight

    @property
    def fifths(self):
        return [self.take(self.fifth == k) for k in np.unique(self.fifth)]

    def in_units_of_the_best(self):
        """Answers and weights are divided so that the best member's loss is 1, however many rows these are."""
        weight = self.weight / self.weight.sum()
        if self.answers.shape[2] == 1:
            errors = self.answers[:, :, 0] - self.y[:, None]
            unit = np.sqrt((weight @ errors**2).min()) + _TINY
            return replace(self, answers=(errors / unit)[:, :, None], y=np.zeros(len(self.y)), weight=weight)
        losses = -np.log(self.answers[np.arange(len(self.y)), :, self.y])
        return replace(self, weight=weight / (weight @ losses).min())

    def trust(self, kind):
        """The weights that these rows speak for."""
        return SizeWeights(_sizes(self.n_shown), kind).fit(self.answers, *self.about)


class TrustAhead:
    """The trust in members for rows later than those of their task, and how far answers lie from these.

    How the rows of one time were foretold is luck of that time, however many tasks agree; and a line through what slows
    down is the best of all for a while. So the weights are the mean of four: twice those that all hidden fifths speak
    for together, each in units of its best member's loss, the mean of those that each speaks for alone, and those for
    rows between others. The errors behind an origin are those of weights that were learned without it; they grow with
    the distance in time, and those of one origin have something in common. Tasks of few rows say little of the
    distance, as they end soon behind an origin: so far ahead, long tasks are asked as if they had shown as few. On
    which side of what was foretold they then were says nothing of short ones.

    Parameters
    ----------
    calendar : Calendar
    between : SizeWeights
        Of the first members, for rows between others.
    over_rows : CrossFitted
        Is asked about the rows behind each origin.
    """

    def __init__(self, calendar, between, over_rows):
        self.calendar, self.errors, kind = calendar, None, between.kind
        few = usual(over_rows.rows.n_rows(over_rows.rows.code[-1] + 1)) if kind == "regression" else []
        asked, few = zip(*(self._foretold(over_rows, few, *origin) for origin in calendar.origins(over_rows.rows)))
        between, fifths = between.with_others(asked[0].answers.shape[1]), [part.fifths for part in asked]
        alone = [[fifth.trust(kind) for fifth in several] for several in fifths]
        even = [[fifth.in_units_of_the_best() for fifth in several] for several in fifths]

        def learned_without(k):
            others = [i for i in range(len(asked)) if i != k]
            if not others:
                return between
            together = Foretold.joined([fifth for i in others for fifth in even[i]]).trust(kind)
            each = SizeWeights.mean_of([weights for i in others for weights in alone[i]])
            return SizeWeights.mean_of([between, together, together, each])

        self.weights, everything = learned_without(None), Foretold.joined(asked)
        y, n_shown, task, weight = everything.about
        if kind == "classification":
            blend = self.weights.blend(self.weights(n_shown), everything.answers)
            self.weights.temperature = best_temperature(blend, y, weight)
            return
        n_rows = [[len(part.y), sum(len(one.y) for one in others)] for part, others in zip(asked, few)]
        asked = [Foretold.joined([part, *others]) for part, others in zip(asked, few)]
        trust = np.concatenate([learned_without(k)(part.n_shown) for k, part in enumerate(asked)])
        short = np.unique([np.median(others.n_shown) for part in few for others in part])
        sizes = np.union1d(_sizes(n_shown), short)
        everything = Foretold.joined(asked)
        origin = np.concatenate([np.repeat([k, -1], n) for k, n in enumerate(n_rows)])
        answers, (y, n_shown, task, weight) = everything.answers[:, :, 0], everything.about
        blend, about = (trust * answers).sum(1), (weight, everything.distance, origin)
        self.errors = Uncertainty(sizes, even=short).fit(blend, answers, trust, y, n_shown, task, *about)

    def _foretold(self, over_rows, few, shown, query, fifth):
        """Members that are fitted to the rows shown foretell the others, and those of tasks shown as short ones."""
        earlier, later = over_rows.rows.take(shown), over_rows.rows.take(query)
        committee, base = over_rows.of_earlier(shown)

        def foretold(support, asked):
            seen, rows, bases = earlier.take(support), later.take(asked), [F[support] for F in base]
            answers = committee.answer(seen, rows, bases)
            answers = self._with_last_rows(answers, committee.pooled, seen, bases, rows)
            last = self.calendar.of_nearest(self.calendar.times_of(seen)[:, None], seen, rows)[:, 0]
            n_shown, distance = seen.n_shown(earlier.code[-1] + 1), np.abs(self.calendar.times_of(rows) - last)
            return Foretold(answers, rows.y, n_shown[rows.code], rows.code, rows.weight, distance, fifth[asked])

        n_rows = earlier.n_rows(earlier.code[-1] + 1)
        asked = [(n, np.flatnonzero(n <= _FEW * n_rows[later.code])) for n in few]
        few = [foretold(self.calendar.nearest(earlier, later.take(some), n), some) for n, some in asked if len(some)]
        return foretold(np.arange(len(shown)), np.arange(len(query))), few

    def ask(self, committee, shown, query, trust):
        """(n_query, E, C); members that no row trusts are left out, as zeros, but for those that others rest on."""
        needed = (trust > 0).any(axis=0)
        needed[: len(needed) - committee.n_members] |= needed[committee.n_members :]
        support, base = shown.of(np.unique(query.code))
        answers = committee.answer(support, query, support_base=base, needed=needed[: committee.n_members])
        return self._with_last_rows(answers, committee.pooled, support, base, query)

    def _with_last_rows(self, answers, pooled, support, base, query):
        """Answers about numbers are joined by those of pooled models that go on from what the task's nearest rows were.

        Each is moved by what it missed these rows by, one that multiplies by a factor. That of the mean is the last
        value.
        """
        if answers.shape[2] > 1:
            return answers
        y, *F = self.calendar.of_nearest(np.column_stack([support.y, *base]), support, query).T
        moved = [
            now * y / then if model.multiplies else now + y - then
            for model, now, then in zip(pooled, answers[:, :, 0].T, F)
        ]
        return np.hstack([answers, np.stack(moved, axis=1)[:, :, None].clip(*pooled[0].bounds)])


def _sizes(n_shown):
    return that_occur(usual(n_shown), n_shown)
