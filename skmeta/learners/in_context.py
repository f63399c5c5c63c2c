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
from torch import nn

from skmeta.learners import table_views as views
from skmeta.learners.base import Learner
from skmeta.learners.experts import EXPERTS, fit_experts, score_queries
from skmeta.nets.in_context import CellBlock, Head, RowBlock

N_EXPERTS = len(EXPERTS)
SOFT_FLOOR = 0.02  # a class score of zero becomes a chance of about one in seventy
N_TASK_FACTS = 5 + N_EXPERTS


class InContextLearner(Learner):
    """What classification and regression share: views, experts, cells to rows, rows to rows.

    A support is encoded once: column statistics, the experts' dual coefficients, each column's induced points, and
    the keys and values of the support rows. Columns are put in the order of their relevance first, so that the
    answer does not depend on the order they came in.

    Parameters
    ----------
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
        n_expert_inputs=N_EXPERTS,
        n_head_outputs=1,
    ):
        nn.Module.__init__(self)
        self.max_columns = max_columns
        self.n_neighbours = n_neighbours
        self.encode_cell = nn.Linear(5 * n_neighbours, cell_width)
        self.summary = nn.Parameter(torch.randn(n_summary, cell_width) * 0.3)
        self.cell_blocks = nn.ModuleList(
            CellBlock(cell_width, cell_heads, n_points, n_summary) for _ in range(n_cell_blocks)
        )
        self.to_row = nn.Linear(n_summary * cell_width, row_width)
        self.skip = nn.Parameter(torch.randn(max_columns, row_width))
        self.from_experts = nn.Linear(n_expert_inputs, row_width)
        self.from_facts = nn.Linear(N_TASK_FACTS, row_width)
        self.row_blocks = nn.ModuleList(RowBlock(row_width, row_heads) for _ in range(n_row_blocks))
        self.head = Head(row_width, n_head_outputs)
        self.gate = nn.Linear(row_width, N_EXPERTS + 1)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)
        self.trust = nn.Parameter(torch.tensor(8.0))

    # ---------------------------------------------------------------- the support's eyes

    def _fit_views(self, X, weight, categorical):
        """Measure the expanded columns in the precision of ``X``; views are in the precision of the weights."""
        plan = views.plan_expansion(X, weight, categorical)
        indicator = (plan["content"] != views.NUMERIC) & plan["real"]
        expanded = views.expand(plan, X)
        wide = views.fit_columns(expanded, weight, indicator)
        varies = wide["inverse"][:, 0] != 0
        state = {"plan": plan, "wide": wide}
        return state, *self._wide_views(state, X), varies.to(self.summary.dtype)

    def _weight(self, X, weight):
        """Row weights in the precision of the network; all ones where none are given."""
        ones = self.summary.new_ones(X.shape[:2])
        return ones if weight is None else weight.to(ones.dtype)

    def _look(self, X, weight, categorical):
        """Number the categories anew and measure the columns: the cells, the state so far, and the wide views."""
        codes = None
        if categorical is not None and bool(categorical.any()):
            codes = (views.fit_codes(X, weight.to(X.dtype), categorical), categorical)
            X = views.recode(*codes, X)
        state, z, u, varies = self._fit_views(X, weight.to(X.dtype), categorical)
        state["codes"] = codes
        return X, state, z, u, varies

    def _wide_views(self, state, X):
        z, u = views.view_columns(state["wide"], views.expand(state["plan"], X))
        return z.to(self.summary.dtype), u.to(self.summary.dtype)

    def _recode(self, state, X):
        return X if state["codes"] is None else views.recode(*state["codes"], X)

    def _fit_cells(self, X, weight, categorical, plan, relevance):
        """Choose and order the columns by relevance, and measure them."""
        T, _, d = X.shape
        total = relevance.new_zeros(T, d).scatter_add_(1, plan["source"], relevance * plan["real"])
        order = total.sort(dim=1, descending=True, stable=True).indices[:, : self.max_columns]
        X = X.gather(2, order[:, None].expand(-1, X.shape[1], -1))
        facts = [torch.log(total.gather(1, order) + 0.05)]
        if categorical is None:
            facts.append(torch.zeros_like(facts[0]))
        else:
            facts.append(categorical.gather(1, order).to(facts[0].dtype))
        weight = weight.to(X.dtype)
        return {"order": order, "narrow": views.fit_columns(X, weight), "facts": torch.stack(facts, -1)}

    def _cells(self, state, X):
        """Rows to cell tokens (T, m, n_summary + d, e), and the skip from z-scores to row vectors."""
        X = X.gather(2, state["order"][:, None].expand(-1, X.shape[1], -1))
        z, u = (view.to(self.summary.dtype) for view in views.view_columns(state["narrow"], X))
        T, m, d = X.shape
        facts = state["facts"][:, None].expand(-1, m, -1, -1)
        channels = torch.cat([torch.stack([z, u, torch.isnan(X).to(z.dtype)], -1), facts], -1)
        column = torch.arange(d, device=X.device)
        channels = torch.cat([channels[:, :, (column + 2**k - 1) % d] for k in range(self.n_neighbours)], -1)
        cells = self.encode_cell(channels)
        return cells, z @ (self.skip[:d] / math.sqrt(d))

    def _to_rows(self, cells):
        return self.to_row(cells[:, :, : self.summary.shape[0]].flatten(2))

    def _with_summary(self, cells):
        T, m = cells.shape[:2]
        return torch.cat([self.summary.expand(T, m, -1, -1), cells], 2)

    # ---------------------------------------------------------------- the two stages

    def _fit_stages(self, state, X, weight, label_cell, label_row, expert_input, task_facts):
        """Encode the support and cache what queries read; returns nothing, fills ``state``."""
        bias = None
        if bool((weight != 1).any()):
            bias = weight.log()[:, None, None]
        log_rows = weight.sum(1).clamp(min=1).log()[:, None, None, None]
        cells, skip = self._cells(state, X)
        cells = self._with_summary(cells + label_cell[:, :, None])
        state["cells"] = []
        for block in self.cell_blocks:
            state["cells"].append(block.fit(cells, bias, log_rows))
            cells = block.read(cells, state["cells"][-1])
        state["task"] = self.from_facts(task_facts)[:, None]
        rows = self._to_rows(cells) + skip + state["task"] + label_row + self.from_experts(expert_input)
        state["bias"], state["log_rows"], state["rows"] = bias, log_rows, []
        for block in self.row_blocks:
            state["rows"].append(block.fit(rows))
            rows = block.read(rows, state["rows"][-1], bias, log_rows)

    def _read_stages(self, state, X, expert_input):
        cells, skip = self._cells(state, X)
        cells = self._with_summary(cells)
        for block, keys_values in zip(self.cell_blocks, state["cells"]):
            cells = block.read(cells, keys_values)
        rows = self._to_rows(cells) + skip + state["task"] + self.from_experts(expert_input)
        for block, keys_values in zip(self.row_blocks, state["rows"]):
            rows = block.read(rows, keys_values, state["bias"], state["log_rows"])
        return rows

    def _task_facts(self, X, weight, categorical, n_classes, quality):
        n = weight.sum(1).clamp(min=1)
        seen = (weight > 0).to(weight.dtype)
        missing = (torch.isnan(X).to(weight.dtype).mean(2) * seen).sum(1) / seen.sum(1).clamp(min=1)
        share = torch.zeros_like(n) if categorical is None else categorical.to(n.dtype).mean(1)
        facts = [n.log() - 4.5, torch.full_like(n, math.log(X.shape[2]) - 2), n_classes / 5, missing, share]
        return torch.cat([torch.stack(facts, -1), quality], -1)

    def _gate(self, rows, quality):
        """Shares of the experts (T, m, E) and the row's own temperature (T, m, 1)."""
        raw = self.gate(rows)
        advantage = quality - quality.mean(1, keepdim=True)
        return (raw[..., :-1] + self.trust * advantage[:, None]).softmax(-1), raw[..., -1:].exp()


