"""Layer normalisation for the closed form."""

import torch

from skmeta.learners.engine.layers import Layer


class LayerNorm(Layer):
    """``y = xh * weight + bias`` with ``xh = (x - mean) * r``, ``r = 1 / sqrt(variance + eps)``, over the columns.

    weight and bias (d,) or (T, 1, d); either may be None.
    """

    def __init__(self, eps, n_params):
        self.eps, self.n_params = eps, n_params

    def internal(self, weight=None, bias=None):
        per_task = weight is not None and weight.dim() == 2
        return tuple(value.unsqueeze(1) if per_task and value is not None else value for value in (weight, bias))

    def external(self, p):
        return tuple(value.squeeze(1) if value.dim() == 3 else value for value in p if value is not None)

    def is_shared(self, p):
        return p[0].dim() == 1

    def forward(self, p, x):
        weight, bias = p
        xh = x - x.mean(2, keepdim=True)
        r = xh.square().mean(2, keepdim=True).add_(self.eps).rsqrt_()
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

    @staticmethod
    def _project(g, xh):
        """g without its components along the ones and along xh."""
        return (g - g.mean(2, keepdim=True)).addcmul_(xh, (g * xh).mean(2, keepdim=True), value=-1)

    def r_forward(self, p, memo, u, Rx):
        xh, r = memo
        Ry = None if u is None else self._scale_and_shift(xh, *u)
        if Rx is None:
            return Ry, None
        Rxh = self._project(Rx, xh).mul_(r)
        moved = Rxh if p[0] is None else Rxh * p[0]
        return moved if Ry is None else moved.add_(Ry), (Rxh, (xh * Rx).mean(2, keepdim=True))

    def r_backward(self, p, memo, dy, u, r_memo, Rdy):
        xh, r = memo
        g, Rg = (dy, Rdy) if p[0] is None else (dy * p[0], Rdy * p[0])
        if u is not None:
            Rg = Rg.addcmul_(dy, u[0])
        Rdx = self._project(Rg, xh)
        if r_memo is not None:
            Rxh, slide = r_memo  # slide = -Rr / r^2
            Rdx.addcmul_(Rxh, (g * xh).mean(2, keepdim=True), value=-1)
            Rdx.addcmul_(xh, (g * Rxh).mean(2, keepdim=True), value=-1)
            Rdx.addcmul_(slide, self._project(g, xh).mul_(r), value=-1)
        return Rdx.mul_(r)

    def gradient(self, memo, dy, shared):
        weight = self._sum(dy * memo[0], shared)
        return weight, self._sum(dy, shared) if self.n_params == 2 else None

    @staticmethod
    def _sum(values, shared):
        return values.sum((0, 1)) if shared else values.sum(1, keepdim=True)

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
        return tuple(None if value is None else value.sum((0, 1)) for value in v)

    def descend(self, p, memo, dy, rates):
        if not isinstance(rates[0], float):
            return super().descend(p, memo, dy, rates)
        gradient = self.gradient(memo, dy, shared=dy.size(0) == 1 and self.is_shared(p))
        return tuple(
            None if value is None else torch.sub(value, g, alpha=rate) for value, rate, g in zip(p, rates, gradient)
        )
