"""Convolutions for the closed form: each sweep is torch's own kernel, once for every task.

A convolution is linear in its input and in its weight, so that three kernels do: the forward one, and the two of the
backward pass. Images are (T, n, H, W, C), channels last: the layout in which these kernels run at the machine's speed
and that the layers in between can share between tasks. A task's images are enough work for a call, so a loop over tasks
costs nothing; one grouped convolution for all of them wants another layout.
"""

import torch

from skmeta.learners.engine.layers import Layer
from skmeta.learners.engine.mappings import as_images, from_images


class Conv2d(Layer):
    """weight (out, in, kh, kw) or (T, out, in, kh, kw), as torch has it; bias (out,) or (T, out)."""

    def __init__(self, module):
        self.n_params = 1 if module.bias is None else 2
        self.sizes = (list(module.stride), list(module.padding), list(module.dilation))
        self.groups, self.shape = module.groups, module.weight.shape

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
