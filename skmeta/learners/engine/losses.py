"""Inner losses: their value for autograd, and their first two derivatives by hand.

Outputs are (..., C, n), classes (or targets) before rows: the long axis last, which is what vectorised arithmetic
wants. Every loss is a weighted mean over rows; ``share`` is what each row counts for, (..., 1, n) or one number.

``gradient`` returns the derivative with respect to the outputs and a memo; ``r_gradient`` returns the derivative of
that gradient in the direction of an output tangent (the loss's Hessian times the tangent).
"""

import torch
from torch.nn import functional as F


class CrossEntropy:
    """Minus the log-probability of the label under a softmax over the classes that are not ``hidden``."""

    name = "cross_entropy"

    def targets(self, y, n_outputs, dtype):
        """(T, n) labels to (T, C, n) indicators. Without a known C, the labels are kept for :meth:`on_outputs`."""
        if n_outputs is None:
            return y.unsqueeze(1)
        classes = torch.arange(n_outputs, device=y.device)
        return (y.unsqueeze(1) == classes[:, None]).to(dtype)

    def on_outputs(self, targets, outputs):
        if targets.is_floating_point():
            return targets
        classes = torch.arange(outputs.shape[-2], device=targets.device)
        return (targets == classes[:, None]).to(outputs.dtype)

    def value(self, outputs, targets, share, hidden):
        targets = self.on_outputs(targets, outputs)
        if hidden is not None:
            outputs = outputs.masked_fill(hidden, -torch.inf)
        log_p = torch.log_softmax(outputs, -2)
        return -(torch.where(targets > 0, log_p, 0.0) * share).sum()

    def gradient(self, outputs, targets, share, hidden):
        targets = self.on_outputs(targets, outputs)
        if hidden is not None:
            outputs = outputs.masked_fill(hidden, -torch.inf)
        p = torch.softmax(outputs, 1)
        return torch.sub(p, targets).mul_(share), p

    def r_gradient(self, p, tangent, share):
        weighted = p * tangent
        return weighted.addcmul_(p, weighted.sum(1, keepdim=True), value=-1).mul_(share)


class SquaredError:
    """Mean over targets of the squared residual."""

    name = "mse"

    def targets(self, y, n_outputs, dtype):
        return y.transpose(1, 2)

    def value(self, outputs, targets, share, hidden):
        return ((outputs - targets).square() * share).sum() / targets.shape[-2]

    def gradient(self, outputs, targets, share, hidden):
        return torch.sub(outputs, targets).mul_(share * (2.0 / targets.shape[-2])), None

    def r_gradient(self, _, tangent, share):
        return tangent * (share * (2.0 / tangent.shape[-2]))


class Gaussian:
    """Mean over targets of the Gaussian negative log-likelihood (without its constant).

    The 2k outputs are k means, then k raw variances ``s``; the variance is ``softplus(s) + MIN_VARIANCE``.

        loss = (log v + r^2 / v) / 2     with the residual r = y - mean
    """

    name = "gaussian"
    MIN_VARIANCE = 1e-4

    def targets(self, y, n_outputs, dtype):
        return y.transpose(1, 2)

    def mean_and_variance(self, outputs):
        """Split (..., 2k, n) outputs."""
        mean, raw = outputs.chunk(2, dim=-2)
        return mean, F.softplus(raw) + self.MIN_VARIANCE

    def value(self, outputs, targets, share, hidden):
        mean, v = self.mean_and_variance(outputs)
        return ((v.log() + (targets - mean).square() / v) * share).sum() / (2 * targets.shape[-2])

    def gradient(self, outputs, targets, share, hidden):
        mean, v = self.mean_and_variance(outputs)
        slope = torch.sigmoid(outputs[:, mean.shape[1] :])  # dv / ds
        z = (targets - mean) / v
        by_variance = (1 / v - z.square()) / 2
        gradient = torch.cat([-z, by_variance * slope], 1).mul_(share).div_(mean.shape[1])
        return gradient, (v, z, by_variance, slope)

    def r_gradient(self, memo, tangent, share):
        v, z, by_variance, slope = memo
        r_mean, r_raw = tangent.chunk(2, dim=1)
        r_v = slope * r_raw
        r_z = -(r_mean + z * r_v) / v
        r_by_variance = -r_v / (2 * v.square()) - z * r_z
        r_slope = slope * (1 - slope) * r_raw
        r_gradient = torch.cat([-r_z, r_by_variance * slope + by_variance * r_slope], 1)
        return r_gradient.mul_(share).div_(v.shape[1])


LOSSES = {loss.name: loss for loss in (CrossEntropy(), SquaredError(), Gaussian())}


def find_loss(name):
    if name not in LOSSES:
        raise ValueError(f"loss must be one of {sorted(LOSSES)}, got {name!r}.")
    return LOSSES[name]
