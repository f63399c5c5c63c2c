"""Implicit differentiation of the inner loop (Rajeswaran, Finn, Kakade & Levine, 2019).

The inner loop minimises ``loss(phi; support) + proximal / 2 * |phi - theta|^2`` from the start ``theta``. At a minimum

    d phi / d theta = (I + H / proximal)^-1        H the Hessian of the support loss at phi,

whatever path led there: the meta-gradient needs the last point of the inner loop alone, and memory does not grow with
the number of steps. The inverse is applied by conjugate gradients, which take Hessian-vector products only.

References
----------
A. Rajeswaran, C. Finn, S. Kakade, S. Levine. "Meta-Learning with Implicit Gradients". NeurIPS 2019.
"""

import torch
from torch.autograd.function import once_differentiable


@torch.no_grad()
def proximal_descent(engine, start, support_X, support_y, *, steps, lr, proximal, errors=None, **rows):
    """Gradient descent on the support loss, held to the start by a spring.

    Parameters
    ----------
    engine : Engine
    start : list of (T, *shape) tensors
    support_X, support_y
        See :class:`~skmeta.learners.base.Learner`.
    steps : int
    lr : float
    proximal : float
        Stiffness of the spring.
    errors : callable or None, default=None
        The tasks' support losses (T,) at parameters. With it, a task's step that would lead uphill is not taken, and
        its next ones are half as long: the start never hears of what steps did on their way, and would make networks
        steeper until they explode.
    **rows
        ``support_weight``, ``class_mask`` and ``pace``.

    Returns
    -------
    params : list of (T, *shape) tensors
    """

    def height(params):
        pull = sum((new - first).square().flatten(1).sum(1) for new, first in zip(params, start))
        return errors(params) + proximal / 2 * pull

    params = [value.detach() for value in start]
    if errors is not None:
        least = height(params)
        length = torch.ones_like(least)
    for _ in range(steps):
        stepped = engine.adapt(params, support_X, support_y, steps=1, lr=lr, **rows)
        moves = [new - old - lr * proximal * (old - first) for new, old, first in zip(stepped, params, start)]
        if errors is None:
            params = [old + move for old, move in zip(params, moves)]
            continue
        tried = [old + _of_each_task(length, move) * move for old, move in zip(params, moves)]
        reached = height(tried)
        lower = reached <= least
        params = [torch.where(_of_each_task(lower, new), new, old) for new, old in zip(tried, params)]
        least, length = torch.where(lower, reached, least), torch.where(lower, length, length / 2)
    return params


def _of_each_task(values, like):
    """A value (T,) of each task beside all numbers of its tensors."""
    return values.view(-1, *[1] * (like.dim() - 1))


class ImplicitSolution(torch.autograd.Function):
    """The solution of the inner problem as a function of its start.

    ``apply(inner_loss, proximal, cg_steps, solution, *start)`` returns the tensors of ``solution``, each (T, *shape);
    gradients go back to ``start``. ``inner_loss(params)`` is the sum of the tasks' support losses.
    """

    @staticmethod
    def forward(ctx, inner_loss, proximal, cg_steps, solution, *start):
        ctx.settings = inner_loss, proximal, cg_steps
        ctx.save_for_backward(*solution)
        return tuple(value.clone() for value in solution)

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients):
        inner_loss, proximal, cg_steps = ctx.settings
        params = [value.detach().requires_grad_() for value in ctx.saved_tensors]
        with torch.enable_grad():
            slopes = torch.autograd.grad(inner_loss(params), params, create_graph=True)

        def product(vectors):
            vectors = unflatten(vectors, params)
            curved = torch.autograd.grad(slopes, params, vectors, retain_graph=True, allow_unused=True)
            return flatten([v if c is None else v + c / proximal for v, c in zip(vectors, curved)])

        # of a convex loss the inverse lengthens nothing; of another it may, without end
        solved = conjugate_gradient(product, flatten(gradients), cg_steps, longest=1.0)
        return None, None, None, None, *unflatten(solved, params)


def conjugate_gradient(product, target, steps, tolerance=None, longest=None):
    """Approximate solutions x of ``A_t x_t = target_t`` for all tasks t at once, from x = 0.

    A task whose residual has vanished, or that meets a direction of negative curvature (the loss of a network is not
    convex), or whose solution would become longer than ``longest``, stays where it is: at the target itself, if it has
    not moved yet.

    Parameters
    ----------
    product : callable
        (T, p) vectors to (T, p) vectors A_t v_t.
    target : (T, p) tensor
    steps : int
    tolerance : float or (T, 1) tensor or None, default=None
        The length of a residual, relative to the target's, that counts as vanished; None is what the precision allows.
    longest : float or None, default=None
        The length of a solution, relative to the target's, beyond which none is looked for.

    Returns
    -------
    x : (T, p) tensor

    Examples
    --------
    >>> import torch
    >>> A = torch.tensor([[[2.0, 0.0], [0.0, 4.0]]])
    >>> conjugate_gradient(lambda v: (A @ v[..., None])[..., 0], torch.tensor([[2.0, 2.0]]), steps=2)
    tensor([[1.0000, 0.5000]])
    """
    x, residual = torch.zeros_like(target), target.clone()
    direction, size = residual, residual.square().sum(1, keepdim=True)
    enough = size * (torch.finfo(size.dtype).eps if tolerance is None else tolerance**2)
    active, target_size = size > 0, size
    for step in range(steps):
        image = product(direction)
        curvature = (direction * image).sum(1, keepdim=True)
        active = active & (curvature > 0)
        rate = torch.where(active, size / torch.where(active, curvature, 1.0), 0.0)
        if longest is not None:
            length = (x + rate * direction).square().sum(1, keepdim=True)
            active = active & (length <= longest**2 * target_size)
            rate = torch.where(active, rate, 0.0)
        if step == 0:
            # nothing known but that the loss bends the other way, or next to nothing: the gradient itself is the answer
            x = torch.where(active, x, target)
        x, residual = x + rate * direction, residual - rate * image
        new_size = residual.square().sum(1, keepdim=True)
        active = active & (new_size > enough)
        if not active.any():
            break
        direction = torch.where(active, residual + new_size / size.clamp(min=1e-30) * direction, direction)
        size = new_size
    return x


def flatten(tensors):
    """Tensors (T, *shape) as one (T, p)."""
    return torch.cat([tensor.flatten(1) for tensor in tensors], dim=1)


def unflatten(vectors, like):
    """(T, p) vectors as tensors of the shapes of ``like``."""
    parts = vectors.split([value[0].numel() for value in like], dim=1)
    return [part.view(value.shape) for part, value in zip(parts, like)]
