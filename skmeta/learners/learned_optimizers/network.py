"""An optimizer that is a recurrent network (Andrychowicz et al., 2016)."""

import copy
import math
from itertools import chain, repeat
from numbers import Real

import torch
from torch import nn

from skmeta.learners.sequences.cells import LSTMCell


class LearnedOptimizer(nn.Module):
    """One small LSTM for every coordinate: gradient in, update out, weights common to all coordinates.

    A coordinate's gradient ``g`` is given as ``(log |g| / p, sign g)``, or as ``(-1, e^p g)`` where it is smaller than
    ``e^-p``: gradients of all sizes become inputs of order 1. The update is ``scale * out(h)``, with the state h of
    the last layer, and, where ``gradient_rate`` is given, ``-rate * g`` beside it with the rate learned too.

    Trained by :func:`~skmeta.learners.learned_optimizers.unrolled_training.train_learned_optimizer` on functions of
    your own, or inside a :class:`~skmeta.LearnedOptimizerClassifier`. Afterwards :meth:`as_optimizer` makes it an
    optimizer of torch.

    Parameters
    ----------
    n_hidden : int, default=20
    n_layers : int, default=2
    p : float, default=10.0
        The smallest gradient told apart by its logarithm is ``e^-p``.
    scale : float, default=0.1
        Of the network's output.
    gradient_rate : float or None, default=None
        Rate, to begin with, of the plain gradient step that the network's output is added to; None leaves it out.

    References
    ----------
    M. Andrychowicz et al. "Learning to learn by gradient descent by gradient descent". NeurIPS 2016.

    Examples
    --------
    >>> import torch
    >>> from skmeta.learners.learned_optimizers.network import LearnedOptimizer
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = LearnedOptimizer(gradient_rate=0.1).as_optimizer(model.parameters())
    >>> model(torch.ones(4, 2)).square().mean().backward()
    >>> optimizer.step()
    """

    def __init__(self, n_hidden=20, n_layers=2, *, p=10.0, scale=0.1, gradient_rate=None):
        super().__init__()
        self.n_hidden, self.p, self.scale = n_hidden, p, scale
        widths = chain([2], repeat(n_hidden, n_layers - 1))
        self.cells = nn.ModuleList(LSTMCell(width, 0, n_hidden) for width in widths)
        self.out = nn.Linear(n_hidden, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.log_rate = None
        if gradient_rate is not None:
            if not (isinstance(gradient_rate, Real) and gradient_rate > 0):
                raise ValueError(
                    f"inner_lr must be a positive number, whose logarithm is learned, got {gradient_rate!r}."
                )
            self.log_rate = nn.Parameter(torch.tensor(math.log(gradient_rate)))

    def first_state(self, n_coordinates, like):
        """Hidden and cell of every layer, (n_coordinates, n_hidden) each."""
        return tuple(part for cell in self.cells for part in cell.first_state(n_coordinates, like))

    def forward(self, gradient, state):
        """Updates (n,) to add to the coordinates with gradients (n,), and the new state."""
        inputs = self.preprocess(gradient)
        new = []
        for i, cell in enumerate(self.cells):
            inputs, parts = cell.move(cell.of_row(inputs), state[2 * i : 2 * i + 2])
            new.extend(parts)
        update = self.scale * self.out(inputs)[:, 0]
        if self.log_rate is not None:
            update = update - self.log_rate.exp() * gradient
        return update, tuple(new)

    def preprocess(self, gradient):
        """(n,) gradients to (n, 2) inputs."""
        size = gradient.abs()
        large = size >= math.exp(-self.p)
        log_size = torch.where(large, size, 1.0).log() / self.p
        return torch.stack(
            [
                torch.where(large, log_size, -1.0),
                torch.where(large, gradient.sign(), math.exp(self.p) * gradient),
            ],
            dim=1,
        )

    def as_optimizer(self, params):
        """A ``torch.optim.Optimizer`` over parameters of your own, stepping with a frozen copy of this network.

        Parameters
        ----------
        params : iterable of tensors or of parameter groups

        Returns
        -------
        optimizer : torch.optim.Optimizer
        """
        return _OptimizerByNetwork(params, self)


class _OptimizerByNetwork(torch.optim.Optimizer):
    """Its state, and so its ``state_dict``, are the network's states for each parameter."""

    def __init__(self, params, network):
        super().__init__(params, {})
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._step_one(parameter)
        return loss

    def _step_one(self, parameter):
        self.network.to(parameter.device, parameter.dtype)
        gradient = parameter.grad.reshape(-1)
        kept = self.state[parameter]
        state = kept.get("network") or self.network.first_state(len(gradient), gradient)
        update, kept["network"] = self.network(gradient, state)
        parameter.add_(update.view_as(parameter))
