"""How variables are measured: the columns of real tables are prices, counts, shares, grades, flags and codes.

Each table has a taste of its own: one is all flags, another all rounded numbers, a third of every kind.
"""

import torch

from skmeta.tasks.prior.dice import ranks, rows_of

COLUMNS = {
    "plain": 4.0,
    "skewed": 1.0,
    "power": 0.5,
    "share": 0.4,
    "uniform": 0.4,
    "zeros": 0.7,
    "capped": 0.3,
    "count": 0.7,
    "rounded": 1.0,
    "flag": 2.0,
    "level": 1.2,
    "nominal": 2.0,
    "blurred": 0.4,
    "default": 0.4,
    "unrelated": 0.3,
}


def measure(dice, x, codes, is_category, without=()):
    """Columns (B, d, n) and which of them are categorical (B, d).

    Parameters
    ----------
    x : (B, d, n) standardised variables;  codes : (B, d, n) categories of those that are;  is_category : (B, d)
    """
    B, d, n = x.shape
    if "columns" in without:
        weights = [float(name == "plain") for name in COLUMNS]
    else:
        weights = [0.0 if name in without and name != "plain" else weight for name, weight in COLUMNS.items()]
    kind = dice.pick(dice.preferences(weights, B), d)
    plain_table = dice.chance(0.2, B, 1)
    kind = torch.where(plain_table | is_category, 0, kind).flatten()
    x = x.reshape(B * d, n).clone()
    for number, name in enumerate(COLUMNS):
        mine = rows_of(kind == number)
        if len(mine) and name != "plain":
            x[mine] = _measured(dice, name, x[mine])
    x = x.view(B, d, n)
    # categories show codes that say nothing of their effects; now and then a table passes them off as numbers
    declared = dice.pick(torch.tensor([0.2, 0.2, 0.6], device=x.device), B)[:, None] / 2
    nominal = is_category | (kind == list(COLUMNS).index("nominal")).view(B, d)
    categorical = nominal & dice.chance(torch.where(is_category, declared.clamp(min=0.7), declared), B, d)
    return torch.where(is_category[..., None], codes.to(x.dtype), x), categorical


def _measured(dice, name, x):
    C, n = x.shape
    if name == "skewed":
        return (x * dice.log_uniform(0.3, 2.0, C, 1)).clamp(-8, 8).exp()
    if name == "power":
        return x.sign() * x.abs() ** dice.log_uniform(0.3, 3.0, C, 1)
    if name == "share":
        return (x * dice.log_uniform(0.5, 3.0, C, 1) + dice.normal(C, 1)).sigmoid()
    if name == "uniform":
        return ranks(x)
    border = x.gather(1, dice.integers(n, C, 1))
    if name == "zeros":
        above = (x - border).clamp(min=0)
        return torch.where(dice.chance(0.5, C, 1), above, above.exp() - 1)
    if name == "capped":
        return torch.minimum(x, border.abs())
    if name == "count":
        rate = (x * dice.log_uniform(0.3, 1.2, C, 1) + dice.uniform(C, 1, low=-1.0, high=4.0)).clamp(-6, 8).exp()
        drawn = torch.poisson(rate, generator=dice.generator)
        return torch.where(dice.chance(0.4, C, 1), drawn, rate.round())
    if name == "rounded":
        digits = dice.log_uniform(0.7, 30.0, C, 1)
        return (x * digits).round() / digits
    if name == "flag":
        return (x > border).to(x.dtype)
    if name in ("level", "nominal"):
        return _levels(dice, x, named=name == "nominal")
    if name == "blurred":
        return x + dice.log_uniform(0.05, 1.0, C, 1) * dice.normal(C, n)
    if name == "default":  # one value stands for "not asked" or "nothing"
        value = torch.where(dice.chance(0.5, C, 1), border, x.amin(1, keepdim=True) - dice.uniform(C, 1))
        return torch.where(dice.chance(dice.uniform(C, 1, low=0.02, high=0.7), C, n), value, x)
    return dice.normal(C, n)


def _levels(dice, x, named, most=16):
    """Levels from 0 on, of equal width or between random values; with ``named`` in no order."""
    C, n = x.shape
    number = dice.log_integers(2, most, C, 1)
    position = torch.arange(1, most, device=x.device)
    low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
    equal = low + (high - low) * position / number
    drawn = x.gather(1, dice.integers(n, C, most - 1)).masked_fill(position >= number, torch.inf).sort(-1).values
    borders = torch.where(dice.chance(0.3, C, 1), equal, drawn)
    level = torch.minimum(torch.searchsorted(borders.contiguous(), x.contiguous()), number - 1)
    if named:
        level = dice.uniform(C, most).argsort(-1).gather(1, level)
    return level.to(x.dtype)


def recode_by_frequency(codes, n_support):
    """Number categories by how often the support has them; those it never has become missing.

    Parameters
    ----------
    codes : (C, n) tensor of whole numbers, NaN where missing;  n_support : int, the first rows
    """
    there = ~torch.isnan(codes)
    whole = torch.where(there, codes, 0.0).long()
    whole = whole - whole.amin(1, keepdim=True)
    count = codes.new_zeros(len(codes), int(whole.max()) + 1 if whole.numel() else 1)
    count.scatter_add_(1, whole[:, :n_support], there[:, :n_support].to(codes.dtype))
    place = count.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    known = there & (count.gather(1, whole) > 0)
    return torch.where(known, place.gather(1, whole).to(codes.dtype), torch.nan)
