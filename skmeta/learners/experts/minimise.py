"""L-BFGS for many small problems at once: each has its own history, steps and bounds."""

from typing import NamedTuple

import torch

SUFFICIENT, HALVINGS, MEMORY = 1e-4, 6, 8


def minimise(f, x, low, high, steps, enough=0.0):
    """Where ``f`` is least, (T, d), from ``x`` (T, d) in so many steps.

    Parameters
    ----------
    f : callable
        Values (T,) and gradients (T, d) at x; a value that is not finite is a place to stay away from.
    x : (T, d) tensor
    low, high : (d,) tensors
        Bounds; what would leave them stays on them.
    steps : int
    enough : float, default=0.0
        A step that gains less than so much is a task's last.
    """
    value, gradient = f(x)
    seen = []  # of the last steps
    done = torch.zeros_like(value, dtype=torch.bool)  # nothing less was found: a task stays, whatever the others do
    for _ in range(steps):
        step = -_scaled(gradient, seen)
        # where nothing is known yet of how the land bends, and where what is known misleads, one unit downhill
        lost = (step * gradient).sum(1, keepdim=True) >= 0 if seen else torch.ones_like(step[:, :1], dtype=torch.bool)
        step = torch.where(lost, -gradient / gradient.norm(dim=1, keepdim=True).clamp(min=1.0), step)
        new, new_value, new_gradient = x, value, gradient
        waits, size = ~done, 1.0
        for _ in range(HALVINGS):
            trial = (x + size * step).clamp(low, high)
            trial_value, trial_gradient = f(trial)
            promised = (gradient * (trial - x)).sum(1)
            good = waits & (trial_value <= value + SUFFICIENT * promised)
            new, new_gradient = (
                torch.where(good[:, None], a, b) for a, b in ((trial, new), (trial_gradient, new_gradient))
            )
            new_value = torch.where(good, trial_value, new_value)
            waits = waits & ~good
            if not bool(waits.any()):
                break
            size *= 0.3
        done = done | waits | (value - new_value < enough)
        seen = [*seen, _step(new - x, new_gradient - gradient)][-MEMORY:]
        x, value, gradient = new, new_value, new_gradient
        if bool(done.all()):
            break
    return x


class _Step(NamedTuple):
    """A move and what it turned the gradient by, both (T, d), and two inverses of the curvature (T, 1)."""

    move: torch.Tensor
    turn: torch.Tensor
    inverse: torch.Tensor  # of their product
    scale: torch.Tensor  # of a step along the gradient


def _step(move, turn):
    bend = (move * turn).sum(1, keepdim=True)
    inverse = torch.where(bend > 1e-10, 1 / bend.clamp(min=1e-10), 0.0)
    return _Step(move, turn, inverse, torch.where(inverse > 0, bend / turn.square().sum(1, keepdim=True), 1.0))


def _scaled(gradient, seen):
    """The gradient times the inverse curvature that the last steps have shown; both loops of the recursion."""
    q, kept = gradient, []
    for s, y, inverse, _ in reversed(seen):
        kept.append(inverse * (s * q).sum(1, keepdim=True))
        q = q - kept[-1] * y
    if seen:
        q = q * seen[-1].scale
    for (s, y, inverse, _), a in zip(seen, reversed(kept)):
        q = q + s * (a - inverse * (y * q).sum(1, keepdim=True))
    return q
