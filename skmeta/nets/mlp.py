"""The default body: a small multi-layer perceptron that standardises its inputs."""

import torch
from torch import nn


class Standardize(nn.Module):
    """Columns to zero mean and unit variance, by statistics learned once from the meta-training rows.

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
        X = X.double()
        mean = X.mean(0)
        scale = (X - mean).square_().mean(0).sqrt_()  # a quarter of the time of std(0), which goes by columns
        # a constant column carries nothing; dividing by its rounding error would
        scale[scale <= 1e-9 * X.abs().amax(0).clamp(min=1e-30)] = 1.0
        self.mean.copy_(mean)
        self.scale.copy_(scale)

    def forward(self, X):
        return ((X - self.mean) / self.scale).clamp(-self.limit, self.limit)


class MLP(nn.Module):
    """Rows in, embeddings out.

    Parameters
    ----------
    n_features_in : int
        Columns of a row; estimators fill it in.
    n_hidden : int, default=64
        Width of each layer.
    n_layers : int, default=2
        Linear layers, the last one included.
    n_out : int or None, default=None
        Size of the embedding; None is ``n_hidden``.
    activation : module class, default=torch.nn.ReLU
    activate_output : bool, default=False
        Whether the embedding itself goes through the activation, as the features below a linear head do.
    keep_input : bool, default=False
        Whether the standardised row is handed on too, behind the embedding: what is linear need not be learned.

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import MLP
    >>> MLP(n_features_in=3, n_hidden=8, n_out=4)(torch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self, n_features_in, n_hidden=64, n_layers=2, n_out=None, activation=nn.ReLU, activate_output=False,
        keep_input=False,
    ):  # fmt: skip
        super().__init__()
        self.n_kept = n_features_in if keep_input else 0
        widths = [n_features_in] + [n_hidden] * (n_layers - 1) + [n_hidden if n_out is None else n_out]
        layers = [Standardize(n_features_in)]
        for width_in, width_out in zip(widths[:-1], widths[1:]):
            layers += [nn.Linear(width_in, width_out), activation()]
        if not activate_output:
            layers.pop()
        self.layers = nn.Sequential(*layers)

    def forward(self, X):
        return torch.cat([self.layers(X), self.layers[0](X)], dim=-1) if self.n_kept else self.layers(X)
