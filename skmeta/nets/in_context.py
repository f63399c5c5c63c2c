"""Pieces of the in-context transformer: every block is *fitted* on support rows and then *reads* any rows.

``fit`` returns the keys and values of the support (already projected), so that later queries cost themselves only
and can never see each other. Support weights enter the attention as ``log w``: a row of weight 0 is not attended to,
a row of weight 2 counts as two.

References
----------
Hollmann et al. (2023), TabPFN; Qu et al. (2025), TabICL; Lee et al. (2019), Set Transformer (induced attention);
Nakanishi (2025), Scalable-Softmax.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from skmeta.nets.tracing import is_traced

PLAIN_ATTENTION_KEYS = 160  # two batched products beat the fused CPU kernel for short sequences
CACHED_ROWS = 96  # more rows of cells at once, and their intermediate results leave a processor's cache


class Norm(nn.Module):
    """Layer normalisation with a gain and no shift (fused on every torch this library supports)."""

    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.gain)


class Attention(nn.Module):
    """Multi-head attention whose keys and values are computed apart from the queries.

    With ``scalable`` the scores grow with the logarithm of the number of (weighted) keys, so that attention stays as
    sharp over 1,000 support rows as over 100.
    """

    def __init__(self, width, heads, scalable=False):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.out.weight, std=0.5 / math.sqrt(width))
        self.growth = nn.Parameter(torch.zeros(heads)) if scalable else None

    def keys_values(self, context):
        """(B, m, width) to (B, 2, heads, m, width / heads)."""
        B, m, width = context.shape
        return self.key_value(context).view(B, m, 2, self.heads, width // self.heads).permute(0, 2, 3, 1, 4)

    def sharpness(self, log_keys):
        """(B, heads, 1, 1): factors of the scores of so many keys, by the logarithm (B, 1, 1, 1) of their number."""
        return 1 + self.growth.view(1, -1, 1, 1) * (log_keys - 4.5)

    def forward(self, x, keys_values, bias=None, sharpness=None):
        """``bias`` (B, 1, 1, m) is added to the scores, which are multiplied by ``sharpness`` (B, heads, 1, 1)."""
        B, n, width = x.shape
        query = F.linear(x, self.query.weight).view(B, n, self.heads, width // self.heads).transpose(1, 2)
        key, value = keys_values.unbind(1)
        if sharpness is not None:
            query = query * sharpness
        if key.shape[2] <= PLAIN_ATTENTION_KEYS:
            # keys lie row by row: columns of an odd number of them would be aligned differently for every row
            scores = (query * query.shape[-1] ** -0.5) @ key.contiguous().transpose(-1, -2)
            mixed = (scores if bias is None else scores + bias).softmax(-1) @ value
        else:
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return F.linear(mixed.transpose(1, 2).flatten(2), self.out.weight)

    def fold(self, keys_values):
        """The projections of queries and answers multiplied into keys (B, width, heads * m) and values (B, heads * m,
        width).

        Worth it where keys are few and queries many: :meth:`read_folded` takes two products instead of four.
        """
        key, value = keys_values.unbind(1)
        ask = self.query.weight.view(self.heads, -1, key.shape[1] * key.shape[3]) * key.shape[-1] ** -0.5
        answer = self.out.weight.t().reshape(ask.shape)
        return (key @ ask).flatten(1, 2).transpose(1, 2), (value @ answer).flatten(1, 2)

    def read_folded(self, x, keys, values):
        """The attention of rows x (B, n, width) to folded keys and values."""
        scores = x @ keys
        return scores.view(*x.shape[:2], self.heads, -1).softmax(-1).view(scores.shape) @ values


class FeedForward(nn.Module):
    """Two layers around a squared ReLU (a third of the cost of a GELU on a CPU)."""

    def __init__(self, width, hidden):
        super().__init__()
        self.rise, self.fall = nn.Linear(width, hidden), nn.Linear(hidden, width)
        nn.init.normal_(self.fall.weight, std=0.5 / math.sqrt(hidden))
        nn.init.zeros_(self.fall.bias)

    def forward(self, x):
        rise, fall = self.rise, self.fall
        return F.linear(F.linear(x, rise.weight, rise.bias).relu().square(), fall.weight, fall.bias)


class CellBlock(nn.Module):
    """Cells look down their column through a few induced points, then along their row.

    The cost is linear in rows: the induced points gather from the support's cells of a column, and every cell reads
    from the points alone. The first ``n_summary`` tokens of each row belong to no column; they only look along the row.

    Shapes: cells (T, n, n_summary + d, width); what :meth:`fit` gathers, a pair of (T * d, heads * points, width).
    """

    def __init__(self, width, heads, n_points, n_summary, expansion=2):
        super().__init__()
        self.n_summary = n_summary
        self.points = nn.Parameter(torch.randn(n_points, width) * 0.5)
        self.gather, self.gather_norm = Attention(width, heads, scalable=True), Norm(width)
        self.scatter, self.column_norm = Attention(width, heads), Norm(width)
        self.along, self.row_norm = Attention(width, heads), Norm(width)
        self.feed, self.feed_norm = FeedForward(width, expansion * width), Norm(width)

    def _columns(self, cells):
        """(T * d, n, width), of one task without a copy."""
        return self.column_norm(cells[:, :, self.n_summary :]).transpose(1, 2).flatten(0, 1)

    def fit(self, cells, bias=None, log_rows=None):
        """Folded keys and values of each column's points; ``bias`` (T, 1, 1, n), ``log_rows`` (T, 1, 1, 1)."""
        d = cells.shape[2] - self.n_summary
        columns = self._columns(cells)
        points = self.points.expand(columns.shape[0], -1, -1)
        bias = None if bias is None else bias.repeat_interleave(d, 0)
        sharpness = self.gather.sharpness(log_rows.repeat_interleave(d, 0))
        gathered = self.gather(points, self.gather.keys_values(columns), bias, sharpness)
        return self.scatter.fold(self.scatter.keys_values(self.gather_norm(points + gathered)))

    def read(self, cells, keys, values, summary_only=False):
        """Updated cells; with ``summary_only`` just the summary tokens, which is all that is left of the last block."""
        T, n, t, width = cells.shape
        if not (is_traced() or torch.is_grad_enabled()) and n > CACHED_ROWS:
            parts = [self.read(rows, keys, values, summary_only) for rows in cells.split(CACHED_ROWS, 1)]
            return torch.cat(parts, 1)
        read = self.scatter.read_folded(self._columns(cells), keys, values)
        read = read.view(T, t - self.n_summary, n, width).transpose(1, 2)
        cells = torch.cat([cells[:, :, : self.n_summary], cells[:, :, self.n_summary :] + read], 2)
        cells = cells.view(T * n, t, width)
        rows = self.row_norm(cells)
        kept = slice(self.n_summary if summary_only else t)
        cells = cells[:, kept] + self.along(rows[:, kept], self.along.keys_values(rows))
        cells = cells + self.feed(self.feed_norm(cells))
        return cells.view(T, n, -1, width)


class RowBlock(nn.Module):
    """A transformer layer over rows: all rows attend to the support rows."""

    def __init__(self, width, heads, expansion=2):
        super().__init__()
        self.attend, self.row_norm = Attention(width, heads, scalable=True), Norm(width)
        self.feed, self.feed_norm = FeedForward(width, expansion * width), Norm(width)

    def fit(self, rows):
        return self.attend.keys_values(self.row_norm(rows))

    def read(self, rows, keys_values, bias=None, sharpness=None):
        rows = rows + self.attend(self.row_norm(rows), keys_values, bias, sharpness)
        return rows + self.feed(self.feed_norm(rows))


class Head(nn.Module):
    """One hidden layer from row vectors to outputs; it starts near zero, so the experts speak first."""

    def __init__(self, width, n_outputs):
        super().__init__()
        self.norm, self.hidden, self.out = Norm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, n_outputs)
        nn.init.normal_(self.out.weight, std=0.01)
        nn.init.zeros_(self.out.bias)

    def forward(self, rows):
        return self.out(F.relu(self.hidden(self.norm(rows))).square())
