"""How the answer of a network about classes is blended with that of the experts, which it has read only in part."""

import math

import torch
import torch.nn.functional as F

from skmeta.learners.stacking import fit_trust, part_of_answer, trusted

FEW = 20.0  # rows, on which what the experts seem to gain is half believed; on more, soon all of it
GAIN_POWER = 2.0
# Single experts take part in a mean of chances by their leave-one-out likelihood, which is taken for that of as many
# rows as the root of their number: that of all rows is far too sure. The prior chance of the blend being the better
# answer:
PRIOR = 0.55
NONE = math.log(1e-30)


def fit_class_blend(read, tuned, members, weight, class_mask, few):
    """The blend of a table.

    Parameters
    ----------
    read : (T, n, E, C) tensor
        Logarithms of the leave-one-out chances of the experts beside which the network was trained.
    tuned : (T, n, F, C) tensor or None
        Those of further experts.
    members : (T, n, C) tensor
    weight : (T, n) tensor
    class_mask : (T, C) bool tensor
    few : (T,) bool tensor
        Which tasks have no more classes than the further experts can tell apart: only these hear them.

    Returns
    -------
    blend : dict
        ``trust`` in all experts; ``part`` (T, 1, 1) of the answer that is theirs; ``log_share`` (T, F + 1) of the
        answer and of each further expert alone, or None.
    """
    n_rows = weight.sum(1)
    before = part_of_answer(n_rows)
    trust = fit_trust(read, members, weight, class_mask)
    if tuned is None:
        return {"trust": trust, "part": before[:, None, None], "log_share": None}
    without = {"factor": F.pad(trust["factor"], (0, tuned.shape[2])), "bias": trust["bias"]}

    def likelihood(chances):
        return (torch.where(members > 0, chances, torch.zeros_like(chances)).sum(-1) * weight).sum(1)

    everyone = torch.cat([read, tuned], 2)
    was = -likelihood(trusted(trust, read, class_mask))
    trust = fit_trust(everyone, members, weight, class_mask)
    now = likelihood(trusted(trust, everyone, class_mask))
    caution = (FEW / n_rows.clamp(min=1)).square()
    gain = ((-now / was.clamp(min=1e-6) + caution) / (1 + caution)).clamp(max=1)
    part = torch.where(few, 1 - (1 - before) * gain**GAIN_POWER, before)
    trust = {name: torch.where(few[:, None], value, without[name]) for name, value in trust.items()}
    alone = [likelihood(chances) for chances in tuned.unbind(2)]
    prior = [math.log(PRIOR)] + [math.log((1 - PRIOR) / len(alone))] * len(alone)
    heard = n_rows.clamp(min=1).rsqrt()
    log_share = heard[:, None] * torch.stack([now, *alone], 1) + now.new_tensor(prior)
    log_share[~few, 1:] = -torch.inf
    return {"trust": trust, "part": part[:, None, None], "log_share": log_share.log_softmax(1)}


def blended_classes(blend, network, chances, singles, class_mask):
    """Logarithms of chances (T, m, C): those of the ``network`` and of all experts, ``chances`` (T, m, E + F, C), by
    parts; and the mean of that with ``singles`` (T, m, F, C), the further experts alone."""
    absent = ~class_mask[:, None]
    stacked = trusted(blend["trust"], chances, class_mask)
    answer = ((1 - blend["part"]) * network + blend["part"] * stacked).masked_fill(absent, -torch.inf)
    if singles is None:
        return answer.log_softmax(-1)
    together = torch.cat([answer.log_softmax(-1)[:, :, None], singles], 2) + blend["log_share"][:, None, :, None]
    return together.logsumexp(2).masked_fill(absent, -torch.inf)


def first_classes(class_mask, most):
    """Experts that tell no more than ``most`` classes apart are asked about these, (T, most).

    Classes that exist come, in their order, before any others; None where all have a place.
    """
    if class_mask.shape[1] <= most:
        return None
    return class_mask.byte().argsort(dim=1, descending=True, stable=True)[:, :most]


def only(values, first):
    """Values (T, ..., C) are cut down to those of the ``first`` classes (T, most); None keeps all."""
    if first is None:
        return values
    return values.gather(-1, _like(first, values.shape[:-1]))


def among_all(log_chances, first, n_classes):
    """Logarithms of chances (T, ..., most) of the ``first`` classes among all, whose others have next to none."""
    if first is None:
        return log_chances
    everyone = log_chances.new_full((*log_chances.shape[:-1], n_classes), NONE)
    return everyone.scatter(-1, _like(first, log_chances.shape[:-1]), log_chances)


def _like(first, shape):
    return first.view(len(first), *[1] * (len(shape) - 1), -1).expand(*shape, -1)
