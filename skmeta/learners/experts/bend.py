"""Targets are bent by the power under which a process makes most of them.

References
----------
Box, Cox (1964). An analysis of transformations. Journal of the Royal Statistical Society B 26.
Yeo, Johnson (2000). A new family of power transformations to improve normality or symmetry. Biometrika 87.
"""

import torch

from skmeta.learners.experts.smooth_kernel import some_rows

#: From a logarithm to one, which leaves targets as they are: the long tails of prices and counts are drawn in. Powers
#: beyond were little better on some tables, and a third worse where targets crowd below a bound.
POWERS = torch.linspace(0, 1, 9, dtype=torch.float64)
NOISES = (0.15, 0.01)  # variances, about as much as that of the kernel: which of them fits better is not known yet
MOST_ROWS, LEAST_WEIGHT = 300, 1e-24


def bent(rows, Y, weight, kernel):
    """Targets (T, n, C) of mean zero, each column under its own power; how much it varies stays.

    The power is the likeliest for a process with this ``kernel``, whatever its scale, with either noise: not the one
    that makes targets look normal, as they need not where skewed columns explain them.
    """
    share = (weight / weight.sum(1, keepdim=True).clamp(min=1e-12))[..., None]
    level = (Y.square() * share).sum(1, keepdim=True).sqrt()
    level = torch.where(level > 0, level, torch.ones_like(level))
    powers = POWERS.to(Y)
    candidates = _bend(Y / level, powers)
    candidates = candidates - (candidates * share[..., None]).sum(1, keepdim=True)
    best = _likelihood(rows, Y, weight, kernel, level, candidates).argmax(2)[:, None, :, None]
    chosen = candidates.gather(3, best.expand(-1, Y.shape[1], -1, 1))[..., 0]
    spread = (chosen.square() * share).sum(1, keepdim=True).sqrt()
    return chosen * (level / spread.clamp(min=1e-30))


def _bend(Y, powers):
    """Targets (T, n, C) under all powers, (T, n, C, R)."""
    side, length = Y.sign()[..., None], Y.abs().log1p()[..., None]
    powers = torch.where(side < 0, 2 - powers, powers)
    powers = torch.where(powers.abs() < 1e-6, 1e-6, powers)  # a power of zero is a logarithm
    return side * torch.expm1(powers * length) / powers


def _likelihood(rows, Y, weight, kernel, level, candidates):
    """Logarithms (T, C, R), of the likeliest scale and noise, by some of the rows."""
    C, R = candidates.shape[2:]
    weight, rows, Y, candidates = some_rows(Y[..., 0], weight, MOST_ROWS, rows, Y, candidates.flatten(2))
    total = weight.sum(1)[:, None, None].clamp(min=1e-12)
    stretch = (Y.sign() * (Y / level).abs().log1p() * weight[..., None]).sum(1)[..., None]
    K, heavy = kernel.between(rows, rows), weight.clamp(min=LEAST_WEIGHT)
    values = []
    for noise in NOISES:
        system = K.clone()
        system.diagonal(dim1=1, dim2=2).add_(noise / heavy)
        factor = torch.linalg.cholesky(system)
        fit = torch.linalg.solve_triangular(factor, candidates, upper=False).square().sum(1).unflatten(1, (C, R))
        size = factor.diagonal(dim1=1, dim2=2).log().sum(1)[:, None, None]
        values.append(-0.5 * total * (fit / total).clamp(min=1e-30).log() - size)
    return torch.stack(values).amax(0) + (POWERS.to(Y) - 1) * stretch
