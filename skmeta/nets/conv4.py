"""The four-block convolutional body of the few-shot literature."""

import math

import torch
from torch import nn

#: the activations of more images do not fit the caches
IMAGES_AT_ONCE = 100


class Conv4(nn.Module):
    """Images, as rows of pixels, to embeddings: blocks of 3 x 3 convolution, normalisation, ReLU and 2 x 2 pooling.

    Parameters
    ----------
    n_features_in : int
        Pixels times channels; estimators fill it in. Images are square, channel after channel.
    n_channels : int, default=1
        Channels of an image.
    n_filters : int, default=64
        Filters of each convolution.
    n_blocks : int, default=4
    normalization : {"batch", "group"} or None, default="batch"
        "batch" goes by the statistics of the batch in training and by learned ones afterwards, so that an answer never
        depends on the rows beside it; "group" goes by each image's own, and is the one to adapt: learned statistics
        are kept task by task, in the slow engine.

    References
    ----------
    O. Vinyals, C. Blundell, T. Lillicrap, K. Kavukcuoglu, D. Wierstra. "Matching Networks for One Shot Learning".
    NeurIPS 2016.

    Examples
    --------
    >>> import torch
    >>> from skmeta.nets import Conv4
    >>> Conv4(28 * 28)(torch.zeros(5, 28 * 28)).shape
    torch.Size([5, 64])
    """

    def __init__(self, n_features_in, n_channels=1, n_filters=64, n_blocks=4, normalization="batch"):
        super().__init__()
        side = math.isqrt(n_features_in // n_channels)
        if n_channels * side * side != n_features_in:
            raise ValueError(f"{n_features_in} features are no square image of n_channels={n_channels}.")
        if side < 2**n_blocks:
            raise ValueError(f"Images of {side} x {side} are too small to be halved n_blocks={n_blocks} times.")
        self.image = (n_channels, side, side)
        blocks = []
        for block in range(n_blocks):
            filters_in = n_filters if block else n_channels
            norm = _normalization(normalization, n_filters)
            blocks += [nn.Conv2d(filters_in, n_filters, 3, padding=1), *norm, nn.ReLU(), nn.MaxPool2d(2)]
        # the layout in which the processor's kernels for convolution and pooling are fastest
        self.blocks = nn.Sequential(*blocks).to(memory_format=torch.channels_last)

    @property
    def stack(self):
        """The modules that, one after the other, do the same to rows (n, n_features_in): what engines look at."""
        return [nn.Unflatten(1, self.image), *self.blocks, nn.Flatten()]

    def forward(self, X):
        leading = X.shape[:-1]
        images = X.reshape(-1, *self.image)
        mixes_rows = self.training and any(isinstance(block, nn.BatchNorm2d) for block in self.blocks)
        parts = [images] if mixes_rows else images.split(IMAGES_AT_ONCE)
        embedded = torch.cat([self.blocks(part).flatten(1) for part in parts])
        return embedded.reshape(*leading, embedded.shape[1])


def _normalization(name, n_filters):
    if name == "batch":
        return [nn.BatchNorm2d(n_filters)]
    if name == "group":
        return [nn.GroupNorm(math.gcd(8, n_filters), n_filters)]
    if name is None:
        return []
    raise ValueError(f"normalization must be 'batch', 'group' or None, got {name!r}.")
