"""Layers with parameters for the closed form: each is its forward pass and three sweeps derived from it.

For an inner loss L and a layer ``y = f(x; p)``, with ``dy`` short for dL/dy:

==============  ==================================================================================================
``forward``     ``y``, and a memo of what the other sweeps need
``backward``    ``dx`` from ``dy``
``r_forward``   ``Ry``, the change of y when the parameters move along ``u`` (and x moves along ``Rx``)
``r_backward``  ``Rdx``, the change of ``dx`` under the same move
==============  ==================================================================================================

R is Pearlmutter's operator, d/de at ``theta + e u``: after both R sweeps, the change of each parameter's gradient is
one row of the Hessian times u, exactly and at the price of two more passes.

Parameters are either *shared* (no task axis: the start, or any parameter with a single task) or *per task*. So are
gradients: a shared one is summed over tasks, in one matrix product over all rows. Activations are (T, n, width).

References
----------
B. A. Pearlmutter. Fast Exact Multiplication by the Hessian. Neural Computation, 1994.
"""

import torch


class Layer:
    """Two parameters, ``weight`` and ``bias``, the latter perhaps None.

    Subclasses write ``internal``/``external`` (from and to the layout of torch modules), the four sweeps, and how the
    weight's gradient is formed: ``_add_products``.
    """

    n_params = 2

    def gradient(self, memo, dy, shared):
        """Parameter gradients: summed over tasks if ``shared``, else one for each task."""
        raise NotImplementedError

    def accumulate(self, v, memo, dy, alpha):
        """Add ``alpha`` times the parameter gradients to ``v``, in place."""
        raise NotImplementedError

    def r_accumulate(self, v, memo, dy, r_memo, Rdy, alpha):
        """Add ``alpha`` times the change of the parameter gradients to ``v``, in place."""
        raise NotImplementedError

    def fold(self, v):
        """Sum per-task gradients over tasks; leave shared ones alone."""
        raise NotImplementedError

    def fold_before(self, v):
        """At the first inner step: fold before the last product, where one product for all tasks is cheaper."""
        return self.fold(v)

    def descend(self, p, memo, dy, rates):
        """Parameters after a step: ``p - rates * gradient``. Fused where the rates are numbers."""
        gradient = self.gradient(memo, dy, shared=dy.size(0) == 1 and self.is_shared(p))
        return tuple(
            None if value is None else torch.addcmul(value, rate, g, value=-1)
            for value, rate, g in zip(p, rates, gradient)
        )


class Linear(Layer):
    """``y = x W + b``; weight (in, out) or (T, in, out), bias (out,) or (T, 1, out)."""

    def __init__(self, has_bias=True):
        self.n_params = 2 if has_bias else 1

    def internal(self, weight, bias=None):
        if bias is not None and weight.dim() == 3:
            bias = bias.unsqueeze(1)
        weight = weight.transpose(-1, -2)
        # a start is copied once, as every step from it reads it for each task
        return weight if weight.dim() == 3 else weight.contiguous(), bias

    def external(self, p):
        weight, bias = p
        if bias is None:
            return (weight.transpose(-1, -2),)
        return weight.transpose(-1, -2), bias.squeeze(1) if weight.dim() == 3 else bias

    def is_shared(self, p):
        return p[0].dim() == 2

    def forward(self, p, x):
        weight, bias = p
        if weight.dim() == 3:
            if bias is None:
                y = torch.bmm(x, weight)
            elif x.size(2) == 1:  # a single column needs no matrix product
                y = torch.addcmul(bias, x, weight)
            else:
                y = torch.baddbmm(bias, x, weight)
        elif bias is None:
            y = _unflat(torch.mm(_flat(x), weight), x)
        else:
            y = _unflat(torch.addmm(bias, _flat(x), weight), x)
        return y, x

    def backward(self, p, x, dy):
        return _times_transposed(dy, p[0])

    def r_forward(self, p, x, u, Rx):
        if u is None:
            return _times(Rx, p[0]), Rx
        Ry, _ = self.forward(u, x)
        if Rx is not None:
            _add_times(Ry, Rx, p[0])
        return Ry, Rx

    def r_backward(self, p, x, dy, u, Rx, Rdy):
        if u is None:
            return _times_transposed(Rdy, p[0])
        Rdx = _times_transposed(dy, u[0])
        _add_times(Rdx, Rdy, p[0].transpose(-1, -2))
        return Rdx

    def gradient(self, x, dy, shared):
        if shared:
            weight, bias = torch.mm(_flat(dy).t(), _flat(x)).t(), dy.sum((0, 1))
        else:
            weight, bias = torch.bmm(x.transpose(1, 2), dy), dy.sum(1, keepdim=True)
        return weight, bias if self.n_params == 2 else None

    def accumulate(self, v, x, dy, alpha):
        weight, bias = v
        self._add_product(weight, x, dy, alpha)
        if bias is not None:
            bias.add_(dy.sum((0, 1)) if weight.dim() == 2 else dy.sum(1, keepdim=True), alpha=alpha)

    def r_accumulate(self, v, x, dy, Rx, Rdy, alpha):
        self.accumulate(v, x, Rdy, alpha)
        if Rx is not None:
            self._add_product(v[0], Rx, dy, alpha)

    @staticmethod
    def _add_product(weight, x, dy, alpha):
        if weight.dim() == 2:
            weight.addmm_(_flat(x).t(), _flat(dy), alpha=alpha)
        else:
            weight.baddbmm_(x.transpose(1, 2), dy, alpha=alpha)

    def fold(self, v):
        weight, bias = v
        if weight.dim() == 2:
            return v
        return weight.sum(0), None if bias is None else bias.sum((0, 1))

    def descend(self, p, x, dy, rates):
        weight, bias = p
        if not isinstance(rates[0], float):
            return super().descend(p, x, dy, rates)
        if weight.dim() == 2 and x.size(0) == 1:
            new_weight = torch.addmm(weight, x[0].t(), dy[0], alpha=-rates[0])
            step = None if bias is None else dy[0].sum(0)
        else:
            new_weight = torch.baddbmm(weight, x.transpose(1, 2), dy, alpha=-rates[0])
            step = None if bias is None else dy.sum(1, keepdim=True)
        return new_weight, None if bias is None else torch.sub(bias, step, alpha=rates[1])


