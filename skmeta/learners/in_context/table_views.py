"""Two views of a table's columns that a scale-free model can read: soft-clipped z-scores and ranks in the support.

Everything is measured on the support rows that carry weight, over a leading task axis, and is returned as a dict of
tensors, so that queries are seen with the support's eyes only. Missing cells are NaN; a categorical column holds
integer codes, which :func:`recode` numbers anew, the support's most frequent category first.
"""

import torch

TIE = 1e-5  # numbers of about one that are so near each other are equal: rounding may have set them apart
RANK_SCALE = 1.7  # a uniform rank in [-1.7, 1.7] has unit variance
INDICATOR_SCALE = 1.2  # two indicators change when a category does: a squared distance of 2.9, near z-scores' 2
MAX_LEVELS = 16  # rarer categories of a column share the all-zero row of indicators

NUMERIC, MISSING = -1, -2  # what a column of the expanded view holds; 0, 1, ... say "equals this category"


def _weighted_mean(values, weight):
    return (values * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1e-12)


def fit_columns(X, weight):
    """What the support knows of each column.

    Parameters
    ----------
    X : (T, n, d) tensor
        Cells, NaN where missing.
    weight : (T, n) tensor
        Row weights; a row of weight 0 is not there.

    Returns
    -------
    columns : dict of tensors with leading axis T
        ``low`` and ``high`` are the support's range in z-scores, ``per_range`` is one over its width.
    """
    present = ~torch.isnan(X)
    cell_weight = present * weight[..., None]
    filled = torch.where(present, X, torch.zeros_like(X))
    mean = _weighted_mean(filled, cell_weight)
    centred = torch.where(present, filled - mean, torch.zeros_like(X))
    variance = _weighted_mean(centred.square(), cell_weight)
    scale = variance.sqrt()
    constant = scale <= 100 * torch.finfo(X.dtype).eps * mean.abs()
    inverse = torch.where(constant, torch.zeros_like(scale), 1 / scale.clamp(min=1e-30))
    # Sorted support values with the weight below each: ranks are read off by binary search.
    hidden = torch.where(cell_weight > 0, filled, torch.full_like(X, torch.inf)).transpose(1, 2)
    ordered, order = hidden.sort(-1)
    below = cell_weight.transpose(1, 2).gather(-1, order).cumsum(-1)
    total = below[..., -1:].clamp(min=1e-12)
    below = torch.nn.functional.pad(below / total, (1, 0))
    low = torch.where(cell_weight > 0, centred, torch.zeros_like(X)).amin(1, keepdim=True) * inverse
    high = torch.where(cell_weight > 0, centred, torch.zeros_like(X)).amax(1, keepdim=True) * inverse
    room = high - low
    per_range = torch.where(room > 0, 1 / room.clamp(min=1e-30), torch.zeros_like(room))
    view = {"mean": mean, "inverse": inverse, "low": low, "high": high, "per_range": per_range}
    return view | {"ordered": ordered.contiguous(), "below": below}


def view_columns(columns, X):
    """(T, m, d) cells to z-scores and ranks, each (T, m, d); a missing cell is 0, the middle, in both."""
    missing = torch.isnan(X)
    z = standardised(columns, X)
    inner = z.clamp(-3, 3)
    outer = z - inner
    z = (inner + outer.sign() * outer.abs().log1p()).clamp(-12, 12)
    values = X.nan_to_num(0.0).transpose(1, 2).contiguous()
    low = torch.searchsorted(columns["ordered"], values)
    high = torch.searchsorted(columns["ordered"], values, right=True)
    rank = columns["below"].gather(-1, low) + columns["below"].gather(-1, high) - 1
    rank = (RANK_SCALE * rank).transpose(1, 2)
    # A column that never varies in the support says nothing, whatever the query holds.
    return z, rank.masked_fill(missing | (columns["inverse"] == 0), 0.0)


def standardised(columns, X):
    """z-scores (T, m, d); a missing cell is 0."""
    return ((X - columns["mean"]) * columns["inverse"]).nan_to_num(0.0)


def straight_view(columns, plan, X):
    """Rows for whoever draws lines: z-scores bent nowhere, of the plan's columns (T, m, p). No cell counts as further
    out than one range."""
    room = columns["high"] - columns["low"]
    z = torch.minimum(torch.maximum(standardised(columns, X), columns["low"] - room), columns["high"] + room)
    return expand(plan, X, z, z)[0] * plan["varies"][:, None]


def beyond_range(columns, X):
    """How far each row lies beyond the support's range in its worst column, in ranges, one at most (T, m)."""
    z = standardised(columns, X)
    return (torch.maximum(columns["low"] - z, z - columns["high"]) * columns["per_range"]).clamp(0, 1).amax(2)


def fit_codes(X, weight, categorical):
    """The new number of each code, (T, d, K): by falling weight in the support, NaN for codes it does not show."""
    held = ((weight > 0)[..., None] & categorical[:, None] & ~torch.isnan(X)).transpose(1, 2)
    codes = torch.where(held, X.transpose(1, 2), torch.zeros_like(held, dtype=X.dtype)).long().clamp(min=0)
    total = X.new_zeros(*codes.shape[:2], int(codes.max()) + 1)
    total.scatter_add_(2, codes, held * weight[:, None])
    number = total.sort(dim=2, descending=True, stable=True).indices.argsort(2).to(X.dtype)
    return torch.where(total > 0, number, torch.full_like(number, torch.nan))


