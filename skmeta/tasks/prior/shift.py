"""Which rows are the support and which are asked: mostly any, at times the queries lie elsewhere."""

import torch

from skmeta.tasks.prior.dice import standardise


def order_rows(dice, x, y, classification, share_of_tables=0.12):
    """An order (B, n) of the rows, support first.

    Of most tables the order in which they were drawn; of some, queries tend to have large or small values of one or
    two columns, so that they must be answered beyond what the support has shown, or their classes have other shares.

    Parameters
    ----------
    x : (B, d, n) columns without holes;  y : (B, n) targets
    """
    B, d, n = x.shape
    drawn = torch.arange(n, device=x.device).expand(B, -1)
    column = dice.integers(d, B, 2, 1).expand(-1, -1, n)
    side = dice.normal(B, 2, 1)
    side[:, 1:] *= dice.chance(0.3, B, 1, 1)  # mostly one column
    lean = standardise((side * standardise(x.gather(1, column))).sum(1)) * dice.log_uniform(0.3, 20.0, B, 1)
    if classification:
        by_class = dice.normal(B, int(y.max()) + 1).gather(1, y) * dice.log_uniform(0.2, 1.0, B, 1)
        lean = torch.where(dice.chance(0.25, B, 1), by_class, lean)
    order = (lean + dice.gumbel(B, n)).argsort(-1)
    return torch.where(dice.chance(share_of_tables, B, 1), order, drawn)
