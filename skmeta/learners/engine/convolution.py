"""Convolutions for the closed form: each sweep is torch's own kernel, once for every task.

A convolution is linear in its input and in its weight, so that three kernels do: the forward one, and the two of the
backward pass. Images are (T, n, H, W, C), channels last: the layout in which these kernels run at the machine's speed
and that the layers in between can share between tasks. A task's images are enough work for a call, so a loop over tasks
costs nothing; one grouped convolution for all of them wants another layout.
"""

import math

import torch
from torch.nn import functional as F

from skmeta.learners.engine.layers import Layer
from skmeta.learners.engine.linear import Linear
from skmeta.learners.engine.mappings import as_images, from_images

#: patches are made where they hold every pixel less often than so
MOST_COPIES = 4


class Conv2d(Layer):
    """weight (out, in, kh, kw) or (T, out, in, kh, kw), as torch has it; bias (out,) or (T, out)."""

    def __init__(self, module):
        self.n_params = 1 if module.bias is None else 2
        self.sizes = (list(module.stride), list(module.padding), list(module.dilation))
        self.groups, self.shape = module.groups, module.weight.shape
        self.geometry = _geometry(module)

    def internal(self, weight, bias=None):
        return weight, bias

    def external(self, p):
        return p[: self.n_params]

    def is_shared(self, p):
        return p[0].dim() == 4

    # ---- the three kernels, for shared weights or for each task's own

    def _convolve(self, x, p):
        weight, bias = p
        if weight.dim() == 4:
            return from_images(self._kernel(as_images(x), weight, bias), x)
        biases = [None] * len(x) if bias is None else bias
        return torch.cat([self._convolve(x[t : t + 1], (weight[t], biases[t])) for t in range(len(x))])

    def _kernel(self, images, weight, bias):
        return torch.conv2d(images, weight, bias, *self.sizes, self.groups)

    def _by_input(self, dy, x, weight):
        if weight.dim() == 4:
            return from_images(self._kernel_backward(dy, x, weight, by_weight=False)[0], x)
        return torch.cat([self._by_input(dy[t : t + 1], x[t : t + 1], weight[t]) for t in range(len(x))])

    def _by_weight(self, dy, x, shared):
        weight = dy.new_empty(self.shape)
        if shared:
            return self._kernel_backward(dy, x, weight, by_weight=True)[1]
        return torch.stack([self._by_weight(dy[t : t + 1], x[t : t + 1], True) for t in range(len(x))])

    def _kernel_backward(self, dy, x, weight, by_weight):
        return torch.ops.aten.convolution_backward(
            as_images(dy), as_images(x), weight, None, *self.sizes, False, [0, 0], self.groups,
            [not by_weight, by_weight, False],
        )  # fmt: skip

    # ---- the sweeps

    def forward(self, p, x):
        return self._convolve(x, p), x

    def backward(self, p, x, dy):
        return self._by_input(dy, x, p[0])

    def r_forward(self, p, x, u, Rx):
        if u is None:
            return self._convolve(Rx, (p[0], None)), Rx
        Ry = self._convolve(x, u)
        return Ry if Rx is None else Ry.add_(self._convolve(Rx, (p[0], None))), Rx

    def r_backward(self, p, x, dy, u, Rx, Rdy):
        Rdx = self._by_input(Rdy, x, p[0])
        return Rdx if u is None else Rdx.add_(self._by_input(dy, x, u[0]))

    def gradient(self, x, dy, shared):
        return self._by_weight(dy, x, shared), self._by_bias(dy, shared) if self.n_params == 2 else None

    def _by_bias(self, dy, shared):
        return dy.sum((0, 1, 2, 3)) if shared else dy.sum((1, 2, 3))

    def accumulate(self, v, x, dy, alpha):
        weight, bias = v
        shared = weight.dim() == 4
        weight.add_(self._by_weight(dy, x, shared), alpha=alpha)
        if bias is not None:
            bias.add_(self._by_bias(dy, shared), alpha=alpha)

    def r_accumulate(self, v, x, dy, Rx, Rdy, alpha):
        self.accumulate(v, x, Rdy, alpha)
        if Rx is not None:
            v[0].add_(self._by_weight(dy, Rx, v[0].dim() == 4), alpha=alpha)

    def fold(self, v):
        if v[0].dim() == 4:
            return v
        return tuple(None if value is None else value.sum(0) for value in v)


