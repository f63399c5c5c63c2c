"""Multinomial logistic regression by Newton steps, differentiated at its solution."""

import torch
from torch.autograd.function import once_differentiable

from skmeta import native
from skmeta.learners.base import one_hot_support
from skmeta.learners.experts.minimise import minimise
from skmeta.learners.implicit import conjugate_gradient

_MAX_HALVINGS = 12
_NEVER = -1e30  # a logit of a class that does not exist: no probability, and 0 times it is 0
_MOST_UNKNOWNS = 150  # of a task, for which its Hessian is written out
_CELLS_AT_ONCE = 2**23  # of Hessians in memory
_BEND = 0.1  # of a row's loss along its logit, about: p (1 - p)
_STEPS, _ENOUGH = 100, 1e-5  # for answers that are compared by their losses, where a step that gains less says nothing


def fit_logistic(features, members, weight=None, offset=None, class_mask=None, *, max_steps=30, tolerance=None):
    """Cross-entropy of ``softmax(W'z + o)``.

    Newton directions come from the Hessian's factors where it is small, and else from conjugate gradients, which take
    products with it only; a step that would lead uphill is halved. The derivative of the solution follows from the
    slope being zero there, at the price of one more system of the same kind, however many steps were taken.

    Parameters
    ----------
    features : (T, n, e) tensor
    members : (T, n, C) tensor
        One-hot labels.
    weight : (T, n) tensor or None
    offset : (T, n, C) tensor or None
    class_mask : (T, C) bool tensor or None
        Classes that exist; others get weights of 0 and no probability.
    max_steps : int, default=30
        Newton steps at most.
    tolerance : float or None, default=None
        Stops where no entry of the slope is larger; None is a few digits above the precision of the features.

    Returns
    -------
    W : (T, e, C) tensor
    """
    offset = torch.zeros_like(members) if offset is None else offset
    if class_mask is not None:
        offset = offset.masked_fill(~class_mask[:, None], _NEVER)
    weight = torch.ones_like(features[..., 0]) if weight is None else weight
    return _Solution.apply(features, offset, members, weight, max_steps, tolerance)


def logistic_heads(features, labels, support_weight, class_mask, start, pull):
    """Multinomial logistic regression with a pull towards a start.

    Minimises ``sum_i w_i cross_entropy(W z_i, y_i) + pull |W - start|^2 / 2`` by a handful of Newton steps.

    Parameters
    ----------
    features : (T, n, e) tensor
    labels : (T, n) int64 tensor
    support_weight : (T, n) tensor or None
    class_mask : (T, C) bool tensor
        Classes that a task does not have get no probability.
    start : (C, e), (1, e) or (T, C, e) tensor
    pull : float or (T,) tensor
        Above 0.

    Returns
    -------
    weight : (T, C, e) tensor
    """
    n_tasks, n_classes = class_mask.shape
    start = start.expand(n_tasks, n_classes, start.shape[-1])
    if not features.shape[1]:
        return start
    dtype = features.dtype
    if features.device.type != "mps":  # what stands at the end is a small difference of large sums
        features, start = features.double(), start.double()
        support_weight = None if support_weight is None else support_weight.double()
    offset = features @ start.transpose(1, 2)
    # what the rows cannot see stays at the start, so that the search is for n numbers a class where n < e
    basis = None
    if features.shape[1] < features.shape[2]:
        basis, triangle = torch.linalg.qr(features.transpose(1, 2))
        features = triangle.transpose(1, 2)
    total = features.new_tensor(features.shape[1]) if support_weight is None else support_weight.sum(1)
    root = torch.maximum(torch.as_tensor(pull, dtype=features.dtype, device=features.device), 1e-9 * total).sqrt()
    root = root.clamp(min=1e-6).expand(n_tasks)[:, None, None]
    members = one_hot_support(labels, n_classes, None, features.dtype).transpose(1, 2)
    tolerance = max(1e-10, 1e2 * torch.finfo(features.dtype).eps)
    step = fit_logistic(features / root, members, support_weight, offset, class_mask, tolerance=tolerance) / root
    return (start + (step if basis is None else basis @ step).transpose(1, 2)).to(dtype)


