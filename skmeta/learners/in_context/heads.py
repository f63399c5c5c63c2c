"""The two faces of the in-context learner: class probabilities, and predictive distributions of numbers."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from skmeta.learners.experts import (
    N_READ,
    extend_tuned,
    extend_tuned_classes,
    fit_tuned,
    fit_tuned_classes,
    score_queries,
    score_tuned,
    score_tuned_classes,
)
from skmeta.learners.experts.gaussian_process import MOST_ROWS
from skmeta.learners.experts.machines import EXPERTS
from skmeta.learners.experts.tuned_numbers import RIDGE
from skmeta.learners.in_context import table_views as views
from skmeta.learners.in_context.blend import blended, fit_blend
from skmeta.learners.in_context.class_blend import among_all, blended_classes, first_classes, fit_class_blend, only
from skmeta.learners.in_context.learner import InContextLearner
from skmeta.learners.in_context.support_rows import exactly
from skmeta.tasks.store import is_answered

SOFT_FLOOR = 0.015  # a class score of zero becomes a chance of about one in a hundred
# On few rows the plain mean of the experts ranks better than the network's choice among them: so much of the answer,
# over the root of the number of rows, and never more than the last number, is the plain mean's. All three were chosen
# on development tables.
CAUTION, PLAIN_SHARPNESS, MOST_CAUTION = 5.0, 1.4, 0.7
MAX_CLASSES = 10  # classes that have a place of their own in the network
MOST_TUNED = 64  # classes that the tuned experts tell apart
N_COMPONENTS = 5  # Gaussians in a predictive distribution
TUNED_BESIDE_TREES = 300  # rows that a process is tuned on where trees know more of the table than it does


class InContextClassification(InContextLearner):
    """Classes are put in the order of their frequency, so that their names do not matter; beyond ten, the network
    answers the rarest as one class, and the experts share it out.

    See :class:`~skmeta.learners.in_context.learner.InContextLearner` for the parameters and references.
    """

    task_type = "classification"
    most_parts = 2  # two more, beside trees, were worth a thousandth of the log-loss
    _n_expert_inputs = N_READ * MAX_CLASSES
    _n_head_outputs = MAX_CLASSES

    def _make_label_embeddings(self, cell_width, row_width):
        self.label_cell = nn.Embedding(MAX_CLASSES, cell_width)
        self.label_row = nn.Embedding(MAX_CLASSES, row_width)

    def _adapt_part(self, X, y, weight, class_mask, categorical, beside_trees=False):
        C = int(y.max()) + 1 if class_mask is None else class_mask.shape[1]
        if class_mask is None:
            class_mask = torch.ones(len(X), C, dtype=torch.bool, device=X.device)
        y = y.clamp(0, C - 1)
        members = F.one_hot(y, C).to(weight.dtype)
        with exactly(X):
            X, state, seen, wide, left_out = self._fit_experts(X, members, weight, categorical)
            state["class_mask"] = class_mask
            counts, relevance = (members * weight[..., None]).sum(1), state["experts"]["relevance"]
            place = (wide[1] * relevance[:, None]).sum(2)
            state["class_order"] = _by_frequency(counts, members, weight, place)
            state["place"] = state["class_order"].argsort(1).clamp(max=MAX_CLASSES - 1)[:, None]
            tuned, few = None, class_mask.sum(1) <= MOST_TUNED
            if not self.training and C >= 2 and bool(few.any()):  # no gradient would flow through them
                rows = views.straight_view(state["columns"], state["plan"], X)
                state["first"] = first_classes(class_mask, MOST_TUNED)
                about = [only(v, state["first"]) for v in (members, class_mask)]
                about = rows, wide[1], about[0], weight, state["plan"]["varies"], about[1]
                state["tuned"], tuned = fit_tuned_classes(*about, (y * 1000 + torch.tanh(place)).to(rows.dtype))
                tuned = among_all(tuned.to(weight.dtype), state["first"], C)
            chances = _log_chances(left_out, class_mask)
            state["blend"] = fit_class_blend(chances, tuned, members, weight, class_mask, few)
            n_classes = (counts > 0).sum(1).to(weight.dtype)
            facts = self._task_facts(X, weight, categorical, n_classes, state["quality"])
            expert_input = self._expert_input(state, left_out)
        self._fit_stages(state, seen, weight, *self._embedded_labels(state, members), expert_input, facts)
        return state

    def _embedded_labels(self, state, members, scores=None):
        """What the two stages are told of the labels (T, n, C): each class by its place in the order of frequency."""
        label = members.gather(2, state["class_order"][:, None].expand_as(members)).argmax(2).clamp(max=MAX_CLASSES - 1)
        return self.label_cell(label), self.label_row(label)

    def _extend_tuned(self, state, rows, ranks, members, weight):
        return extend_tuned_classes(state["tuned"], rows, ranks, only(members, state["first"]), weight)

    def _targets_of(self, state, X, y, weight):
        return X, F.one_hot(y, state["class_mask"].shape[1]).to(weight.dtype), weight

    def predict(self, state, query_X):
        """(T, m, C) logits; those of absent classes are ``-inf``."""
        answers = self._answer(state, query_X)
        if len(answers) == 1:
            return answers[0]
        return self._joined(answers, answers[0].new_full((1, 1, len(answers)), 1 / len(answers)))

    @staticmethod
    def _joined(answers, share):
        """Logits (T, m, C) of the mean of the chances of parts, each with its share (T, m, P)."""
        chances = torch.stack([logits.log_softmax(-1) for logits in answers], 2)
        return (chances + share.log()[..., None]).logsumexp(2)

    def _answer_part(self, state, X):
        with exactly(X):
            X = self._recode(state, X)
            seen, wide = self._see(state, X)
            scores = score_queries(state["experts"], *wide)
            expert_input = self._expert_input(state, scores)
            singles = None
            if "tuned" in state:
                straight = views.straight_view(state["columns"], state["plan"], X)
                singles = score_tuned_classes(state["tuned"], straight, wide[1]).to(scores.dtype)
                singles = among_all(singles, state["first"], state["class_mask"].shape[1])
        rows = self._read_stages(state, seen, expert_input)
        share, temperature = self._gate(rows, state["quality"])
        head = self.head(rows).gather(2, state["place"].expand(-1, rows.shape[1], -1))
        read = scores[:, :, :N_READ]
        means = torch.stack([(share[..., None] * read).sum(2), read.mean(2)], 2)
        chances = _log_chances(torch.cat([means, scores], 2), state["class_mask"])
        gated, plain, chances = chances[:, :, 0], chances[:, :, 1], chances[:, :, 2:]
        absent = ~state["class_mask"][:, None]
        chance = (gated * temperature + head).masked_fill(absent, -torch.inf).log_softmax(-1)
        caution = (CAUTION * torch.exp(-0.5 * state["log_rows"][:, 0])).clamp(max=MOST_CAUTION)
        mixed = ((1 - caution) * chance + (caution * PLAIN_SHARPNESS) * plain).masked_fill(absent, -torch.inf)
        everyone = chances if singles is None else torch.cat([chances, singles], 2)
        return blended_classes(state["blend"], mixed.log_softmax(-1), everyone, singles, state["class_mask"])

    def _expert_input(self, state, scores):
        """Scores above the class shares, classes by frequency, the rarest together: (T, m, E * MAX_CLASSES)."""
        centre = state["experts"]["centre"][:, :, None]
        scores = scores[:, :, :N_READ]
        order = state["class_order"][:, None, None].expand(*scores.shape)
        scores = 2 * (scores - centre).clamp(-2, 2).gather(3, order)
        C = scores.shape[3]
        if C > MAX_CLASSES:
            rest = scores[..., MAX_CLASSES - 1 :].sum(-1, keepdim=True)
            scores = torch.cat([scores[..., : MAX_CLASSES - 1], rest], -1)
        return F.pad(scores, (0, max(0, MAX_CLASSES - C))).flatten(2)


def _by_frequency(counts, members, weight, place):
    """(T, C) classes from the most to the least frequent; ties go by where their rows lie, not by their names."""
    mean_place = (members * (weight * place)[..., None]).sum(1) / counts.clamp(min=1e-6)
    ties = 0.01 * torch.tanh(mean_place / max(1.0, place.shape[1] ** 0.5))
    return views.falling_order(counts + ties)


def _log_chances(scores, class_mask):
    """Scores (T, m, ..., C) to log-probabilities over the classes that exist."""
    exists = class_mask.view(len(class_mask), *[1] * (scores.ndim - 2), -1)
    floored = (SOFT_FLOOR * F.softplus(scores / SOFT_FLOOR) + 1e-6) * exists
    return (floored / floored.sum(-1, keepdim=True)).clamp(min=1e-9).log()


class InContextRegression(InContextLearner):
    """Answers with a mixture of Gaussians around the experts' gated mean.

    Targets are standardised by each support; several are answered one by one, as tasks of their own. Training
    minimises the negative log-likelihood of the mixture, unless ``likelihood=False`` leaves the means to a criterion.

    See :class:`~skmeta.learners.in_context.learner.InContextLearner` for the other parameters and references.
    """

    task_type = "regression"
    most_parts = 1  # a second, beside trees, took as long again for nothing
    _n_expert_inputs = N_READ
    _n_head_outputs = 3 * N_COMPONENTS

    def __init__(self, body=None, n_features_in=None, n_outputs=None, *, likelihood=True, **settings):
        super().__init__(body, n_features_in, n_outputs, **settings)
        self.likelihood = likelihood

    def _make_label_embeddings(self, cell_width, row_width):
        self.label_cell = nn.Linear(2, cell_width)
        self.label_row = nn.Linear(2, row_width)
        with torch.no_grad():
            self.head.out.bias[N_COMPONENTS : 2 * N_COMPONENTS] = torch.linspace(-0.6, 0.6, N_COMPONENTS)

    def _adapt_part(self, X, y, weight, class_mask, categorical, beside_trees=False):
        k = y.shape[2]
        categorical = None if categorical is None else categorical.repeat_interleave(k, 0)
        mean, scale = _moments(*_one_by_one(y, weight))
        aims = {"mean": mean, "scale": scale, "n_targets": k}
        X, Y, weight = self._targets_of(aims, X, y, weight)
        with exactly(X):
            X, state, seen, _, left_out = self._fit_experts(X, Y, weight, categorical)
            facts = self._task_facts(X, weight, categorical, torch.zeros_like(weight[:, 0]), state["quality"])
            tuned = None
            if not self.training:  # no gradient would flow through them
                rows = views.straight_view(state["columns"], state["plan"], X)
                most_rows = TUNED_BESIDE_TREES if beside_trees else MOST_ROWS
                state["tuned"], tuned = fit_tuned(rows, Y, weight, state["plan"]["varies"], most_rows)
            state["blend"] = _fit_blend(left_out, tuned, Y, weight)
            middle = left_out[:, :, :N_READ].mean(2)
            residual = ((middle - Y).square() * weight[..., None]).sum(1) / weight.sum(1)[:, None].clamp(min=1)
            state["spread"] = residual.sqrt().clamp(0.01, 2.0)[:, None]
            expert_input = self._expert_input(state, left_out)
            labels = self._embedded_labels(state, Y, left_out)
        self._fit_stages(state, seen, weight, *labels, expert_input, facts)
        return state | aims

    def _embedded_labels(self, state, Y, scores):
        """What the two stages are told of a target: where it lies, and how far from what the experts said of it."""
        surprise = (Y - scores[:, :, :N_READ].mean(2)) / state["spread"]
        label = torch.cat([Y, surprise], -1).clamp(-6, 6)
        return self.label_cell(label), self.label_row(label)

    def _extend_tuned(self, state, rows, ranks, Y, weight):
        return extend_tuned(state["tuned"], rows, Y, weight)

    def _targets_of(self, state, X, y, weight):
        """Rows once for every target, and the targets in units of the encoded support."""
        k = state["n_targets"]
        y, weight = _one_by_one(y, weight)
        Y = ((y - state["mean"]) / state["scale"]).to(weight.dtype)
        return X.repeat_interleave(k, 0), torch.where(weight[..., None] > 0, Y, torch.zeros_like(Y)), weight

    def _answer_part(self, state, X):
        """(T, m, k, 3, n_components): log-weights, means and log-scales, in the units of the targets."""
        k, blend = state["n_targets"], state["blend"]
        with exactly(X):
            X = self._recode(state, X.repeat_interleave(k, 0))
            seen, wide = self._see(state, X)
            scores = score_queries(state["experts"], *wide).clamp(-12, 12)
            everyone, beyond = scores[..., 0], None
            if "tuned" in state:
                straight = views.straight_view(state["columns"], state["plan"], X)
                beyond = views.beyond_range(state["columns"], X)
                everyone = torch.cat([everyone, score_tuned(state["tuned"], straight)[..., 0]], 2)
        rows = self._read_stages(state, seen, self._expert_input(state, scores))
        share, temperature = self._gate(rows, state["quality"])
        network = (share * scores[:, :, :N_READ, 0]).sum(2, keepdim=True)
        middle, kept, wider = blended(blend, network, everyone, beyond, len(EXPERTS) + RIDGE)
        spread = state["spread"] * temperature
        log_weight, offset, log_scale = self.head(rows).unflatten(2, (3, N_COMPONENTS)).unbind(2)
        log_weight, offset = log_weight.log_softmax(-1), spread * offset
        lean = (log_weight.exp() * offset).sum(-1, keepdim=True)  # of the whole distribution, to one side
        width = blend["width"][..., None]
        means = state["mean"] + state["scale"] * (middle + kept * lean + width * (offset - lean))
        scale = width * spread * log_scale.clamp(-4, 3).exp()
        variance = torch.maximum(scale.square(), blend["least"][..., None]) + wider
        log_scale = state["scale"].log() + 0.5 * variance.log()
        # of one precision: programs in ONNX do not promote
        mixture = torch.stack(torch.broadcast_tensors(log_weight.to(means.dtype), means, log_scale), 2)
        return mixture.unflatten(0, (-1, k)).transpose(1, 2)

    @staticmethod
    def _expert_input(state, scores):
        return scores[:, :, :N_READ, 0].clamp(-8, 8)

    def mixture(self, state, query_X):
        """Log-weights, means and log-scales of the predictive mixtures, each (T, m, k, n_components)."""
        answers = torch.cat(self._answer(state, query_X), -1)
        log_weight, means, log_scale = answers.unbind(3)
        return log_weight - math.log(len(state["parts"])), means, log_scale

    def predict(self, state, query_X):
        """(T, m, k) means."""
        log_weight, means, _ = self.mixture(state, query_X)
        return (log_weight.exp() * means).sum(-1)

    @staticmethod
    def _joined(answers, share):
        """Means (T, m, k) of the means of parts, each with its share (T, m, P)."""
        means = torch.stack([(part[..., 0, :].exp() * part[..., 1, :]).sum(-1) for part in answers], 3)
        return (means * share[:, :, None]).sum(3)

    def predict_mixture(self, state, query_X):
        """(T, m, 3 * k * n_components): log-weights, means and log-scales of all targets, flat."""
        return torch.stack(self.mixture(state, query_X), 2).flatten(2)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Flat means (T * m, k) and flat mixtures (T * m, k, 3, n_components)."""
        state = self.adapt(support_X, support_y, support_weight, class_mask)
        log_weight, means, log_scale = self.mixture(state, query_X)
        mean = (log_weight.exp() * means).sum(-1)
        return mean.flatten(0, 1), torch.stack([log_weight, means, log_scale], 3).flatten(0, 1)

    def training_loss(self, criterion, mean, mixture, y):
        if not self.likelihood:
            return criterion(mean, y)
        y = y.to(mean.device)
        rows = is_answered(y)
        return mixture_nll(*mixture[rows].unbind(2), y[rows]).mean()


