"""Layers without parameters that only carry values from place to place, weighted or not: pooling and flattening.

A mapping is linear in its input, or, as taking a maximum is, linear between the inputs where it changes its mind. So a
tangent goes up as the values do, a gradient goes down the same ways, and there is nothing of second order.

Images are (T, n, H, W, C): channels last, so that a pixel's channels lie together for the convolutions. torch's own
kernels take them as (T n, C, H, W), a view.
"""

import torch
from torch import nn
from torch.nn import functional as F

aten = torch.ops.aten


class Mapping:
    """Subclasses write ``value``, and ``push`` and ``pull`` for tangents and gradients, given value's memo."""

    n_params = 0

    def internal(self):
        return ()

    def forward(self, p, x):
        return self.value(x)

    def backward(self, p, memo, dy):
        return self.pull(memo, dy)

    def r_forward(self, p, memo, u, Rx):
        return self.push(memo, Rx), None

    def r_backward(self, p, memo, dy, u, r_memo, Rdy):
        return self.pull(memo, Rdy)


class Flatten(Mapping):
    """Images to rows of columns, channel after channel as in torch."""

    def value(self, x):
        return x.permute(0, 1, 4, 2, 3).flatten(2), x.shape

    def push(self, shape, Rx):
        return self.value(Rx)[0]

    def pull(self, shape, dy):
        T, n, H, W, C = shape
        return dy.reshape(T, n, C, H, W).permute(0, 1, 3, 4, 2).contiguous()


class MaxPool(Mapping):
    """The largest value of each window; the first of several."""

    def __init__(self, *window):
        self.window = window  # size, stride, padding, dilation, ceil_mode

    @property
    def geometry(self):
        """Size, stride and padding, or None where there is more to say."""
        *sizes, dilation, ceil_mode = self.window
        return None if ceil_mode or dilation != [1, 1] else tuple(map(tuple, sizes))

    def value(self, x):
        images = as_images(x)
        y, where = aten.max_pool2d_with_indices(images, *self.window)
        return from_images(y, x), (images.shape, where)

    def push(self, memo, Rx):
        (_, C, H, W), where = memo
        flat = Rx.reshape(-1, H * W, C)
        places = where.permute(0, 2, 3, 1)
        return flat.gather(1, places.flatten(1, 2)).view(*Rx.shape[:2], *places.shape[1:])

    def pull(self, memo, dy):
        shape, where = memo
        images = dy.new_empty(shape).contiguous(memory_format=torch.channels_last)
        dx = aten.max_pool2d_with_indices_backward(as_images(dy), images, *self.window, where)
        return from_images(dx, dy)


class AveragePool(Mapping):
    """The mean of each window, by one of torch's kernels and its derivative.

    geometry : the window's size, the stride and the padding, or None where there is more to say; a size of 0 is the
        whole image.
    """

    def __init__(self, average, derivative, geometry):
        self.average, self.derivative, self.geometry = average, derivative, geometry

    def value(self, x):
        images = as_images(x)
        return from_images(self.average(images), x), images.shape

    def push(self, shape, Rx):
        return self.value(Rx)[0]

    def pull(self, shape, dy):
        images = dy.new_empty(shape).contiguous(memory_format=torch.channels_last)
        return from_images(self.derivative(as_images(dy), images), dy)


def as_images(x):
    """(T, n, H, W, C) as torch's (T n, C, H, W), channels last in memory."""
    return x.flatten(0, 1).permute(0, 3, 1, 2)


def from_images(y, like):
    """Back again, with as many tasks as ``like`` has."""
    return y.permute(0, 2, 3, 1).contiguous().view(*like.shape[:2], *y.shape[2:], y.shape[1])


class ChannelsLast(nn.Module):
    """Images (n, C, H, W) to (n, H, W, C): what the rows of a convolutional body go through first."""

    def forward(self, X):
        return X.permute(0, 2, 3, 1).contiguous()


def _max_pool(module):
    stride = module.kernel_size if module.stride is None else module.stride
    sizes = (_pair(value) for value in (module.kernel_size, stride, module.padding, module.dilation))
    return None if module.return_indices else MaxPool(*sizes, module.ceil_mode)


def _average_pool(module):
    stride = module.kernel_size if module.stride is None else module.stride
    sizes = [_pair(value) for value in (module.kernel_size, stride, module.padding)]
    window = (*sizes, module.ceil_mode, module.count_include_pad, module.divisor_override)
    plain = sizes[2] == [0, 0] and not module.ceil_mode and module.divisor_override is None
    return AveragePool(
        lambda images: F.avg_pool2d(images, *window),
        lambda dy, images: aten.avg_pool2d_backward(dy, images, *window),
        tuple(map(tuple, sizes)) if plain else None,
    )


def _adaptive_average_pool(module):
    return AveragePool(
        lambda images: F.adaptive_avg_pool2d(images, module.output_size),
        lambda dy, images: aten._adaptive_avg_pool2d_backward(dy, images),
        ((0, 0), (1, 1), (0, 0)) if _pair(module.output_size) == [1, 1] else None,
    )


def _pair(value):
    return [value, value] if isinstance(value, int) else list(value)


#: module class -> the mapping of images that a module of exactly this class is, or None
FROM_MODULE = {
    nn.Flatten: lambda module: Flatten() if (module.start_dim, module.end_dim) == (1, -1) else None,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _adaptive_average_pool,
}
