"""Missing cells: by chance, because of what the cell, another column or the target says, and in whole stretches."""

import torch

from skmeta.tasks.prior.dice import standardise

REASONS = {"chance": 3.0, "own_value": 1.0, "other_column": 1.0, "stretch": 1.0, "answer": 0.5}


def punch_holes(dice, x, y, share_of_tables=0.3):
    """Columns (B, d, n) with NaN in some cells of some tables; at times a number stands in for the missing ones.

    ``y`` (B, n) are the targets, on which it may depend that a cell is missing.
    """
    B, d, n = x.shape
    holed = dice.chance(share_of_tables, B).nonzero()[:, 0]
    if not len(holed):
        return x
    B, cells = len(holed), x[holed]
    rate = dice.log_uniform(0.01, 0.5, B, 1) * -torch.log(dice.uniform(B, d).clamp(min=1e-6))
    rate = rate.clamp(max=0.8) * dice.chance(dice.uniform(B, 1), B, d)
    weights = torch.tensor(list(REASONS.values()), device=x.device)
    reason = torch.where(dice.chance(0.6, B, 1), dice.pick(weights, B)[:, None], dice.pick(weights, B * d).view(B, d))
    turned = torch.where(dice.chance(0.5, B, d, 1), -1.0, 1.0)  # the low values or the high ones
    own = torch.special.ndtr(standardise(cells) * turned)
    other = own.gather(1, dice.integers(d, B, d, 1).expand(-1, -1, n))
    chance = dice.uniform(B, d, n)
    stretch = dice.uniform(B, 1, n).expand(-1, d, -1)
    answer = torch.special.ndtr(standardise(y[holed].to(x.dtype))[:, None] * turned)
    cause = torch.stack([chance, own, other, stretch, answer])
    cause = cause.gather(0, reason[None, ..., None].expand(1, -1, -1, n))[0]
    cause = torch.where(((reason == 0) | (reason == 3))[..., None], cause, 0.85 * cause + 0.15 * chance)
    hidden = cause < rate[..., None]
    stand_in = torch.where(dice.chance(0.5, B, d, 1), cells.amin(-1, keepdim=True) - 1, 0.0)
    filled = torch.where(dice.chance(0.1, B, 1, 1), stand_in, torch.nan)
    x = x.clone()
    x[holed] = torch.where(hidden, filled, cells)
    return x
