"""A regression learner of few tasks, trusted as far as it is right about tasks that it was trained without."""

import torch

from skmeta.learners.base import Learner, with_bias_column
from skmeta.learners.calibrated import Calibrated, CalibratedAround
from skmeta.learners.calibrated_numbers import mean_of
from skmeta.nets import Standardize


class CalibratedTasks(Calibrated):
    """Any regression learner, beside a line through the rows of all tasks and what each task adds to it.

    A learner that was trained on few tasks knows these too well, and errs on others more than a line would that all
    tasks share. So it is heard beside that line, see :class:`OffsetLine`: what both say is averaged, and the learner's
    share is that under which tasks that copies of it were trained without are answered best.

    Before it is calibrated the answers are the learner's. Parameters are those of
    :class:`~skmeta.learners.calibrated.Calibrated`.

    References
    ----------
    L. Breiman. "Stacked regressions". Machine Learning 24, 1996.
    """

    task_type = "regression"
    _shares_at_first = 1.0

    @torch.no_grad()
    def trust(self, line, share):
        """Take over what held-out tasks have told.

        Parameters
        ----------
        line : OffsetLine
            Of all tasks.
        share : float
            The learner's, between 0 and 1.
        """
        self.plain.load_state_dict(line.state_dict())
        self.factor.fill_(share)
        self.is_calibrated.fill_(True)

    # ------------------------------------------------------------------ learner

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The learner's state, and that of the line."""
        inner = self.learner.adapt(support_X, support_y, support_weight)
        return inner, self.plain.adapt(support_X, support_y, support_weight) if self.is_calibrated else None

    def update(self, state, support_X, support_y, support_weight=None):
        inner = self.learner.update(state[0], support_X, support_y, support_weight)
        if inner is None or state[1] is None:
            return None if inner is None else (inner, None)
        return inner, self.plain.update(state[1], support_X, support_y, support_weight)

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        inner = self.learner.sums(support_X, support_y, support_weight)
        if inner is None or not self.is_calibrated:
            return inner
        return *inner, *self.plain.sums(support_X, support_y, support_weight)

    def adapt_to_sums(self, sums, class_mask=None):
        if not self.is_calibrated:
            return self.learner.adapt_to_sums(sums), None
        *inner, n_rows, rest = sums
        return self.learner.adapt_to_sums(inner), self.plain.adapt_to_sums((n_rows, rest))

    def predict(self, state, query_X):
        return self._beside_line(self.learner.predict(state[0], query_X), state[1], query_X)

    def adapt_and_predict(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        support = support_X, support_y
        answers = self.learner.adapt_and_predict(*support, query_X, support_weight)
        return self._beside_line(
            answers, self.plain.adapt(*support, support_weight) if self.is_calibrated else None, query_X
        )

    def predict_moments(self, state, query_X):
        """(T, m, 2k): means, then standard deviations; the variance is averaged as the answers are."""
        moments = self.learner.predict_moments(state[0], query_X)
        if state[1] is None:
            return moments
        mean, deviation = moments.chunk(2, -1)
        variance = self.factor * deviation.square() + (1 - self.factor) * self.plain.variance(state[1])
        return torch.cat([self._beside_line(mean, state[1], query_X), variance.sqrt()], -1)

    def _beside_line(self, answers, line, query_X):
        if line is None:
            return answers
        return self._averaged(answers, self.plain.predict(line, query_X))

    def _averaged(self, answers, of_line):
        return of_line + self.factor * (answers - of_line)

    def answerer(self, state):
        inner, line = state
        answer = self.learner.answerer(inner)
        if line is None:
            return answer
        of_line = self.plain.answerer(line)
        return lambda X: self._averaged(answer(X), of_line(X))

    @classmethod
    def around(cls, learner_class):
        """A constructor like ``learner_class``'s own, whose result is wrapped."""
        return CalibratedTasksAround(learner_class)

    @staticmethod
    def _plain_rows(n_features_in, n_outputs):
        return OffsetLine(n_features_in, n_outputs)


class OffsetLine(Learner):
    """A line that all tasks share, and the offset from it that a task's rows make likely.

    Offsets are normal over tasks, and so is the noise around them: an offset is the mean of what the line leaves of a
    task's rows, the nearer to 0 the fewer they are and the less tasks differ.

    Parameters
    ----------
    n_features_in : int
    n_outputs : int
    """

    task_type = "regression"
    cold_start = True

    def __init__(self, n_features_in, n_outputs):
        super().__init__(Standardize(n_features_in), n_features_in, n_outputs)
        self.register_buffer("heads", torch.zeros(n_outputs, n_features_in + 1))  # biases last
        self.register_buffer("noise", torch.ones(n_outputs))
        self.register_buffer("spread", torch.ones(n_outputs))

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """How many rows there are (T, 1), and the mean (T, k) of what the line leaves of them."""
        rest = support_y - self._line(support_X)
        weight = torch.ones_like(rest[..., 0]) if support_weight is None else support_weight
        return weight.sum(1, keepdim=True), mean_of(rest, support_weight)[:, 0]

    def update(self, state, support_X, support_y, support_weight=None):
        (n_rows, rest), (n_new, rest_of_new) = state, self.adapt(support_X, support_y, support_weight)
        n_all = n_rows + n_new
        return n_all, rest.lerp(rest_of_new, n_new / torch.where(n_all > 0, n_all, 1.0))

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        n_rows, rest = self.adapt(support_X, support_y, support_weight)
        return n_rows, n_rows * rest

    def adapt_to_sums(self, sums, class_mask=None):
        n_rows, rest = sums
        return n_rows, rest / torch.where(n_rows > 0, n_rows, 1.0)

    def predict(self, state, query_X):
        return self._line(query_X) + self._offset(state)[:, None]

    def answerer(self, state):
        weight, bias = self.heads[:, :-1], (self.heads[:, -1] + self._offset(state)[0])[:, None]
        return lambda X: torch.addmm(bias, weight, self.body(X).t())

    def variance(self, state):
        """Variances (T, 1, k) of targets around the answers."""
        return (self.noise + self.spread * (1 - self._known(state)))[:, None]

    def _line(self, X):
        return with_bias_column(self.embed(X)) @ self.heads.t()

    def _offset(self, state):
        return self._known(state) * state[1]

    def _known(self, state):
        """The share (T, k) of offsets' variance that a task's rows explain."""
        explained = state[0] * self.spread
        return explained / (explained + self.noise)


class CalibratedTasksAround(CalibratedAround):
    """A picklable constructor."""

    calibrated = CalibratedTasks
