"""Random draws for many tables at once, all from one generator on one device."""

import math

import torch


class Dice:
    """A source of random tensors.

    Parameters
    ----------
    seed : int
    device : torch device, default="cpu"
        Where the tensors lie; a seed means something else on another kind of device.
    """

    def __init__(self, seed, device="cpu"):
        self.device = torch.device(device)
        self.generator = torch.Generator(self.device).manual_seed(int(seed))
        self._where = {"device": self.device, "generator": self.generator}

    def uniform(self, *shape, low=0.0, high=1.0):
        return torch.rand(shape, **self._where) * (high - low) + low

    def normal(self, *shape):
        return torch.randn(shape, **self._where)

    def student(self, freedom, *shape):
        """Student's t by Bailey's polar method; ``freedom`` is a number or a tensor that fits ``shape``."""
        u = self.uniform(*shape).clamp(min=1e-6)
        radius = (freedom * (u ** (-2 / freedom) - 1)).sqrt()
        return radius * torch.cos(2 * math.pi * self.uniform(*shape))

    def gumbel(self, *shape):
        return -torch.log(-torch.log(self.uniform(*shape).clamp(1e-7, 1 - 1e-7)))

    def chance(self, p, *shape):
        """True with probability ``p``, a number or a tensor that fits ``shape``."""
        return self.uniform(*shape) < p

    def log_uniform(self, low, high, *shape):
        return self.uniform(*shape, low=math.log(low), high=math.log(high)).exp()

    def log_integers(self, low, high, *shape):
        """Whole numbers in [low, high], small ones preferred."""
        return self.log_uniform(low, high + 1, *shape).floor().long().clamp(low, high)

    def integers(self, high, *shape):
        """Whole numbers in [0, high); ``high`` may be a tensor that fits ``shape``."""
        if isinstance(high, int):
            return torch.randint(high, shape, **self._where)
        return (self.uniform(*shape) * high).long().clamp(min=0)

    def pick(self, weights, n):
        """``n`` draws, with replacement, from each row of weights (..., K): (..., n)."""
        flat = weights.reshape(-1, weights.shape[-1])
        drawn = torch.multinomial(flat, n, replacement=True, generator=self.generator)
        return drawn.view(*weights.shape[:-1], n)

    def preferences(self, weights, n_tables):
        """Each table's own chances (n_tables, K) around common weights, from those of all to nearly one choice only."""
        weights = torch.as_tensor(weights, dtype=torch.float32, device=self.device)
        taste = self.log_uniform(0.2, 6.0, n_tables, 1) * self.normal(n_tables, len(weights))
        return ((weights + 1e-12).log() + taste).softmax(-1) * (weights > 0)

    # single numbers, for what all tables of a draw have in common

    def one(self):
        return float(self.uniform(1))

    def one_integer(self, low, high):
        """A whole number in [low, high], small ones preferred."""
        return int(self.log_integers(low, high, 1))


def standardise(x):
    """Mean 0 and deviation 1 along the last axis, values beyond ten deviations cut off."""
    x = x - x.mean(-1, keepdim=True)
    return (x / (x.square().mean(-1, keepdim=True).sqrt() + 1e-6)).clamp(-10, 10)


def ranks(x):
    """Ranks along the last axis, in (0, 1)."""
    n = x.shape[-1]
    place = (torch.arange(n, dtype=x.dtype, device=x.device) + 0.5) / n
    return torch.empty_like(x).scatter_(-1, x.argsort(-1), place.expand_as(x))


def rows_of(mask):
    """Positions at which a flattened mask is true."""
    return mask.flatten().nonzero()[:, 0]
