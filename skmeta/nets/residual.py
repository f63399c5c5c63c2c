"""A body that begins as (almost) nothing: the rows themselves, plus a correction that training has to earn."""

from itertools import chain, pairwise, repeat

from torch import nn

from skmeta.nets.scaling import scaler

# squared length of a row of unit length, over its size: logits of prototypes then differ by up to 2 * 10 at the start
_SHARPNESS = 10.0


class ResidualMLP(nn.Module):
    """Rows plus a correction by a small multi-layer perceptron, which is zero before training.

    Metric learners with this body start from distances between the rows themselves - with ``max_epochs=0`` a
    :class:`~skmeta.ProtoNetClassifier` is a nearest centroid - and depart from them as far as the training tasks ask.
    Where tasks are few, or distances between rows mean much already (texts, spectra, embeddings of another network),
    a network that starts at random has first to find again what it threw away.

    Parameters
    ----------
    n_features_in : int
        Columns of a row.
    n_hidden : int, default=256
        Width of the correction's hidden layers.
    n_layers : int, default=2
        Linear layers of the correction.
    n_out : int or None, default=None
        Size of the embedding. None keeps that of the rows; a number adds a last linear map, orthogonal at the start.
    scaling : {"columns", "table", None}, default="columns"
        "columns" gives each column zero mean and unit variance; "table" divides all columns by one number, for rows
        whose columns are on one scale, and large for a reason (principal components, TF-IDF, pixels).
    unit_length : bool, default=False
        Whether rows, and embeddings, are brought to one length, so that angles decide, as usual with texts.
    dropout : float, default=0.0
        Share of hidden units of the correction that fall silent in training.

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import ResidualMLP
    >>> body = ResidualMLP(n_features_in=3)
    >>> body(torch.tensor([[1.0, 2.0, 3.0]])).tolist()
    [[1.0, 2.0, 3.0]]
    """

    def __init__(
        self,
        n_features_in,
        n_hidden=256,
        n_layers=2,
        n_out=None,
        scaling="columns",
        unit_length=False,
        dropout=0.0,
    ):
        super().__init__()
        self.unit_length = unit_length
        self.scale = scaler(scaling, n_features_in)
        widths = chain([n_features_in], repeat(n_hidden, n_layers - 1), [n_features_in])
        layers = []
        for width_in, width_out in pairwise(widths):
            layers += [nn.Linear(width_in, width_out), nn.ReLU(), *([nn.Dropout(dropout)] if dropout else [])]
        self.correction = nn.Sequential(*layers[: -2 if dropout else -1])
        nn.init.zeros_(self.correction[-1].weight)
        nn.init.zeros_(self.correction[-1].bias)
        self.last = nn.Identity()
        if n_out is not None:
            self.last = nn.Linear(n_features_in, n_out, bias=False)
            nn.init.orthogonal_(self.last.weight)

    def forward(self, X):
        X = self.scale(X)
        if self.unit_length:
            X = _of_length(X, X.shape[-1] ** 0.5)
        X = self.last(X + self.correction(X))
        return _of_length(X, (_SHARPNESS * X.shape[-1]) ** 0.5) if self.unit_length else X


def _of_length(X, length):
    return nn.functional.normalize(X, dim=-1) * length
