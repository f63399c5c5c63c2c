"""Compile the kernel for this machine, compare it with autograd, and say where it lies."""

import torch
from torch.nn import functional as F

from skmeta.native import Job, Layer, Stack, build


def largest_error():
    """Of the derivative of one adaptation by one step, against autograd, relative to its largest entry."""
    generator = torch.Generator().manual_seed(0)
    params = [torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in [(8, 3), (8,), (2, 8), (2,)]]
    X, Q, d_answers = (
        torch.randn(1, n, k, generator=generator, dtype=torch.float64) for n, k in [(5, 3), (4, 3), (2, 4)]
    )
    targets = torch.randn(1, 2, 5, generator=generator, dtype=torch.float64)
    linear = Layer("Linear", has_weight=True, has_bias=True)
    stack = Stack([linear, Layer("Tanh"), linear], "mse")
    job = Job(stack, params, X, targets, None, None, Q, [0.1], keep="all")
    job.adapt()
    found = job.derivative(d_answers)

    def outputs(params, rows):
        return F.linear(torch.tanh(F.linear(rows, *params[:2])), *params[2:])

    start = [value.requires_grad_() for value in params]
    slopes = torch.autograd.grad(F.mse_loss(outputs(start, X[0]), targets[0].t()), start, create_graph=True)
    adapted = [value - 0.1 * slope for value, slope in zip(start, slopes)]
    wanted = torch.autograd.grad((outputs(adapted, Q[0]) * d_answers[0].t()).sum(), start)
    return max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, wanted))


def main():
    path = build()
    error = largest_error()
    if not error < 1e-10:
        path.unlink()
        raise SystemExit(f"The kernel was compiled, but its gradients are {error:.1e} from autograd's: it was removed.")
    print(f"Compiled {path}; its gradients are within {error:.0e} of autograd's.")


if __name__ == "__main__":
    main()
