"""A Gaussian process, bumps with a length of their own for every column plus a plane, by its marginal likelihood.

References
----------
Rasmussen, Williams (2006). Gaussian Processes for Machine Learning. MIT Press. Chapter 5.
"""

import math

import torch

from skmeta.learners.experts.minimise import minimise
from skmeta.learners.experts.smooth_kernel import SmoothKernel, rough_bump, some_rows, squared_distance

STEPS, MOST_ROWS = 20, 500
#: Logarithms of the standard deviations of bumps, plane, noise and, where it takes part, the rough bump: where they
#: start, how firmly they are held there and between which bounds they stay. Lengths start a little above the root of
#: the number of columns.
START, ROUGH_START, PRECISION = (0.0, -1.5, -1.0), (-0.5, -1.5, -1.0, -0.5), 0.25
LOW, HIGH = (-4.0, -6.0, -7.0, -4.0), (3.0, 3.0, 2.0, 3.0)
LENGTH_LOW, LENGTH_HIGH, LENGTH_PRECISION = -4.0, 6.0, 1.0
JITTER, LEAST_WEIGHT = 1e-6, 1e-24
SINGLE_NOISE = -3.0  # the logarithm of its deviation: above, single precision solves a system of some hundred rows well


def tune_process(rows, Y, weight, varies, enough=0.0, with_rough=False, single=False, most_rows=MOST_ROWS):
    """The most likely lengths, standard deviations and noise, as a :class:`SmoothKernel`. Targets share them.

    ``with_rough`` lets the rougher bump take part. The search ends with a step that makes the logarithm of their
    likelihood gain less than ``enough``. ``single`` asks for it in single precision where there is noise, which takes
    half the time. Of more than ``most_rows`` rows some are looked at.
    """
    weight, rows, Y = some_rows(Y[..., 0], weight, most_rows, rows, Y)
    columns = _columns(varies, rows)
    level = ((Y.square() * weight[..., None]).sum((1, 2)) / (weight.sum(1) * Y.shape[2]).clamp(min=1e-12)).sqrt()
    level = torch.where(level > 0, level, torch.ones_like(level))[:, None]
    Y = Y / level[..., None]
    p, sizes = rows.shape[2], rows.new_tensor(ROUGH_START if with_rough else START)
    start = torch.cat([_log_length(columns).expand(-1, p), sizes.expand(len(rows), -1)], 1)
    firm = rows.new_tensor([LENGTH_PRECISION] * p + [PRECISION] * len(sizes))
    plane = rows @ rows.transpose(1, 2) / columns[..., None]
    problem = rows, Y, weight, plane
    likelihood = in_two_precisions(*problem) if single else lambda x: negative_log_likelihood(x, *problem)

    def f(x):
        value, gradient = likelihood(x)
        away = x - start
        return value + 0.5 * (firm * away.square()).sum(1), gradient + firm * away

    low, high = ([end] * p + list(ends[: len(sizes)]) for end, ends in ((LENGTH_LOW, LOW), (LENGTH_HIGH, HIGH)))
    x = minimise(f, start, rows.new_tensor(low), rows.new_tensor(high), STEPS, enough)
    bump, line, noise, *rough = (level * x[:, p:].exp()).square().split(1, 1)
    return SmoothKernel((-x[:, :p]).exp(), bump, line / columns, noise + JITTER * level.square(), *rough)


def untuned_process(rows, varies):
    """The process of both bumps as the search begins, for targets of variance one."""
    columns = _columns(varies, rows)
    bump, line, noise, rough = rows.new_tensor(ROUGH_START).mul(2).exp().expand(len(rows), -1).split(1, 1)
    scale = (-_log_length(columns)).exp().expand(-1, rows.shape[2])
    return SmoothKernel(scale, bump, line / columns, noise, rough)


def _columns(varies, rows):
    return varies.sum(1, keepdim=True).clamp(min=1).to(rows.dtype)


def _log_length(columns):
    return 0.5 * columns.log() + 0.3


def in_two_precisions(*problem):
    """:func:`negative_log_likelihood` as a function of ``x``, in single precision of tasks that have noise."""
    light, place = [part.float() for part in problem], problem[0].shape[2] + 2

    def likelihood(x):
        noisy = x[:, place] > SINGLE_NOISE
        if not bool(noisy.any()):
            return negative_log_likelihood(x, *problem)
        value, gradient = (found.to(x.dtype) for found in negative_log_likelihood(x.float(), *light))
        if not bool(noisy.all()):
            value[~noisy], gradient[~noisy] = negative_log_likelihood(x[~noisy], *(part[~noisy] for part in problem))
        return value, gradient

    return likelihood


def negative_log_likelihood(x, rows, Y, weight, plane):
    """Values (T,) and gradients (T, p + 3 or 4), up to a constant, at the logarithms ``x`` of lengths and deviations.

    A row of weight w counts as w equal rows.
    """
    C, p = Y.shape[2], rows.shape[2]
    bump, line, noise, *rough = x[:, p:].mul(2).exp().unbind(1)
    noise = noise + JITTER
    scaled = rows * (-x[:, None, :p]).exp()
    squared = squared_distance(scaled, scaled)
    parts = [squared.mul(-0.5).exp_(), plane]
    slope = parts[0] * bump[:, None, None]
    system = torch.addcmul(slope, plane, line[:, None, None])
    if rough:
        corner, steep = rough_bump(squared)
        parts.append(corner)
        system.addcmul_(corner, rough[0][:, None, None])
        slope.addcmul_(steep, rough[0][:, None, None])
    heavy = weight.clamp(min=LEAST_WEIGHT)  # a row of weight w is one row that has so much less noise
    system.diagonal(dim1=1, dim2=2).add_(noise[:, None] / heavy)
    factor, failed = torch.linalg.cholesky_ex(system)
    factor = torch.where(
        failed[:, None, None] > 0, torch.eye(len(factor[0]), dtype=factor.dtype, device=factor.device), factor
    )
    inverse = torch.cholesky_inverse(factor)
    dual = inverse @ Y
    logs = factor.diagonal(dim1=1, dim2=2).log().sum(1) + 0.5 * heavy.log().sum(1)
    more = weight.sum(1) - weight.shape[1]  # equal rows beyond the first differ by noise alone
    value = 0.5 * (Y * dual).sum((1, 2)) + C * (logs + 0.5 * more * noise.log())
    pull = torch.baddbmm(inverse, dual, dual.transpose(1, 2), beta=C, alpha=-1)
    sloped = slope.mul_(pull)
    lengths = (sloped.sum(2)[..., None] * scaled.square()).sum(1) - (scaled * (sloped @ scaled)).sum(1)
    trace = (pull.diagonal(dim1=1, dim2=2) / heavy).sum(1) * noise
    sizes = [
        size * torch.linalg.vecdot(pull.flatten(1), part.flatten(1)) for size, part in zip((bump, line, *rough), parts)
    ]
    sizes.insert(2, (trace + C * more) * ((noise - JITTER) / noise))
    gradient = torch.cat([lengths, torch.stack(sizes, 1)], 1)
    bad = (failed > 0) | ~value.isfinite()
    return torch.where(bad, math.inf, value), torch.where(bad[:, None], 0.0, gradient)
