"""Graphs of causes, many at once: variables without causes, and layers of variables computed from earlier ones.

All families of functions meet inside one graph. Tables of one draw have the numbers of variables and layers in common;
who causes whom, by which function, and how much noise there is, is each table's own.
"""

from dataclasses import dataclass

import torch

from skmeta.tasks.prior.dice import rows_of, standardise
from skmeta.tasks.prior.functions import FAMILIES, new_variables

MAX_CATEGORIES = 48


@dataclass
class Graph:
    """Variables of T tables.

    ``values`` (T, P, n); ``codes`` (T, R, n) categories of the first R variables; ``is_category`` (T, P); ``clusters``
    (T, n) the hidden group of each row; ``hubs`` (T, P) how often a variable is a cause, in logarithms; ``families``
    (T, F) each table's chances of function families; ``noise`` (T, 1, 1).
    """

    values: torch.Tensor
    codes: torch.Tensor
    is_category: torch.Tensor
    clusters: torch.Tensor
    hubs: torch.Tensor
    families: torch.Tensor
    noise: torch.Tensor


# ---------------------------------------------------------------- variables without causes


def _clusters(dice, T, n):
    """A hidden group for each row: few groups or many, even or not."""
    number = dice.log_integers(2, 12, T, 1)
    logits = dice.normal(T, 12) * dice.uniform(T, 1, high=1.5)
    logits = logits.masked_fill(torch.arange(12, device=dice.device) >= number, -torch.inf)
    return dice.pick(logits.softmax(-1), n)


def _categories(dice, u):
    """Codes with uneven shares for places u (C, n) between 0 and 1."""
    C = len(u)
    number = torch.where(
        dice.chance(0.15, C, 1), dice.log_integers(8, MAX_CATEGORIES, C, 1), dice.log_integers(2, 14, C, 1)
    )
    logits = dice.normal(C, MAX_CATEGORIES) * dice.log_uniform(0.2, 2.0, C, 1)
    logits = logits.masked_fill(torch.arange(MAX_CATEGORIES, device=dice.device) >= number, -torch.inf)
    return torch.minimum(torch.searchsorted(logits.softmax(-1).cumsum(-1), u), number - 1)


def _together(dice, T, R, n):
    """Standard normal variables (T, R, n) that hang together by three factors, not at all or nearly fully."""
    strength = torch.where(dice.chance(0.15, T, 1, 1), 0.0, dice.uniform(T, 1, 1, low=0.4, high=1.0).sqrt())
    rho = strength * dice.uniform(T, R, 1, low=0.6, high=1.0)
    sharpness = dice.log_uniform(0.5, 4.0, T, 1, 1)
    mix = torch.nn.functional.normalize(dice.normal(T, R, 3) * (sharpness * dice.normal(T, R, 3)).exp(), dim=-1)
    return rho * (mix @ dice.normal(T, 3, n)) + (1 - rho.square()).sqrt() * dice.normal(T, R, n)


ROOTS = {"normal": 2.0, "uniform": 1.3, "heavy": 0.6, "skewed": 0.8, "clustered": 1.0, "grid": 0.6, "category": 2.5}


