"""A recurrent network as a learner (Hochreiter, Younger & Conwell, 2001)."""

from skmeta.learners.cells import GRUCell, LSTMCell
from skmeta.learners.sequence import SequenceLearner

CELLS = {"lstm": LSTMCell, "gru": GRUCell}


class Recurrent(SequenceLearner):
    """An LSTM or GRU reads the support and answers the queries: learning is what its state does.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, n_permutations, max_rows
        See :class:`~skmeta.learners.sequence.SequenceLearner`.
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

    def make_cell(self, n_row, n_told):
        cell, n_hidden = self._cell_settings
        return CELLS[cell](n_row, n_told, n_hidden)
