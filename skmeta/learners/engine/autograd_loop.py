"""The inner loop with autograd doing the differentiation: what `naive` and `any_module` have in common.

``outputs(theta, X)`` answers rows (T, n, d) with (T, C, n); theta is a list of tensors, in whatever layout the caller
chose, and tasks never mix, so that the gradient of the summed loss is every task's own gradient.
"""

import torch


def inner_gradient(outputs, loss, theta, loop, differentiable):
    """Gradients of the inner loss for the adapted entries of theta; None for the others."""
    wanted = [i for i, flag in enumerate(loop.adapted) if flag]
    if not wanted:
        return [None] * len(theta)
    value = loss.value(outputs(theta, loop.support_X), loop.targets, loop.share, loop.hidden)
    found = torch.autograd.grad(value, [theta[i] for i in wanted], create_graph=differentiable, allow_unused=True)
    gradients = [None] * len(theta)
    for i, gradient in zip(wanted, found):
        gradients[i] = gradient
    return gradients


def gradient_alone(outputs, loss, theta, loop):
    """Gradients of the inner loss at theta for every entry, without a graph."""
    theta = [value.detach().requires_grad_() for value in theta]
    with torch.enable_grad():
        gradients = inner_gradient(outputs, loss, theta, loop, differentiable=False)
    return [torch.zeros_like(value) if g is None else g for value, g in zip(theta, gradients)]


def descend(theta, gradients, rates, step):
    """One inner step: theta minus rate times gradient."""
    return [
        value if gradient is None else value - rates.of(step, i) * gradient
        for i, (value, gradient) in enumerate(zip(theta, gradients))
    ]


def trajectory(outputs, loss, theta, loop):
    """Yield theta after 0, 1, ..., ``steps`` inner steps, differentiable if gradients are enabled outside."""
    building = torch.is_grad_enabled()
    theta = [_differentiable(value, building) for value in theta]
    yield theta
    for step in range(loop.steps):
        with torch.enable_grad():
            gradients = inner_gradient(outputs, loss, theta, loop, building and not loop.first_order)
        if loop.first_order or not building:
            gradients = [None if gradient is None else gradient.detach() for gradient in gradients]
        theta = [_differentiable(value, building) for value in descend(theta, gradients, loop.rates, step)]
        yield theta


def _differentiable(value, building):
    """A tensor that autograd can differentiate by; cut off from its past when no graph is being built."""
    if building and value.requires_grad:
        return value
    return value.detach().requires_grad_()


def answers(outputs, loss, theta, loop, query_X):
    """Outputs for the query rows after the last step, (T, C, m), or after every step, (S + 1, T, C, m)."""
    answered = []
    for step, adapted in enumerate(trajectory(outputs, loss, theta, loop)):
        if loop.every_step or step == loop.steps:
            answered.append(hide(outputs(adapted, query_X), loop.hidden))
    return torch.stack(answered) if loop.every_step else answered[0]


def hide(outputs, hidden):
    return outputs if hidden is None else outputs.masked_fill(hidden, -torch.inf)
