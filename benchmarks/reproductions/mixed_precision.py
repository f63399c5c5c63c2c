"""A body that trains in bfloat16, for one of the figures of benchmarks/reproductions/omniglot_conv4.py.

It is no part of the library: what it would gain has not been measured on a GPU, and on most processors it costs time.
"""

import torch
from torch import nn


class MixedPrecision(nn.Module):
    """A body whose forward pass runs under ``torch.autocast`` while it is trained, and as it is when it answers."""

    def __init__(self, body, dtype):
        super().__init__()
        self.body, self.dtype = body, dtype

    def forward(self, X):
        if not self.training:
            return self.body(X)
        with torch.autocast(X.device.type, self.dtype):
            return self.body(X).to(X.dtype)
