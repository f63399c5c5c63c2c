"""The kernel of all experts that are tuned to a table: bumps of scaled columns, a plane, or their sum.

They differ in how they choose its settings and in nothing else. One bump is a Gaussian; the other, rougher one has a
bend at its top (Matérn, of order 3/2), which suits laws with corners and steps.
"""

from typing import NamedTuple

import torch

from skmeta.learners.experts.kernel_ridge import bordered, leave_one_out, solve


class SmoothKernel(NamedTuple):
    """The settings of a kernel ridge machine: rows a and b of distance d = ``|(a - b) * scale|`` are as alike as
    ``bump * exp(-d^2 / 2) + rough * (1 + 3^0.5 d) * exp(-3^0.5 d) + line * (a . b)``, and targets have the variance
    ``ridge`` around the machine.

    ``scale`` is (T, p), the others (T, 1); None leaves the bumps, the rough one alone, or the plane, out.
    """

    scale: torch.Tensor | None
    bump: torch.Tensor | None
    line: torch.Tensor | None
    ridge: torch.Tensor
    rough: torch.Tensor | None = None

    def between(self, a, b):
        """(T, m, n) between rows a (T, m, p) and b (T, n, p)."""
        return self.toward(b).of(a)

    def toward(self, rows):
        """The kernel between these rows (T, n, p) and any others, for those who ask time and again."""
        line = None if self.line is None else (rows * self.line[..., None]).transpose(1, 2)
        if self.scale is None:
            return KernelToward(None, None, None, None, line)
        scale = self.scale[:, None]
        scaled = rows * scale
        squares = scaled.square().sum(-1)[:, None]
        rough = None if self.rough is None else self.rough[..., None]
        return KernelToward(scale, scaled.transpose(1, 2), squares, self.bump[..., None], line, rough)


class KernelToward(NamedTuple):
    """A kernel and the rows b that others are compared with, multiplied out as far as can be."""

    scale: torch.Tensor | None
    scaled: torch.Tensor | None
    squares: torch.Tensor | None
    bump: torch.Tensor | None
    line: torch.Tensor | None
    rough: torch.Tensor | None = None

    def of(self, a):
        """(T, m, n) between rows a (T, m, p) and b (T, n, p)."""
        plane = None if self.line is None else torch.bmm(a, self.line)
        if self.scale is None:
            return plane
        a = a * self.scale
        K = torch.baddbmm(self.squares, a, self.scaled, alpha=-2).add_(a.square().sum(-1, keepdim=True))
        K.clamp_(min=0)
        corner = None if self.rough is None else rough_bump(K)[0]
        K = K.mul_(-0.5).exp_().mul_(self.bump)
        if corner is not None:
            K = K.add_(corner.mul_(self.rough))
        return K if plane is None else K.add_(plane)


def rough_bump(squared):
    """How alike rows at squared distances are by the rougher bump, and minus twice its slope in these."""
    distance = squared.mul(3).sqrt_()
    slope = (-distance).exp_()
    return distance.add_(1).mul_(slope), slope.mul_(3)


def squared_distance(a, b):
    squared = torch.baddbmm(b.square().sum(-1)[:, None], a, b.transpose(1, 2), alpha=-2)
    return squared.add_(a.square().sum(-1)[..., None]).clamp_(min=0)


def fit_machine(kernel, rows, Y, weight):
    """The machine with these settings, and its leave-one-out predictions (T, n, C)."""
    dual, left_out = leave_one_out(kernel.between(rows, rows), Y, weight, kernel.ridge)
    return _machine(kernel, rows, dual), left_out


def solved_machine(kernel, rows, Y, weight):
    """The machine with these settings, of whose leave-one-out predictions nobody asks."""
    return _machine(kernel, rows, solve(kernel.between(rows, rows), Y, weight, kernel.ridge)[0])


def _machine(kernel, rows, dual):
    return {"kernel": kernel, "toward": kernel.toward(rows), "dual": dual}


def extend_machine(machine, rows, new, Y, weight):
    """The machine with further rows ``new`` (T, k, p); ``Y`` and ``weight`` are those of all rows, ``rows`` the old."""
    kernel, n = machine["kernel"], rows.shape[1]
    factor, root = machine.get("factor"), weight.sqrt()
    if factor is None:
        _, factor = solve(kernel.between(rows, rows), Y[:, :n], weight[:, :n], kernel.ridge)
    rows = torch.cat([rows, new], 1)
    border = kernel.between(new, rows) * root[:, None] * root[:, n:, None]
    factor = bordered(factor, border, kernel.ridge)
    dual = root[..., None] * torch.cholesky_solve(root[..., None] * Y, factor)
    return _machine(kernel, rows, dual) | {"factor": factor}


def some_rows(key, weight, most, *values):
    """At most ``most`` rows of each value (T, n, ...), spread evenly over the order of ``key`` (T, n), and weights."""
    if weight.shape[1] <= most:
        return weight, *values
    there = weight > 0
    order = torch.where(there, key, torch.full_like(key, torch.inf)).sort(dim=1, stable=True).indices
    count = there.sum(1, keepdim=True).clamp(min=1)
    place = torch.arange(most, device=key.device) * count.clamp(min=most) // most
    rows = order.gather(1, place)
    return weight.gather(1, rows), *(v.gather(1, rows[..., None].expand(-1, -1, v.shape[2])) for v in values)
