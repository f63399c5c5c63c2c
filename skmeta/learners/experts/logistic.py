"""Logistic regression, one class against the rest, as firm as approximate leave-one-out says; many tasks at once.

References
----------
Rad, Maleki (2020). A scalable estimate of the out-of-sample prediction error via approximate leave-one-out
cross-validation. Journal of the Royal Statistical Society B 82.
"""

import torch
import torch.nn.functional as F

INTERCEPT = 1e-3  # penalty of the last feature, which is constant
STEPS, HALVINGS, NEGLIGIBLE = 12, 8, 1e-6
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
    T, n, r = rows.shape
    coef = rows.new_zeros(T, r, members.shape[2])
    best, chosen, firm, left_out = None, coef, None, None
    worse = torch.zeros(T, dtype=torch.long, device=rows.device)
    for penalty in penalties:
        coef, inverse = newton(rows, members, weight, coef, rows.new_full((T,), penalty))
        scores = _leave_out(rows, members, weight, coef, inverse)
        chances = log_chances(scores, class_mask)
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
    """Scores (..., m, C), each of one class against the rest, as logarithms of chances over the classes that exist; of
    those ``class_mask`` (..., C) says which."""
    exists = class_mask[..., None, :]
    chance = F.logsigmoid(scores).masked_fill(~exists, -torch.inf).softmax(-1).clamp(min=FLOOR) * exists
    return (chance / chance.sum(-1, keepdim=True)).clamp(min=1e-30).log()


def newton(rows, members, weight, coef, penalty):
    """The coefficients (T, r, C) of least loss from ``coef``, and the inverse curvature (T, C, r, r) there; of two
    classes (T, 1, r, r), for what speaks for one speaks against the other."""
    if members.shape[2] == 2:
        coef, inverse = _newton(rows, members[..., 1:], weight, coef[..., 1:], penalty)
        return torch.cat([-coef, coef], 2), inverse
    return _newton(rows, members, weight, coef, penalty)


def _newton(rows, members, weight, coef, penalty):
    held = penalty[:, None].expand(-1, rows.shape[2]).clone()
    held[:, -1] = INTERCEPT
    sign = 1 - 2 * members

    def loss(coef):
        scores = rows @ coef
        fit = (F.softplus(sign * scores) * weight[..., None]).sum(1)
        return scores, fit + 0.5 * (held[..., None] * coef.square()).sum(1)

    scores, value = loss(coef)
    for _ in range(STEPS):
        chance = scores.sigmoid()
        gradient = rows.transpose(1, 2) @ ((chance - members) * weight[..., None]) + held[..., None] * coef
        factor = _curvature(rows, chance, weight, held)
        step = torch.cholesky_solve(gradient.transpose(1, 2)[..., None], factor)[..., 0].transpose(1, 2)
        promised = (gradient * step).sum(1)
        waits = promised > NEGLIGIBLE * (1 + value)
        if not bool(waits.any()):
            break
        size = 1.0
        for _ in range(HALVINGS):
            trial = torch.where(waits[:, None], coef - size * step, coef)
            trial_scores, trial_value = loss(trial)
            good = waits & (trial_value <= value - 1e-4 * size * promised)
            coef = torch.where(good[:, None], trial, coef)
            scores, value = torch.where(good[:, None], trial_scores, scores), torch.where(good, trial_value, value)
            waits = waits & ~good
            if not bool(waits.any()):
                break
            size /= 2
    return coef, torch.cholesky_inverse(_curvature(rows, scores.sigmoid(), weight, held))


def _curvature(rows, chance, weight, held):
    """Cholesky factors (T, C, r, r)."""
    certainty = (chance * (1 - chance) * weight[..., None]).transpose(1, 2)
    curvature = (rows[:, None] * certainty[..., None]).transpose(2, 3) @ rows[:, None]
    curvature.diagonal(dim1=2, dim2=3).add_(held[:, None] + 1e-9)
    return torch.linalg.cholesky(curvature)


def _leave_out(rows, members, weight, coef, inverse):
    """Scores (T, n, C) of rows had they not been there, by one Newton step from the solution with them. A row of weight
    w counts as w equal rows, one of which leaves."""
    scores = rows @ coef
    chance = scores.sigmoid()
    reach = ((rows[:, None] @ inverse) * rows[:, None]).sum(3).transpose(1, 2) * weight.clamp(max=1)[..., None]
    return scores + reach * (chance - members) / (1 - reach * chance * (1 - chance)).clamp(min=1e-3)
