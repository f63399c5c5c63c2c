"""A recurrent network as a learner (Hochreiter, Younger & Conwell, 2001)."""

import torch
from torch import nn

from skmeta.learners.sequences.cells import GRUCell, LSTMCell
from skmeta.learners.sequences.sequence import FIRST_SAID, SequenceLearner

CELLS = {"lstm": LSTMCell, "gru": GRUCell}
#: bias of the gate that keeps the state: after 50 rows two fifths of it are left
_KEEP = 4.0


class Recurrent(SequenceLearner):
    """An LSTM or GRU reads the support and answers the queries: learning is what its state does.

    *Classes* begin by comparing. With random weights, what a row asked about is compared with (a projection of its
    own) has nothing to do with what a class's rows have left in the state. So both projections begin as one, the answer
    as the inner product of row and state, much as nearest class means have it, and an LSTM's state as one that hardly
    forgets. All of that is free to change in training. Regression starts at random: there it did harm.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, n_permutations, max_rows
        See :class:`~skmeta.learners.sequences.sequence.SequenceLearner`.
    cell : {"lstm", "gru"}
    n_hidden : int
        Size of the cell's state.

    References
    ----------
    S. Hochreiter, A. S. Younger, P. R. Conwell. "Learning to Learn Using Gradient Descent". ICANN 2001.
    """

    def __init__(self, body, n_features_in, n_outputs=None, *, cell="lstm", n_hidden=64, **sequence):
        if cell not in CELLS:
            raise ValueError(f"cell must be one of {sorted(CELLS)}, got {cell!r}.")
        self._cell_settings = cell, n_hidden
        super().__init__(body, n_features_in, n_outputs, **sequence)
        if self.is_classification:
            self._begin_by_comparing()

    def make_cell(self, n_row, n_told):
        cell, n_hidden = self._cell_settings
        return CELLS[cell](n_row, n_told, n_hidden)

    @torch.no_grad()
    def _begin_by_comparing(self):
        n, n_row = self.cell.n_out, self.to_compare.in_features
        if isinstance(self.cell, LSTMCell):  # what a GRU keeps it does not write over
            self.cell.of_row.bias[n : 2 * n] = _KEEP
        self.to_compare.weight.copy_(self.cell.of_told.weight[-n:, :n_row])  # of a class's rows to what is new
        nn.init.zeros_(self.to_compare.bias)
        self.readout.weight[:, n:] = n**-0.5 * (FIRST_SAID if self.from_means else 1)
