"""Inner learning rates: one number, a table over steps and parameters, or one rate for each weight."""

import torch


class Rates:
    """The learning rate of every inner step and parameter.

    Two kinds. *Numbers*: one scalar for each step and parameter, from a float, a 0-d tensor, or a table of shape
    (K or 1, P or 1) as in MAML++ (per-layer per-step rates); steps beyond K repeat the last row. *Weight-wise*: P
    tensors that broadcast to their parameters, the same at every step, as in Meta-SGD.

    References
    ----------
    Li, Zhou, Chen, Li. Meta-SGD: Learning to Learn Quickly for Few-Shot Learning. 2017.
    Antoniou, Edwards, Storkey. How to train your MAML. ICLR 2019.

    Examples
    --------
    >>> Rates(0.1, steps=2, n_params=3).numbers()
    [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]]
    >>> Rates(torch.tensor([[1.0], [2.0]]), steps=3, n_params=1).numbers()
    [[1.0], [2.0], [2.0]]
    """

    def __init__(self, lr, steps, n_params):
        self.steps, self.n_params = steps, n_params
        self.number = self.table = self.weights = None
        if isinstance(lr, (list, tuple)) or hasattr(lr, "__next__"):
            self.weights = tuple(lr)
            if len(self.weights) != n_params:
                raise ValueError(f"lr has {len(self.weights)} entries for {n_params} parameters.")
        elif isinstance(lr, torch.Tensor):
            self.table = self._full_table(lr)
        else:
            self.number = float(lr)

    def _full_table(self, lr):
        if lr.dim() not in (0, 2) or (lr.dim() == 2 and lr.shape[1] not in (1, self.n_params)):
            raise ValueError(
                f"A tensor of inner rates is 0-d or has shape (steps or 1, {self.n_params} or 1), got "
                f"{tuple(lr.shape)}; for one rate per weight pass a list of {self.n_params} tensors."
            )
        if lr.dim() == 2 and 1 < lr.shape[0] != self.steps:
            rows = torch.arange(self.steps, device=lr.device).clamp(max=lr.shape[0] - 1)
            lr = lr[rows]
        return lr.expand(self.steps, self.n_params)

    def last(self, n_params):
        """The rates of the last ``n_params`` parameters alone."""
        if self.weightwise:
            return Rates(self.weights[-n_params:], self.steps, n_params)
        return Rates(self.number if self.table is None else self.table[:, -n_params:], self.steps, n_params)

    @property
    def weightwise(self):
        return self.weights is not None

    @property
    def sources(self):
        """The tensors among the rates."""
        rates = self.weights if self.weightwise else (self.table,)
        return [rate for rate in rates if isinstance(rate, torch.Tensor)]

    @property
    def learnable(self):
        return torch.is_grad_enabled() and any(source.requires_grad for source in self.sources)

    def numbers(self):
        """The scalar rates as Python floats, ``[step][parameter]``: one transfer from the device at most."""
        if self.table is None:
            return [[self.number] * self.n_params] * self.steps
        return self.table.tolist()

    def of(self, step, parameter):
        """One rate, as autograd wants it."""
        if self.weightwise:
            return self.weights[parameter]
        return self.number if self.table is None else self.table[step, parameter]
