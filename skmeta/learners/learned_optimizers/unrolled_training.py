"""Training a learned optimizer on functions of one's own, over truncated unrolls."""

import torch


def train_learned_optimizer(optimizer, problems, *, n_batches=100, n_steps=100, unroll=20, lr=0.003, seed=0):
    """Train by gradient descent what descends.

    A batch of functions is minimised for ``n_steps`` steps. After every ``unroll`` steps the sum of the function
    values on the way is differentiated with respect to the optimizer's weights, which then take one step of Adam; the
    unroll after it starts from where this one ended, as a constant. Derivatives of the functions' gradients are left
    out.

    Parameters
    ----------
    optimizer : LearnedOptimizer
        Trained in place.
    problems : callable
        ``problems(generator)`` draws a batch of functions: a start (B, n) and a callable from (B, n) to (B,) values.
    n_batches : int, default=100
    n_steps : int, default=100
    unroll : int, default=20
    lr : float, default=0.003
        Rate of Adam to begin with; it falls along a cosine.
    seed : int, default=0

    Returns
    -------
    history : list of float
        Mean value over functions and steps, batch by batch.

    Examples
    --------
    >>> import torch
    >>> from skmeta.learners.learned_optimizers.network import LearnedOptimizer
    >>> def bowls(generator):
    ...     centre = torch.randn(16, 2, generator=generator)
    ...     return torch.zeros(16, 2), lambda x: (x - centre).square().sum(1)
    >>> history = train_learned_optimizer(LearnedOptimizer(n_hidden=4), bowls, n_batches=3, n_steps=20, unroll=10)
    >>> len(history)
    3
    """
    generator = torch.Generator().manual_seed(seed)
    outer = torch.optim.Adam(optimizer.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(outer, n_batches, eta_min=lr / 100)
    history = []
    for _ in range(n_batches):
        start, function = problems(generator)
        values = train_on_batch(optimizer, outer, start, function, n_steps, unroll)
        schedule.step()
        history.append(sum(values) / len(values))
    return history


def train_on_batch(optimizer, outer, start, function, n_steps, unroll):
    """One batch of functions, from its start to ``n_steps``; returns the mean value after every step."""
    x, state = start, optimizer.first_state(start.numel(), start)
    first = function(start).detach().mean().clamp(min=1e-12)
    values = []
    for begin in range(0, n_steps, unroll):
        x, state = x.detach(), tuple(part.detach() for part in state)
        total = 0.0
        for _ in range(min(unroll, n_steps - begin)):
            x, state = descend(optimizer, x, state, function)
            value = function(x).mean()
            total = total + value / first
            values.append(float(value.detach()))
        outer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(optimizer.parameters(), 1.0)
        outer.step()
    return values


def descend(optimizer, x, state, function):
    """One step of the learned optimizer on a batch of functions (B, n); the functions' gradients are constants."""
    with torch.enable_grad():
        here = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(function(here).sum(), here)
    update, state = optimizer(gradient.flatten(), state)
    return x + update.view_as(x), state
