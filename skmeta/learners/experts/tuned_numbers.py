"""The experts of numbers that are tuned to each table: a plane by leave-one-out, a process by its likelihood.

The likelihood is that of targets that are bent where their law is, so that a few large ones do not rule it; answers are
means of targets as they are.
"""

import torch

from skmeta.learners.experts.bend import bent
from skmeta.learners.experts.gaussian_process import MOST_ROWS, tune_process, untuned_process
from skmeta.learners.experts.ridge import tune_ridge
from skmeta.learners.experts.smooth_kernel import extend_machine, fit_machine, solved_machine

RIDGE, PROCESS = 0, 1  # their places


def fit_tuned(rows, Y, weight, varies, most_rows=MOST_ROWS):
    """Tune and solve the experts.

    Parameters
    ----------
    rows : (T, n, p) tensor
        Standardised columns as they are, those that do not vary 0; their precision is what everything is solved in.
    Y : (T, n, C) tensor
        Targets, in the precision that is asked for. Their weighted mean is answered where nothing is known.
    weight : (T, n) tensor
    varies : (T, p) bool tensor
    most_rows : int, default=500
        The process is tuned on so many.

    Returns
    -------
    state : dict
        What :func:`score_tuned` and :func:`extend_tuned` need.
    left_out : (T, n, E, C) tensor
        Leave-one-out predictions of the support rows.
    """
    single = Y.dtype == torch.float32
    Y, weight = Y.to(rows.dtype), weight.to(rows.dtype)
    centre = (Y * weight[..., None]).sum(1, keepdim=True) / weight.sum(1)[:, None, None].clamp(min=1e-12)
    there = weight[..., None] > 0
    Y = torch.where(there, Y - centre, torch.zeros_like(Y))
    rows = torch.where(there, rows, torch.zeros_like(rows))
    plane, left_out_plane = tune_ridge(rows, Y, weight)
    plane = solved_machine(plane, rows, Y, weight)
    curved = bent(rows, Y, weight, untuned_process(rows, varies))
    process = tune_process(rows, curved, weight, varies, with_rough=True, single=single, most_rows=most_rows)
    process, left_out_process = fit_machine(process, rows, Y, weight)
    left_out = torch.stack([left_out_plane, left_out_process], 2)
    state = {"machines": [plane, process], "rows": rows, "targets": Y, "weight": weight, "centre": centre}
    state |= {"low": _least(Y, there), "high": -_least(-Y, there)}
    return state, _bounded(state, left_out)


def score_tuned(state, rows):
    """Predictions of rows (T, m, p), as (T, m, E, C)."""
    scores = [machine["toward"].of(rows) @ machine["dual"] for machine in state["machines"]]
    return _bounded(state, torch.stack(scores, 2))


def extend_tuned(state, rows, Y, weight):
    """The state with further rows (T, k, p), under the settings it has."""
    there = weight[..., None] > 0
    rows = torch.where(there, rows, torch.zeros_like(rows))
    Y = torch.where(there, Y.to(rows.dtype) - state["centre"], torch.zeros_like(rows[..., :1]))
    targets = torch.cat([state["targets"], Y], 1)
    all_weight = torch.cat([state["weight"], weight.to(rows.dtype)], 1)
    machines = [extend_machine(machine, state["rows"], rows, targets, all_weight) for machine in state["machines"]]
    all_rows = torch.cat([state["rows"], rows], 1)
    return state | {"machines": machines, "rows": all_rows, "targets": targets, "weight": all_weight}


def _least(Y, there):
    return torch.where(there, Y, torch.full_like(Y, torch.inf)).amin(1, keepdim=True)[:, :, None]


def _bounded(state, scores):
    """Predictions within the range of the support's targets and its width again: a plane may lead anywhere."""
    room = state["high"] - state["low"]
    return torch.minimum(torch.maximum(scores, state["low"] - room), state["high"] + room) + state["centre"][:, :, None]
