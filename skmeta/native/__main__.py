"""Compile the kernel for this machine, compare it with autograd, and say where it lies."""

import torch
from torch.nn import functional as F

from skmeta.native import Job, Layer, Stack, build


def largest_error():
    """Of the derivative of one adaptation by one step, against autograd, relative to its largest entry."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    params = [draw(*shape) for shape in [(8, 2, 3, 3), (8,), (2, 96), (2,)]]
    X, Q, targets, d_answers = draw(1, 5, 3, 4, 2), draw(1, 4, 3, 4, 2), draw(1, 2, 5), draw(1, 2, 4)
    parameters = {"has_weight": True, "has_bias": True}
    convolution, linear = Layer("Linear", (3, 3), padding=(1, 1), **parameters), Layer("Linear", **parameters)
    layers = [convolution, Layer("Normalisation", argument=1e-5), Layer("Tanh"), Layer("Flatten"), linear]
    job = Job(Stack(layers), "mse", params, X, targets, None, None, Q, 1, [0.1], derivative="true")
    job.adapt()
    found, _ = job.derivative(d_answers)

    def outputs(params, rows):
        images = F.conv2d(rows.permute(0, 3, 1, 2), *params[:2], padding=1)
        return F.linear(torch.tanh(F.batch_norm(images, None, None, training=True)).flatten(1), *params[2:])

    start = [value.requires_grad_() for value in params]
    slopes = torch.autograd.grad(F.mse_loss(outputs(start, X[0]), targets[0].t()), start, create_graph=True)
    adapted = [value - 0.1 * slope for value, slope in zip(start, slopes)]
    wanted = torch.autograd.grad((outputs(adapted, Q[0]) * d_answers[0].t()).sum(), start)
    return max(float((a - b).abs().max()) for a, b in zip(found, wanted)) / max(float(b.abs().max()) for b in wanted)


def main():
    path = build()
    error = largest_error()
    if not error < 1e-10:
        path.unlink()
        raise SystemExit(f"The kernel was compiled, but its gradients are {error:.1e} from autograd's: it was removed.")
    print(f"Compiled {path}; its gradients are within {error:.0e} of autograd's.")


if __name__ == "__main__":
    main()