def _fit_blend(left_out, tuned, Y, weight):
    """The blend, fitted in the precision of the tuned experts: of laws without noise it takes the last digits."""
    if tuned is None:
        return fit_blend(left_out[..., 0], None, Y[..., 0], weight, N_READ)
    read, y, weight = (v.to(tuned.dtype) for v in (left_out[..., 0], Y[..., 0], weight))
    return fit_blend(read, tuned[..., 0], y, weight, N_READ, RIDGE)


def _one_by_one(y, weight):
    """(T, n, k) targets as (T * k, n, 1), and the weights for each."""
    T, n, k = y.shape
    y = y.transpose(1, 2).reshape(T * k, n, 1).to(torch.promote_types(y.dtype, weight.dtype))
    return y, weight.repeat_interleave(k, 0)


def _moments(y, weight):
    """Weighted mean and standard deviation of targets (T, n, 1), the latter 1 where nothing varies."""
    share = (weight / weight.sum(1, keepdim=True).clamp(min=1e-12))[..., None]
    mean = (share * y).sum(1, keepdim=True)
    scale = (share * (y - mean).square()).sum(1, keepdim=True).sqrt()
    return mean, torch.where(scale > 1e-9 * (1 + mean.abs()), scale, torch.ones_like(scale))


def mixture_nll(log_weight, means, log_scale, y):
    """Negative log-likelihood of targets (...,) under mixtures (..., n_components), without reduction."""
    deviation = (y[..., None] - means) * torch.exp(-log_scale)
    log_density = -0.5 * deviation.square() - log_scale - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_weight + log_density, -1)
