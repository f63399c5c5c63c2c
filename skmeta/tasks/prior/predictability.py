"""How much of a table's target can be predicted at all, and which tables are kept.

Random functions give tables that are mostly noise; real tables that anybody keeps are not. A third of raw draws
cannot be predicted at all, and a learner trained on them learns to distrust its support.
"""

import torch

from skmeta.tasks.prior.dice import ranks

PROBE_ROWS = 48


def predictability(x, y, categorical, n_classes=None):
    """Leave-one-out R^2 (B,) of a kernel ridge machine on ranks (and on equal categories), on at most 48 rows.

    Parameters
    ----------
    x : (B, d, n) columns, NaN where missing;  y : (B, n) targets;  categorical : (B, d);  n_classes : int or None
    """
    x, y = x[..., :PROBE_ROWS], y[:, :PROBE_ROWS]
    B, d, n = x.shape
    place = 2 * ranks(torch.nan_to_num(x, nan=torch.inf)) - 1
    place = torch.where(torch.isnan(x) | categorical[..., None], 0.0, place).transpose(1, 2).contiguous()
    distance = torch.cdist(place, place, p=1)
    table, column = categorical.nonzero(as_tuple=True)
    if len(table):
        codes = x[table, column]
        distance.index_add_(0, table, (codes[:, :, None] != codes[:, None]).to(distance.dtype))
    kernel = torch.exp(-2 * distance / distance.mean((1, 2), keepdim=True).clamp(min=1e-9))
    kernel.diagonal(dim1=1, dim2=2).add_(0.1)
    Y = (
        y[..., None].to(kernel.dtype)
        if n_classes is None
        else torch.nn.functional.one_hot(y, n_classes).to(kernel.dtype)
    )
    Y = Y - Y.mean(1, keepdim=True)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(kernel))
    error = inverse @ Y / inverse.diagonal(dim1=1, dim2=2)[..., None]
    total = Y.square().sum((1, 2))
    return torch.where(total > 1e-9, 1 - error.square().sum((1, 2)) / total.clamp(min=1e-9), 0.0)


def chance_to_keep(r2, classification):
    """Thin out unpredictable tables until predictability is spread as it is among real ones.

    Of these, every fourth that asks for classes cannot be predicted from so few rows, of those that ask for numbers
    every twelfth.
    """
    borders = torch.tensor([0.02, 0.12, 0.3], device=r2.device)
    chances = [0.25, 0.5, 0.8, 1.0] if classification else [0.1, 0.25, 0.65, 1.0]
    return torch.tensor(chances, device=r2.device)[torch.searchsorted(borders, r2)]
