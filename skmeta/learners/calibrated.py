"""A classifier of one table, trusted as far as it is right about rows that it was trained without."""

import copy

import torch

from skmeta.learners.base import Learner
from skmeta.learners.plain_rows import PlainRows
from skmeta.learners.stacking import fit_trust

_LEAST = -13.8  # of a log-chance, one in a million: one row must not decide what an expert is worth


class Calibrated(Learner):
    """Any learner of classes that all tasks share, beside a linear classifier on the plain rows.

    A learner that was trained on episodes of one table knows the rows of that table, and is too sure of itself on
    others. What it is worth is told by copies that were trained without some of the rows, asked about those: its
    log-probabilities are multiplied by a factor (an inverse temperature), so are those of the linear classifier, and
    the sum of the two, with a bias for each class, answers. The factors are those under which the rows held out are
    most probable, with a prior that few rows hardly move. Training longer can so not make probabilities worse for
    long: what overfits is trusted less.

    Before :meth:`calibrate`, and for tasks with classes of their own, the answers are the learner's.

    Parameters
    ----------
    learner : Learner
    n_features_in : int

    References
    ----------
    D. H. Wolpert. "Stacked generalization". Neural Networks 5, 1992.
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger. "On Calibration of Modern Neural Networks". ICML 2017 (temperatures).
    """

    task_type = "classification"

    def __init__(self, learner, n_features_in):
        torch.nn.Module.__init__(self)
        self.learner = learner
        self.n_embedding, self.n_outputs = learner.n_embedding, learner.n_outputs
        self.loss_by_tasks, self.loss_in_parts = learner.loss_by_tasks, learner.loss_in_parts
        self.cold_start = learner.cold_start
        self.plain = PlainRows(n_features_in, self.n_outputs)
        self.register_buffer("factor", torch.tensor([1.0, 0.0]))
        self.register_buffer("bias", torch.zeros(self.n_outputs))
        self.register_buffer("is_calibrated", torch.zeros((), dtype=torch.bool))

    @classmethod
    def around(cls, learner_class):
        """A constructor like ``learner_class``'s own, whose result is wrapped."""
        return _CalibratedAround(learner_class)

    # ------------------------------------------------------------------ training is the learner's

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None, **more):
        if self.training:
            return self.learner(support_X, support_y, query_X, support_weight, class_mask, **more)
        return super().forward(support_X, support_y, query_X, support_weight, class_mask)

    def training_loss(self, *args):
        """The learner's own."""
        return self.learner.training_loss(*args)

    @property
    def training_progress(self):
        return self.learner.training_progress

    @training_progress.setter
    def training_progress(self, share):
        self.learner.training_progress = share

    # ------------------------------------------------------------------ what it is worth

    @torch.no_grad()
    def calibrate(self, X, y, folds, answers):
        """Find how far to trust the learner, and the plain rows.

        Parameters
        ----------
        X : (n, d) tensor
            The rows of the table.
        y : (n,) int64 tensor
            Their classes.
        folds : (n,) int64 tensor
            The fold of each row; -1 for a row that is never held out.
        answers : sequence of (n_k, C) tensors
            Of each fold, logits of its rows by a copy of the learner that was trained, and adapted, without them.
        """
        held_out = folds >= 0
        of_learner = torch.zeros(int(held_out.sum()), self.n_outputs, dtype=X.dtype, device=X.device)
        for fold, logits in enumerate(answers):
            of_learner[folds[held_out] == fold] = logits.to(X.dtype)
        of_plain = self.plain.find_pull(X, y, folds, self.n_outputs)
        experts = torch.stack([_log_chances(of_learner), _log_chances(of_plain)], 1)[None]
        members = torch.nn.functional.one_hot(y[held_out], self.n_outputs).to(X.dtype)[None]
        class_mask = torch.ones(1, self.n_outputs, dtype=torch.bool, device=X.device)
        trust = fit_trust(experts, members, torch.ones_like(members[..., 0]), class_mask)
        self.factor.copy_(trust["factor"][0]), self.bias.copy_(trust["bias"][0])
        self.is_calibrated.fill_(True)

    # ------------------------------------------------------------------ learner

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The learner's state, that of the plain rows, and which tasks (T,) have shared classes alone."""
        rows = support_X, support_y, support_weight, class_mask
        if not self.is_calibrated:
            return self.learner.adapt(*rows), None, None
        shared = class_mask[:, : self.n_outputs].any(1) & ~class_mask[:, self.n_outputs :].any(1)
        return self.learner.adapt(*rows), self.plain.adapt(*rows), shared

    def predict(self, state, query_X):
        inner, plain, shared = state
        logits = self.learner.predict(inner, query_X)
        if plain is None:
            return logits
        return self._blended(logits, self.plain.predict(plain, query_X), shared)

    def _blended(self, logits, plain, shared):
        mask = logits > -torch.inf
        new = logits.shape[-1] - self.n_outputs
        trust = {
            "factor": self.factor[None],
            "bias": torch.nn.functional.pad(self.bias, (0, max(new, 0)))[None, : logits.shape[-1]],
        }
        experts = torch.stack([_log_chances(logits), _log_chances(plain.masked_fill(~mask, -torch.inf))], 2)
        blend = trusted_rows(trust, experts, mask)
        return torch.where(shared[:, None, None], blend, logits)

    def neighbour_distances(self, state, query_X):
        """The learner's, where it has neighbours."""
        return self.learner.neighbour_distances(state[0], query_X)

    def configured(self, **settings):
        """The same with other settings of adaptation of the learner."""
        view = copy.copy(self)
        view._modules = self._modules | {"learner": self.learner.configured(**settings)}
        return view

    @property
    def single_precision(self):
        return getattr(self.learner, "single_precision", False)

    def answerer(self, state):
        inner, plain, shared = state
        answer = self.learner.answerer(inner)
        if plain is None or not bool(shared[0]):
            return answer
        of_plain = self.plain.answerer(plain)
        return lambda X: self._blended(answer(X).t()[None], of_plain(X).t()[None], shared)[0].t()


def trusted_rows(trust, experts, mask):
    """Log-probabilities (T, m, C) of experts (T, m, E, C) where rows may lack classes, (T, m, C) bool."""
    logits = (trust["factor"][:, None, :, None] * experts).sum(2) + trust["bias"][:, None]
    return logits.masked_fill(~mask, -torch.inf).log_softmax(-1)


def _log_chances(logits):
    """Log-probabilities, none of them without bound, which a factor of 0 could not undo."""
    return logits.log_softmax(-1).clamp(min=_LEAST)


class _CalibratedAround:
    """A picklable constructor."""

    def __init__(self, learner_class):
        self.learner_class = learner_class

    def __call__(self, body, n_features_in, **kwargs):
        return Calibrated(self.learner_class(body, n_features_in=n_features_in, **kwargs), n_features_in)