def logits_of_one_table(features, members, is_there, pulls):
    """Logits (n, T, C) of one table's rows, by logistic regressions that see some of them, each with a pull of its own.

    Parameters
    ----------
    features : (n, e) tensor
    members : (n, C) tensor
        One-hot labels.
    is_there : (n, T) bool tensor
        Rows that each regression sees.
    pulls : (T,) tensor
    """
    if features.device.type != "mps":
        features = features.double()
    rows, spread = _along_axes(features)
    members, weight, pulls = (part.to(rows) for part in (members[:, None], is_there[..., None], pulls[:, None, None]))
    n, T, C = len(rows), len(pulls), members.shape[-1]
    unit = (pulls + _BEND * spread[:, None]).rsqrt()  # in which the loss bends about as much along every axis

    def heads_and_logits(x):
        heads = unit * x.view(T, -1, C)
        return heads, (rows @ heads.transpose(0, 1).flatten(1)).view(n, T, C)

    def loss(x):
        heads, logits = heads_and_logits(x)
        log_p = logits.log_softmax(-1)
        value = pulls[:, 0, 0] * heads.square().sum((1, 2)) / 2 - (weight * members * log_p).sum((0, 2))
        slope = rows.t() @ (weight * (log_p.exp() - members)).flatten(1)
        slope = slope.view(-1, T, C).transpose(0, 1) + pulls * heads
        return value, (unit * slope).flatten(1)

    start = rows.new_zeros(T, rows.shape[1] * C)
    free = torch.full_like(start[0], torch.inf)
    return heads_and_logits(minimise(loss, start, -free, free, _STEPS, _ENOUGH))[1]


def _along_axes(features):
    """Rows (n, r) along the axes of their spread, and that spread (r,): r is the lesser of n and the columns.

    A pull sees lengths alone, so that nothing is lost: of fewer rows than columns, only what rows span is asked about.
    """
    is_wide = features.shape[1] > features.shape[0]
    spread, axes = torch.linalg.eigh(features @ features.t() if is_wide else features.t() @ features)
    spread = spread.clamp(min=0)
    return axes * spread.sqrt() if is_wide else features @ axes, spread


class _Solution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, offset, members, weight, max_steps, tolerance):
        data, tolerance = (features, offset, members, weight), tolerance or 1e2 * torch.finfo(features.dtype).eps
        if native.available() and native.fits_logistic(features, members):
            W = native.fit_logistic(*data, max_steps, tolerance).to(features.dtype)
        else:
            W = _Problem(*data).minimise(max_steps, tolerance)
        ctx.save_for_backward(W, features, offset, members, weight)
        return W

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        W, *data = ctx.saved_tensors
        problem = _Problem(*data)
        adjoint = problem.solve(problem.log_probabilities(W).exp(), gradient)
        features, offset = (tensor.detach().requires_grad_() for tensor in data[:2])
        with torch.enable_grad():
            problem = _Problem(features, offset, *data[2:])
            slope = problem.slope(W, problem.log_probabilities(W).exp())
        of_features, of_offset = torch.autograd.grad(slope, (features, offset), -adjoint)
        return of_features, of_offset, None, None, None, None


