"""L-BFGS for many small problems at once: each has its own history, steps and bounds."""

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
    moves, turns = [], []
    done = torch.zeros_like(value, dtype=torch.bool)  # nothing less was found: a task stays, whatever the others do
    for _ in range(steps):
        step = -_scaled(gradient, moves, turns)
        # where nothing is known yet of how the land bends, and where what is known misleads, one unit downhill
        lost = (step * gradient).sum(1, keepdim=True) >= 0 if moves else torch.ones_like(step[:, :1], dtype=torch.bool)
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
        moves.append(new - x)
        turns.append(new_gradient - gradient)
        moves, turns = moves[-MEMORY:], turns[-MEMORY:]
        x, value, gradient = new, new_value, new_gradient
        if bool(done.all()):
            break
    return x


def _scaled(gradient, moves, turns):
    """The gradient times the inverse curvature that moves and turns (T, d) have shown; both loops of the recursion."""
    q, kept = gradient, []
    for s, y in zip(reversed(moves), reversed(turns)):
        bend = (s * y).sum(1, keepdim=True)
        inverse = torch.where(bend > 1e-10, 1 / bend.clamp(min=1e-10), torch.zeros_like(bend))
        a = inverse * (s * q).sum(1, keepdim=True)
        q = q - a * y
        kept.append((s, y, inverse, a))
    if kept:
        s, y, inverse, _ = kept[0]
        shrink = torch.where(inverse > 0, (s * y).sum(1, keepdim=True) / y.square().sum(1, keepdim=True), 1.0)
        q = q * shrink
    for s, y, inverse, a in reversed(kept):
        q = q + s * (a - inverse * (y * q).sum(1, keepdim=True))
    return q
