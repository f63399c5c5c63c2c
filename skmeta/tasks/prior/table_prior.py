"""The stream of synthetic tables: a task distribution, and tensors for long training runs."""

from dataclasses import dataclass

import numpy as np
import torch

from skmeta.tasks.distributions import BaseTaskDistribution
from skmeta.tasks.prior.columns import COLUMNS, measure, recode_by_frequency
from skmeta.tasks.prior.dice import Dice, rows_of
from skmeta.tasks.prior.functions import FAMILIES
from skmeta.tasks.prior.graph import ROOTS, draw_graph
from skmeta.tasks.prior.missing import punch_holes
from skmeta.tasks.prior.predictability import PROBE_ROWS, chance_to_keep, predictability
from skmeta.tasks.prior.shift import order_rows
from skmeta.tasks.prior.targets import N_LATENTS, SHAPES, classes, close_gaps, latent_variables, numbers
from skmeta.tasks.taskset import TaskSet

TARGETS_PER_GRAPH = 4
MECHANISMS = {
    "graph",
    "together",
    "columns",
    "cause",
    "shift",
    "missing",
    "filter",
    *FAMILIES,
    *ROOTS,
    *COLUMNS,
    *SHAPES,
}


@dataclass(frozen=True)
class TablePrior(BaseTaskDistribution):
    """Synthetic tables as varied as real ones, without end.

    Variables come from random graphs of causes, with or without inner nodes; functions are linear, networks, trees,
    smooth, piecewise constant, products and powers, all in one graph. Some variables are measured as columns: prices,
    counts, shares, flags, levels or names, rounded, capped or with a default value, with holes for many reasons. Others
    are asked for: as classes, or as numbers with the shapes of prices, counts, rates and grades. Of some tables the
    queries lie elsewhere than the support. Tables that cannot be predicted are mostly thrown away.

    Parameters
    ----------
    task_type : {"classification", "regression"}, default="classification"
    n_features : int, default=8
        Columns of every table of one sample.
    n_support, n_query : int, default=50, 20
        Rows of every task.
    max_classes : int, default=10
        Classes are between 2 and this; more than half of the tables have 2.
    missing : bool, default=False
        Whether some cells are NaN. Only few learners take them.
    without : tuple of str, default=()
        Mechanisms to leave out: "graph" (inner nodes), "together" (variables without causes that hang together),
        "columns" (columns are measured as they are), "cause" (targets from inside of the graph), "shift", "missing",
        "filter", and the names in ``functions.FAMILIES``, ``graph.ROOTS``, ``columns.COLUMNS`` and ``targets.SHAPES``.

    References
    ----------
    Hollmann et al. (2023), TabPFN; den Breejen et al. (2024), TabForestPFN; Qu et al. (2025), TabICL.

    Examples
    --------
    >>> from skmeta.tasks.prior import TablePrior
    >>> tasks = TablePrior(n_features=3, n_support=10, n_query=5).sample(4, random_state=0)
    >>> tasks
    TaskSet(4 tasks, 3 features, 10 support and 5 query rows each)
    """

    task_type: str = "classification"
    n_features: int = 8
    n_support: int = 50
    n_query: int = 20
    max_classes: int = 10
    missing: bool = False
    without: tuple = ()

    def __post_init__(self):
        if self.task_type not in ("classification", "regression"):
            raise ValueError(f"task_type must be 'classification' or 'regression', got {self.task_type!r}.")
        unknown = sorted(set(self.without) - MECHANISMS)
        if unknown:
            raise ValueError(f"without names mechanisms that there are not: {unknown}. There are {sorted(MECHANISMS)}.")
        if set(self.without) >= set(FAMILIES) or set(self.without) >= set(ROOTS):
            raise ValueError("without must leave at least one family of functions and one kind of root.")

    def _draw(self, n_tasks, rng):
        dice = Dice(rng.integers(2**62))
        batch = self.draw_batch(n_tasks, dice)
        X = batch["X"].double().numpy()
        if not self.missing:
            X = np.nan_to_num(X, nan=0.0)
        rows = self.n_support + self.n_query
        pool = X.reshape(n_tasks * rows, -1), batch["y"].numpy().reshape(n_tasks * rows)
        n_support, n_query = np.full(n_tasks, self.n_support), np.full(n_tasks, self.n_query)
        tasks = TaskSet.from_pool(*pool, n_support, n_query)
        return tasks, {"categorical": batch["categorical"].numpy()}

    def draw_batch(self, n_tasks, dice, n_support=None, n_query=None, n_features=None):
        """Tasks of one size as tensors, support rows first.

        Every graph gives a few tasks, which ask for different variables by different columns.

        Returns
        -------
        batch : dict of tensors
            ``X`` (B, n, d) float32 with NaN for missing cells and codes for categories, the most frequent category
            of the support first; ``categorical`` (B, d) bool; ``y`` (B, n), whole numbers from 0, or float64.
        """
        n_support = n_support or self.n_support
        rows, d = n_support + (n_query or self.n_query), n_features or self.n_features
        pieces, n_kept = [], 0
        while n_kept < n_tasks:
            n_graphs = 1 + int(0.5 * (n_tasks - n_kept))
            piece = self._draw_kept(dice, n_graphs, rows, n_support, d)
            pieces.append(piece)
            n_kept += len(piece["y"])
        batch = {key: torch.cat([piece[key] for piece in pieces])[:n_tasks] for key in pieces[0]}
        batch["y"] = batch["y"] if self.task_type == "classification" else batch["y"].double()
        return batch

    def _draw_kept(self, dice, n_graphs, rows, n_support, d):
        """Those tasks of a number of graphs that can be used and predicted."""
        x, y, categorical = self._draw_tables(dice, n_graphs, max(rows, PROBE_ROWS), d)
        classification = self.task_type == "classification"
        if "filter" not in self.without:
            n_classes = self.max_classes if classification else None
            r2 = predictability(x, y, categorical, n_classes)
            kept = rows_of(dice.chance(chance_to_keep(r2, classification), len(r2)))
            x, y, categorical = x[kept], y[kept], categorical[kept]
        x, y = x[..., :rows], y[:, :rows]
        if "shift" not in self.without and len(x):
            order = order_rows(dice, x, y, classification)
            x, y = x.gather(2, order[:, None].expand(-1, d, -1)), y.gather(1, order)
        if "missing" not in self.without and len(x):
            x = punch_holes(dice, x, y)
        varied = y[:, :n_support].amax(1) - y[:, :n_support].amin(1) > 1e-5
        if classification:
            counts = torch.nn.functional.one_hot(y, self.max_classes).sum(1)
            varied &= counts.amax(1) <= 0.97 * rows
        x, y, categorical = x[varied], y[varied], categorical[varied]
        x = x.clone()
        x[categorical] = recode_by_frequency(x[categorical], n_support)
        y = close_gaps(y, self.max_classes) if classification else y
        return {"X": x.transpose(1, 2).contiguous(), "y": y, "categorical": categorical}

    def _draw_tables(self, dice, n_graphs, n, d):
        """Columns (B, d, n), targets (B, n) and flags (B, d) of all that is drawn, several tasks of each graph."""
        graph = draw_graph(dice, n_graphs, n, d, self.without)
        classification = self.task_type == "classification"
        n_latents = N_LATENTS if classification else 1
        latents, asked = latent_variables(dice, graph, TARGETS_PER_GRAPH, n_latents, self.without)
        T, P, _ = graph.values.shape
        B = T * TARGETS_PER_GRAPH
        asked = asked.view(B, n_latents)
        # what is asked for is rarely a column itself, as far as there are others
        place = dice.uniform(B, P + 1)
        hidden = torch.where((asked >= 0) & dice.chance(0.8, B, 1), asked, P)
        chosen = place.scatter_add(1, hidden, torch.ones_like(hidden, dtype=place.dtype))[:, :P].argsort(-1)[:, :d]
        table = torch.arange(T, device=chosen.device).repeat_interleave(TARGETS_PER_GRAPH)[:, None]
        x, is_category = graph.values[table, chosen], graph.is_category[table, chosen]
        codes = graph.codes[table, chosen.clamp(max=graph.codes.shape[1] - 1)]
        x, categorical = measure(dice, x, codes, is_category, self.without)
        latents = latents.view(B, n_latents, n)
        if not classification:
            return x, numbers(dice, latents[:, 0], self.without), categorical
        n_classes = torch.where(dice.chance(0.55, B, 1), 2, 2 + dice.integers(self.max_classes - 1, B, 1))
        return x, classes(dice, latents, n_classes, graph.clusters[table[:, 0]], self.without), categorical