class _Problem:
    """Some tasks' sums of losses and squared weights; small ones cost what their calls do, which so are few."""

    def __init__(self, features, offset, members, weight):
        self.features, self.offset, self.weight = features, offset, weight.unsqueeze(-1)
        self.turned, self.members = features.transpose(1, 2), self.weight * members
        n_unknowns = features.shape[2] * members.shape[2]
        self.eye = None
        if n_unknowns <= _MOST_UNKNOWNS:
            self.eye = torch.eye(n_unknowns, dtype=features.dtype, device=features.device)

    def log_probabilities(self, W):
        return torch.log_softmax(torch.baddbmm(self.offset, self.features, W), -1)

    def loss(self, W, log_p):
        """(T, 1, 1)"""
        W, log_p, members = (part.reshape(len(W), 1, -1) for part in (W, log_p, self.members))
        return torch.baddbmm(torch.bmm(members, log_p.transpose(1, 2)), W, W.transpose(1, 2), beta=-1, alpha=0.5)

    def slope(self, W, p):
        return torch.baddbmm(W, self.turned, self.weight * p - self.members)

    def solve(self, p, right, first=None):
        """The inverse of the Hessian where the probabilities are p (T, n, C), applied to right (T, e, C).

        Where that is left to conjugate gradients, the rougher, the nearer ``right`` is to the ``first`` one.
        """
        if self.eye is None:
            return self._solve_by_products(p, right, first)
        tensors = (self.features, self.weight * p, p, right)
        step = max(1, _CELLS_AT_ONCE // self.eye.numel())
        return torch.cat([self._solve_whole(*part) for part in zip(*(each.split(step) for each in tensors))])

    def _solve_whole(self, features, weighted, p, right):
        """With the Hessian written out."""
        n_tasks, n_features, n_classes = right.shape
        rows = features.unsqueeze(2)
        moved = (p.unsqueeze(3) * rows).flatten(2)  # classes before features
        pull = (weighted.unsqueeze(3) * rows).flatten(2).transpose(1, 2)
        hessian = torch.baddbmm(self.eye, pull, moved, alpha=-1)
        of_class = torch.bmm(pull, features).view(n_tasks, n_classes, n_features, n_features)
        blocks = hessian.view(n_tasks, n_classes, n_features, n_classes, n_features)
        blocks.diagonal(dim1=1, dim2=3).add_(of_class.permute(0, 2, 3, 1))
        factor = torch.linalg.cholesky_ex(hessian)[0]
        flat = right.transpose(1, 2).reshape(n_tasks, -1, 1)
        return torch.cholesky_solve(flat, factor).view(n_tasks, n_classes, n_features).transpose(1, 2)

    def _solve_by_products(self, p, right, first):
        """By conjugate gradients, which take products with the Hessian only."""
        flat, tolerance = right.flatten(1), None
        if first is not None:  # far from the solution a rough direction will do
            share = flat.norm(dim=1, keepdim=True) / first.flatten(1).norm(dim=1, keepdim=True).clamp(min=1e-30)
            tolerance = share.sqrt().clamp(max=0.1)

        def product(flat):
            V = flat.view_as(right)
            moved = p * (self.features @ V)
            bent = self.weight * (moved - p * moved.sum(-1, keepdim=True))
            return (self.turned @ bent + V).flatten(1)

        return conjugate_gradient(product, flat, min(flat.shape[1], 50), tolerance).view_as(right)

    def minimise(self, max_steps, tolerance):
        W = torch.zeros_like(self.features[:, 0, :, None].expand(-1, -1, self.members.shape[-1]))
        log_p = self.log_probabilities(W)
        loss, first = self.loss(W, log_p), None
        enough = tolerance * (1 + (self.weight * self.features.abs()).sum(1, keepdim=True).amax(-1, keepdim=True))
        for _ in range(max_steps):
            p = log_p.exp()
            slope = self.slope(W, p)
            first = slope if first is None else first
            # a task that has converged rests while others go on, so that its solution is its own
            moves = torch.linalg.vector_norm(slope, torch.inf, (1, 2), keepdim=True) > enough
            if not bool(moves.any()):
                break
            step, limit = self.solve(p, slope, first), loss + 1e-6 * loss.abs()
            for _ in range(_MAX_HALVINGS):
                new = W - step
                new_log_p = self.log_probabilities(new)
                new_loss = self.loss(new, new_log_p)
                uphill = moves & (new_loss > limit)
                if not bool(uphill.any()):
                    break
                step = torch.where(uphill, step / 2, step)
            takes = moves & ~uphill
            W, log_p = torch.where(takes, new, W), torch.where(takes, new_log_p, log_p)
            loss = torch.where(takes, new_loss, loss)
        return W
