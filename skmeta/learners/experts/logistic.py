"""Logistic regression, as firm as approximate leave-one-out says; many tasks and penalties at once.

References
----------
Rad, Maleki (2020). A scalable estimate of the out-of-sample prediction error via approximate leave-one-out
cross-validation. Journal of the Royal Statistical Society B 82.
"""

import torch

from skmeta.learners.experts.minimise import minimise

INTERCEPT = 1e-3  # penalty of the last feature, which is constant
BEND = 0.1  # of a row's loss along its logit, about: p (1 - p)
STEPS, NEGLIGIBLE = 100, 1e-3  # nats; of penalties that are compared
EXACT = 1e-7  # from where another search ended: in whatever portions rows come, the end is the same
NEVER = -1e30  # a logit of a class that does not exist: 0 times it is 0
CELLS_AT_ONCE = 2**23  # of rows times features times classes in memory
FLOOR = 1e-4  # no chance below; what is so sure is so sure seldom


def fit_path(rows, members, weight, class_mask, penalties):
    """The regression whose penalty has the least approximate leave-one-out loss.

    Parameters
    ----------
    rows : (T, n, r) tensor
        Features; the last is constant.
    members : (T, n, C) tensor
        One-hot labels.
    weight : (T, n) tensor
    class_mask : (T, C) bool tensor
    penalties : sequence of float
        From the firmest; the path of a task ends where two in a row were worse.

    Returns
    -------
    coef : (T, r, C) tensor
    penalty : (T,) tensor
    left_out : (T, n, C) tensor
        Logarithms of leave-one-out chances.
    """
    coefs = least_loss(rows, members, weight, class_mask, rows.new_tensor(penalties).expand(len(rows), -1))
    best, chosen, firm, left_out = None, coefs[:, 0], None, None
    worse = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    for penalty, coef in zip(penalties, coefs.unbind(1)):
        chances = log_chances(_leave_out(rows, members, weight, class_mask, coef, penalty), class_mask)
        loss = -(torch.where(members > 0, chances, torch.zeros_like(chances)).sum(2) * weight).sum(1)
        if best is None:
            better = torch.ones_like(worse, dtype=torch.bool)
            best, firm, left_out = loss, torch.full_like(loss, penalty), chances
        else:
            better = (loss < best) & (worse < 2)  # a task's path ends by itself, whatever the others do
        best = torch.where(better, loss, best)
        firm = torch.where(better, penalty, firm)
        chosen = torch.where(better[:, None, None], coef, chosen)
        left_out = torch.where(better[:, None, None], chances, left_out)
        worse = torch.where(better, 0, worse + 1)
        if bool((worse >= 2).all()):
            break
    return chosen, firm, left_out


def log_chances(scores, class_mask):
    """Scores (..., m, C) as logarithms of chances over the classes that exist; of those ``class_mask`` (..., C) says
    which."""
    exists = class_mask[..., None, :]
    chance = scores.masked_fill(~exists, NEVER).softmax(-1).clamp(min=FLOOR) * exists
    return (chance / chance.sum(-1, keepdim=True)).clamp(min=1e-30).log()