def _expert_quality(left_out, Y, weight):
    """Leave-one-out R^2 of each expert, in [-1, 1]: (T, E)."""
    w = weight[..., None]
    centre = (Y * w).sum(1, keepdim=True) / weight.sum(1)[:, None, None].clamp(min=1e-12)
    total = ((Y - centre).square() * w).sum((1, 2)).clamp(min=1e-6)
    error = ((left_out - Y[:, :, None]).square() * w[..., None]).sum((1, 3))
    return (1 - error / total[:, None]).clamp(-1, 1)


class InContextClassification(InContextLearner):
    """Classes are put in the order of their frequency; beyond ``max_classes`` the rarest are answered as one, and
    shared out by the experts.

    See :class:`InContextLearner` for the parameters.
    """

    task_type = "classification"

    def __init__(self, max_classes=10, **architecture):
        super().__init__(n_expert_inputs=N_EXPERTS * max_classes, n_head_outputs=max_classes, **architecture)
        self.max_classes = max_classes
        cell_width, row_width = self.summary.shape[1], self.skip.shape[1]
        self.label_cell = nn.Embedding(max_classes, cell_width)
        self.label_row = nn.Embedding(max_classes, row_width)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None, categorical=None):
        """Encode supports of (T, n, d) cells, NaN where missing; ``categorical`` (T, d) bool marks codes."""
        weight = self._weight(support_X, support_weight)
        y = support_y
        C = int(y.max()) + 1 if class_mask is None else class_mask.shape[1]
        members = F.one_hot(y.clamp(0, C - 1), C).to(weight.dtype)
        with torch.no_grad():
            X, state, z, u, varies = self._look(support_X, weight, categorical)
            state["experts"], left_out = fit_experts(z, u, members, weight, varies)
            relevance = state["experts"]["relevance"]
            state.update(self._fit_cells(X, weight, categorical, state["plan"], relevance))
            state["quality"] = _expert_quality(left_out, members, weight)
            counts = (members * weight[..., None]).sum(1)
            # equal counts are told apart by where the class lies, not by its name
            place = (members * (weight * (u * relevance[:, None]).sum(2))[..., None]).sum(1)
            ties = 0.01 * torch.tanh(place / counts.clamp(min=1e-6) / relevance.shape[1] ** 0.5)
            state["class_order"] = (counts + ties).sort(dim=1, descending=True, stable=True).indices
            rank = state["class_order"].argsort(1)
            label = rank.gather(1, y.clamp(0, C - 1)).clamp(max=self.max_classes - 1)
            facts = self._task_facts(X, weight, categorical, (counts > 0).sum(1).to(z.dtype), state["quality"])
            if class_mask is None:
                class_mask = torch.ones(len(X), C, dtype=torch.bool, device=X.device)
            state["class_mask"] = class_mask
            expert_input = self._expert_input(state, left_out)
        self._fit_stages(state, X, weight, self.label_cell(label), self.label_row(label), expert_input, facts)
        return state

    def predict(self, state, query_X):
        """(T, m, C) logits; those of absent classes are ``-inf``."""
        with torch.no_grad():
            query_X = self._recode(state, query_X)
            scores = score_queries(state["experts"], *self._wide_views(state, query_X))
            expert_input = self._expert_input(state, scores)
            chances = self._chances(scores, state["class_mask"])
        rows = self._read_stages(state, query_X, expert_input)
        share, temperature = self._gate(rows, state["quality"])
        logits = (share[..., None] * chances).sum(2) * temperature
        correction = self._to_classes(state, self.head(rows), logits)
        logits = logits + correction
        return logits.masked_fill(~state["class_mask"][:, None], -torch.inf)

    def _expert_input(self, state, scores):
        """Scores above the class shares, classes by frequency, the rarest together: (T, m, E * max_classes)."""
        centre = state["experts"]["centre"][:, :, None]
        order = state["class_order"][:, None, None].expand(*scores.shape)
        scores = 2 * (scores - centre).clamp(-2, 2).gather(3, order)
        C = scores.shape[3]
        if self.max_classes < C:
            last = scores[..., self.max_classes - 1 :].sum(-1, keepdim=True)
            scores = torch.cat([scores[..., : self.max_classes - 1], last], -1)
        return F.pad(scores, (0, max(0, self.max_classes - C))).flatten(2)

    @staticmethod
    def _chances(scores, class_mask):
        """Scores to log-probabilities over the classes that exist."""
        floored = SOFT_FLOOR * F.softplus(scores / SOFT_FLOOR) + 1e-6
        floored = floored * class_mask[:, None, None]
        return (floored / floored.sum(-1, keepdim=True)).clamp(min=1e-9).log()

    def _to_classes(self, state, correction, logits):
        """The head's outputs, ordered by class frequency, back in the order of the labels: (T, m, C)."""
        rank = state["class_order"].argsort(1).clamp(max=self.max_classes - 1)
        return correction.gather(2, rank[:, None].expand(-1, logits.shape[1], -1))


