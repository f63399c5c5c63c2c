"""Inner learning rates as the layers of the closed form use them, and their gradients."""

import torch


class StepRates:
    """The rates of each inner step and layer, as the layers use them.

    ``adapted`` tells which layers change; a parameter that stays while its layer changes has rate 0.
    ``tensors`` are the learnable sources that the autograd function returns gradients for.
    """

    def __init__(self, plan, params, loop):
        self.plan, self.flags = plan, loop.adapted
        self.adapted = [any(group) for group in plan.split(loop.adapted)]
        self.learnable = loop.rates.learnable
        self.weightwise = loop.rates.weightwise
        if self.weightwise:
            rates = [
                torch.as_tensor(rate, dtype=value.dtype, device=value.device).expand_as(value)
                for rate, value in zip(loop.rates.weights, params)
            ]
            self.tensors = rates
            with torch.no_grad():
                stays = [rate if flag else torch.zeros_like(rate) for rate, flag in zip(rates, self.flags)]
                self.internal = plan.internal(stays)
        else:
            self.tensors = [] if loop.rates.table is None else [loop.rates.table]
            table = [[rate if flag else 0.0 for rate, flag in zip(row, self.flags)] for row in loop.rates.numbers()]
            # a layer without bias still has the two places
            self.by_step = [[(*group, 0.0, 0.0)[:2] for group in plan.split(row)] for row in table]
            changing = [[rate for rate, flag in zip(row, self.flags) if flag] for row in table]
            whole = all(all(group) for group in plan.split(self.flags) if any(group))
            self.common = [row[0] if row and whole and len(set(row)) == 1 else None for row in changing]

    def of(self, step, layer):
        return self.internal[layer] if self.weightwise else self.by_step[step][layer]

    def direction(self, step, v):
        """``a v`` for the layers that change, as (u, scale) with ``a v = scale u``; u is v itself where it can be."""
        if not self.weightwise and self.common[step] is not None:
            return [p if adapted else None for p, adapted in zip(v, self.adapted)], self.common[step]
        u = [
            tuple(None if value is None else rate * value for rate, value in zip(self.of(step, i), p))
            if adapted
            else None
            for i, (p, adapted) in enumerate(zip(v, self.adapted))
        ]
        return u, 1.0


class RateGradients:
    """``- v_{k+1} g_k`` for each step, summed over tasks, and over a parameter's entries where its rate is a number."""

    def __init__(self, rates, plan, steps):
        self.rates, self.plan, self.steps = rates, plan, steps
        self.totals = None

    def add(self, k, v, at):
        products = []
        for i, layer in enumerate(self.plan.layers):
            if not layer.n_params:
                products.append(())
            elif not self.rates.adapted[i]:
                products.append(tuple(torch.zeros_like(value) for value in v[i] if value is not None))
            else:
                single = len(at.deltas[-1]) == 1 and layer.is_shared(at.theta[i])
                g = layer.gradient(at.memos[i], at.deltas[i], shared=single and layer.is_shared(v[i]))
                product = [None if a is None else -a * b for a, b in zip(v[i], g)]
                products.append(layer.fold(product))
        if self.rates.weightwise:
            flat = self.plan.external(products)
            flat = [value if flag else torch.zeros_like(value) for value, flag in zip(flat, self.rates.flags)]
            self.totals = flat if self.totals is None else [a + b for a, b in zip(self.totals, flat)]
        else:
            flat = [value.sum() for group in products for value in group if value is not None]
            flat = [value if flag else torch.zeros_like(value) for value, flag in zip(flat, self.rates.flags)]
            if self.totals is None:
                self.totals = [None] * self.steps
            self.totals[k] = torch.stack(flat)

    def result(self):
        if self.totals is None:
            return [None] * len(self.rates.tensors)
        return self.totals if self.rates.weightwise else [torch.stack(self.totals)]
