"""Relation networks (Sung, Yang, Zhang, Xiang, Torr & Hospedales, 2018)."""

import torch
from torch import nn

from skmeta.learners.base import Learner, blocks_of_rows, hide_absent_classes, one_hot_support
from skmeta.learners.soft_neighbours import squared_distances

_CELLS_AT_ONCE = 2**22


class RelationNet(Learner):
    """A learned comparison: a small network looks at a row and at a class and says how related they are.

    The class is the weighted mean of its embedded support rows (the paper's sum, were the shots always the same), the
    relation ``r = sigmoid(u(f(x), p_c))``. Logits are the ``u``.

    ``u`` is what the network says of the pair less their squared distance, times a learned scale; in the paper it is
    the network alone. Such a one has to find out first that rows of a class are alike. This one begins as class means
    do, since the network's last layer begins at 0, and learns what there is beyond.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    n_hidden : int
        Width of the two hidden layers of the relation network.
    loss : {"cross_entropy", "mse"}
        The net's own criterion on the logits, or the squared error of the relations, as in the paper.

    References
    ----------
    F. Sung, Y. Yang, L. Zhang, T. Xiang, P. Torr, T. Hospedales. "Learning to Compare: Relation Network for Few-Shot
    Learning". CVPR 2018.
    """

    task_type = "classification"

    def __init__(self, body, n_features_in, n_outputs=None, *, n_hidden=64, loss="cross_entropy"):
        super().__init__(body, n_features_in, n_outputs)
        if loss not in ("cross_entropy", "mse"):
            raise ValueError(f"loss must be 'cross_entropy' or 'mse', got {loss!r}.")
        self.loss, self.n_hidden = loss, n_hidden
        # the first layer of the concatenated pair is the sum of two layers, each computed once per row or class
        self.of_class = nn.Linear(self.n_embedding, n_hidden)
        self.of_row = nn.Linear(self.n_embedding, n_hidden, bias=False)
        self.relate = nn.Sequential(nn.ReLU(), nn.Linear(n_hidden, n_hidden), nn.ReLU(), nn.Linear(n_hidden, 1))
        nn.init.zeros_(self.relate[-1].weight)
        self.log_scale = nn.Parameter(-torch.tensor(float(self.n_embedding)).log())

    def relation(self, rows, classes):
        """u (T, m, C) of points (T, m, e) and (T, C, e)."""
        pairs = self.of_row(rows)[:, :, None] + self.of_class(classes)[:, None]
        return self.relate(pairs)[..., 0] - self.log_scale.exp() * squared_distances(rows, classes)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Classes' points (T, C, e), which of them have rows (T, C), the support's points (T, n, e) and weights."""
        points = self.embed(support_X)
        if support_weight is None:
            support_weight = torch.ones_like(points[..., 0])
        points = torch.where(support_weight[..., None] > 0, points, 0)
        members = one_hot_support(support_y, class_mask.shape[1], support_weight, points.dtype)
        count = members.sum(-1)
        means = members @ points / count.clamp(min=1e-12)[..., None]
        return means, class_mask & (count > 0), points, support_weight

    def predict(self, state, query_X):
        classes, seen, _, _ = state
        return hide_absent_classes(self._in_blocks(query_X, classes), seen)

    def neighbour_distances(self, state, query_X):
        """(T, m, n): minus the logarithm of the relation to each support row, were it a class alone."""
        _, _, points, weight = state
        distance = nn.functional.softplus(-self._in_blocks(query_X, points))
        return distance.masked_fill((weight <= 0)[:, None], torch.inf)

    def _in_blocks(self, query_X, classes):
        size = max(1, _CELLS_AT_ONCE // max(classes.shape[0] * classes.shape[1] * self.n_hidden, 1))
        if torch.is_grad_enabled():
            size = max(query_X.shape[1], 1)
        return torch.cat([self.relation(self.embed(rows), classes) for rows in blocks_of_rows(query_X, size)], 1)

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        logits = super().forward(support_X, support_y, query_X, support_weight, class_mask)
        return logits if self.loss == "cross_entropy" else (logits, torch.isfinite(logits))

    def training_loss(self, criterion, logits, exists, y):
        """Squared errors of the relations: 1 to the row's class, 0 to the others that exist."""
        y = y.to(logits.device)
        exists = exists & (y >= 0)[:, None]
        related = torch.arange(logits.shape[1], device=y.device) == y[:, None]
        error = (torch.where(exists, logits, 0).sigmoid() - related.to(logits.dtype)) ** 2
        return torch.where(exists, error, 0).sum() / exists.sum().clamp(min=1)
