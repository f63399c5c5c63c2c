"""A meta-trained transformer that reads a support table and answers its queries, on top of closed-form experts.

References
----------
Müller, Hollmann, Pineda Arango, Grabocka, Hutter (2022). Transformers can do Bayesian inference. ICLR.
Hollmann, Müller, Eggensperger, Hutter (2023). TabPFN. ICLR.
Qu, Holzmüller, Varoquaux, Le Morvan (2025). TabICL. ICML.
"""

import math

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from skmeta.learners.base import Learner
from skmeta.learners.experts import N_READ, fit_experts, score_queries, support_contributions
from skmeta.learners.in_context import table_views as views
from skmeta.learners.in_context.growth import GrowingSupport
from skmeta.learners.in_context.support_rows import deal_out, expert_quality, relative_weight, with_targets_axis
from skmeta.nets.in_context import CellBlock, Head, RowBlock
from skmeta.nets.tracing import is_traced
from skmeta.threads import one_thread

MAX_SUPPORT = 1024  # rows solved together at most; larger supports are dealt out to several parts
BLOCK_ROWS = 528  # queries that are answered at once, which bounds memory
FEW_ROWS = 48  # queries whose cells nobody else reads: the precision of a small support costs them nothing
N_TASK_FACTS = 5 + N_READ
SMALL_WORK = 20_000  # cells of a task that one thread looks at alone