class PatchConv2d(Layer):
    """The same as a linear layer on patches: each output pixel's patch of the input is a row.

    A patch's columns are used in four of the sweeps, and the products of all tasks are one call.
    """

    def __init__(self, module):
        self.linear = Linear(module.bias is not None)
        self.n_params = self.linear.n_params
        self.size, self.stride, self.padding = module.kernel_size, module.stride, module.padding
        self.shape, self.geometry = module.weight.shape, _geometry(module)

    def internal(self, weight, bias=None):
        """Rows of the weight are the columns of a patch: (..., out, in, kh, kw) to (..., kh kw in, out)."""
        return self.linear.internal(weight.movedim(-3, -1).flatten(-3), bias)

    def external(self, p):
        weight, *bias = self.linear.external(p)
        out, channels, *size = self.shape
        return weight.unflatten(-1, (*size, channels)).movedim(-1, -3), *bias

    def is_shared(self, p):
        return self.linear.is_shared(p)

    def _patches(self, x):
        """(T, n, H, W, C) to (T, n H' W', kh kw C)."""
        (top, left) = self.padding
        if top or left:
            x = F.pad(x, (0, 0, left, left, top, top))
        for axis in (0, 1):
            x = x.unfold(2 + axis, self.size[axis], self.stride[axis])
        return x.movedim(4, -1).flatten(4).flatten(1, 3)

    def _unpatched(self, patches, shape):
        """The transpose of ``_patches``: every pixel is the sum of its copies."""
        T, n, H, W, C = shape
        (top, left), (height, width) = self.padding, self._output_size(shape)
        parts = patches.view(T, n, height, width, *self.size, C)
        x = parts.new_zeros(T, n, H + 2 * top, W + 2 * left, C)
        for i in range(self.size[0]):
            for j in range(self.size[1]):
                rows = slice(i, i + self.stride[0] * (height - 1) + 1, self.stride[0])
                columns = slice(j, j + self.stride[1] * (width - 1) + 1, self.stride[1])
                x[:, :, rows, columns] += parts[..., i, j, :]
        return x[:, :, top : top + H, left : left + W].contiguous()

    def _output_size(self, shape):
        return [
            (side + 2 * pad - size) // stride + 1
            for side, pad, size, stride in zip(shape[2:4], self.padding, self.size, self.stride)
        ]

    def _images(self, y, shape):
        return y.view(*shape[:2], *self._output_size(shape), y.shape[-1])

    # ---- the sweeps: those of the linear layer, between patches and images

    def forward(self, p, x):
        y, patches = self.linear.forward(p, self._patches(x))
        return self._images(y, x.shape), (patches, x.shape)

    def backward(self, p, memo, dy):
        patches, shape = memo
        return self._unpatched(self.linear.backward(p, patches, dy.flatten(1, 3)), shape)

    def r_forward(self, p, memo, u, Rx):
        patches, shape = memo
        Ry, R_patches = self.linear.r_forward(p, patches, u, None if Rx is None else self._patches(Rx))
        return self._images(Ry, shape), R_patches

    def r_backward(self, p, memo, dy, u, R_patches, Rdy):
        patches, shape = memo
        Rd_patches = self.linear.r_backward(p, patches, dy.flatten(1, 3), u, R_patches, Rdy.flatten(1, 3))
        return self._unpatched(Rd_patches, shape)

    def gradient(self, memo, dy, shared):
        return self.linear.gradient(memo[0], dy.flatten(1, 3), shared)

    def accumulate(self, v, memo, dy, alpha):
        self.linear.accumulate(v, memo[0], dy.flatten(1, 3), alpha)

    def r_accumulate(self, v, memo, dy, R_patches, Rdy, alpha):
        dy = None if R_patches is None else dy.flatten(1, 3)
        self.linear.r_accumulate(v, memo[0], dy, R_patches, Rdy.flatten(1, 3), alpha)

    def fold(self, v):
        return self.linear.fold(v)

    def descend(self, p, memo, dy, rates):
        return self.linear.descend(p, memo[0], dy.flatten(1, 3), rates)


def as_convolution(module):
    """The layer for an ``nn.Conv2d``, or None where it does something unusual.

    Patches pay where they overlap little, as with a stride, or are small.
    """
    if module.padding_mode != "zeros" or isinstance(module.padding, str):
        return None
    copies = math.prod(module.kernel_size) / math.prod(module.stride)
    thin = math.prod(module.weight.shape[1:]) <= module.out_channels
    return (PatchConv2d if _geometry(module) and (copies < MOST_COPIES or thin) else Conv2d)(module)


def _geometry(module):
    """Window, stride and padding, or None where there is more to say."""
    plain = module.groups == 1 and module.dilation == (1, 1)
    return (module.kernel_size, module.stride, module.padding) if plain else None
