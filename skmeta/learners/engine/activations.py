"""Activations for the closed form: value, slope times a tensor, curvature.

With ``y = f(z)``, gradients go down as ``dz = f'(z) dy``; a tangent goes up as ``Ry = f'(z) Rz``; and the tangent of
the gradient goes down as ``Rdz = f'(z) Rdy + f''(z) Rz dy``. Piecewise linear activations have no second term.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

aten = torch.ops.aten


class Activation:
    """One activation as a layer without parameters; subclasses supply the derivatives."""

    n_params = 0
    has_curvature = True
    #: set where the layer below is sure not to need its output again
    may_overwrite = False

    # ---- what a subclass writes
    def value(self, z):
        """f(z), and what the derivatives need to know: z or f(z)."""
        raise NotImplementedError

    def times_slope(self, memo, t):
        raise NotImplementedError

    def curvature(self, memo):
        raise NotImplementedError

    # ---- the layer
    def internal(self):
        return ()

    def forward(self, p, z):
        return self.value(z)

    def backward(self, p, memo, dy):
        return self.times_slope(memo, dy)

    def r_forward(self, p, memo, u, Rz):
        return self.times_slope(memo, Rz), Rz

    def r_backward(self, p, memo, dy, u, Rz, Rdy):
        Rdz = self.times_slope(memo, Rdy)
        if self.has_curvature:
            Rdz = Rdz.addcmul_(self.curvature(memo), Rz * dy)
        return Rdz


class ReLU(Activation):
    has_curvature = False

    def value(self, z):
        y = z.relu_() if self.may_overwrite else z.relu()
        return y, y

    def times_slope(self, y, t):
        return aten.threshold_backward(t, y, 0)


class LeakyReLU(Activation):
    has_curvature = False

    def __init__(self, negative_slope):
        self.negative_slope = negative_slope

    def value(self, z):
        return F.leaky_relu(z, self.negative_slope), z

    def times_slope(self, z, t):
        return aten.leaky_relu_backward(t, z, self.negative_slope, False)


class ELU(Activation):
    def __init__(self, alpha):
        self.alpha = alpha

    def value(self, z):
        return F.elu(z, self.alpha), z

    def times_slope(self, z, t):
        return aten.elu_backward(t, self.alpha, 1, 1, False, z)

    def curvature(self, z):
        return torch.where(z > 0, 0.0, self.alpha * z.clamp(max=0).exp())


class Tanh(Activation):
    def value(self, z):
        y = z.tanh()
        return y, y

    def times_slope(self, y, t):
        return aten.tanh_backward(t, y)

    def curvature(self, y):
        return -2 * y * (1 - y.square())


class Sigmoid(Activation):
    def value(self, z):
        y = z.sigmoid()
        return y, y

    def times_slope(self, y, t):
        return aten.sigmoid_backward(t, y)

    def curvature(self, y):
        return y * (1 - y) * (1 - 2 * y)


class SiLU(Activation):
    """z sigmoid(z)."""

    def value(self, z):
        return F.silu(z), z

    def times_slope(self, z, t):
        return aten.silu_backward(t, z)

    def curvature(self, z):
        s = z.sigmoid()
        return s * (1 - s) * (2 + z * (1 - 2 * s))


class GELU(Activation):
    """z Phi(z), Phi the normal distribution function."""

    def value(self, z):
        return F.gelu(z), z

    def times_slope(self, z, t):
        return aten.gelu_backward(t, z)

    def curvature(self, z):
        density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
        return density * (2 - z.square())


class TanhGELU(Activation):
    """z (1 + tanh(a)) / 2 with ``a = sqrt(2 / pi) (z + 0.044715 z^3)``."""

    def value(self, z):
        return F.gelu(z, approximate="tanh"), z

    def times_slope(self, z, t):
        return aten.gelu_backward(t, z, approximate="tanh")

    def curvature(self, z):
        scale, cubic = math.sqrt(2 / math.pi), 0.044715
        t = torch.tanh(scale * (z + cubic * z**3))
        slope = scale * (1 + 3 * cubic * z.square())
        bend = scale * 6 * cubic * z
        return (1 - t.square()) * (slope + z / 2 * (bend - 2 * t * slope.square()))


#: module class -> the activation that a module of exactly this class applies
FROM_MODULE = {
    nn.ReLU: lambda module: ReLU(),
    nn.LeakyReLU: lambda module: LeakyReLU(module.negative_slope),
    nn.ELU: lambda module: ELU(module.alpha),
    nn.Tanh: lambda module: Tanh(),
    nn.Sigmoid: lambda module: Sigmoid(),
    nn.SiLU: lambda module: SiLU(),
    nn.GELU: lambda module: GELU() if module.approximate == "none" else TanhGELU(),
}
