"""Prototypical networks (Snell, Swersky & Zemel, 2017)."""

import torch
from torch import nn

from skmeta.learners.base import (
    Learner,
    add_gradients,
    are_all_there,
    flat_answers,
    hide_absent_classes,
    one_hot_support,
    sums_of_classes,
)
from skmeta.learners.class_means import (
    class_mean_logits,
    class_mean_logits_by_kernel,
    embedded_class_mean_logits,
    prototype_logits,
)
from skmeta.learners.engine.recognise import find_embedding


class Prototypes(Learner):
    """A class is the mean of its embedded support rows; a row goes to the nearest class.

    ``logit_c(x) = -s * |f(x) - p_c|^2 + r * log(share_c)`` with the prototype ``p_c`` the weighted mean of the
    support's embeddings and ``share_c`` the class's share of the support.

    Where all tasks share their classes, class means and shares are drawn towards ones common to all tasks, as if each
    class had shown a few rows more, placed there; those places and their number are learned. So a task can be answered
    before its first row, and a class it has not shown yet has a prototype. Where each task has classes of its own,
    nothing is added to the paper.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    scale : float or "learn"
        s; "learn" trains its logarithm, starting from 1 / (size of the embedding).
    priors : bool or "auto"
        Whether r is 1 (class shares of the support speak of the world) or 0 (they are an accident of sampling); "auto":
        1 where all tasks share their classes.

    References
    ----------
    J. Snell, K. Swersky, R. Zemel. "Prototypical Networks for Few-shot Learning". NeurIPS 2017.
    """

    task_type = "classification"
    cold_start = True
    loss_learned = "cross_entropy"

    def __init__(self, body, n_features_in, n_outputs=None, *, scale="learn", priors=False):
        super().__init__(body, n_features_in, n_outputs)
        self.is_shared = n_outputs is not None
        self.priors = self.is_shared if priors == "auto" else priors
        start = torch.tensor(float(self.n_embedding)).reciprocal() if scale == "learn" else torch.tensor(float(scale))
        self.log_scale = nn.Parameter(start.log(), requires_grad=scale == "learn")
        if self.is_shared:
            self.common_prototypes = nn.Parameter(0.1 * torch.randn(n_outputs, self.n_embedding))
            self.common_logits = nn.Parameter(torch.zeros(n_outputs))
            self.log_strength = nn.Parameter(torch.zeros(()))
        self.embedding = find_embedding(body)
        self.image_embedding = find_embedding(body, of_images=True) if self.embedding is None else None

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        n_classes = class_mask.shape[1]
        shares, offset, prior, seen = self._head(support_y, support_weight, class_mask, query_X.dtype)
        head = shares, self.log_scale.exp(), offset
        embedding, logits = self.image_embedding if self.embedding is None else self.embedding, None
        if embedding is not None and not (support_X.requires_grad or query_X.requires_grad):
            # one pass through a body that sees rows one by one
            rows, params = torch.cat([support_X, query_X], 1), self.parameters_of_body.now()
            if embedding is self.image_embedding:
                logits = class_mean_logits_by_kernel(embedding, rows, params, *head)
            else:
                without_last = n_classes < self.n_embedding
                logits = embedded_class_mean_logits(embedding, rows, params, *head, without_last=without_last)
        if logits is None:
            logits = class_mean_logits([torch.cat([self.embed(support_X), self.embed(query_X)], 1)], *head)
        return flat_answers(self._with_prior(logits, prior, seen))

    def learn(self, batch, y, share):
        query_X, class_mask = batch["query_X"], batch["class_mask"]
        embedding, params = self.embedding or self.image_embedding, self.parameters_of_body.now()
        if embedding is None:
            return None
        how = batch["support_y"], batch.get("support_weight"), class_mask, query_X.dtype
        with torch.set_grad_enabled(self.is_shared):  # without common prototypes the scale alone is learned
            shares, offset, prior, seen = self._head(*how)
            scale = 2 * self.log_scale.exp()
        by_kernel = embedding.class_means(params, torch.cat([batch["support_X"], query_X], 1), shares, offset)
        if by_kernel is None:
            return None
        y, share = (value.unflatten(0, query_X.shape[:2]) for value in (y, share))
        prior = None if prior is None else prior.squeeze(1)
        hidden = None if are_all_there(seen) else ~seen
        logits, loss, gradients, of_head = by_kernel.learn(scale, prior, hidden, y.long(), share)
        add_gradients(params, gradients)
        if self.is_shared:
            head = zip((shares, offset, scale, prior), of_head)
            learned = [(value, gradient) for value, gradient in head if value is not None and value.requires_grad]
            torch.autograd.backward(*zip(*learned))
        else:
            add_gradients([self.log_scale], [of_head[2] * scale])
        return flat_answers(logits.transpose(1, 2)), loss

    def _head(self, support_y, support_weight, class_mask, dtype):
        """Each row's share in its class's prototype (T, C, n), and the last three of :meth:`_drawn`."""
        members = one_hot_support(support_y, class_mask.shape[1], support_weight, dtype)
        count, offset, prior, seen = self._drawn(members.sum(-1), class_mask)
        return members / count, offset, prior, seen

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        return sums_of_classes(self.embed(support_X), support_y, class_mask.shape[1], support_weight)

    def adapt_to_sums(self, sums, class_mask=None):
        """Prototypes (T, C, e), their logits' constant terms (T, 1, C) or None, and the classes (T, C) that have rows.

        Beside them the classes' weights and sums of rows, to which ``update`` adds.
        """
        count, total = sums
        drawn_count, offset, prior, seen = self._drawn(count, class_mask)
        prototypes = total / drawn_count
        return prototypes if offset is None else prototypes + offset, prior, seen, count, total, class_mask

    def update(self, state, support_X, support_y, support_weight=None):
        """The state after further rows of classes that have some; the cost does not depend on the rows seen before."""
        _, _, seen, count, total, class_mask = state
        if not seen.gather(1, support_y).all():
            return None
        more, further = self.sums(support_X, support_y, support_weight, class_mask)
        return self.adapt_to_sums((count + more, total + further), class_mask)

    def _drawn(self, count, class_mask):
        """What common prototypes make of the classes' weights (T, C).

        The weights with those of the common rows (T, C, 1), the common rows' part of the prototypes (T, C, e) or None,
        the prior logits (T, 1, C) or None, and the classes that have a prototype (T, C).
        """
        shown, offset = count, None
        if self.is_shared:
            extra, share, places = self._common(class_mask.shape[1])
            count, shown = count + extra, count + extra.sum() * share
        prior, seen, count = None, class_mask & (count > 0), count.clamp(min=1e-12).unsqueeze(-1)
        if self.is_shared:
            offset = extra[:, None] * places / count
        if self.priors:
            prior = torch.log(shown.clamp(min=1e-12) / shown.sum(-1, keepdim=True).clamp(min=1e-12))
            prior = prior[:, None]
        return count, offset, prior, seen

    def _common(self, n_classes):
        """Rows (C,) that the common prototypes stand for, the classes' common shares (C,), the prototypes (C, e).

        A class that came after meta-training has none.
        """
        new = n_classes - self.n_outputs
        extra = nn.functional.pad(self.log_strength.exp().expand(self.n_outputs), (0, new))
        share = nn.functional.pad(self.common_logits.softmax(0), (0, new))
        return extra, share, nn.functional.pad(self.common_prototypes, (0, 0, 0, new))

    def predict(self, state, query_X):
        prototypes, prior, seen = state[:3]
        # |f|^2 is the same for every class and drops out of the softmax, but not out of the distances users see
        return self._with_prior(prototype_logits(prototypes, self.embed(query_X), self.log_scale.exp()), prior, seen)

    def _with_prior(self, logits, prior, seen):
        return hide_absent_classes(logits if prior is None else logits + prior, seen)

    @property
    def single_precision(self):
        return self.embedding is not None

    def answerer(self, state):
        prototypes, prior, seen = (part if part is None else part[0] for part in state[:3])
        weight = 2 * self.log_scale.exp() * prototypes
        bias = -self.log_scale.exp() * prototypes.square().sum(1, keepdim=True)
        bias = bias if prior is None else bias + prior.t()
        # a class without rows is out of reach, whatever the row
        bias = bias.masked_fill(~seen[:, None], -torch.inf)
        return self.embedding.under_a_head(self.parameters_of_body.now(), weight, bias)
