"""How much to trust each expert on this very table: a regression of the targets on the experts' leave-one-out scores.

No expert is distrusted, and a prior holds trust near equal, so that a few rows change little; with more rows the table
decides. Class probabilities take a few damped Newton steps, numbers a least-squares problem; tasks are solved together.

References
----------
Wolpert (1992). Stacked generalization. Neural Networks 5.
Breiman (1996). Stacked regressions. Machine Learning 24.
"""

import torch

TOTAL_TRUST = 1.3  # log-chances of experts are averaged, and sharpened a little: each alone is unsure of itself
SPREAD = 0.7  # standard deviation of the logarithm of a factor under the prior
BIAS_PRECISION = 1.0
SHARE_PRECISION = 10.0  # of an expert's share in the mean of numbers, around equal shares
# What a table says about its experts needs rows: on many, this share of the answer is what the table says; on as few as
# ENOUGH_ROWS, half of it.
LARGEST_PART, ENOUGH_ROWS = 0.75, 100
STEPS, HALVINGS = 10, 4
NEGLIGIBLE = 1e-3  # nats; a task from which a step promises less is left alone, whatever the others do


def fit_trust(log_chances, members, weight, class_mask):
    """The most likely factors and class biases.

    Parameters
    ----------
    log_chances : (T, n, E, C) tensor
        What each expert, not having seen a row, says of it.
    members : (T, n, C) tensor
        One-hot labels.
    weight : (T, n) tensor
    class_mask : (T, C) bool tensor

    Returns
    -------
    trust : dict
        ``factor`` (T, E) and ``bias`` (T, C), for :func:`trusted`.
    """
    T, _, E, C = log_chances.shape
    F = log_chances.transpose(2, 3)
    x = F.new_zeros(T, E + C)
    precision = torch.cat([F.new_full((E,), SPREAD**-2), F.new_full((C,), BIAS_PRECISION)])

    def log_posterior(x):
        logits = (F @ _factor(x[:, :E])[:, None, :, None])[..., 0] + x[:, None, E:]
        chance = logits.masked_fill(~class_mask[:, None], -torch.inf).log_softmax(-1)
        fit = torch.where(members > 0, chance, torch.zeros_like(chance)).sum(-1)
        return chance.exp(), (fit * weight).sum(1) - 0.5 * (precision * x.square()).sum(1)

    chance, best = log_posterior(x)
    for _ in range(STEPS):
        step, gain = _newton_step(F, chance, members, weight, x, precision)
        waits = gain > NEGLIGIBLE
        for halving in range(HALVINGS):
            if not bool(waits.any()):
                break
            trial = torch.where(waits[:, None], x + 0.5**halving * step, x)
            trial_chance, value = log_posterior(trial)
            better = waits & (value > best)
            x, best = torch.where(better[:, None], trial, x), torch.where(better, value, best)
            chance = torch.where(better[:, None, None], trial_chance, chance)
            waits = waits & ~better
        if not bool((gain > NEGLIGIBLE).any()):
            break
    return {"factor": _factor(x[:, :E]), "bias": x[:, E:]}


def trusted(trust, log_chances, class_mask):
    """Log-probabilities (T, m, C) of rows of which the experts say ``log_chances`` (T, m, E, C)."""
    logits = (trust["factor"][:, None, :, None] * log_chances).sum(2) + trust["bias"][:, None]
    return logits.masked_fill(~class_mask[:, None], -torch.inf).log_softmax(-1)


def part_of_answer(n_rows):
    """How much of an answer is left to stacking, by the number of support rows (a tensor)."""
    return LARGEST_PART * n_rows / (n_rows + ENOUGH_ROWS)


def fit_shares(left_out, y, weight, rounds=0):
    """Shares (T, E), none negative, that the experts' scores ``left_out`` (T, n, E) get in the mean of ``y`` (T, n).

    How strongly the prior pulls depends on the variance of what is left, at first that of equal shares; ``rounds``
    times it is measured anew, without which tables with little noise stay near equal shares.
    """
    total = weight.sum(1).clamp(min=1e-12)
    shares, floor = left_out.new_full((len(y), left_out.shape[2]), 1 / left_out.shape[2]), 1e-4
    for _ in range(rounds + 1):
        left = (((left_out * shares[:, None]).sum(2) - y).square() * weight).sum(1) / total
        shares, floor = _shares_given(left_out, y, weight / left.clamp(min=floor)[:, None]), 1e-8
    return shares


def _shares_given(left_out, y, precision):
    """The shares if what is left has ``precision`` (T, n)."""
    E = left_out.shape[2]
    scaled = left_out * precision[..., None]
    A = scaled.transpose(1, 2) @ left_out + SHARE_PRECISION * torch.eye(E, dtype=y.dtype, device=y.device)
    b = (scaled * y[..., None]).sum(1) + SHARE_PRECISION / E
    active = torch.ones_like(b)
    for _ in range(E):  # an expert that would be distrusted is left out
        kept = A * active[:, :, None] * active[:, None] + torch.diag_embed(1 - active)
        shares = torch.linalg.solve(kept, (b * active)[..., None])[..., 0]
        if not bool((shares < 0).any()):
            break
        active = active * (shares >= 0)
    return shares.clamp(min=0)


def _factor(log_factor):
    return log_factor.exp() * (TOTAL_TRUST / log_factor.shape[1])


def _newton_step(F, chance, members, weight, x, precision):
    """Towards the maximum, with the curvature of the likelihood in the factors themselves (never negative); and half
    of what the gradient promises."""
    E = F.shape[3]
    scaled = F * _factor(x[:, :E])[:, None, None]
    error = (members - chance) * weight[..., None]
    gradient = torch.cat([(scaled * error[..., None]).sum((1, 2)), error.sum(1)], 1) - precision * x
    weighted = chance * weight[..., None]
    centred = scaled - (scaled * chance[..., None]).sum(2, keepdim=True)
    pull = centred * weighted[..., None]
    factors = pull.flatten(1, 2).transpose(1, 2) @ centred.flatten(1, 2)
    biases = torch.diag_embed(weighted.sum(1)) - chance.transpose(1, 2) @ weighted
    crossed = pull.sum(1)
    curvature = torch.cat([torch.cat([factors, crossed.transpose(1, 2)], 2), torch.cat([crossed, biases], 2)], 1)
    step = torch.linalg.solve(curvature + torch.diag_embed(precision.expand_as(x)), gradient[..., None])[..., 0]
    step = step.clamp(-3, 3)
    return step, 0.5 * (step * gradient).sum(1)
