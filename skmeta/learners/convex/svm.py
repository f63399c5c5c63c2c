"""The multi-class support vector machine as a batched, differentiable quadratic program (MetaOptNet)."""

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.implicit import conjugate_gradient

_FAR_BELOW = 1e10


def fit_svm(
    features, members, weight=None, offset=None, class_mask=None, *, smoothing=0.1, max_steps=200, tolerance=None
):
    """Crammer and Singer's hinge loss ``max_c (s_c + 1 - [c = y]) - s_y`` of the scores ``s = W'z + o``.

    Solved in the dual, whose variables ``a`` (T, n, C) are at most ``w_i`` for a row's own class, at most 0 for the
    others, and sum to 0 over the classes; ``W = Z'a``. With ``b = w_i [c = y] - a`` every row's variables lie on a
    simplex, onto which they can be projected: accelerated projected gradient steps, all tasks at once. Derivatives
    follow from the optimality conditions on the face of the simplices where the solution lies.

    Parameters
    ----------
    features : (T, n, e) tensor
    members : (T, n, C) tensor
        One-hot labels.
    weight : (T, n) tensor or None
    offset : (T, n, C) tensor or None
    class_mask : (T, C) bool tensor or None
        Classes that exist; others get weights of 0.
    smoothing : float, default=0.1
        Rounds the hinge off: ``smoothing / 2 |a|^2`` is added to the dual, which makes its solution unique.
    max_steps : int, default=200
    tolerance : float or None, default=None
        Stops where no variable moves by more; None is the root of the features' precision.

    Returns
    -------
    W : (T, e, C) tensor

    References
    ----------
    K. Crammer, Y. Singer. "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines". JMLR 2001.
    K. Lee, S. Maji, A. Ravichandran, S. Soatto. "Meta-Learning with Differentiable Convex Optimization". CVPR 2019.
    """
    weight = torch.ones_like(features[..., 0]) if weight is None else weight
    linear = -members if offset is None else offset - members
    if class_mask is None:
        class_mask = torch.ones(members.shape[0], members.shape[2], dtype=torch.bool, device=features.device)
    dual = _Dual.apply(features, linear, members, weight, class_mask, smoothing, max_steps, tolerance)
    return features.transpose(1, 2) @ dual


class _Dual(torch.autograd.Function):
    """``min_a 1/2 |Z'a|^2 + smoothing/2 |a|^2 + <linear, a>`` over the shifted simplices."""

    @staticmethod
    def forward(ctx, features, linear, members, weight, class_mask, smoothing, max_steps, tolerance):
        tolerance = tolerance or torch.finfo(features.dtype).eps ** 0.5
        top = weight[..., None] * members
        linear = torch.where(class_mask[:, None], linear, 0)

        gram, product = _gram_product(features, smoothing)
        step = 1 / (torch.linalg.eigvalsh(gram)[:, -1].clamp(min=1e-12) + smoothing)[:, None, None]
        far_below = torch.where(class_mask[:, None], 0.0, -_FAR_BELOW).to(features.dtype)

        def descend_and_project(a):
            a = a - step * (product(a) + linear)
            return top - onto_simplex(top - a + far_below, weight)

        dual = _accelerated(descend_and_project, torch.zeros_like(top), max_steps, tolerance)
        free = (top - dual > tolerance * weight.clamp(min=1e-30)[..., None]) & class_mask[:, None]
        ctx.save_for_backward(features, dual, free)
        ctx.smoothing = smoothing
        return dual

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        features, dual, free = ctx.saved_tensors
        count = free.sum(-1, keepdim=True).clamp(min=1)

        def along_face(a):
            """What of a direction keeps variables at their bounds there and rows' sums at zero."""
            a = torch.where(free, a, 0)
            return torch.where(free, a - a.sum(-1, keepdim=True) / count, 0)

        gram_product = _gram_product(features, ctx.smoothing)[1]

        def product(flat):
            return along_face(gram_product(along_face(flat.view_as(dual)))).flatten(1)

        right = along_face(gradient)
        steps = min(dual[0].numel(), 50)
        adjoint = along_face(conjugate_gradient(product, right.flatten(1), steps).view_as(dual))
        across = features.transpose(1, 2)
        of_features = -(adjoint @ (across @ dual).transpose(1, 2) + dual @ (across @ adjoint).transpose(1, 2))
        return of_features, -adjoint, None, None, None, None, None, None


def _accelerated(step, start, max_steps, tolerance):
    """Nesterov's momentum around projected gradient steps, restarted in each task where it points back."""
    here = ahead = start
    momentum = torch.ones_like(start[:, :1, :1])
    for count in range(1, max_steps + 1):
        new = step(ahead)
        backwards = ((ahead - new) * (new - here)).sum((1, 2), keepdim=True) > 0
        faster = torch.where(backwards, 1.0, (1 + (1 + 4 * momentum**2).sqrt()) / 2)
        gain = torch.where(backwards, 0.0, (momentum - 1) / faster)
        moved = new - here
        here, ahead, momentum = new, new + gain * moved, faster
        if count % 8 == 0 and float(moved.abs().amax()) <= tolerance:
            break
    return here


def onto_simplex(points, total):
    """The nearest points whose entries are not negative and sum to ``total`` (...,), along the last axis.

    Examples
    --------
    >>> import torch
    >>> onto_simplex(torch.tensor([[0.5, 0.7, -1.0], [3.0, 0.0, 0.0]]), torch.tensor([1.0, 0.0]))
    tensor([[0.4000, 0.6000, 0.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    descending = points.sort(-1, descending=True).values
    excess = descending.cumsum(-1) - total[..., None]
    rank = torch.arange(1, points.shape[-1] + 1, device=points.device)
    kept = (rank * descending > excess).sum(-1, keepdim=True).clamp(min=1)
    return (points - excess.gather(-1, kept - 1) / kept).clamp(min=0)


def _gram_product(features, smoothing):
    """The smaller one of Z Z' and Z'Z, and the product with Z Z' + smoothing."""
    across = features.transpose(1, 2)
    if features.shape[1] < features.shape[2]:
        gram = features @ across
        return gram, lambda a: gram @ a + smoothing * a
    # many rows: their Gram matrix must never be formed
    return across @ features, lambda a: features @ (across @ a) + smoothing * a
