"""Multinomial logistic regression by Newton steps, differentiated at its solution."""

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.implicit import conjugate_gradient

_MAX_HALVINGS = 12


def fit_logistic(features, members, weight=None, offset=None, class_mask=None, *, max_steps=30, tolerance=None):
    """Cross-entropy of ``softmax(W'z + o)``.

    Newton directions come from conjugate gradients, which take products with the Hessian only; a step that would lead
    uphill is halved. The derivative of the solution follows from the slope being zero there, at the price of one more
    system of the same kind, however many steps were taken.

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
        adjoint = _Problem(*data).solve(W, gradient)
        features, offset = (tensor.detach().requires_grad_() for tensor in data[:2])
        with torch.enable_grad():
            slope = _Problem(features, offset, *data[2:]).slope(W)
        of_features, of_offset = torch.autograd.grad(slope, (features, offset), -adjoint)
        return of_features, of_offset, None, None, None, None


class _Problem:
    def __init__(self, features, offset, members, weight):
        self.features, self.offset, self.members, self.weight = features, offset, members, weight[..., None]

    def log_probabilities(self, W):
        return torch.log_softmax(self.features @ W + self.offset, -1)

    def loss(self, W):
        """(T, 1, 1)"""
        # absent classes have probability 0 and no members: 0 * -inf must not become NaN
        terms = torch.where(self.members > 0, self.members * self.log_probabilities(W), 0)
        return 0.5 * W.square().sum((1, 2), keepdim=True) - (self.weight * terms).sum((1, 2), keepdim=True)

    def slope(self, W):
        error = self.log_probabilities(W).exp() - self.members
        return self.features.transpose(1, 2) @ (self.weight * error) + W

    def solve(self, W, right):
        """The inverse of the Hessian at W applied to right (T, e, C)."""
        p = self.log_probabilities(W).exp()

        def product(flat):
            V = flat.view_as(W)
            moved = p * (self.features @ V)
            bent = self.weight * (moved - p * moved.sum(-1, keepdim=True))
            return (self.features.transpose(1, 2) @ bent + V).flatten(1)

        return conjugate_gradient(product, right.flatten(1), min(W[0].numel(), 50)).view_as(W)

    def minimise(self, max_steps, tolerance):
        W = torch.zeros_like(self.features[:, 0, :, None].expand(-1, -1, self.members.shape[-1]))
        loss = self.loss(W)
        size = 1 + (self.weight * self.features.abs()).sum(1, keepdim=True).amax(-1, keepdim=True)
        for _ in range(max_steps):
            slope = self.slope(W)
            if not bool((slope.abs().amax((1, 2), keepdim=True) > tolerance * size).any()):
                break
            direction = self.solve(W, slope)
            step = torch.ones_like(loss)
            for _ in range(_MAX_HALVINGS):
                new = W - step * direction
                new_loss = self.loss(new)
                uphill = new_loss > loss + 1e-6 * loss.abs()
                if not bool(uphill.any()):
                    break
                step = torch.where(uphill, step / 2, step)
            W, loss = torch.where(uphill, W, new), torch.where(uphill, loss, new_loss)
        return W
