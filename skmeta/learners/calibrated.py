"""A classifier of one table, trusted as far as it is right about rows that it was trained without."""

import copy

import torch

from skmeta.learners.base import Learner, hide_absent_classes, with_bias_column
from skmeta.learners.convex.logistic import logistic_heads, logits_of_one_table
from skmeta.nets import Standardize

_LEAST = -13.8  # of a logit under the largest: one row must not decide what an expert is worth
# The factors of the learner and of the plain rows before any row has been asked about, and the standard deviation of
# their logarithms: on few rows of one table there is little to learn that the rows themselves do not say.
_CENTRE, _SPREAD = (0.1, 0.8), 0.7
# So many rows more might have been of any class, by the classes' shares: what few rows make seem certain is not
_DOUBT = 2.0
_STEPS, _LARGEST_STEP, _ENOUGH = 20, 0.5, 1e-6
#: pulls to zero that are tried, in rows
PULLS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
# A bias is a weight on a column of this height, so that the pull hardly holds it: what is left are classes' shares
_BIAS = 10.0


class Calibrated(Learner):
    """Any learner of classes that all tasks share, beside a linear classifier on the plain rows.

    A learner that was trained on episodes of one table knows the rows of that table, and is too sure of itself on
    others. So it is heard beside a linear classifier of the plain rows: the logits of both are multiplied by a factor
    (an inverse temperature) each, and added. Few rows of one table say little that a linear classifier does not, and
    the learner's factor is small at first; where it has been right about rows that it was not trained on, it grows, and
    shrinks where it was not. Training longer can so not make probabilities worse for long.

    To what both say together, two rows are added that say nothing but how often classes occur: of 20 rows and their
    like, what seems certain is not, and of hundreds it is as good as no change.

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
    _shares_at_first = _CENTRE

    def __init__(self, learner, n_features_in):
        torch.nn.Module.__init__(self)
        self.learner = learner
        self.n_embedding, self.n_outputs = learner.n_embedding, learner.n_outputs
        self.loss_by_tasks, self.loss_in_parts = learner.loss_by_tasks, learner.loss_in_parts
        self.cold_start = learner.cold_start
        self.plain = self._plain_rows(n_features_in, self.n_outputs)
        self.register_buffer("factor", torch.tensor(self._shares_at_first))
        self.register_buffer("is_calibrated", torch.zeros((), dtype=torch.bool))

    @staticmethod
    def _plain_rows(n_features_in, n_outputs):
        return PlainRows(n_features_in, n_outputs)

    @classmethod
    def around(cls, learner_class):
        """A constructor like ``learner_class``'s own, whose result is wrapped."""
        return CalibratedAround(learner_class)

    # ------------------------------------------------------------------ training is the learner's

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None, **more):
        if self.training:
            return self.learner(support_X, support_y, query_X, support_weight, class_mask, **more)
        return super().forward(support_X, support_y, query_X, support_weight, class_mask)

    @property
    def loss_learned(self):
        return self.learner.loss_learned

    def learn(self, batch, y, share):
        return self.learner.learn(batch, y, share)

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
    def calibrate(self, X, y, folds, is_new):
        """Find how far to trust the learner, and the plain rows.

        Parameters
        ----------
        X : (n, d) tensor
            The rows of the table.
        y : (n,) int64 tensor
            Their classes.
        folds : (n,) int64 tensor
            The fold of each row; -1 for a row that is never held out.
        is_new : bool
            Whether the learner was not trained on the rows of the first fold, so that what it says of them counts.
        """
        of_plain = self.plain.find_pull(X, y, folds, self.n_outputs)
        if is_new:
            asked, class_mask = folds == 0, torch.ones(1, self.n_outputs, dtype=torch.bool, device=X.device)
            state = self.learner.adapt(X[~asked][None], y[~asked][None], None, class_mask)
            of_learner = self.learner.predict(state, X[asked][None])[0]
            experts = torch.stack([_bounded(of_learner), _bounded(of_plain[folds[folds >= 0] == 0])], 1)
            self.factor.copy_(fit_factors(experts, y[asked]))
        self.is_calibrated.fill_(True)

    def trust_as(self, other):
        """Take over what another, in its own precision, has found."""
        for mine, found in ((self, other), (self.plain, other.plain)):
            for name, value in mine.named_buffers(recurse=False):
                value.copy_(getattr(found, name))

    # ------------------------------------------------------------------ learner

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The learner's state, that of the plain rows, :func:`doubts`, and which tasks (T,) share all classes."""
        rows = support_X, support_y, support_weight, class_mask
        if not self.is_calibrated:
            return self.learner.adapt(*rows), None, None, None
        shared = class_mask[:, : self.n_outputs].any(1) & ~class_mask[:, self.n_outputs :].any(1)
        doubt = doubts(support_y, support_weight, class_mask.shape[1], support_X.dtype)
        return self.learner.adapt(*rows), self.plain.adapt(*rows), doubt, shared

    def predict(self, state, query_X):
        inner, plain, doubt, shared = state
        logits = self.learner.predict(inner, query_X)
        if plain is None:
            return logits
        doubt = (part[:, None] for part in doubt)
        blend = self._blended(logits, self.plain.predict(plain, query_X), doubt)
        return torch.where(shared[:, None, None], blend, logits)

    def _blended(self, logits, plain, doubt, axis=-1):
        """Log-probabilities by both together; a class that the learner rules out stays so."""
        blend = self.factor[0] * _bounded(logits, axis) + self.factor[1] * _bounded(plain, axis)
        said = blend.masked_fill(logits == -torch.inf, -torch.inf).log_softmax(axis)
        of_both, of_shares = doubt
        return torch.stack([said + of_both, of_shares.expand_as(said)]).logsumexp(0)

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
        inner, plain, doubt, shared = state
        answer = self.learner.answerer(inner)
        if plain is None or not bool(shared[0]):
            return answer
        of_plain, doubt = self.plain.answerer(plain), [part[0, :, None] for part in doubt]
        return lambda X: self._blended(answer(X), of_plain(X), doubt, axis=0)