class InContextRegression(InContextLearner):
    """Answers with a mixture of Gaussians around the experts' gated mean; targets are standardised outside.

    Several targets are answered one by one, as tasks of their own.
    See :class:`InContextLearner` for the parameters.
    """

    task_type = "regression"

    def __init__(self, n_components=5, **architecture):
        super().__init__(n_expert_inputs=N_EXPERTS, n_head_outputs=3 * n_components, **architecture)
        self.n_components = n_components
        cell_width, row_width = self.summary.shape[1], self.skip.shape[1]
        self.label_cell = nn.Linear(2, cell_width)
        self.label_row = nn.Linear(2, row_width)
        with torch.no_grad():
            self.head.out.bias[n_components : 2 * n_components] = torch.linspace(-0.6, 0.6, n_components)

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None, categorical=None):
        """Encode supports of (T, n, d) cells with (T, n, k) standardised targets; the state has T * k tasks."""
        T, n, d = support_X.shape
        k = support_y.shape[2]
        weight = self._weight(support_X, support_weight).repeat_interleave(k, 0)
        categorical = None if categorical is None else categorical.repeat_interleave(k, 0)
        Y = support_y.transpose(1, 2).reshape(T * k, n, 1).to(weight.dtype)
        with torch.no_grad():
            X, state, z, u, varies = self._look(support_X.repeat_interleave(k, 0), weight, categorical)
            state["experts"], left_out = fit_experts(z, u, Y, weight, varies)
            relevance = state["experts"]["relevance"]
            state.update(self._fit_cells(X, weight, categorical, state["plan"], relevance))
            state["quality"] = _expert_quality(left_out, Y, weight)
            facts = self._task_facts(X, weight, categorical, torch.zeros_like(weight[:, 0]), state["quality"])
            middle = left_out.mean(2)
            residual = ((middle - Y).square() * weight[..., None]).sum(1) / weight.sum(1)[:, None].clamp(min=1)
            state["spread"] = residual.sqrt().clamp(0.01, 2.0)[:, None]
            expert_input = self._expert_input(state, left_out)
            label = torch.cat([Y.clamp(-6, 6), ((Y - middle) / state["spread"]).clamp(-6, 6)], -1)
        self._fit_stages(state, X, weight, self.label_cell(label), self.label_row(label), expert_input, facts)
        state["n_targets"] = k
        return state

    def mixture(self, state, query_X):
        """Log-weights, means and log-scales of the mixture, each (T * k, m, n_components)."""
        query_X = query_X.repeat_interleave(state["n_targets"], 0)
        with torch.no_grad():
            query_X = self._recode(state, query_X)
            scores = score_queries(state["experts"], *self._wide_views(state, query_X))[..., 0].clamp(-12, 12)
            expert_input = self._expert_input(state, scores[..., None])
        rows = self._read_stages(state, query_X, expert_input)
        share, temperature = self._gate(rows, state["quality"])
        middle = (share * scores).sum(2, keepdim=True)
        spread = state["spread"] * temperature
        log_weight, offset, log_scale = self.head(rows).unflatten(2, (3, self.n_components)).unbind(2)
        means = middle + spread * offset
        return log_weight.log_softmax(-1), means, spread.log() + log_scale.clamp(-4, 3)

    def predict(self, state, query_X):
        """(T, m, k) means of the mixture."""
        log_weight, means, _ = self.mixture(state, query_X)
        mean = (log_weight.exp() * means).sum(-1)
        return mean.unflatten(0, (-1, state["n_targets"])).transpose(1, 2)

    @staticmethod
    def _expert_input(state, scores):
        return scores[..., 0].clamp(-8, 8)


def mixture_nll(log_weight, means, log_scale, y):
    """Negative log-likelihood of targets (..., 1) under the mixture, without reduction: (...)."""
    deviation = (y - means) * torch.exp(-log_scale)
    log_density = -0.5 * deviation.square() - log_scale - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_weight + log_density, -1)
