"""Training in mixed precision: the body's products in half the digits, everything else in single precision."""

import torch
from torch import nn


class MixedPrecision(nn.Module):
    """A body whose forward pass runs under ``torch.autocast`` while it is trained, and as it is when it answers.

    Only the body does: distances, heads and losses, which lose most from few digits, stay in single precision, and so
    do the weights. On GPUs this is faster for wide bodies and images; processors without units for bfloat16 are slower
    with it by far. Gradients are taken by torch's own differentiation, not by the formulas for stacks of layers.

    Parameters
    ----------
    body : torch module, or class of torch modules
        Rows to embeddings. A class is given the columns of a row and the other ``parameters``.
    n_features_in : int, default=None
        Columns of a row, for a class.
    dtype : torch.dtype, default=torch.bfloat16
        What products are worked out in. ``torch.float16`` has a smaller range, and gradients are not scaled to it.
    **parameters
        Those of a class.

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.nets import MLP, MixedPrecision
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = ProtoNetClassifier(MixedPrecision, module__body=MLP, module__n_hidden=32, random_state=0)
    >>> bool(clf.fit(X, y).score(X, y) > 0.9)
    True
    """

    def __init__(self, body, n_features_in=None, dtype=torch.bfloat16, **parameters):
        super().__init__()
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"dtype must be a torch.dtype such as torch.bfloat16, got {dtype!r}.")
        self.body = body(n_features_in, **parameters) if isinstance(body, type) else body
        self.dtype = dtype

    def forward(self, X):
        if not self.training:
            return self.body(X)
        with torch.autocast(X.device.type, self.dtype):
            return self.body(X).to(X.dtype)
