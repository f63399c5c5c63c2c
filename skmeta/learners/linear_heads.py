"""Linear heads on fixed features, fitted to many tasks at once: convex problems, solved to the end."""

import torch

from skmeta.learners.base import one_hot_support


def with_bias_column(features):
    """(T, n, e) features with a column of ones after them, so that a bias is one more weight."""
    return torch.cat([features, torch.ones_like(features[..., :1])], -1)


def shares(support_weight, like):
    """What each row counts for in its task's mean loss (T, n), and the total weight of each task (T, 1)."""
    weight = torch.ones_like(like[..., 0]) if support_weight is None else support_weight
    total = weight.sum(1, keepdim=True)
    return weight / torch.where(total > 0, total, 1.0), total


def counts(support_weight):
    """Row weights (T, n) as numbers of rows: they count as many rows as they add up to, but never fewer than there are.

    Weights that add up to less, such as a boosting method's, which sum to 1, say how rows compare and no more.

    Examples
    --------
    >>> counts(torch.tensor([[0.25, 0.75], [2.0, 1.0]]))
    tensor([[0.5000, 1.5000],
            [2.0000, 1.0000]])
    """
    if support_weight is None:
        return None
    total, n_rows = support_weight.sum(1, keepdim=True), (support_weight > 0).sum(1, keepdim=True)
    return support_weight * torch.where(total > 0, n_rows / total, 1.0).clamp(min=1.0)


def ridge_heads(features, targets, support_weight, start, pull):
    """Least squares with a pull towards a start.

    Minimises ``sum_i w_i |y_i - W z_i|^2 + pull |W - start|^2``.

    Parameters
    ----------
    features : (T, n, e) tensor
    targets : (T, n, k) tensor
    support_weight : (T, n) tensor or None
    start : (k, e) or (T, k, e) tensor
    pull : float

    Returns
    -------
    weight : (T, k, e) tensor
    """
    weight = torch.ones_like(features[..., 0]) if support_weight is None else support_weight
    weighted = features * weight[..., None]
    start = start.expand(len(features), *start.shape[-2:])
    gram = weighted.transpose(1, 2) @ features
    residual = targets - features @ start.transpose(1, 2)
    # the square of the features' scale keeps a pull of 0 solvable, without a trace in the answer where it is not needed
    floor = 1e-10 * gram.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-30)
    eye = torch.eye(features.shape[-1], dtype=features.dtype, device=features.device)
    step = torch.linalg.solve(gram + (pull + floor)[:, None, None] * eye, weighted.transpose(1, 2) @ residual)
    return start + step.transpose(1, 2)


def logistic_heads(features, labels, support_weight, class_mask, start, pull, max_steps=500, tolerance=1e-7):
    """Multinomial logistic regression with a pull towards a start.

    Minimises ``sum_i w_i cross_entropy(W z_i, y_i) + pull |W - start|^2 / 2``. The Hessian of the cross-entropy is
    never above ``Z' diag(w) Z / 2`` for each class [1]_; with that bound in its place a Newton step needs one
    factorisation for all steps and all classes, and can never overshoot. Nesterov's momentum, restarted where it leads
    uphill, makes up for the bound's caution. A task that has converged rests while others go on.

    Parameters
    ----------
    features : (T, n, e) tensor
    labels : (T, n) int64 tensor
    support_weight : (T, n) tensor or None
    class_mask : (T, C) bool tensor
        Classes that a task does not have get no probability.
    start : (C, e), (1, e) or (T, C, e) tensor
    pull : float
        Above 0.
    max_steps : int, default=500
    tolerance : float, default=1e-7
        A task rests when a step's length is below this, relative to the length of its weights.

    Returns
    -------
    weight : (T, C, e) tensor

    References
    ----------
    .. [1] D. Böhning. "Multinomial logistic regression algorithm". Annals of the Institute of Statistical
       Mathematics 44, 1992.
    """
    if not features.shape[1]:
        return start.expand(len(features), class_mask.shape[1], start.shape[-1])
    if features.shape[1] < features.shape[2]:
        # what the rows cannot see stays at the start, so that the search is for n numbers a class instead of e
        basis, triangle = torch.linalg.qr(features.transpose(1, 2))
        start = start.expand(len(features), class_mask.shape[1], start.shape[-1])
        fixed = start - start @ basis @ basis.transpose(1, 2)
        features, start = triangle.transpose(1, 2), start @ basis
        found = _descend(features, labels, support_weight, class_mask, start, pull, max_steps, tolerance)
        return fixed + found @ basis.transpose(1, 2)
    return _descend(features, labels, support_weight, class_mask, start, pull, max_steps, tolerance)


def _descend(features, labels, support_weight, class_mask, start, pull, max_steps, tolerance):
    n_tasks, n_classes = class_mask.shape
    share, total = shares(support_weight, features)
    pull = (pull / total.clamp(min=1e-12))[..., None]
    pull = pull.clamp(min=1e-9, max=1e9)
    eye = torch.eye(features.shape[-1], dtype=features.dtype, device=features.device)
    bound = (features * share[..., None]).transpose(1, 2) @ features / 2 + pull * eye
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(bound))
    start = start.expand(n_tasks, n_classes, start.shape[-1])
    hidden = ~class_mask[:, None]
    target = one_hot_support(labels, n_classes, None, features.dtype).transpose(1, 2)

    weight = ahead = start
    momentum = torch.ones(n_tasks, 1, 1, dtype=features.dtype, device=features.device)
    resting = torch.zeros_like(momentum, dtype=torch.bool)
    for _ in range(max_steps):
        logits = (features @ ahead.transpose(1, 2)).masked_fill(hidden, -torch.inf)
        error = (torch.softmax(logits, -1) - target) * share[..., None]
        slope = error.transpose(1, 2) @ features + pull * (ahead - start)
        moved = torch.where(resting, weight, ahead - slope @ inverse)
        uphill = ((moved - weight) * slope).sum((1, 2), keepdim=True) > 0
        faster = torch.where(uphill, 1.0, (1 + (1 + 4 * momentum**2).sqrt()) / 2)
        gain = torch.where(uphill, 0.0, (momentum - 1) / faster)
        # lengths, unlike largest entries, do not depend on the basis, and so not on the order of the rows
        small = _length(moved - weight) <= tolerance * _length(moved).clamp(min=1.0)
        ahead, weight, momentum = moved + gain * (moved - weight), moved, faster
        resting = resting | small
        if bool(resting.all()):
            break
    return weight


def _length(weight):
    return weight.square().sum((1, 2), keepdim=True).sqrt()