class Head(Layer):
    """The last layer, ``O = W x^T + b``: weight (C, in) or (T, C, in), bias (C, 1) or (T, C, 1), outputs (T, C, n).

    Matrix products and softmaxes with a handful of columns waste the machine's vectors, so the narrow class axis
    never comes last.
    """

    def __init__(self, has_bias=True):
        self.n_params = 2 if has_bias else 1

    def internal(self, weight, bias=None):
        return weight, None if bias is None else bias.unsqueeze(-1)

    def external(self, p):
        weight, bias = p
        return (weight,) if bias is None else (weight, bias.squeeze(-1))

    def n_outputs(self, weight, bias=None):
        return weight.shape[-2]

    def is_shared(self, p):
        return p[0].dim() == 2

    def forward(self, p, x):
        weight, bias = p
        if weight.dim() == 2 and x.size(0) == 1:
            x0 = x[0].t()
            outputs = (torch.mm(weight, x0) if bias is None else torch.addmm(bias, weight, x0)).unsqueeze(0)
        else:
            weight, xt = _per_task(weight, x), x.transpose(1, 2)
            outputs = torch.bmm(weight, xt) if bias is None else torch.baddbmm(bias, weight, xt)
        return outputs, x

    def backward(self, p, x, D):
        weight = p[0]
        if weight.dim() == 2:
            return torch.matmul(D.transpose(1, 2), weight)
        return torch.bmm(D.transpose(1, 2), weight)

    def r_forward(self, p, x, u, Rx):
        if u is None:
            return torch.bmm(_per_task(p[0], x), Rx.transpose(1, 2)), Rx
        RO, _ = self.forward(u, x)
        if Rx is not None:
            RO.baddbmm_(_per_task(p[0], x), Rx.transpose(1, 2))
        return RO, Rx

    def r_backward(self, p, x, D, u, Rx, RD):
        Rdx = self.backward(p, x, RD)
        if u is not None:
            Rdx.baddbmm_(D.transpose(1, 2), _per_task(u[0], x))
        return Rdx

    def gradient(self, x, D, shared):
        weight, bias = torch.bmm(D, x), D.sum(2, keepdim=True)
        if self.n_params == 1:
            bias = None
        return self.fold((weight, bias)) if shared else (weight, bias)

    def accumulate(self, v, x, D, alpha):
        weight, bias = v
        self._add_product(weight, x, D, alpha)
        if bias is not None:
            bias.add_(D.sum(2, keepdim=True) if weight.dim() == 3 else D.sum((0, 2)).unsqueeze(-1), alpha=alpha)

    def r_accumulate(self, v, x, D, Rx, RD, alpha):
        self.accumulate(v, x, RD, alpha)
        if Rx is not None:
            self._add_product(v[0], Rx, D, alpha)

    @staticmethod
    def _add_product(weight, x, D, alpha):
        if weight.dim() == 3:
            weight.baddbmm_(D, x, alpha=alpha)
        elif x.size(0) == 1:
            weight.addmm_(D[0], x[0], alpha=alpha)
        else:
            weight.add_(torch.bmm(D, x).sum(0), alpha=alpha)

    def fold(self, v):
        weight, bias = v
        if weight.dim() == 2:
            return v
        return weight.sum(0), None if bias is None else bias.sum(0)

    def fold_before(self, v):
        return v  # rows do not lie together here: fold after the products

    def descend(self, p, x, D, rates):
        weight, bias = p
        if not isinstance(rates[0], float):
            return super().descend(p, x, D, rates)
        if weight.dim() == 2 and x.size(0) == 1:
            new_weight = torch.addmm(weight, D[0], x[0], alpha=-rates[0])
            step = None if bias is None else D[0].sum(1, keepdim=True)
        else:
            new_weight = torch.baddbmm(weight, D, x, alpha=-rates[0])
            step = None if bias is None else D.sum(2, keepdim=True)
        return new_weight, None if bias is None else torch.sub(bias, step, alpha=rates[1])


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
            None if value is None else torch.sub(value, g, alpha=rate)
            for value, rate, g in zip(p, rates, gradient)
        )


def _flat(x):
    """(T, n, d) to (T n, d)."""
    return x.reshape(-1, x.shape[-1])


def _unflat(y, x):
    return y.view(x.shape[0], x.shape[1], y.shape[-1])


def _per_task(weight, x):
    return weight if weight.dim() == 3 else weight.unsqueeze(0).expand(x.size(0), -1, -1)


def _times(x, weight):
    """x W for a shared or per-task weight."""
    return torch.bmm(x, weight) if weight.dim() == 3 else _unflat(torch.mm(_flat(x), weight), x)


def _times_transposed(dy, weight):
    return _times(dy, weight.transpose(-1, -2))


def _add_times(y, x, weight):
    """y += x W, in place."""
    if weight.dim() == 3:
        y.baddbmm_(x, weight)
    else:
        y.view(-1, y.shape[-1]).addmm_(_flat(x), weight)
