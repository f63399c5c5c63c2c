"""Linear layers for the closed form: those inside, rows before columns, and the head, classes before rows."""

import torch

from skmeta.learners.engine.layers import Layer


class _Affine(Layer):
    """A matrix product, and a bias or none."""

    def __init__(self, has_bias=True):
        self.n_params = 2 if has_bias else 1

    def is_shared(self, p):
        return p[0].dim() == 2

    def r_accumulate(self, v, x, dy, Rx, Rdy, alpha):
        self.accumulate(v, x, Rdy, alpha)
        if Rx is not None:
            self._add_product(v[0], Rx, dy, alpha)


class Linear(_Affine):
    """``y = x W + b``; weight (in, out) or (T, in, out), bias (out,) or (T, 1, out)."""

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


class Head(_Affine):
    """The last layer, ``O = W x^T + b``: weight (C, in) or (T, C, in), bias (C, 1) or (T, C, 1), outputs (T, C, n).

    Matrix products and softmaxes with a handful of columns waste the machine's vectors, so the narrow class axis
    never comes last.
    """

    def internal(self, weight, bias=None):
        return weight, None if bias is None else bias.unsqueeze(-1)

    def external(self, p):
        weight, bias = p
        return (weight,) if bias is None else (weight, bias.squeeze(-1))

    def n_outputs(self, weight, bias=None):
        return weight.shape[-2]

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
