"""A Gaussian process, Gaussian with a length of its own for every column plus a plane, by its marginal likelihood.

References
----------
Rasmussen, Williams (2006). Gaussian Processes for Machine Learning. MIT Press. Chapter 5.
"""

import math

import torch

from skmeta.learners.experts.minimise import minimise
from skmeta.learners.experts.smooth_kernel import SmoothKernel, some_rows, squared_distance

STEPS, MOST_ROWS = 20, 300
#: Logarithms of the standard deviations of bumps, plane and noise: where they start, how firmly they are held there and
#: between which bounds they stay. Lengths start a little above the root of the number of columns.
START, PRECISION = (0.0, -1.5, -1.0), 0.25
LOW, HIGH = (-4.0, -6.0, -7.0), (3.0, 3.0, 2.0)
LENGTH_LOW, LENGTH_HIGH, LENGTH_PRECISION = -4.0, 6.0, 1.0
JITTER = 1e-6


def tune_process(rows, Y, weight, varies, enough=0.0):
    """The most likely lengths, standard deviations and noise, as a :class:`SmoothKernel`. Targets share them.

    The search ends with a step that makes the logarithm of their likelihood gain less than ``enough``.
    """
    weight, rows, Y = some_rows(Y[..., 0], weight, MOST_ROWS, rows, Y)
    columns = varies.sum(1, keepdim=True).clamp(min=1).to(rows.dtype)
    level = ((Y.square() * weight[..., None]).sum((1, 2)) / (weight.sum(1) * Y.shape[2]).clamp(min=1e-12)).sqrt()
    level = torch.where(level > 0, level, torch.ones_like(level))[:, None]
    Y = Y / level[..., None]
    p = rows.shape[2]
    start = torch.cat([(0.5 * columns.log() + 0.3).expand(-1, p), rows.new_tensor(START).expand(len(rows), -1)], 1)
    firm = rows.new_tensor([LENGTH_PRECISION] * p + [PRECISION] * 3)
    plane = rows @ rows.transpose(1, 2) / columns[..., None]

    def f(x):
        value, gradient = negative_log_likelihood(x, rows, Y, weight, plane)
        away = x - start
        return value + 0.5 * (firm * away.square()).sum(1), gradient + firm * away

    low, high = rows.new_tensor([LENGTH_LOW] * p + list(LOW)), rows.new_tensor([LENGTH_HIGH] * p + list(HIGH))
    x = minimise(f, start, low, high, STEPS, enough)
    bump, line, noise = (level * x[:, -3:].exp()).square().split(1, 1)
    return SmoothKernel((-x[:, :-3]).exp(), bump, line / columns, noise + JITTER * level.square())


def negative_log_likelihood(x, rows, Y, weight, plane):
    """Values (T,) and gradients (T, p + 3), up to a constant, at the logarithms ``x`` of lengths and deviations.

    A row of weight w counts as w equal rows.
    """
    C, p = Y.shape[2], rows.shape[2]
    root = weight.sqrt()
    bump, line, noise = x[:, p:].mul(2).exp().unbind(1)
    scaled = rows * (-x[:, None, :p]).exp()
    G = squared_distance(scaled, scaled).mul_(-0.5).exp_()
    G = G.mul_(bump[:, None, None] * root[:, :, None]).mul_(root[:, None])
    L = plane * (line[:, None, None] * root[:, :, None] * root[:, None])
    noise = noise + JITTER
    system = G + L
    system.diagonal(dim1=1, dim2=2).add_(noise[:, None])
    factor, failed = torch.linalg.cholesky_ex(system)
    factor = torch.where(
        failed[:, None, None] > 0, torch.eye(len(factor[0]), dtype=factor.dtype, device=factor.device), factor
    )
    inverse = torch.cholesky_inverse(factor)
    target = root[..., None] * Y
    dual = inverse @ target
    logs = factor.diagonal(dim1=1, dim2=2).log().sum(1)
    more = weight.sum(1) - weight.shape[1]  # equal rows beyond the first differ by noise alone
    value = 0.5 * (target * dual).sum((1, 2)) + C * (logs + 0.5 * more * noise.log())
    pull = C * inverse - dual @ dual.transpose(1, 2)
    WG = pull * G
    lengths = (WG.sum(2)[..., None] * scaled.square()).sum(1) - (scaled * (WG @ scaled)).sum(1)
    share = (noise - JITTER) / noise
    trace = pull.diagonal(dim1=1, dim2=2).sum(1)
    deviations = [WG.sum((1, 2)), (pull * L).sum((1, 2)), (trace * noise + C * more) * share]
    gradient = torch.cat([lengths, torch.stack(deviations, 1)], 1)
    bad = (failed > 0) | ~value.isfinite()
    return torch.where(bad, math.inf, value), torch.where(bad[:, None], 0.0, gradient)
