"""The inner loop with its activations computed twice: memory for parameters only.

The forward pass keeps the parameters after each inner step and nothing else. Differentiating goes back step by step:
build the graph of one inner gradient again, take one Hessian-vector product from it, and drop it. Time grows by about a
third; peak memory holds the activations of a single step.
"""

from dataclasses import replace

import torch
from torch.autograd.function import once_differentiable

from skmeta.learners.engine.autograd_loop import descend, hide, inner_gradient


def checkpointed_answers(outputs, loss, theta, loop, query_X):
    """As :func:`answers`, with one inner step's activations in memory at a time."""
    return _Checkpointed.apply(outputs, loss, loop, len(theta), *theta, *loop.rates.sources, loop.support_X, query_X)


class _Checkpointed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, outputs, loss, loop, n_params, *tensors):
        theta, query_X = list(tensors[:n_params]), tensors[-1]
        ctx.settings = outputs, loss, loop, n_params
        kept, answered = [], []
        for step in range(loop.steps + 1):
            if loop.every_step or step == loop.steps:
                answered.append(hide(outputs(theta, query_X), loop.hidden))
            kept.append(theta)
            if step < loop.steps:
                theta = descend(theta, _gradient(outputs, loss, theta, loop), loop.rates, step)
        ctx.kept = kept
        ctx.save_for_backward(*tensors[n_params:])
        return torch.stack(answered) if loop.every_step else answered[0]

    @staticmethod
    @once_differentiable
    def backward(ctx, d_answers):
        outputs, loss, loop, n_params = ctx.settings
        *sources, support_X, query_X = ctx.saved_tensors
        with torch.enable_grad():
            sources = [value.detach().requires_grad_() for value in sources]
            support_X, query_X = (value.detach().requires_grad_() for value in (support_X, query_X))
            loop = replace(loop, support_X=support_X, rates=loop.rates.with_sources(sources))
        totals = [torch.zeros_like(value) for value in (*sources, support_X, query_X)]
        v = [torch.zeros_like(value) for value in ctx.kept[-1]]

        def pull_back(values, theta, gradients):
            """The gradients' products with the derivatives of values: those by theta; the others join the totals."""
            inputs = [*theta, *sources, support_X, query_X]
            values, gradients = zip(*[(a, g) for a, g in zip(values, gradients) if a.requires_grad])
            found = torch.autograd.grad(values, inputs, gradients, allow_unused=True)
            for total, g in zip(totals, found[n_params:]):
                if g is not None:
                    total += g
            return [torch.zeros_like(value) if g is None else g for value, g in zip(theta, found)]

        for step in range(loop.steps, -1, -1):
            theta = [value.detach().requires_grad_() for value in ctx.kept[step]]
            with torch.enable_grad():
                if step < loop.steps:
                    gradients = inner_gradient(outputs, loss, theta, loop, not loop.first_order)
                    v = pull_back(descend(theta, gradients, loop.rates, step), theta, v)
                if loop.every_step or step == loop.steps:
                    d_step = d_answers[step] if loop.every_step else d_answers
                    by_query = pull_back([hide(outputs(theta, query_X), loop.hidden)], theta, [d_step])
                    v = [a + b for a, b in zip(v, by_query)]
        return None, None, None, None, *v, *totals


def _gradient(outputs, loss, theta, loop):
    theta = [value.detach().requires_grad_() for value in theta]
    with torch.enable_grad():
        return inner_gradient(outputs, loss, theta, loop, differentiable=False)