class InContextLearner(GrowingSupport, Learner):
    """What classification and regression share: views, experts, cells to rows, rows to rows.

    A support is encoded once: column statistics, the experts' dual coefficients, each column's induced points, and
    the keys and values of the support rows. Columns are put in the order of their relevance first, so that the
    answer does not depend on the order they came in.

    A support of more than 1024 rows is dealt out, row by row in the order of its targets, to equal parts of 512
    to 768. The first ``most_parts`` are encoded, so time and memory are bounded; their answers are averaged.

    Parameters
    ----------
    body : torch module or None
        Embeds rows before anything else looks at them; None, or an identity, reads the columns as they are.
    n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`; nothing here depends on them.
    weights : path or None
        A safetensors file with meta-trained weights.
    categorical : sequence of bool or None
        Which columns hold codes of categories, in every task.
    cell_width, cell_heads, n_points, n_cell_blocks, n_summary : int
        The stage over cells: induced points per column, summary tokens per row.
    row_width, row_heads, n_row_blocks : int
        The stage over rows.
    n_neighbours : int
        Columns read together in one cell.
    max_columns : int
        The stage over cells reads so many of the most relevant columns; the experts always read all.
    """

    def __init__(
        self,
        body=None,
        n_features_in=None,
        n_outputs=None,
        *,
        weights=None,
        categorical=None,
        cell_width=32,
        cell_heads=2,
        n_points=16,
        n_cell_blocks=2,
        n_summary=4,
        row_width=128,
        row_heads=4,
        n_row_blocks=4,
        n_neighbours=3,
        max_columns=100,
    ):
        nn.Module.__init__(self)  # the size of a trial embedding, which the base class looks for, is of no use here
        self.body = nn.Identity() if body is None else body
        self.n_outputs = n_outputs
        self.categorical = None if categorical is None or not any(categorical) else tuple(map(bool, categorical))
        self.max_columns = max_columns
        self.reader = None  # another learner that reads the cells of queries for this one, in its own precision
        self.n_neighbours = n_neighbours
        self.encode_cell = nn.Linear(5 * n_neighbours, cell_width)  # of each neighbour three views and two facts
        self.summary = nn.Parameter(torch.randn(n_summary, cell_width) * 0.3)
        self.cell_blocks = nn.ModuleList(
            CellBlock(cell_width, cell_heads, n_points, n_summary) for _ in range(n_cell_blocks)
        )
        self.to_row = nn.Linear(n_summary * cell_width, row_width)
        self.skip = nn.Parameter(torch.randn(max_columns, row_width))
        self.from_experts = nn.Linear(self._n_expert_inputs, row_width)
        self.from_facts = nn.Linear(N_TASK_FACTS, row_width)
        self.row_blocks = nn.ModuleList(RowBlock(row_width, row_heads) for _ in range(n_row_blocks))
        self.head = Head(row_width, self._n_head_outputs)
        self.gate = nn.Linear(row_width, N_READ + 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.trust = nn.Parameter(torch.tensor(8.0))
        self._make_label_embeddings(cell_width, row_width)
        if weights is not None:
            self.load_state_dict(load_file(weights), strict=False)  # a body has weights of its own

    # ---------------------------------------------------------------- the learner's interface

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None, categorical=None):
        """Encode supports, NaN where a cell is missing; ``categorical`` (T, d) bool marks columns of codes."""
        support_X = self.body(support_X)
        if categorical is None and self.categorical is not None:
            flags = torch.tensor(self.categorical, device=support_X.device)
            categorical = flags.expand(len(support_X), -1)
        weight, unit = self._weight(support_X, support_weight), None
        if support_weight is not None:
            weight, unit = relative_weight(support_weight)
            weight = weight.to(self.summary.dtype)
        parts = deal_out(support_y, weight, MAX_SUPPORT, self.most_parts)
        small = not self.training and support_X.device.type == "cpu" and support_X[0].numel() <= SMALL_WORK
        with one_thread(when=small):
            return self._adapt_parts(parts, support_X, support_y, weight, class_mask, categorical) | {"unit": unit}

    def _adapt_parts(self, parts, support_X, support_y, weight, class_mask, categorical):
        if parts is None:
            return {"parts": [self._adapt_part(support_X, support_y, weight, class_mask, categorical)]}
        states = []
        for rows in parts:
            both = support_X, with_targets_axis(support_y)
            X, y = (v.gather(1, rows[..., None].expand(-1, -1, v.shape[2])) for v in both)
            y = y.view(*rows.shape, *support_y.shape[2:])
            states.append(self._adapt_part(X, y, weight.gather(1, rows), class_mask, categorical, beside_trees=True))
        return {"parts": states, "dealt": parts, "n": weight.shape[1]}

    @torch.no_grad()
    def explain_rows(self, state, query_X):
        """What each support row adds to the experts' score of a query, (T, m, n, C); see
        :func:`~skmeta.learners.experts.support_contributions`. Parts are averaged like their answers."""
        query_X = self.body(query_X)
        pieces = [self._explain_part(part, query_X) / len(state["parts"]) for part in state["parts"]]
        joined = torch.cat(pieces, 2)
        if "dealt" not in state:
            return joined
        places = torch.cat(state["dealt"], 1).repeat_interleave(len(joined) // len(state["dealt"][0]), 0)
        whole = joined.new_zeros(*joined.shape[:2], state["n"], joined.shape[3])
        return whole.scatter(2, places[:, None, :, None].expand_as(joined), joined)

    def _explain_part(self, state, X):
        X = self._recode(state, X.repeat_interleave(state.get("n_targets", 1), 0))
        seen, wide = self._see(state, X)
        rows = self._read_stages(state, seen, self._expert_input(state, score_queries(state["experts"], *wide)))
        share, _ = self._gate(rows, state["quality"])
        return support_contributions(state["experts"], *wide, share)

    @torch.no_grad()
    def ask_others(self, state, X, rows):
        """Parts of a support that is dealt out answer rows X (T, m, d) of it that they have not read themselves.

        ``rows`` (T, m) are the places of these rows in the support.
        """
        read = torch.stack([(rows[..., None] == dealt[:, None]).any(2) for dealt in state["dealt"]], 2)
        share = (~read).to(self.trust.dtype)
        return self._joined(self._answer(state, X), share / share.sum(2, keepdim=True))

    def _answer(self, state, query_X):
        """The answers of all parts; in use (no gradients) in blocks. A row's answer is the same, up to rounding,
        however many rows are asked together."""
        query_X = self.body(query_X)
        if torch.is_grad_enabled() or is_traced():
            return [self._answer_part(part, query_X) for part in state["parts"]]
        with one_thread(when=query_X.device.type == "cpu" and query_X[0].numel() <= SMALL_WORK):
            blocks = query_X.split(BLOCK_ROWS, dim=1)
            return [torch.cat([self._answer_part(part, rows) for rows in blocks], 1) for part in state["parts"]]

    # ---------------------------------------------------------------- the support's eyes

    def _weight(self, X, weight):
        """Row weights in the precision of the network; all ones where none are given."""
        ones = self.summary.new_ones(X.shape[:2])
        return ones if weight is None else weight.to(ones.dtype)

    def _fit_experts(self, X, Y, weight, categorical):
        """Look at the rows, and fit the experts to their one-hot labels or targets Y (T, n, C).

        What :meth:`_look` returns, and the experts' answers to rows left out.
        """
        X, state, seen, wide = self._look(X, weight, categorical)
        state["experts"], left_out = fit_experts(*wide, Y, weight, state["plan"]["varies"].to(weight.dtype))
        state.update(self._fit_cells(state, categorical))
        state["quality"] = expert_quality(left_out, Y, weight)
        return X, state, seen, wide, left_out

    def _look(self, X, weight, categorical):
        """Number the categories anew and measure the columns, in the precision of ``X``: the cells, the state so far,
        the columns as they are seen, and as the experts see them."""
        codes = None
        weight = weight.to(X.dtype)
        if categorical is not None and bool(categorical.any()):
            codes = (views.fit_codes(X, weight, categorical), categorical)
            X = views.recode(*codes, X)
        columns = views.fit_columns(X, weight)
        state = {"codes": codes, "columns": columns, "plan": views.plan_expansion(columns, X, weight, categorical)}
        return X, state, *self._see(state, X)

    def _see(self, state, X):
        """Recoded rows in the precision of the weights: z-scores, ranks and missing cells (T, m, d, 3), and of the
        expanded columns z-scores and ranks."""
        z, u = (view.to(self.trust.dtype) for view in views.view_columns(state["columns"], X))
        return torch.stack([z, u, torch.isnan(X).to(z.dtype)], -1), views.expand(state["plan"], X, z, u)

    def _recode(self, state, X):
        return X if state["codes"] is None else views.recode(*state["codes"], X)

    def _fit_cells(self, state, categorical):
        """Choose and order the columns by relevance; which are read together in a cell, and what it is told of them."""
        relevance = state["experts"]["relevance"]
        total = torch.zeros_like(state["columns"]["mean"][:, 0], dtype=relevance.dtype)
        total = total.scatter_add(1, state["plan"]["source"], relevance)
        order = views.falling_order(total)[:, : self.max_columns]
        facts = [torch.log(total.gather(1, order) + 0.05)]
        if categorical is None:
            facts.append(torch.zeros_like(facts[0]))
        else:
            facts.append(categorical.gather(1, order).to(facts[0].dtype))
        d = order.shape[1]
        places = torch.arange(d, device=order.device)
        near = torch.stack([(places + 2**k - 1) % d for k in range(self.n_neighbours)], 1).flatten()
        return {"neighbours": order[:, near], "facts": torch.stack(facts, -1)[:, near].unflatten(1, (d, -1))}

    def _near(self, state, seen):
        """Rows as they are seen (T, m, d, k, 3): of each column that is read, by falling relevance, its neighbours, of
        which it is the first."""
        near = seen.gather(2, state["neighbours"][:, None, :, None].expand(-1, seen.shape[1], -1, seen.shape[3]))
        return near.view(*seen.shape[:2], -1, self.n_neighbours, seen.shape[3])

    def _of_views_and_facts(self):
        """The weights of ``encode_cell`` for what is seen of a cell, and for the facts of its columns."""
        weight = self.encode_cell.weight.view(len(self.encode_cell.weight), self.n_neighbours, -1)
        return weight[..., :3].flatten(1), weight[..., 3:].flatten(1)

    def _cells(self, state, near, label_cell=None):
        """Tokens of rows, (T, m, n_summary + d, e): the summary's, and one for each column."""
        T, m, _ = near.shape[:3]
        of_views = self._of_views_and_facts()[0]
        cells = F.linear(near.to(of_views.dtype).flatten(3), of_views) + state["told"].to(of_views.dtype)
        if label_cell is not None:
            cells = cells + label_cell[:, :, None].to(cells.dtype)
        return torch.cat([self.summary.expand(T, m, -1, -1), cells], 2)

    def _to_rows(self, summary, near, state):
        """Row vectors, of what the stage over cells makes of rows and, past it, of their z-scores."""
        z = near[..., 0, 0]
        return self.to_row(summary.flatten(2)) + z @ (self.skip[: z.shape[2]] / math.sqrt(z.shape[2])) + state["task"]

    # ---------------------------------------------------------------- the two stages

    def _fit_stages(self, state, seen, weight, label_cell, label_row, expert_input, task_facts):
        """Encode the support and cache what queries read; returns nothing, fills ``state``."""
        bias = None
        if bool((weight != 1).any()):
            bias = weight.log()[:, None, None]
        log_rows = weight.sum(1).clamp(min=1).log()[:, None, None, None]
        state["task"] = self.from_facts(task_facts)[:, None]
        of_facts = self._of_views_and_facts()[1]
        state["told"] = F.linear(state["facts"].flatten(2), of_facts, self.encode_cell.bias)[:, None]
        near = self._near(state, seen)
        cells = self._cells(state, near, label_cell)
        state["cells"] = []
        for block in self.cell_blocks:
            state["cells"].append(block.fit(cells, bias, log_rows))
            cells = block.read(cells, *state["cells"][-1], summary_only=block is self.cell_blocks[-1])
        rows = self._to_rows(cells, near, state) + label_row + self.from_experts(expert_input)
        state |= {"bias": bias, "rows": [], **self._sized(log_rows)}
        for block, sharpness in zip(self.row_blocks, state["sharpness"]):
            state["rows"].append(block.fit(rows))
            if block is not self.row_blocks[-1]:  # nobody reads what the last one makes of the support
                rows = block.read(rows, state["rows"][-1], bias, sharpness)

    def _sized(self, log_rows):
        """The number of rows, given by its logarithm (T, 1, 1, 1), decides how sharply each block attends to them."""
        return {"log_rows": log_rows, "sharpness": [block.attend.sharpness(log_rows) for block in self.row_blocks]}

    def _enter_rows(self, state, seen, expert_input, label_cell=None, label_row=None):
        """Row vectors before the stage over rows, by the cached stage over cells; with labels or without."""
        near = self._near(state, seen)
        reader = self if self.reader is None or seen.shape[1] < FEW_ROWS else self.reader
        summary = reader._read_cells(state, near, label_cell).to(seen.dtype)
        rows = self._to_rows(summary, near, state) + self.from_experts(expert_input)
        return rows if label_row is None else rows + label_row

    def _read_cells(self, state, near, label_cell):
        """The summary of rows (T, m, n_summary, e), in the precision of this learner, whatever that of the state is."""
        keys_values = [tuple(part.to(self.summary.dtype) for part in pair) for pair in state["cells"]]
        cells = self._cells(state, near, label_cell)
        for block, pair in zip(self.cell_blocks, keys_values):
            cells = block.read(cells, *pair, summary_only=block is self.cell_blocks[-1])
        return cells

    def _read_stages(self, state, seen, expert_input):
        rows = self._enter_rows(state, seen, expert_input)
        for block, keys_values, sharpness in zip(self.row_blocks, state["rows"], state["sharpness"]):
            rows = block.read(rows, keys_values, state["bias"], sharpness)
        return rows

    def _task_facts(self, X, weight, categorical, n_classes, quality):
        n = weight.sum(1).clamp(min=1)
        missing = (torch.isnan(X).to(weight.dtype).mean(2) * weight).sum(1) / n
        share = torch.zeros_like(n) if categorical is None else categorical.to(n.dtype).mean(1)
        facts = [n.log() - 4.5, torch.full_like(n, math.log(X.shape[2]) - 2), n_classes / 5, missing, share]
        return torch.cat([torch.stack(facts, -1), quality], -1)

    def _gate(self, rows, quality):
        """Shares of the experts (T, m, E) and the row's own temperature (T, m, 1)."""
        raw = self.gate(rows)
        advantage = quality - quality.mean(1, keepdim=True)
        return (raw[..., :-1] + self.trust * advantage[:, None]).softmax(-1), raw[..., -1:].exp()
