"""How the answer of a network about numbers is blended with that of the experts, which it has read only in part.

What a table's leave-one-out predictions say decides all of it: each expert's share, how much of the answer is theirs,
how wide the answer is, and whether a plane may go on beyond the support's range.
"""

import torch

from skmeta.learners.stacking import fit_shares, part_of_answer

FITTED = 10.0  # rows: the blend was fitted to the rows that measure it, so its error is as many rows' worth larger
FEW = 20.0  # rows, on which what the experts seem to gain is half believed; on more, soon all of it
SHY = 0.5  # rows: so much of the network's width, over their number, is more than real tables need
# So much of the disagreement of experts becomes variance, beyond what is usual: what they have on left-out rows, and
# within the range so many times that, for many rows there exceed it by chance.
WIDENING, USUALLY = 2.0, 2.0
# A plane speaks alone beyond the support's range where its squared error is not told to be more than a tenth above the
# best expert's (standard errors: full trust, none) and leaves less unexplained than n / (n + PLAIN_ROWS), fading out.
SLACK, DOUBT, REFUSAL = 1.1, 1.0, 2.0
PLAIN_ROWS, FADING = 50.0, 0.2
# Rows beyond the range are everyday where rows are few: it starts USUAL / n ranges outside, and is whole REACH later.
USUAL, REACH = 10.0, 0.1


def fit_blend(read, tuned, y, weight, n_read, ridge=0):
    """The blend of a table.

    Parameters
    ----------
    read : (T, n, E) tensor
        Leave-one-out predictions of the experts beside which the network was trained; it read the first ``n_read``.
    tuned : (T, n, F) tensor or None
        Those of further experts.
    y, weight : (T, n) tensors
    ridge : int
        Which of the further experts is a plane.

    Returns
    -------
    blend : dict
        ``shares`` (T, E + F); ``part`` (T, 1) of the answer that is the experts'; ``kept`` (T, 1), by how much the
        network's own lean away from the experts shrinks; ``width`` (T, 1), a factor of the network's width; ``least``
        (T, 1), a variance: as little as that width counts, so much of the left-out error stands for it; ``usual``
        (T, 1), the variance among experts; ``plane`` (T, 1), how far a plane is trusted beyond the range; ``rows``
        (T, 1), their weight.
    """
    n_rows = weight.sum(1, keepdim=True)
    before = part_of_answer(n_rows)
    old = fit_shares(read, y, weight)
    ones, zeros = torch.ones_like(n_rows), torch.zeros_like(n_rows)
    if tuned is None:
        return {
            "shares": old,
            "part": before,
            "kept": ones,
            "width": ones,
            "least": zeros,
            "usual": None,
            "plane": zeros,
            "rows": n_rows,
        }
    everyone = torch.cat([read, tuned], 2)
    shares = fit_shares(everyone, y, weight, rounds=2)

    def error(prediction):
        return ((prediction - y).square() * weight).sum(1, keepdim=True) / n_rows.clamp(min=1e-12)

    def mixed(scores, share):
        return (scores * share[:, None]).sum(2)

    was, now = mixed(read, old), mixed(everyone, shares)
    caution = (FEW / n_rows.clamp(min=1)).square()
    gain = ((error(now) / error(was).clamp(min=1e-12) + caution) / (1 + caution)).clamp(max=1)
    part = 1 - (1 - before) * gain
    middle = read[:, :, :n_read].mean(2)
    left = error((1 - part) * middle + part * now)
    narrower = left / error((1 - before) * middle + before * was).clamp(min=1e-12)
    width = (narrower * (1 + FITTED / n_rows.clamp(min=1))).sqrt().clamp(1e-4, 1) * (1 - SHY / n_rows.clamp(min=1))
    usual = (disagreement(everyone, shares) * weight).sum(1, keepdim=True) / n_rows.clamp(min=1e-12)
    plane = _trust_in_plane(tuned, y, weight, ridge)
    return {
        "shares": shares,
        "part": part,
        "kept": (1 - part) / (1 - before),
        "width": width,
        "least": (1 - width) * left,
        "usual": usual,
        "plane": plane,
        "rows": n_rows,
    }


def disagreement(scores, shares):
    """The variance (T, m) of scores (T, m, E) among experts, by their shares."""
    shares = (shares / shares.sum(1, keepdim=True).clamp(min=1e-12))[:, None]
    mean = (scores * shares).sum(2, keepdim=True)
    return ((scores - mean).square() * shares).sum(2)


def _trust_in_plane(tuned, y, weight, ridge):
    """From 0 to 1: whether leave-one-out predictions (T, n, F) say that a line holds."""
    n_rows = weight.sum(1, keepdim=True).clamp(min=1e-12)
    squared = (tuned - y[..., None]).square()
    total = (squared * weight[..., None]).sum(1)
    best = total.argmin(1)[:, None, None].expand(-1, y.shape[1], 1)
    worse = squared[..., ridge] - SLACK * squared.gather(2, best)[..., 0]
    mean = (worse * weight).sum(1, keepdim=True) / n_rows
    variance = ((worse - mean).square() * weight).sum(1, keepdim=True) / n_rows
    z = mean / (variance / n_rows).sqrt().clamp(min=1e-30)
    unexplained = total[:, ridge, None] / (y.square() * weight).sum(1, keepdim=True).clamp(min=1e-30)
    strong = ((n_rows / (n_rows + PLAIN_ROWS) - unexplained) / FADING).clamp(0, 1)
    return strong * ((REFUSAL - z) / (REFUSAL - DOUBT)).clamp(0, 1)


def blended(blend, network, scores, beyond, ridge):
    """The middle of answers, how much of the network's own lean away from it is kept, and what is added to their
    variance, each (T, m, 1).

    Parameters
    ----------
    network : (T, m, 1) tensor
        What the network makes of the experts that it reads.
    scores : (T, m, E + F) tensor
        Of all experts, those that the network was trained beside first.
    beyond : (T, m) tensor
        How far rows lie outside the support's range, in ranges.
    ridge : int
        The place of the plane among all experts.
    """
    stacked = (scores * blend["shares"][:, None]).sum(2)
    middle = network[..., 0] + blend["part"] * (stacked - network[..., 0])
    if blend["usual"] is None:
        return middle[..., None], blend["kept"][..., None], torch.zeros_like(middle)[..., None]
    far = ((beyond - USUAL / blend["rows"].clamp(min=1)) / REACH).clamp(0, 1)
    outside = blend["plane"] * far
    middle = middle + outside * (scores[..., ridge] - middle)
    usual = blend["usual"] * torch.lerp(torch.full_like(far, USUALLY), torch.ones_like(far), far)
    wider = WIDENING * (disagreement(scores, blend["shares"]) - usual).clamp(min=0)
    return middle[..., None], (blend["kept"] * (1 - outside))[..., None], wider[..., None]
