"""Convex heads on a learned body: R2D2 (Bertinetto et al., 2019) and MetaOptNet (Lee et al., 2019)."""

import torch
from torch import nn

from skmeta.learners.base import Learner, flat_answers, hide_absent_classes, one_hot_support
from skmeta.learners.convex import answer_ridge, fit_logistic, fit_ridge, fit_svm

_SVM_STEPS_IN_TRAINING, _SVM_STEPS = 64, 400
#: rows whose features say how strongly a head is to be held at first
_ROWS_SHOWN = 1024


class ConvexHead(Learner):
    """A linear head, fitted to a task's support to the end, on features learned so that this generalises.

    ``W_t = argmin_W l2 / 2 |W - W_0|^2 + sum_i w_i loss(W'phi(x_i), y_i)`` with ``phi`` the body's features and a
    constant 1. The loss is the squared one (R2D2), the multi-class hinge (MetaOptNet) or cross-entropy. ``W_0`` is
    learned where outputs mean the same in every task, and 0 where each task has classes of its own.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    head : {"ridge", "svm", "logistic"}
        Regression takes "ridge".
    l2 : float or "learn"
        "learn" trains its logarithm, from 1 on; where classes are each task's own, "ridge" and "svm" begin at half the
        mean square length of features.
    scale : float or "learn"
        What the head's scores are multiplied with to give logits.

    References
    ----------
    L. Bertinetto, J. Henriques, P. Torr, A. Vedaldi. "Meta-learning with differentiable closed-form solvers".
    ICLR 2019.
    K. Lee, S. Maji, A. Ravichandran, S. Soatto. "Meta-Learning with Differentiable Convex Optimization". CVPR 2019.
    """

    cold_start = True

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification",
        head="ridge", l2="learn", scale="learn",
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs)
        heads = ("ridge", "svm", "logistic") if task_type == "classification" else ("ridge",)
        if head not in heads:
            raise ValueError(f"head must be one of {heads} for {task_type}, got {head!r}.")
        self.task_type, self.head = task_type, head
        self.log_l2 = _log_of(l2)
        # squared errors and hinges are content with scores between 0 and 1, which are no logits yet
        first_scale = {"ridge": 5.0, "svm": 2.0, "logistic": 1.0}[head]
        self.log_scale = _log_of(scale, first_scale) if task_type == "classification" else None
        self.start = None if n_outputs is None else nn.Parameter(torch.zeros(self.n_embedding + 1, n_outputs))

    @torch.no_grad()
    def fit_rows(self, rows):
        """Hold the head, at first, as strongly as the length of features asks for.

        Of so few rows as a class has, one that is hardly held follows all that chance has put there, and training moves
        a logarithm too slowly to find that out. One held like this is as modest as class means are.
        """
        if not self.log_l2.requires_grad or self.n_outputs is not None or self.head == "logistic":
            return
        some = torch.linspace(0, len(rows) - 1, min(len(rows), _ROWS_SHOWN)).long()
        was_training = self.body.training
        features = self.body.eval()(rows[some].to(self.log_l2)).double()
        self.body.train(was_training)
        self.log_l2.copy_(((features.square().sum(1).mean() + 1) / 2).log())

    def features(self, X):
        """phi: (T, n, e + 1)."""
        embedded = self.embed(X)
        return torch.cat([embedded, torch.ones_like(embedded[..., :1])], -1)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        if self.head != "ridge":
            return super().forward(support_X, support_y, query_X, support_weight, class_mask)
        features, start, root = self._problem(support_X, support_y, support_weight, class_mask)
        query, targets = self.features(query_X), self._targets(support_y, class_mask, features)
        offset = None if start is None else features @ start
        scores = answer_ridge(features / root, targets, query / root, support_weight, offset)
        return flat_answers(self._answers(scores if start is None else scores + query @ start, class_mask))

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Weights (T, e + 1, C or k) and the class mask."""
        features, start, root = self._problem(support_X, support_y, support_weight, class_mask)
        offset = None if start is None else features @ start
        targets = self._targets(support_y, class_mask, features)
        W = self._fit(features / root, targets, support_weight, offset, class_mask) / root
        return (W if start is None else W + start), class_mask

    def _problem(self, support_X, support_y, support_weight, class_mask):
        """Features, W_0 or None, and the root of the regularisation: features divided by it make that 1."""
        features = self.features(support_X)
        if support_weight is not None:
            # whatever stands in a padded row must not reach a sum, not even times 0
            features = torch.where(support_weight[..., None] > 0, features, 0)
        n_outputs = support_y.shape[-1] if class_mask is None else class_mask.shape[1]
        return features, self._start(n_outputs), (0.5 * self.log_l2).exp()

    def _targets(self, y, class_mask, features):
        if self.task_type == "regression":
            return y
        return one_hot_support(y, class_mask.shape[1], None, features.dtype).transpose(1, 2)

    def _fit(self, features, targets, weight, offset, class_mask):
        if self.head == "ridge":
            return fit_ridge(features, targets, weight, offset)
        if self.head == "logistic":
            return fit_logistic(features, targets, weight, offset, class_mask)
        # stochastic gradients forgive what the last steps would still change
        steps = _SVM_STEPS_IN_TRAINING if self.training else _SVM_STEPS
        return fit_svm(features, targets, weight, offset, class_mask, max_steps=steps)

    def _start(self, n_outputs):
        """W_0 (e + 1, C); a class that no task had in meta-training starts from the mean of those that did."""
        if self.start is None or n_outputs == self.start.shape[1]:
            return self.start
        new = self.start.mean(1, keepdim=True).expand(-1, n_outputs - self.start.shape[1])
        return torch.cat([self.start, new], 1)

    def predict(self, state, query_X):
        W, class_mask = state
        return self._answers(self.features(query_X) @ W, class_mask)

    def _answers(self, scores, class_mask):
        if self.task_type == "regression":
            return scores
        return hide_absent_classes(self.log_scale.exp() * scores, class_mask)


def _log_of(value, first=1.0):
    learned = value == "learn"
    return nn.Parameter(torch.tensor(float(first if learned else value)).log(), requires_grad=learned)
