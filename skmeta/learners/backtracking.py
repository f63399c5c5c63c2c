"""Inner steps that lead uphill on the support are taken again, smaller: rates fit the tasks they were learned on."""

import torch

from skmeta.exceptions import AdaptationWarning, warn_caller
from skmeta.learners.base import without_graph

#: after so many halvings the steps are smaller than 1e-9 of what was learned, and the start itself is the answer
MOST_HALVINGS = 30
#: how much a squared error, in units of the targets' variance, may grow in steps that are no explosion
EXPLODED = 10.0


@without_graph
def backtrack(descend, start, rows, steps):
    """Adapted parameters whose support loss is no larger, in any task, than that of the start.

    A task whose loss has risen, or is no number, descends again from the start with half the rates, as often as need
    be, until no step on its way leads above the start: of many tries that explode, one may end, by luck, where a
    network is constant on all rows shown, with a small loss and weights of any size. The others are left alone, and a
    warning tells of those that exploded; a task that was solved before the first step, which any step makes worse, is
    none of them. A task without rows stays at the start.

    Parameters
    ----------
    descend : callable
        ``descend(rows, pace, steps)`` gives the adapted parameters, each (T, *shape), after so many steps with all
        rates multiplied by ``pace``, and the tasks' losses (T,) before the first step and after the last.
    start : callable
        ``start(rows)`` gives the parameters before the first step, each (T, *shape).
    rows : tuple
        Support rows, targets, and row weights or None, each with a leading task axis.
    steps : int

    Returns
    -------
    params : list of tensors
    """
    params, before, after = descend(rows, 1.0, steps)
    if (after <= before).all():
        return params
    # rounding errors of a task that was solved from the start on are no explosion
    limit = before + 1e-9 * (1 + before)
    exploded = ~(after <= EXPLODED * (1 + before))
    left, pace, paces = torch.nonzero(~(after <= limit)).ravel(), 1.0, torch.ones_like(limit)
    for _ in range(MOST_HALVINGS):
        if not len(left):
            break
        pace /= 2
        paces[left] = pace
        again, _, after = descend(_of(left, rows), pace, steps)
        fine = after <= limit[left]
        for fewer in range(1, steps):
            tried = torch.nonzero(fine).ravel()
            if not len(tried):
                break
            _, _, after = descend(_of(left[tried], rows), pace, fewer)
            fine[tried] = after <= limit[left[tried]]
        params = [_replaced(value, left[fine], new[fine]) for value, new in zip(params, again)]
        left = left[~fine]
    if len(left):
        params = [_replaced(value, left, new) for value, new in zip(params, start(_of(left, rows)))]
    if exploded.any():
        which = "the task" if len(limit) == 1 else f"{int(exploded.sum())} of {len(limit)} tasks"
        warn_caller(
            f"The learned inner steps explode on the rows of {which}, and were made up to "
            f"{1 / float(paces[exploded].min()):.0f} times smaller there. Columns or targets may be on another scale "
            "than in meta-training: rescale them, or set target_scaling='task'.",
            AdaptationWarning,
        )
    return params


def _of(tasks, rows):
    return tuple(part if part is None else part[tasks] for part in rows)


def _replaced(value, tasks, new):
    value = value.clone()
    value[tasks] = new.to(value.dtype)
    return value


def squared_errors(outputs, y, weight=None):
    """Weighted mean squared error of each task (T,), from outputs and targets (T, n, k); 0 for a task without rows."""
    errors = (outputs - y).square().mean(-1)
    if weight is None:
        return errors.mean(1) if errors.shape[1] else errors.sum(1)
    total = weight.sum(1)
    errors = torch.where(weight > 0, weight * errors, 0.0)  # what stands in a padded row is no number of ours
    return errors.sum(1) / torch.where(total > 0, total, 1.0)
