"""The rows of a support before anything is learned from them: what they weigh, and which are read together."""

from contextlib import contextmanager

import torch

from skmeta.learners.experts import N_READ

MOST_TOTAL = 2  # rows' worth that the weights of a row's task may add up to


def relative_weight(weight):
    """Weights (T, n) in units of the median one, as weights compare rows; and the unit (T, 1).

    So a row of weight 2 among rows of weight 1 is a row given twice, and neither weights that sum to 1, such as a
    boosting method's, nor large ones say how many rows there are. Together they count as twice the rows at most.
    """
    there = weight > 0
    unit = torch.where(there, weight, torch.nan).nanmedian(1, keepdim=True).values
    unit = torch.where(there.any(1, keepdim=True), unit, torch.ones_like(unit))
    total = (weight / unit).sum(1, keepdim=True)
    unit = unit * (total / (MOST_TOTAL * there.sum(1, keepdim=True).clamp(min=1))).clamp(min=1)
    return weight / unit, unit


@contextmanager
def exactly(tensor):
    """No gradients and no lower precision: what is measured and solved in closed form needs its digits."""
    with torch.no_grad(), torch.autocast(tensor.device.type, enabled=False):
        yield


def expert_quality(left_out, Y, weight):
    """Leave-one-out R^2 of each expert that the network reads, in [-1, 1]: (T, E)."""
    left_out = left_out[:, :, :N_READ]
    w = weight[..., None]
    centre = (Y * w).sum(1, keepdim=True) / weight.sum(1)[:, None, None].clamp(min=1e-12)
    total = ((Y - centre).square() * w).sum((1, 2)).clamp(min=1e-6)
    error = ((left_out - Y[:, :, None]).square() * w[..., None]).sum((1, 3))
    return (1 - error / total[:, None]).clamp(-1, 1)


def deal_out(y, weight, max_rows, most_parts):
    """Deal more than ``max_rows`` rows out to equal parts, each with its share of every target; the first
    ``most_parts`` are returned.

    A part has half of ``max_rows`` at least, and less than three quarters: beside trees, which read all rows, twice as
    many took twice as long and were hardly better.

    Returns a list of (T, n_part) row numbers (a part may repeat nothing and lacks at most one row) of the first
    parts, or None where one part holds all.
    """
    n = weight.shape[1]
    if n <= max_rows:
        return None
    n_parts = n // (max_rows // 2)
    key = y.to(torch.float64) if y.ndim == 2 else y[..., 0].to(torch.float64)
    key = torch.where(weight > 0, key, torch.full_like(key, torch.inf))  # padding comes last
    order = key.sort(dim=1, stable=True).indices
    return [order[:, start::n_parts] for start in range(min(n_parts, most_parts))]


def with_targets_axis(y):
    """Labels (T, n) as those of one target; targets (T, n, K) as they are."""
    return y[..., None] if y.ndim == 2 else y
