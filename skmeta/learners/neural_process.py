"""Conditional neural processes (Garnelo et al., 2018), with or without attention (Kim et al., 2019)."""

import torch
from torch import nn

from skmeta.learners.base import blocks_of_rows
from skmeta.learners.gaussian import GaussianLearner
from skmeta.learners.hyper_net import scarcity

_LEAST_STD = 0.01  # in units of the standardised targets
_SCORES_AT_ONCE = 2**23


class NeuralProcess(GaussianLearner):
    """A network that maps a set of rows with targets, and a query row, to a Gaussian over the query's target.

    Each support row becomes a code of its embedding and target. The decoder is told the query's embedding, the
    weighted mean of the codes, how many rows there were and, with attention, the mean of the codes by how much their
    rows concern this query. The attention always has one further place to look at, which holds what is known without
    any row; weights multiply a row's share of it.

    Parameters
    ----------
    body, n_features_in, n_outputs, likelihood
        See :class:`~skmeta.learners.gaussian.GaussianLearner`.
    attention : bool
        Whether each query row attends to the support rows (attentive) or all see the mean alone (conditional).
    n_hidden : int
        Size of the codes.
    n_heads : int
        Heads of the attention.

    References
    ----------
    M. Garnelo et al. "Conditional Neural Processes". ICML 2018.
    H. Kim et al. "Attentive Neural Processes". ICLR 2019.
    """

    cold_start = True

    def __init__(self, body, n_features_in, n_outputs=None, *, likelihood=True, attention=True, n_hidden=64, n_heads=4):
        super().__init__(body, n_features_in, n_outputs, likelihood=likelihood)
        if n_hidden % n_heads:
            raise ValueError(f"n_hidden={n_hidden} must be a multiple of n_heads={n_heads}.")
        self.attention, self.n_heads = attention, n_heads
        n_embedding = self.n_embedding
        self.encode = _mlp(n_embedding + n_outputs, n_hidden, n_hidden)
        self.nothing = nn.Parameter(torch.zeros(n_hidden))
        if attention:
            self.to_query, self.to_key = nn.Linear(n_embedding, n_hidden), nn.Linear(n_embedding, n_hidden)
            self.to_value = nn.Linear(n_hidden, n_hidden)
            self.no_key = nn.Parameter(torch.zeros(n_hidden))
        n_context = n_hidden * (2 if attention else 1) + 1
        self.decode = _mlp(n_embedding + n_context, n_hidden, 2 * n_outputs)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """Mean code (T, 1, h), number of rows (T, 1, 1) and, for the attention, keys, values, log-weights."""
        embedded = self.embed(support_X)
        weight = embedded.new_ones(embedded.shape[:2]) if support_weight is None else support_weight
        is_row = weight[..., None] > 0
        # what a padded row holds is no number of ours: it must not even be multiplied with 0
        embedded = torch.where(is_row, embedded, 0)
        codes = self.encode(torch.cat([embedded, torch.where(is_row, support_y, 0)], dim=-1))
        total = weight.sum(1)[:, None, None]
        mean = (weight[:, None] @ codes) / total.clamp(min=1e-12)
        mean = torch.where(total > 0, mean, self.nothing)
        if not self.attention:
            return mean, total
        nothing = self.nothing.expand(len(codes), 1, -1)
        keys = torch.cat([self.no_key.expand(len(codes), 1, -1), self.to_key(embedded)], dim=1)
        values = self.to_value(torch.cat([nothing, codes], dim=1))
        log_weight = torch.cat([weight.new_zeros(len(codes), 1), weight.log()], dim=1)
        return mean, total, keys, values, log_weight

    def predict_gaussian(self, state, query_X):
        mean, total, *rows = state
        embedded = self.embed(query_X)
        n_context_rows = rows[0].shape[1] if rows else 1
        block = _SCORES_AT_ONCE // (len(embedded) * self.n_heads * n_context_rows)
        outputs = [self._decode(part, mean, total, rows) for part in blocks_of_rows(embedded, block)]
        target, raw = torch.cat(outputs, dim=1).chunk(2, dim=-1)
        return target, (_LEAST_STD + nn.functional.softplus(raw)) ** 2

    def _decode(self, embedded, mean, total, rows):
        context = [mean, scarcity(total)]
        context = [part.expand(-1, embedded.shape[1], -1) for part in context]
        if self.attention:
            context.append(self._attend(self.to_query(embedded), *rows))
        return self.decode(torch.cat([embedded, *context], dim=-1))

    def _attend(self, queries, keys, values, log_weight):
        queries, keys, values = (
            part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in (queries, keys, values)
        )
        scores = queries @ keys.transpose(2, 3) / keys.shape[-1] ** 0.5 + log_weight[:, None, None]
        return (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)


def _mlp(n_in, n_hidden, n_out):
    return nn.Sequential(
        nn.Linear(n_in, n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, n_out),
    )