def recode(numbers, categorical, X):
    """(T, m, d) cells with the codes of categorical columns numbered anew; unknown codes become missing."""
    cells = X.transpose(1, 2)
    place = torch.nan_to_num(cells, nan=-1.0)
    known = (place >= 0) & (place < numbers.shape[2])
    place = torch.where(known, place, torch.zeros_like(place)).long()
    new = torch.where(known, numbers.gather(2, place), torch.full_like(cells, torch.nan))
    return torch.where(categorical[..., None], new, cells).transpose(1, 2)


def plan_expansion(columns, X, weight, categorical=None):
    """Which columns the expanded view has: numbers, one column per category, one per column with missing cells.

    Parameters
    ----------
    columns : dict
        What :func:`fit_columns` says of the support ``X`` (T, n, d) with ``weight`` (T, n).
    categorical : (T, d) bool tensor or None
        The columns that hold codes.

    Returns
    -------
    plan : dict
        ``source`` and ``content``, both (T, p) int64: the original column and what is asked of it (a category's
        code, NUMERIC or MISSING); ``varies`` (T, p) bool: False for what never changes in the support, and for padding;
        ``share`` (T, p): how much of the support has an indicator; ``plain``: the view is the columns as they are.
    """
    T, _, d = X.shape
    there = (weight > 0)[..., None]
    missing = torch.isnan(X)
    some_missing = (missing & there).any(1) & (~missing & there).any(1)
    if categorical is None:
        categorical = torch.zeros(T, d, dtype=torch.bool, device=X.device)
    levels = 0
    if bool(categorical.any()):
        codes = torch.where(categorical[:, None] & ~missing & there, X, torch.zeros_like(X))
        levels = min(MAX_LEVELS, int(codes.max()) + 1)
    level_codes = torch.arange(levels, device=X.device, dtype=X.dtype)
    holds = ((X[..., None] == level_codes) & there[..., None]).any(1) & categorical[..., None]
    wanted = torch.cat([~categorical[..., None], some_missing[..., None], holds], -1).flatten(1)
    content = torch.cat(
        [torch.arange(NUMERIC, MISSING - 1, -1, device=X.device), torch.arange(levels, device=X.device)]
    )
    source = torch.arange(d, device=X.device).repeat_interleave(levels + 2)
    content = content.repeat(d)
    kept = max(1, int(wanted.sum(1).max()))
    order = wanted.to(torch.int8).sort(dim=1, descending=True, stable=True).indices[:, :kept]
    plan = {"source": source[order], "content": content[order]}
    plan["plain"] = not bool((some_missing | categorical).any())
    plan["share"] = _weighted_mean(_holds(plan, X).to(X.dtype), weight[..., None])[:, 0]
    of_source = (columns["inverse"][:, 0] != 0).gather(1, plan["source"])
    of_indicator = (plan["share"] > 0) & (plan["share"] < 1)
    plan["varies"] = torch.where(plan["content"] == NUMERIC, of_source, of_indicator) & wanted.gather(1, order)
    return plan


def _holds(plan, X):
    """Whether rows hold what the plan's columns ask for, (T, m, p) bool; False for numbers."""
    content = plan["content"][:, None]
    cells = X.gather(2, plan["source"][:, None].expand(-1, X.shape[1], -1))
    return (content == MISSING) & torch.isnan(cells) | (content >= 0) & (cells == content)


def expand(plan, X, z, u):
    """Both views of the plan's columns, each (T, m, p), of rows X (T, m, d) whose own columns are seen as z and u.

    An indicator is scaled by how often two rows differ instead of by its standard deviation, so that a rare category
    does not tower over the rest.
    """
    if plan["plain"]:
        return z, u
    holds, numeric = _holds(plan, X), (plan["content"] == NUMERIC)[:, None]
    source = plan["source"][:, None].expand(-1, X.shape[1], -1)
    step = INDICATOR_SCALE * (holds.to(z.dtype) - plan["share"][:, None].to(z.dtype))
    side = RANK_SCALE * (holds.to(u.dtype) - 0.5)
    varies = plan["varies"][:, None]
    z, u = torch.where(numeric, z.gather(2, source), step), torch.where(numeric, u.gather(2, source), side)
    return z * varies, u * varies


def falling_order(values):
    """The places (T, n) of values from the largest to the least; ties stay, those that rounding broke too.

    Examples
    --------
    >>> falling_order(torch.tensor([[0.5, 1.0, 1.0 + 1e-9]]))
    tensor([[1, 2, 0]])
    """
    values, order = values.sort(dim=1, descending=True)
    apart = values[:, :-1] - values[:, 1:] > TIE
    group = torch.nn.functional.pad(apart.cumsum(1), (1, 0))
    return order.gather(1, (group * order.shape[1] + order).argsort(1))
