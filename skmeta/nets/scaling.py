"""How columns are brought to one scale before a network sees them, learned once from the meta-training rows."""

import torch
from torch import nn

#: rows of so many columns or more may be words, or directions of an embedding
_MANY_COLUMNS = 32
_NUMBERS_BESIDE, _NUMBERS_AT_ONCE = 512, 2**15


class Standardize(nn.Module):
    """Columns to zero mean and unit variance, by statistics learned once from the meta-training rows.

    Columns that are never negative and mostly zero - flags, counts, words - keep their sizes relative to each other:
    they share one scale, or a category that hardly ever occurs would weigh as much as one row in ten.

    Estimators call ``fit_rows`` of every module that has it before training starts, so this layer can stand first
    in any module of one's own. Values beyond ``limit`` standard deviations are clipped: a wild cell then costs one
    cell, not the row.

    Parameters
    ----------
    n_features_in : int
    limit : float, default=10.0

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import Standardize
    >>> layer = Standardize(1)
    >>> layer.fit_rows(torch.tensor([[1.0], [3.0]]))
    >>> layer(torch.tensor([[1.0], [2.0]]))
    tensor([[-1.],
            [ 0.]])
    """

    def __init__(self, n_features_in, limit=10.0):
        super().__init__()
        self.limit = limit
        self.register_buffer("mean", torch.zeros(n_features_in))
        self.register_buffer("scale", torch.ones(n_features_in))

    @torch.no_grad()
    def fit_rows(self, X):
        mean, low, top = X.mean(0, dtype=torch.float64), _of_columns(torch.amin, X), _of_columns(torch.amax, X)
        # in doubles a few rows at a time: memory for all of them would take longer to get than all the rest
        parts = X.split(max(1, _NUMBERS_AT_ONCE // max(X.shape[1], 1)))
        scale = (sum((part - mean).square_().sum(0) for part in parts) / len(X)).sqrt_()
        # a constant column carries nothing; dividing by its rounding error would
        scale[scale <= 1e-9 * torch.maximum(top, -low).clamp(min=1e-30)] = 1.0
        together = _is_sparse(X, low, top)
        if together.any():
            largest = (X[:, together] - mean[together]).abs().max() / self.limit  # of which nothing is to be clipped
            scale[together] = torch.maximum(scale[together].square().mean().sqrt(), largest)
        self.mean.copy_(mean)
        self.scale.copy_(scale)

    def forward(self, X):
        return ((X - self.mean) / self.scale).clamp(-self.limit, self.limit)


def _of_columns(extreme, X):
    """The largest or the least of each column; few columns are too narrow for vectors, but not rows side by side."""
    n, d = X.shape
    beside = max(1, _NUMBERS_BESIDE // max(d, 1))
    whole = n - n % beside
    if beside == 1 or not whole:
        return extreme(X, 0)
    found = extreme(X[:whole].reshape(-1, beside * d), 0).view(beside, d)
    return extreme(torch.cat([found, X[whole:]]), 0)


def is_sparse(X):
    """Which columns (d,) of rows (n, d) hold nothing negative and, two values aside, mostly zeros.

    Examples
    --------
    >>> import torch
    >>> is_sparse(torch.tensor([[1.0, 0.0, 5.0, -1.0], [1.0, 3.0, 4.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    tensor([ True,  True, False, False])
    """
    return _is_sparse(X, X.amin(0), X.amax(0))


def _is_sparse(X, low, top):
    found = (low == 0) & (top > 0)
    if found.any():  # most tables have no such column, and the others need not be looked at
        X, top = X[:, found], top[found]
        is_zero = X == 0
        is_flag = (is_zero | (top == X)).all(0)
        found[found.clone()] = is_flag | (is_zero.double().mean(0) > 0.5)
    return found


class OneScale(nn.Module):
    """All columns divided by one number, the root mean square of their deviations from their means.

    Parameters
    ----------
    n_features_in : int
        For the sake of the others' interface.

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import OneScale
    >>> scale = OneScale()
    >>> X = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    >>> scale.fit_rows(X)
    >>> scale(X)[1] / scale(X)[1, 0]  # columns keep their proportion
    tensor([1., 2.])
    """

    def __init__(self, n_features_in=None):
        super().__init__()
        self.register_buffer("size", torch.ones(()))

    @torch.no_grad()
    def fit_rows(self, X):
        size = X.double().var(0, correction=0).mean().sqrt()
        if size > 0:
            self.size.copy_(size)

    def forward(self, X):
        return X / self.size


def scaler(scaling, n_features_in):
    """The first layer of a body: {"columns", "table", None} as a module."""
    kinds = {"columns": Standardize, "table": OneScale, None: nn.Identity}
    if scaling not in kinds:
        raise ValueError(f"scaling must be 'columns', 'table' or None, got {scaling!r}.")
    return kinds[scaling](n_features_in)


def scaling_of(X):
    """Parameters of a body, for rows whose lengths mean nothing: texts, say, or embeddings of another network.

    Such are many columns that are all sparse, or rows that have one length already. Their columns are on one scale and
    large for a reason, and it is angles that decide.

    Parameters
    ----------
    X : (n, d) tensor
        The meta-training rows.

    Returns
    -------
    parameters : dict
        ``scaling`` and ``unit_length``, or nothing, which leaves the body's own.

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets.scaling import scaling_of
    >>> scaling_of(torch.nn.functional.normalize(torch.randn(9, 50), dim=1))
    {'scaling': 'table', 'unit_length': True}
    >>> scaling_of(torch.randn(9, 50))
    {}
    """
    if X.ndim != 2 or X.shape[1] < _MANY_COLUMNS or len(X) < 2:
        return {}
    length = X.double().norm(dim=1)
    length = length[length > 0]  # a text may have no known word
    has_one_length = len(length) > 1 and bool((length.std() < 1e-3 * length.mean()).item())
    varies = X.amax(0) > X.amin(0)
    if has_one_length or bool(varies.any()) and bool(is_sparse(X[:, varies]).all()):
        return {"scaling": "table", "unit_length": True}
    return {}