def _roots(dice, T, R, n, without):
    """(T, R, n) variables of any kind, and codes, kinds and clusters beside them."""
    weights = [0.0 if name in without else weight for name, weight in ROOTS.items()]
    kind = dice.pick(dice.preferences(weights, T), R).flatten()
    x = (dice.normal(T, R, n) if "together" in without else _together(dice, T, R, n)).view(T * R, n)
    codes = torch.zeros(T * R, n, dtype=torch.long, device=dice.device)
    clusters = _clusters(dice, T, n)
    table = torch.arange(T, device=dice.device).repeat_interleave(R)
    for number, name in enumerate(ROOTS):
        mine = rows_of(kind == number)
        C = len(mine)
        if not C or name == "normal":
            continue
        if name == "heavy":
            x[mine] = dice.student(dice.uniform(C, 1, low=2, high=6), C, n)
        elif name == "skewed":
            x[mine] = (x[mine] * dice.log_uniform(0.2, 1.2, C, 1)).exp()
        elif name == "clustered":
            centre = dice.normal(C, 12) * dice.log_uniform(0.3, 3.0, T, 1)[table[mine]]
            spread = (0.5 * dice.normal(C, 12)).exp()
            group = clusters[table[mine]]
            x[mine] = centre.gather(1, group) + spread.gather(1, group) * x[mine]
        elif name == "category":
            codes[mine] = _categories(dice, torch.special.ndtr(x[mine]))
            x[mine] = dice.normal(C, MAX_CATEGORIES).gather(1, codes[mine])
        else:
            u = torch.special.ndtr(x[mine])
            x[mine] = u if name == "uniform" else (u * dice.log_integers(2, 12, C, 1)).floor()
    is_category = (kind == list(ROOTS).index("category")).view(T, R)
    return standardise(x).view(T, R, n), codes.view(T, R, n), is_category, clusters


# ---------------------------------------------------------------- variables with causes


def choose_parents(dice, hubs, per_table, most):
    """Which earlier variables cause each of ``per_table`` new ones, (T * per_table, K), and how much each matters."""
    T, P = hubs.shape
    most = min(most, P)
    chosen = (hubs[:, None] + dice.gumbel(T, per_table, P)).topk(most, -1).indices
    chosen = (chosen + P * torch.arange(T, device=dice.device)[:, None, None]).view(-1, most)
    C = T * per_table
    scale = (dice.log_uniform(0.05, 2.5, C, 1) * dice.normal(C, most)).exp()
    scale = scale * (
        torch.arange(most, device=dice.device)
        < dice.log_integers(1, most, C, 1).minimum(dice.log_integers(1, 2 * most, C, 1))
    )
    return chosen, scale / scale.square().sum(1, keepdim=True).sqrt()


def grow(dice, graph, per_table, most):
    """Values (T, per_table, n) of new variables, with noise."""
    T, P, n = graph.values.shape
    parents, scale = choose_parents(dice, graph.hubs, per_table, most)
    family = dice.pick(graph.families, per_table).flatten()
    new = new_variables(dice, graph.values.view(T * P, n), parents, scale, family).view(T, per_table, n)
    uneven = torch.where(dice.chance(0.5, T, 1, 1), dice.normal(T, per_table, 1).abs(), 1.0)
    return new + graph.noise * uneven * dice.normal(T, per_table, n)


def draw_graph(dice, T, n, d, without=()):
    """Graphs of T tables with at least ``d`` variables each; about three in ten have nothing but roots."""
    deep = "graph" not in without and dice.one() < 0.7
    P = d if not deep else int(d * (1 + 0.6 * dice.one())) + dice.one_integer(1, 6)
    R = max(1, int(P * (0.15 + 0.6 * dice.one()))) if deep else P
    values, codes, is_category, clusters = _roots(dice, T, R, n, without)
    weights = [0.0 if name in without else weight for name, (_, weight) in FAMILIES.items()]
    quiet = dice.chance(0.3, T, 1, 1)
    graph = Graph(
        values=values,
        codes=codes,
        is_category=is_category,
        clusters=clusters,
        hubs=dice.normal(T, R) * dice.uniform(T, 1, high=2),
        families=dice.preferences(weights, T),
        noise=torch.where(quiet, dice.log_uniform(1e-4, 1e-2, T, 1, 1), dice.log_uniform(3e-3, 0.6, T, 1, 1)),
    )
    n_layers = dice.one_integer(1, 5)
    borders = [R + (P - R) * layer // n_layers for layer in range(n_layers + 1)]
    for first, last in zip(borders[:-1], borders[1:]):
        if last > first:
            width = last - first
            graph.values = torch.cat([graph.values, grow(dice, graph, width, most=5)], 1)
            graph.hubs = torch.cat([graph.hubs, dice.normal(T, width) * dice.uniform(T, 1, high=2)], 1)
            graph.is_category = torch.nn.functional.pad(graph.is_category, (0, width))
    return graph
