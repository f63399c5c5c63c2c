"""Multinomial logistic regression by Newton steps, differentiated at its solution."""

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.implicit import conjugate_gradient

_MAX_HALVINGS = 12
_MOST_UNKNOWNS = 150  # of a task, for which its Hessian is written out
_CELLS_AT_ONCE = 2**23  # of Hessians in memory


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
        offset = offset.masked_fill(~class_mask[:, None], -torch.inf)
    weight = torch.ones_like(features[..., 0]) if weight is None else weight
    return _Solution.apply(features, offset, members, weight, max_steps, tolerance)


class _Solution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, features, offset, members, weight, max_steps, tolerance):
        problem = _Problem(features, offset, members, weight)
        W = problem.minimise(max_steps, tolerance or 1e2 * torch.finfo(features.dtype).eps)
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
    def __init__(self, features, offset, members, weight):
        self.features, self.offset, self.members, self.weight = features, offset, members, weight[..., None]

    def log_probabilities(self, W):
        return torch.log_softmax(self.features @ W + self.offset, -1)

    def loss(self, W, log_p):
        """(T, 1, 1)"""
        # absent classes have probability 0 and no members: 0 * -inf must not become NaN
        terms = torch.where(self.members > 0, self.members * log_p, 0)
        return 0.5 * W.square().sum((1, 2), keepdim=True) - (self.weight * terms).sum((1, 2), keepdim=True)

    def slope(self, W, p):
        return self.features.transpose(1, 2) @ (self.weight * (p - self.members)) + W

    def solve(self, p, right, tolerance=None):
        """The inverse of the Hessian where the probabilities are p (T, n, C), applied to right (T, e, C).

        Where that is left to conjugate gradients, up to a ``tolerance`` (T, 1).
        """
        size = right[0].numel()
        if size > _MOST_UNKNOWNS:
            return self._solve_by_products(p, right, tolerance)
        step = max(1, _CELLS_AT_ONCE // size**2)
        parts = range(0, len(right), step)
        return torch.cat([self._solve_whole(slice(i, i + step), p[i : i + step], right[i : i + step]) for i in parts])

    def _solve_whole(self, tasks, p, right):
        """With the Hessian written out."""
        features, weighted = self.features[tasks], self.weight[tasks] * p
        n_features, n_classes = right.shape[1:]
        moved = (p[..., None] * features[:, :, None]).flatten(2)  # classes before features
        pull = (weighted[..., None] * features[:, :, None]).flatten(2)
        hessian = -(pull.transpose(1, 2) @ moved)
        blocks = hessian.unflatten(2, (n_classes, n_features)).unflatten(1, (n_classes, n_features))
        of_class = pull.unflatten(2, (n_classes, n_features)).permute(0, 2, 3, 1) @ features[:, None]
        blocks.diagonal(dim1=1, dim2=3).add_(of_class.permute(0, 2, 3, 1))
        hessian.diagonal(dim1=1, dim2=2).add_(1)
        factor = torch.linalg.cholesky_ex(hessian)[0]
        flat = right.transpose(1, 2).flatten(1)[..., None]
        return torch.cholesky_solve(flat, factor)[..., 0].unflatten(1, (n_classes, n_features)).transpose(1, 2)

    def _solve_by_products(self, p, right, tolerance):
        """By conjugate gradients, which take products with the Hessian only."""

        def product(flat):
            V = flat.view_as(right)
            moved = p * (self.features @ V)
            bent = self.weight * (moved - p * moved.sum(-1, keepdim=True))
            return (self.features.transpose(1, 2) @ bent + V).flatten(1)

        return conjugate_gradient(product, right.flatten(1), min(right[0].numel(), 50), tolerance).view_as(right)

    def minimise(self, max_steps, tolerance):
        W = torch.zeros_like(self.features[:, 0, :, None].expand(-1, -1, self.members.shape[-1]))
        log_p = self.log_probabilities(W)
        loss = self.loss(W, log_p)
        size = 1 + (self.weight * self.features.abs()).sum(1, keepdim=True).amax(-1, keepdim=True)
        first = None
        for _ in range(max_steps):
            p = log_p.exp()
            slope = self.slope(W, p)
            length = slope.flatten(1).norm(dim=1, keepdim=True)
            first = length if first is None else first
            # a task that has converged rests while others go on, so that its solution is its own
            moves = slope.abs().amax((1, 2), keepdim=True) > tolerance * size
            if not bool(moves.any()):
                break
            # far from the solution a rough direction will do
            direction = self.solve(p, slope, (length / first.clamp(min=1e-30)).sqrt().clamp(max=0.1))
            step = torch.ones_like(loss)
            for _ in range(_MAX_HALVINGS):
                new = W - step * direction
                new_log_p = self.log_probabilities(new)
                new_loss = self.loss(new, new_log_p)
                uphill = moves & (new_loss > loss + 1e-6 * loss.abs())
                if not bool(uphill.any()):
                    break
                step = torch.where(uphill, step / 2, step)
            takes = moves & ~uphill
            W, log_p = torch.where(takes, new, W), torch.where(takes, new_log_p, log_p)
            loss = torch.where(takes, new_loss, loss)
        return W
