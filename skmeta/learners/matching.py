"""Matching networks (Vinyals, Blundell, Lillicrap, Kavukcuoglu & Wierstra, 2016)."""

import torch
from torch import nn

from skmeta.learners.soft_neighbours import SoftNeighbours


class MatchingNet(SoftNeighbours):
    """Attention over the support: a class's probability is the attention that its rows receive.

    ``a_i = softmax_i(-s D(f(x), g(x_i)))`` with D one minus the cosine, or the squared distance. With ``full_context``
    a support row's point depends on the other support rows (a bidirectional LSTM reads them in their order) and a
    query row's on the support (``reading_steps`` rounds of attention).

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    metric : {"cosine", "l2"}
    scale : float or "learn"
        s, the inverse temperature. Cosines alone, without it, can never make a confident answer.
    full_context : bool
    reading_steps : int

    References
    ----------
    O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu, D. Wierstra. "Matching Networks for One Shot Learning".
    NeurIPS 2016.
    """

    task_type = "classification"

    def __init__(
        self,
        body,
        n_features_in,
        n_outputs=None,
        *,
        metric="cosine",
        scale="learn",
        full_context=False,
        reading_steps=3,
    ):
        if metric not in ("cosine", "l2"):
            raise ValueError(f"metric must be 'cosine' or 'l2', got {metric!r}.")
        metric = "euclidean" if metric == "l2" else metric
        super().__init__(body, n_features_in, n_outputs, metric=metric, scale=scale)
        self.full_context, self.reading_steps = full_context, reading_steps
        if full_context:
            self.forwards = nn.LSTMCell(self.n_embedding, self.n_embedding)
            self.backwards = nn.LSTMCell(self.n_embedding, self.n_embedding)
            self.reader = nn.LSTMCell(self.n_embedding, 2 * self.n_embedding)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """As soft neighbours; with full context the points are those of rows that have read each other."""
        points, *rest = super().adapt(support_X, support_y, support_weight, class_mask)
        if self.full_context:
            exists = rest[1][..., None] > -torch.inf
            order = range(points.shape[1])
            forwards = self._read(self.forwards, points, exists, order)
            points = points + forwards + self._read(self.backwards, points, exists, reversed(order))
        return points, *rest

    def _read(self, cell, points, exists, order):
        """(T, n, e) hidden states of an LSTM over the support rows; a row that does not exist is passed over."""
        hidden = memory = torch.zeros_like(points[:, 0]) if points.shape[1] else None
        states = [None] * points.shape[1]
        for i in order:
            new_hidden, new_memory = cell(points[:, i], (hidden, memory))
            hidden = torch.where(exists[:, i], new_hidden, hidden)
            memory = torch.where(exists[:, i], new_memory, memory)
            states[i] = torch.where(exists[:, i], hidden, 0)
        return torch.stack(states, 1) if states else points

    def query_points(self, state, query_X):
        """Points (T, m, e) of query rows, after reading the support where there is full context."""
        embedded = self.embed(query_X)
        if not self.full_context:
            return embedded
        points, _, log_weight, _ = state
        shape, size = embedded.shape, self.n_embedding
        hidden, read = embedded, torch.zeros_like(embedded)
        memory = torch.zeros(shape[0] * shape[1], 2 * size, dtype=embedded.dtype, device=embedded.device)
        for _ in range(self.reading_steps):
            both = torch.cat([hidden, read], -1).flatten(0, 1)
            out, memory = self.reader(embedded.flatten(0, 1), (both, memory))
            hidden = out[:, :size].view(shape) + embedded
            attention = torch.softmax(hidden @ points.transpose(1, 2) + log_weight[:, None], -1)
            read = attention @ points
        return hidden
