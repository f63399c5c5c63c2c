"""The experts of classes that are tuned to each table: softmax regression on columns, and on features of two kernels.

One kernel, of columns, is learned. The other, of ranks, is the same whatever the labels say, and errs otherwise than
what is learned from few of them.
"""

import torch
import torch.nn.functional as F

from skmeta.learners.experts.gaussian_process import tune_process
from skmeta.learners.experts.learned_metric import tune_metric
from skmeta.learners.experts.logistic import fit_path, least_loss, log_chances
from skmeta.learners.experts.smooth_kernel import SmoothKernel, some_rows

MOST_FEATURES = 120
LANDMARKS = 300
PLANE_PENALTIES = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03)
KERNEL_PENALTIES = (3.0, 0.75, 0.2, 0.05, 0.012)
ENOUGH_FOR_LIKELIHOOD = 99.5  # rows
ENOUGH = 0.3  # of a process's log-likelihood: what further steps bring, classes do not feel


def fit_tuned_classes(rows, ranks, members, weight, varies, class_mask, key):
    """Tune the experts on supports.

    Parameters
    ----------
    rows : (T, n, p) tensor
        Standardised columns as they are; their precision is what everything is solved in.
    ranks : (T, n, p) tensor
        The same columns as ranks.
    members : (T, n, C) tensor
        One-hot labels, in the precision that is asked for.
    weight : (T, n) tensor
    varies : (T, p) bool tensor
    class_mask : (T, C) bool tensor
    key : (T, n) tensor
        An order of rows in which neighbours are alike; some are taken from all along it.

    Returns
    -------
    state : dict
    left_out : (T, n, E, C) tensor
        Logarithms of leave-one-out chances.
    """
    single = members.dtype == torch.float32
    ranks, members, weight, key = (v.to(rows.dtype) for v in (ranks, members, weight, key))
    there = weight[..., None] > 0
    rows, ranks = (torch.where(there, view, torch.zeros_like(view)) for view in (rows, ranks))
    share = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
    centred = torch.where(there, members - (members * share[..., None]).sum(1, keepdim=True), torch.zeros_like(members))
    if members.shape[2] == 2:
        centred = centred[..., 1:]
    kernel = _smooth_kernel(rows, centred, weight, varies, key, single)
    kinds = (
        ("rows", principal_directions(rows, weight), PLANE_PENALTIES),
        ("rows", kernel_basis(kernel, rows, weight, key), KERNEL_PENALTIES),
        ("ranks", kernel_basis(plain_kernel(ranks, weight), ranks, weight, key), KERNEL_PENALTIES),
    )
    state = {"rows": rows, "ranks": ranks, "members": members, "weight": weight, "class_mask": class_mask}
    experts, left_out = [], []
    for view, basis, penalties in kinds:
        coef, penalty, scores = fit_path(turned(basis, state[view]), members, weight, class_mask, penalties)
        experts.append({"view": view, "basis": basis, "coef": coef, "penalty": penalty})
        left_out.append(scores)
    return state | {"experts": experts}, torch.stack(left_out, 2)


def _smooth_kernel(rows, Y, weight, varies, key, single):
    """On few rows the kernel that leave-one-out picks among learned metrics; on many the most likely process."""
    many = weight.sum(1, keepdim=True) > ENOUGH_FOR_LIKELIHOOD
    if bool(many.all()):
        return tune_process(rows, Y, weight, varies, ENOUGH, single=single, most_rows=LANDMARKS)
    metric = tune_metric(rows, Y, weight, varies, key)
    if not bool(many.any()):
        return metric
    process = tune_process(rows, Y, weight, varies, ENOUGH, single=single, most_rows=LANDMARKS)
    return SmoothKernel(*(torch.where(many, a, b) for a, b in zip(process[:4], metric[:4])))


def plain_kernel(ranks, weight):
    """Bumps as wide as rows lie apart, all columns alike."""
    share = (weight / weight.sum(1, keepdim=True).clamp(min=1e-12))[..., None]
    centred = ranks - (ranks * share).sum(1, keepdim=True)
    spread = (centred.square() * share).sum((1, 2))[:, None].clamp(min=1e-12)
    one = torch.ones_like(spread)
    return SmoothKernel((2 / spread).sqrt().expand(-1, ranks.shape[2]), one, None, one)


def score_tuned_classes(state, rows, ranks):
    """Logarithms of chances of rows seen as columns and as ranks, (T, m, p) both, as (T, m, E, C)."""
    seen = {"rows": rows, "ranks": ranks.to(rows.dtype)}
    scores = [turned(expert["basis"], seen[expert["view"]]) @ expert["coef"] for expert in state["experts"]]
    return log_chances(torch.stack(scores, 2), state["class_mask"][:, None])


def extend_tuned_classes(state, rows, ranks, members, weight):
    """The state with further rows (T, k, p): coefficients are found anew, features and penalties stay."""
    there = weight[..., None] > 0
    new = {name: torch.where(there, view, torch.zeros_like(view)) for name, view in (("rows", rows), ("ranks", ranks))}
    new |= {"members": members, "weight": weight}
    grown = {name: torch.cat([state[name], more.to(rows.dtype)], 1) for name, more in new.items()}
    experts = []
    for expert in state["experts"]:
        features = turned(expert["basis"], grown[expert["view"]])
        about = grown["members"], grown["weight"], state["class_mask"], expert["penalty"][:, None]
        experts.append({**expert, "coef": least_loss(features, *about, expert["coef"][:, None])[:, 0]})
    return state | grown | {"experts": experts}


def principal_directions(rows, weight):
    """Directions that are enough for a plane: the columns, or where they are many, those in which rows differ most."""
    n, p = rows.shape[1:]
    if p <= min(n, MOST_FEATURES):
        return {"toward": None, "turn": None}
    scaled = rows * weight.sqrt()[..., None]
    values, V = torch.linalg.eigh(scaled.transpose(1, 2) @ scaled)
    return {"toward": None, "turn": V[:, :, -min(n, MOST_FEATURES) :]}


def kernel_basis(kernel, rows, weight, key):
    """Features whose inner products are nearly the kernel's (scaled to a mean diagonal of one), by some of the rows."""
    weight, rows = some_rows(key, weight, LANDMARKS, rows)
    root = weight.sqrt()
    K = kernel.between(rows, rows) * root[:, :, None] * root[:, None]
    size = K.diagonal(dim1=1, dim2=2).sum(1) / weight.sum(1).clamp(min=1e-12)
    values, U = torch.linalg.eigh(K)
    values, U = values[:, -MOST_FEATURES:], U[..., -MOST_FEATURES:]
    kept = values > 1e-6 * values[:, -1:]
    inverse = torch.where(kept, 1 / (values.clamp(min=1e-30) * size[:, None]).sqrt(), torch.zeros_like(values))
    return {"toward": kernel.toward(rows), "turn": root[..., None] * U * inverse[:, None]}


def turned(basis, rows):
    """Features (T, m, r) of rows, a constant last."""
    if basis["toward"] is not None:
        rows = basis["toward"].of(rows)
    return F.pad(rows if basis["turn"] is None else rows @ basis["turn"], (0, 1), value=1.0)
