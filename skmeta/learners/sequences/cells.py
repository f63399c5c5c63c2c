"""Recurrent cells written out: they step all tasks at once and can be differentiated any number of times."""

import torch
from torch import nn


class GatedCell(nn.Module):
    """A plain recurrent cell that reads a row and what is told of the row before.

    Parameters
    ----------
    n_row, n_told : int
        Sizes of the row's code and of what is told; 0 where nothing is ever told.
    n_hidden : int
    """

    n_gates: int

    def __init__(self, n_row, n_told, n_hidden):
        super().__init__()
        self.n_out = n_hidden
        self.width = (self.n_gates + 2) * n_hidden + n_row
        self.of_row = nn.Linear(n_row, self.n_gates * n_hidden)
        if n_told:
            self.of_told = nn.Linear(n_told, self.n_gates * n_hidden, bias=False)
        self.of_hidden = nn.Linear(n_hidden, self.n_gates * n_hidden, bias=False)

    def step(self, row, told, state):
        return self.move(self.of_row(row) + self.of_told(told), state)

    def answer(self, rows, told, state):
        inputs = self.of_row(rows) + self.of_told(told)[:, None]
        return self.move(inputs, tuple(part[:, None] for part in state))[0]


class LSTMCell(GatedCell):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997). State: hidden and cell, (n, n_hidden) each."""

    n_gates = 4

    def __init__(self, n_row, n_told, n_hidden):
        super().__init__(n_row, n_told, n_hidden)
        with torch.no_grad():
            self.of_row.bias[n_hidden : 2 * n_hidden] += 1.0  # remember, until taught to forget

    def first_state(self, n, like):
        return like.new_zeros(n, self.n_out), like.new_zeros(n, self.n_out)

    def move(self, inputs, state):
        hidden, cell = state
        write, keep, show, new = (inputs + self.of_hidden(hidden)).chunk(4, -1)
        cell = torch.sigmoid(keep) * cell + torch.sigmoid(write) * torch.tanh(new)
        hidden = torch.sigmoid(show) * torch.tanh(cell)
        return hidden, (hidden, cell)


class GRUCell(GatedCell):
    """Gated recurrent unit (Cho et al., 2014). State: hidden, (n, n_hidden)."""

    n_gates = 3

    def first_state(self, n, like):
        return (like.new_zeros(n, self.n_out),)

    def move(self, inputs, state):
        (hidden,) = state
        reset, keep, new = inputs.chunk(3, -1)
        of_reset, of_keep, of_new = self.of_hidden(hidden).chunk(3, -1)
        new = torch.tanh(new + torch.sigmoid(reset + of_reset) * of_new)
        keep = torch.sigmoid(keep + of_keep)
        hidden = keep * hidden + (1 - keep) * new
        return hidden, (hidden,)
