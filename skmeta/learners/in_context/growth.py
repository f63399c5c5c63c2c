"""Further support rows for a task that has been encoded, at the price of these rows.

The experts' systems grow by rank updates, which are exact for the metric, the widths and the centre they have; the new
rows' keys and values are computed from the encoded support and appended. What is measured on all rows together stays
as the encoding left it: means, ranks and relevance of the columns, the order of classes, the induced points of each
column, how far each expert is trusted, and what old rows made of each other. So the answers are close to those of a new
encoding, not equal to them.
"""

import torch

from skmeta.learners.experts import extend_experts, score_queries
from skmeta.learners.in_context import table_views as views


class GrowingSupport:
    """The part of an in-context learner that extends its state; the old state stays as it is."""

    @torch.no_grad()
    def extend(self, state, X, y, weight=None):
        """``state`` with the rows X (T, k, d), y (T, k, ...) added; several calls with parts equal one with all, up to
        rounding, as every new row looks at the encoded rows only."""
        X = self.body(X)
        if weight is not None and state.get("unit") is not None:
            weight = weight / state["unit"]
        weight = self._weight(X, weight)
        parts = state["parts"]
        hands = [slice(i, None, len(parts)) for i in range(len(parts))]
        grown = [
            self._extend_part(part, X[:, rows], y[:, rows], weight[:, rows]) if rows.start < X.shape[1] else part
            for part, rows in zip(parts, hands)
        ]
        if "dealt" not in state:
            return {**state, "parts": grown}
        n = state["n"] + X.shape[1]
        new = torch.arange(state["n"], n, device=X.device).expand(len(X), -1)
        dealt = [torch.cat([old, new[:, rows]], 1) for old, rows in zip(state["dealt"], hands)]
        return {**state, "parts": grown, "dealt": dealt, "n": n}

    def _extend_part(self, state, X, y, weight):
        encoded = state.get("encoded")
        if encoded is None:
            n = state["rows"][0].shape[3]
            encoded = {"experts": state["experts"], "n": n, "sharpness": state["sharpness"], "bias": state["bias"]}
        X, Y, weight = self._targets_of(state, X, y, weight)
        recoded = self._recode(state, X)
        seen, wide = self._see(state, recoded)
        scores = score_queries(encoded["experts"], *wide)
        labels = self._embedded_labels(state, Y, scores)
        keys = self._keys_of_labelled(state, encoded, seen, self._expert_input(state, scores), *labels)
        total = state["log_rows"].exp() + weight.sum(1)[:, None, None, None]
        bias = state["bias"]
        if bias is not None or bool((weight != 1).any()):
            old = weight.new_zeros(len(X), 1, 1, state["rows"][0].shape[3]) if bias is None else bias
            bias = torch.cat([old, weight.log()[:, None, None]], 3)
        if "tuned" in state:
            straight = views.straight_view(state["columns"], state["plan"], recoded)
            state = state | {"tuned": self._extend_tuned(state, straight, wide[1], Y, weight)}
        return {
            **state,
            "encoded": encoded,
            "experts": extend_experts(state["experts"], *wide, Y, weight),
            "rows": [torch.cat(pair, 3) for pair in zip(state["rows"], keys)],
            **self._sized(total.log()),
            "bias": bias,
        }

    def _keys_of_labelled(self, state, encoded, seen, expert_input, label_cell, label_row):
        """The keys and values that labelled rows would have, had they been in the support and nobody had looked."""
        rows = self._enter_rows(state, seen, expert_input, label_cell, label_row)
        keys = []
        for block, keys_values, sharpness in zip(self.row_blocks, state["rows"], encoded["sharpness"]):
            keys.append(block.fit(rows))
            if block is not self.row_blocks[-1]:
                rows = block.read(rows, keys_values[..., : encoded["n"], :], encoded["bias"], sharpness)
        return keys