def least_loss(rows, members, weight, class_mask, penalties, start=None):
    """The coefficients of least loss under each of a task's penalties.

    The search goes along the axes of the rows' spread, in units in which the loss bends about as much along each.

    Parameters
    ----------
    rows, members, weight, class_mask
        As in :func:`fit_path`.
    penalties : (T, P) tensor
        Of one class against the rest: K / (K - 1) times as firm for K classes.
    start : (T, P, r, C) tensor or None, default=None
        Where an earlier search ended. From there it goes on to the very end, so that rows in whatever portions lead to
        the same; without it, as far as penalties need to be compared.

    Returns
    -------
    coef : (T, P, r, C) tensor
    """
    (T, n, r), P, C = rows.shape, penalties.shape[1], members.shape[2]
    bend = BEND if start is None else _bend(rows, class_mask, start)
    spread, axes = torch.linalg.eigh((rows * (bend * weight)[..., None]).transpose(1, 2) @ rows)
    turned, members, weight = rows @ axes, members[:, :, None], weight[..., None, None]
    constant = axes[:, -1, None, :, None]  # the direction of the last feature
    exists = class_mask[:, None, None]
    firm = (penalties * _stiffness(class_mask))[..., None, None]
    unit = (firm + spread.clamp(min=0)[:, None, :, None]).rsqrt()

    def loss(x):
        coef = unit * x.view(T, P, r, C)
        scores = (turned @ coef.transpose(1, 2).flatten(2)).view(T, n, P, C)
        log_p = scores.masked_fill(~exists, NEVER).log_softmax(-1)
        bias = (constant * coef).sum(2, keepdim=True)
        pull = firm * coef - (firm - INTERCEPT) * constant * bias
        value = 0.5 * (coef * pull).sum((2, 3)) - (weight * members * log_p).sum((1, 3))
        slope = turned.transpose(1, 2) @ (weight * (log_p.exp() - members)).flatten(2)
        slope = slope.view(T, r, P, C).transpose(1, 2) + pull
        return value.flatten(), (unit * slope).view(T * P, -1)

    x, enough = rows.new_zeros(T, P, r, C), NEGLIGIBLE
    if start is not None:
        x, enough = axes.transpose(1, 2)[:, None] @ start / unit, EXACT
    free = rows.new_full((r * C,), torch.inf)
    x = minimise(loss, x.view(T * P, -1), -free, free, STEPS, enough)
    return axes[:, None] @ (unit * x.view(T, P, r, C))


def _bend(rows, class_mask, coef):
    """How much the loss of each row (T, n) bends along its logits, at coefficients (T, P, r, C)."""
    chance = (rows[:, None] @ coef).masked_fill(~class_mask[:, None, None], NEVER).softmax(-1)
    return (chance * (1 - chance)).mean((1, 3)).clamp(min=1e-6)


def _leave_out(rows, members, weight, class_mask, coef, penalty):
    """Scores (T, n, C) of rows had they not been there, by one Newton step from the solution with them: each class
    against the rest, whose scores give way alike. A row of weight w counts as w equal rows, one of which leaves."""
    scores = rows @ coef
    chance = scores.masked_fill(~class_mask[:, None], NEVER).softmax(-1)
    if members.shape[2] == 2:  # what speaks for one speaks against the other
        step = _step_without(rows, chance[..., 1:], members[..., 1:], weight, penalty)
        step = torch.cat([-step, step], 2)
    else:
        step = _step_without(rows, chance, members, weight, penalty)
    return scores + step / _stiffness(class_mask)[..., None]


def _step_without(rows, chance, members, weight, penalty):
    """How far the score of each class moves (T, n, C) when a row leaves, a few classes at a time."""
    some = max(1, CELLS_AT_ONCE // max(1, rows.numel()))
    blocks = zip(chance.split(some, 2), members.split(some, 2))
    return torch.cat([_step_of_some(rows, *block, weight, penalty) for block in blocks], 2)


def _step_of_some(rows, chance, members, weight, penalty):
    certainty = chance * (1 - chance)
    curvature = (rows[:, None] * (certainty * weight[..., None]).transpose(1, 2)[..., None]).transpose(2, 3)
    curvature = curvature @ rows[:, None]
    held = rows.new_full((rows.shape[2],), penalty)
    held[-1] = INTERCEPT
    curvature.diagonal(dim1=2, dim2=3).add_(held + 1e-9)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(curvature))
    reach = ((rows[:, None] @ inverse) * rows[:, None]).sum(3).transpose(1, 2) * weight.clamp(max=1)[..., None]
    return reach * (chance - members) / (1 - reach * certainty).clamp(min=1e-3)


def _stiffness(class_mask):
    """Return how many times as much (T, 1) the loss bends along what tells a class from the others as along its score.

    The scores of the others give way: twice as much for two classes, hardly more for many.
    """
    count = class_mask.sum(1, keepdim=True).clamp(min=2)
    return count / (count - 1)
