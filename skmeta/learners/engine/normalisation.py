"""Layer, batch and group normalisation for the closed form: one layer, which differs in what it averages over."""

import torch

from skmeta.learners.engine.layers import Layer


class Normalisation(Layer):
    """``y = xh * weight + bias`` with ``xh = (x - mean) * r``, ``r = 1 / sqrt(variance + eps)``.

    weight and bias (d,) or, per task, (T, 1, ..., 1, d); either may be None. Subclasses say what to average over.
    """

    def __init__(self, eps, n_params, n_axes=3):
        self.eps, self.n_params = eps, n_params
        self.within = tuple(range(1, n_axes - 1))  # the axes between tasks and columns

    def _mean(self, values):
        raise NotImplementedError

    def internal(self, weight=None, bias=None):
        return tuple(None if value is None else self._spread(value) for value in (weight, bias))

    def _spread(self, value):
        """Columns (d,) as they are, those of tasks (T, d) as (T, 1, ..., 1, d)."""
        return value if value.dim() == 1 else value.reshape(len(value), *[1] * len(self.within), -1)

    def external(self, p):
        return tuple(value if value.dim() == 1 else value.flatten(1) for value in p if value is not None)

    def is_shared(self, p):
        return p[0].dim() == 1

    def forward(self, p, x):
        weight, bias = p
        xh = x - self._mean(x)
        r = (self._mean(xh.square()) + self.eps).rsqrt_()  # means may be shared memory
        xh.mul_(r)
        return self._scale_and_shift(xh, weight, bias), (xh, r)

    @staticmethod
    def _scale_and_shift(xh, weight, bias):
        if weight is None:
            return xh
        return xh * weight if bias is None else torch.addcmul(bias, xh, weight)

    def backward(self, p, memo, dy):
        xh, r = memo
        g = dy if p[0] is None else dy * p[0]
        return self._project(g, xh).mul_(r)

    def _project(self, g, xh):
        """g without its components along the ones and along xh."""
        return (g - self._mean(g)).addcmul_(xh, self._mean(g * xh), value=-1)

    def r_forward(self, p, memo, u, Rx):
        xh, r = memo
        Ry = None if u is None else self._scale_and_shift(xh, *u)
        if Rx is None:
            return Ry, None
        Rxh = self._project(Rx, xh).mul_(r)
        moved = Rxh if p[0] is None else Rxh * p[0]
        return moved if Ry is None else moved.add_(Ry), (Rxh, self._mean(xh * Rx))

    def r_backward(self, p, memo, dy, u, r_memo, Rdy):
        xh, r = memo
        g, Rg = (dy, Rdy) if p[0] is None else (dy * p[0], Rdy * p[0])
        if u is not None:
            Rg = Rg.addcmul_(dy, u[0])
        Rdx = self._project(Rg, xh)
        if r_memo is not None:
            Rxh, slide = r_memo  # slide = -Rr / r^2
            Rdx.addcmul_(Rxh, self._mean(g * xh), value=-1)
            Rdx.addcmul_(xh, self._mean(g * Rxh), value=-1)
            Rdx.addcmul_(slide, self._project(g, xh).mul_(r), value=-1)
        return Rdx.mul_(r)

    def gradient(self, memo, dy, shared):
        weight = self._sum(dy * memo[0], shared)
        return weight, self._sum(dy, shared) if self.n_params == 2 else None

    def _sum(self, values, shared):
        return values.sum((0, *self.within)) if shared else values.sum(self.within, keepdim=True)

    def accumulate(self, v, memo, dy, alpha):
        for value, g in zip(v, self.gradient(memo, dy, shared=v[0].dim() == 1)):
            if value is not None:
                value.add_(g, alpha=alpha)

    def r_accumulate(self, v, memo, dy, r_memo, Rdy, alpha):
        self.accumulate(v, memo, Rdy, alpha)
        if r_memo is not None:
            v[0].add_(self._sum(dy * r_memo[0], shared=v[0].dim() == 1), alpha=alpha)

    def fold(self, v):
        if v[0].dim() == 1:
            return v
        return tuple(None if value is None else value.flatten(0, -2).sum(0) for value in v)


class LayerNorm(Normalisation):
    """Each row by the statistics of its columns."""

    def _mean(self, values):
        return values.mean(-1, keepdim=True)


class BatchNorm(Normalisation):
    """Each column, or channel, by its statistics over the rows of a task at hand, and over their pixels."""

    def _mean(self, values):
        return values.mean(self.within, keepdim=True)

    def backward(self, p, memo, dy):
        xh, r = memo
        # a channel's weight is one number for all that is averaged over, and can wait
        return self._project(dy, xh).mul_(r if p[0] is None else r * p[0])


class GroupNorm(Normalisation):
    """Each image (T, n, H, W, C) by the statistics of groups of its channels."""

    def __init__(self, eps, n_params, n_groups):
        super().__init__(eps, n_params, n_axes=5)
        self.n_groups = n_groups

    def _mean(self, values):
        channels = values.mean((2, 3), keepdim=True)
        groups = channels.unflatten(-1, (self.n_groups, -1))
        return groups.mean(-1, keepdim=True).expand_as(groups).flatten(-2)
