"""What is asked of a table: classes, or numbers with the shapes of prices, counts, rates and grades."""

import torch

from skmeta.tasks.prior.dice import rows_of, standardise
from skmeta.tasks.prior.graph import grow

N_LATENTS = 3  # dimensions in which classes are told apart


def latent_variables(dice, graph, n_targets, n_latents, without=()):
    """(T, n_targets, n_latents, n) what targets are made of, and the variables (T, n_targets, n_latents) they are.

    Mostly new variables, effects of any number of those there are; of some tables, variables from inside of the graph,
    causes of others (positions -1: none).
    """
    T, P, n = graph.values.shape
    effects = grow(dice, graph, n_targets * n_latents, most=20).view(T, n_targets, n_latents, n)
    inside = dice.integers(P, T, n_targets, n_latents)
    taken = graph.values.gather(1, inside.view(T, -1, 1).expand(-1, -1, n)).view_as(effects)
    use = dice.chance(0.0 if "cause" in without or P < 3 else 0.3, T, n_targets, 1)
    return torch.where(use[..., None], taken, effects), torch.where(use, inside, -1)


# ---------------------------------------------------------------- numbers

SHAPES = {
    "plain": 3.0,
    "price": 1.6,
    "count": 0.4,
    "rate": 0.5,
    "zeros": 0.2,
    "power": 0.6,
    "capped": 0.15,
    "grade": 0.3,
}


def numbers(dice, y, without=()):
    """Targets (B, n) of standardised latents (B, n): noise first, then the shape of what is measured."""
    B, n = y.shape
    y = standardise(y)
    noise = torch.stack(
        [
            torch.zeros(B, 1, device=y.device),
            dice.log_uniform(0.003, 0.05, B, 1),
            dice.log_uniform(0.03, 0.7, B, 1),
            dice.log_uniform(0.1, 1.2, B, 1),
        ]
    )[dice.pick(torch.tensor([0.3, 0.25, 0.3, 0.15], device=y.device), B), torch.arange(B, device=y.device)]
    errors = torch.where(dice.chance(0.6, B, 1), dice.normal(B, n), dice.student(3.0, B, n).clamp(-20, 20))
    growing = (0.6 * y).exp()
    y = y + noise * errors * torch.where(dice.chance(0.25, B, 1), growing / growing.mean(1, keepdim=True), 1.0)
    weights = [0.0 if name in without and name != "plain" else weight for name, weight in SHAPES.items()]
    kind = dice.pick(torch.tensor(weights, device=y.device), B)
    y = y.clone()
    for number, name in enumerate(SHAPES):
        mine = rows_of(kind == number)
        if len(mine) and name != "plain":
            y[mine] = _shape(dice, name, y[mine])
    return standardise(y)


def _shape(dice, name, y):
    C, n = y.shape
    if name == "price":
        return (y * dice.log_uniform(0.2, 1.3, C, 1)).clamp(-6, 6).exp()
    if name == "count":
        rate = (y * dice.log_uniform(0.2, 1.0, C, 1) + dice.uniform(C, 1, low=0.0, high=4.0)).clamp(-6, 7).exp()
        return torch.poisson(rate, generator=dice.generator)
    if name == "rate":
        share = (y * dice.log_uniform(0.3, 2.0, C, 1) + dice.normal(C, 1)).sigmoid()
        of = dice.log_integers(5, 300, C, 1)
        return torch.where(dice.chance(0.5, C, 1), (share * of).round(), share)
    border = y.gather(1, dice.integers(n, C, 1))
    if name == "zeros":
        return (y - border).clamp(min=0)
    if name == "power":
        return y.sign() * y.abs() ** dice.log_uniform(0.4, 2.5, C, 1)
    if name == "capped":
        return torch.minimum(y, border.abs() + 0.3)
    steps = dice.log_uniform(0.8, 8.0, C, 1)  # grades
    return (y * steps).round()


# ---------------------------------------------------------------- classes


def _intervals(dice, latents, there):
    """Intervals of a score, sharp or crossed by chance."""
    B, Q, n = latents.shape
    shares = (dice.normal(*there.shape) * dice.uniform(B, 1, high=3.0)).masked_fill(~there, -torch.inf).softmax(-1)
    score = standardise((dice.normal(B, 1, Q) @ latents)[:, 0])
    ends = (shares.cumsum(-1) * n).long().clamp(max=n - 1)
    borders = score.sort(-1).values.gather(1, ends)
    blur = torch.where(dice.chance(0.4, B, 1), dice.log_uniform(0.01, 0.4, B, 1), 0.0)
    score = score + blur * (dice.gumbel(B, n) - dice.gumbel(B, n))
    return torch.minimum(torch.searchsorted(borders, score), there.sum(1, keepdim=True) - 1)


def _largest(dice, latents, there):
    """The largest of several noisy scores."""
    (B, Q, n), most = latents.shape, there.shape[1]
    scores = dice.normal(B, most, Q) @ latents / Q**0.5 * dice.log_uniform(2.0, 20.0, B, 1, 1)
    scores = scores + dice.normal(B, most, 1) * dice.uniform(B, 1, 1, high=1.5) + dice.gumbel(B, most, n)
    return scores.masked_fill(~there[..., None], -torch.inf).argmax(1)


def _nearest(dice, latents, there):
    """The nearest of a few rows."""
    (B, Q, n), most = latents.shape, there.shape[1]
    centres = latents.gather(2, dice.integers(n, B, 1, most).expand(-1, Q, -1)).transpose(1, 2)
    distance = torch.baddbmm(centres.square().sum(-1, keepdim=True), centres, latents, alpha=-2)
    return distance.masked_fill(~there[..., None], torch.inf).argmin(1)


def classes(dice, latents, n_classes, clusters, without=()):
    """Labels (B, n), some of which may be missing, of latents (B, Q, n).

    Intervals of a score, the largest of scores, the nearest of rows, or the hidden group that a row belongs to, whose
    effects columns are; at times some labels are wrong.

    Parameters
    ----------
    n_classes : (B, 1) tensor of whole numbers;  clusters : (B, n) tensor
    """
    B, Q, n = latents.shape
    most = int(n_classes.max())
    matter = (dice.log_uniform(0.1, 2.0, B, 1, 1) * dice.normal(B, Q, 1)).exp()
    latents = standardise(latents) * matter / matter.amax(1, keepdim=True)
    there = torch.arange(most, device=latents.device) < n_classes
    weights = [1.5, 1.0, 0.6, 0.0 if "clustered" in without else 0.5]
    kind = dice.pick(torch.tensor(weights, device=latents.device), B)
    y = dice.integers(most, B, 12).remainder(n_classes).gather(1, clusters)
    for number, label in enumerate((_intervals, _largest, _nearest)):
        mine = rows_of(kind == number)
        if len(mine):
            y[mine] = label(dice, latents[mine], there[mine])
    wrong = dice.chance(torch.where(dice.chance(0.15, B, 1), dice.uniform(B, 1, high=0.2), 0.0), B, n)
    y = torch.where(wrong, y.gather(1, dice.integers(n, B, n)), y)
    names = dice.uniform(B, most).masked_fill(~there, 2.0).argsort(-1).argsort(-1)
    return names.gather(1, y)


def close_gaps(y, n_classes):
    """Number the classes that occur from 0 on; ``y`` (B, n)."""
    there = torch.zeros(len(y), n_classes, dtype=torch.long, device=y.device).scatter_(1, y, 1)
    return (there.cumsum(1) - 1).gather(1, y)
