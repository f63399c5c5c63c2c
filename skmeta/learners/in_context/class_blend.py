"""How the answer of a network about classes is blended with that of the experts, which it has read only in part."""

import math

import torch

from skmeta.learners.stacking import fit_trust, part_of_answer, trusted

FEW = 20.0  # rows, on which what the experts seem to gain is half believed; on more, soon all of it
GAIN_POWER = 2.0
# Single experts take part in a mean of chances by this power of their leave-one-out likelihood; the prior chance of the
# blend being the better answer is the second.
TEMPER, PRIOR = 0.5, 0.9


def fit_class_blend(read, tuned, members, weight, class_mask):
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

    def likelihood(chances):
        return (torch.where(members > 0, chances, torch.zeros_like(chances)).sum(-1) * weight).sum(1)

    everyone = torch.cat([read, tuned], 2)
    was = -likelihood(trusted(trust, read, class_mask))
    trust = fit_trust(everyone, members, weight, class_mask)
    now = likelihood(trusted(trust, everyone, class_mask))
    caution = (FEW / n_rows.clamp(min=1)).square()
    gain = ((-now / was.clamp(min=1e-6) + caution) / (1 + caution)).clamp(max=1)
    part = 1 - (1 - before) * gain**GAIN_POWER
    alone = [likelihood(chances) for chances in tuned.unbind(2)]
    prior = [math.log(PRIOR)] + [math.log((1 - PRIOR) / len(alone))] * len(alone)
    log_share = TEMPER * torch.stack([now, *alone], 1) + now.new_tensor(prior)
    return {"trust": trust, "part": part[:, None, None], "log_share": log_share.log_softmax(1)}


def blended_classes(blend, network, chances, singles, class_mask):
    """Logarithms of chances (T, m, C): those of the ``network`` and of all experts, ``chances`` (T, m, E + F, C), by
    parts; and the mean of that with ``singles`` (T, m, F, C), the further experts alone."""
    absent = ~class_mask[:, None]
    stacked = trusted(blend["trust"], chances, class_mask)
    answer = ((1 - blend["part"]) * network + blend["part"] * stacked).masked_fill(absent, -torch.inf)
    if singles is None:
        return answer
    together = torch.cat([answer.log_softmax(-1)[:, :, None], singles], 2) + blend["log_share"][:, None, :, None]
    return together.logsumexp(2).masked_fill(absent, -torch.inf)