class PlainRows(Learner):
    """A linear classifier on standardised rows, pulled to the classes' shares as strongly as rows held out ask for.

    Parameters
    ----------
    n_features_in : int
    n_outputs : int
        Classes that all tasks share.
    """

    task_type = "classification"
    cold_start = True

    def __init__(self, n_features_in, n_outputs):
        super().__init__(Standardize(n_features_in), n_features_in, n_outputs)
        self.register_buffer("pull", torch.ones(()))

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Heads (T, C, d + 1), biases last, and the class mask."""
        features = with_bias_column(self.embed(support_X), _BIAS)
        start = features.new_zeros(class_mask.shape[1], features.shape[-1])
        heads = logistic_heads(features, support_y, support_weight, class_mask, start, float(self.pull))
        heads[..., -1] *= _BIAS
        return heads, class_mask

    def predict(self, state, query_X):
        heads, class_mask = state
        return hide_absent_classes(with_bias_column(self.embed(query_X)) @ heads.transpose(1, 2), class_mask)

    def answerer(self, state):
        heads, class_mask = (part[0] for part in state)
        bias = heads[:, -1:].masked_fill(~class_mask[:, None], -torch.inf)
        weight = heads[:, :-1]
        return lambda X: torch.addmm(bias, weight, self.body(X).t())

    @torch.no_grad()
    def find_pull(self, X, y, folds, n_classes):
        """Choose the pull by what heads say of rows that they were fitted without.

        Parameters
        ----------
        X : (n, d) tensor
        y : (n,) int64 tensor
        folds : (n,) int64 tensor
            The fold of each row; -1 for a row that is never held out.
        n_classes : int

        Returns
        -------
        logits : (n_held_out, C) tensor
            Of the rows held out, in their order, by heads of the chosen pull.
        """
        n_folds, held_out = int(folds.max()) + 1, torch.nonzero(folds >= 0)[:, 0]
        # every pull without every fold is a regression of its own, and all are solved together
        is_there = (folds[:, None] != torch.arange(n_folds, device=X.device)).repeat(1, len(PULLS))
        pulls = torch.tensor(PULLS, device=X.device).repeat_interleave(n_folds)
        members = torch.nn.functional.one_hot(y, n_classes)
        logits = logits_of_one_table(with_bias_column(self.embed(X[None])[0], _BIAS), members, is_there, pulls)
        logits = logits.unflatten(1, (-1, n_folds))[held_out, :, folds[held_out]].to(X.dtype)
        best = (logits.log_softmax(-1) * members[held_out, None]).sum((0, 2)).argmax()
        self.pull.fill_(PULLS[best])
        return logits[:, best]


def doubts(y, weight, n_classes, dtype):
    """Logarithms of how far tasks' rows are believed (T, 1), and of the rest, spread by the classes' shares (T, C).

    Parameters
    ----------
    y : (T, n) int64 tensor
    weight : (T, n) tensor or None
    n_classes : int
    dtype : torch dtype

    Examples
    --------
    >>> import torch
    >>> believed, rest = doubts(torch.tensor([[0, 0, 0, 0, 1, 1]]), None, 3, torch.float32)
    >>> believed.exp(), rest.exp()
    (tensor([[0.7500]]), tensor([[0.1667, 0.0833, 0.0000]]))
    """
    members = torch.nn.functional.one_hot(y, n_classes).to(dtype)
    of_class = members.sum(1) if weight is None else (members * weight[..., None]).sum(1)
    total = of_class.sum(1, keepdim=True)
    rest = torch.where(total > 0, _DOUBT / (total + _DOUBT), 0.0)  # without rows there are no shares
    return (1 - rest).log(), (rest * of_class / total.clamp(min=1.0)).log()


def fit_factors(experts, y):
    """The factors (E,) under which classes y (n,) are most probable, given experts' logits (n, E, C), and the prior.

    By Newton's method in the factors' logarithms, with the curvature of the likelihood in the factors themselves.

    Examples
    --------
    >>> import torch
    >>> say_nothing = torch.zeros(5, 2, 3)
    >>> fit_factors(say_nothing, torch.arange(5) % 3)
    tensor([0.1000, 0.8000])
    """
    centre = torch.tensor(_CENTRE, dtype=experts.dtype, device=experts.device)
    members = torch.nn.functional.one_hot(y, experts.shape[2])
    x, precision = torch.zeros_like(centre), _SPREAD**-2
    for _ in range(_STEPS):
        scaled = experts * (centre * x.exp())[:, None]
        p = scaled.sum(1).softmax(-1)
        slope = torch.einsum("nec,nc->e", scaled, members - p) - precision * x
        centred = scaled - (scaled * p[:, None]).sum(-1, keepdim=True)
        curvature = torch.einsum("nec,nc,nfc->ef", centred, p, centred) + precision * torch.eye(len(x)).to(x)
        step = torch.linalg.solve(curvature, slope).clamp(-_LARGEST_STEP, _LARGEST_STEP)
        x = x + step
        if bool(step.abs().max() < _ENOUGH):
            break
    return centre * x.exp()


def _bounded(logits, axis=-1):
    """Logits under the largest, none of them without bound, which a factor of 0 could not undo."""
    return (logits - logits.amax(axis, keepdim=True)).clamp(min=_LEAST)


class CalibratedAround:
    """A picklable constructor."""

    calibrated = Calibrated

    def __init__(self, learner_class):
        self.learner_class = learner_class

    def __call__(self, body, n_features_in, **kwargs):
        return self.calibrated(self.learner_class(body, n_features_in=n_features_in, **kwargs), n_features_in)


_CalibratedAround = CalibratedAround  # its name in older pickles
