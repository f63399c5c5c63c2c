"""The default body: a small multi-layer perceptron that standardises its inputs."""

from itertools import chain, repeat

import torch
from torch import nn

from skmeta.nets.scaling import scaler

MOST_CARRIED = 32  # columns; of more, the carrying units would be most of the network
#: by so much a carrying unit lies below zero where its column has the other sign: at zero itself the last digit of a
#: step, which depends on the order of rows, would say whether it wakes up
ASLEEP = 1e-3


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
    carry_input : bool, default=False
        Whether each layer has two more units for every column, that begin as its positive and its negative part (they
        can be trained like the others): with ``keep_input``'s merit it remains a plain stack of layers. The activation
        must leave positive numbers as they are and make others zero. Rows of more than 32 columns are kept instead.
    scaling : {"columns", "table", None}, default="columns"
        "columns" standardises each; "table" divides all columns by one number, for rows whose columns are on one scale
        and large for a reason (principal components, TF-IDF, pixels).

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import MLP
    >>> MLP(n_features_in=3, n_hidden=8, n_out=4)(torch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self, n_features_in, n_hidden=64, n_layers=2, n_out=None, activation=nn.ReLU, activate_output=False,
        keep_input=False, carry_input=False, scaling="columns",
    ):  # fmt: skip
        super().__init__()
        few = n_features_in <= MOST_CARRIED
        self.n_kept = n_features_in if keep_input or carry_input and not few else 0
        n_carried = 2 * n_features_in if carry_input and few else 0
        widths = chain(repeat(n_hidden, n_layers - 1), [n_hidden if n_out is None else n_out])
        layers, width_in = [scaler(scaling, n_features_in)], n_features_in
        for width in widths:
            layers += [nn.Linear(width_in, width + n_carried), activation()]
            if n_carried:
                _carry(layers[-2], n_features_in)
            width_in = width + n_carried
        if not activate_output:
            layers.pop()
        self.layers = nn.Sequential(*layers)

    def forward(self, X):
        return torch.cat([self.layers(X), self.layers[0](X)], dim=-1) if self.n_kept else self.layers(X)


@torch.no_grad()
def _carry(layer, n_columns):
    """Let a layer's last units begin as the positive and the negative parts of the columns."""
    weight, n_carried = layer.weight, 2 * n_columns
    layer.bias[-n_carried:] = -ASLEEP
    weight[-n_carried:] = 0
    if layer.in_features == n_columns:
        eye = torch.eye(n_columns)
        weight[-n_carried:] = torch.cat([eye, -eye])
    else:
        weight[-n_carried:, -n_carried:] = torch.eye(n_carried)
