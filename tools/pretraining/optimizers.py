"""Muon for the hidden matrices, AdamW for everything else.

References
----------
Jordan et al. (2024), Muon: an optimizer for hidden layers in neural networks.
"""

import torch

HIDDEN = ("cell_blocks", "row_blocks", "head.hidden", "to_row")


@torch.no_grad()
def orthogonalise(G, steps=5):
    """Newton-Schulz iterations towards the nearest semi-orthogonal matrices of a (k, a, b) stack."""
    X = G / (G.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = X.shape[1] > X.shape[2]
    X = X.transpose(1, 2) if tall else X
    for _ in range(steps):
        A = X @ X.transpose(1, 2)
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X.transpose(1, 2) if tall else X


class Muon:
    """Orthogonalised Nesterov momentum, the matrices of one shape together."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        self.parameters, self.lr = list(parameters), lr
        self.momentum, self.weight_decay = momentum, weight_decay
        self.buffers = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, scale=1.0):
        gradients = [p.grad for p in self.parameters]
        torch._foreach_mul_(self.buffers, self.momentum)
        torch._foreach_add_(self.buffers, gradients)
        updates = torch._foreach_add(gradients, self.buffers, alpha=self.momentum)
        by_shape = {}
        for i, p in enumerate(self.parameters):
            by_shape.setdefault(tuple(p.shape), []).append(i)
        for shape, members in by_shape.items():
            stack = orthogonalise(torch.stack([updates[i] for i in members]))
            tallness = max(1.0, shape[0] / shape[1]) ** 0.5
            for i, update in zip(members, stack.unbind(0)):
                self.parameters[i].mul_(1 - self.lr * scale * self.weight_decay)
                self.parameters[i].add_(update, alpha=-self.lr * scale * tallness)

    def state_dict(self):
        return {"buffers": self.buffers}

    def load_state_dict(self, state):
        for mine, saved in zip(self.buffers, state["buffers"]):
            mine.copy_(saved)


class MuonWithAdam:
    """Both optimisers behind one ``step(scale)``; ``scale`` is the learning-rate schedule."""

    def __init__(self, model, muon_lr, adam_lr, weight_decay):
        hidden, rest = [], []
        for name, p in model.named_parameters():
            is_hidden = p.ndim == 2 and name.startswith(HIDDEN) and not name.endswith("points")
            (hidden if is_hidden else rest).append(p)
        self.muon = Muon(hidden, muon_lr, weight_decay=weight_decay)
        self.adam = torch.optim.AdamW(rest, adam_lr, betas=(0.9, 0.98), weight_decay=weight_decay)
        self.adam_lr = adam_lr

    def step(self, scale):
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * scale
        self.muon.step(scale)
        self.adam.step()

    def state_dict(self):
        return {"muon": self.muon.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state):
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
