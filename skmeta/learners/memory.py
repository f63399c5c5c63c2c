"""Memory-augmented neural network (Santoro, Bartunov, Botvinick, Wierstra & Lillicrap, 2016)."""

import torch
from torch import nn

from skmeta.learners.cells import LSTMCell
from skmeta.learners.sequence import SequenceLearner


class MemoryAugmented(SequenceLearner):
    """A recurrent controller beside a memory that it reads by content and writes where it was used least.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, n_permutations, max_rows
        See :class:`~skmeta.learners.sequence.SequenceLearner`.
    n_hidden : int
        Size of the controller's state.
    n_slots, slot_size : int
        Rows and columns of the memory.
    n_reads : int
        Read heads.
    decay : float
        How much of a slot's usage is left after a step.

    References
    ----------
    A. Santoro, S. Bartunov, M. Botvinick, D. Wierstra, T. Lillicrap. "Meta-Learning with Memory-Augmented Neural
    Networks". ICML 2016.
    """

    def __init__(
        self, body, n_features_in, n_outputs=None, *, n_hidden=64, n_slots=32, slot_size=24, n_reads=2, decay=0.95,
        **sequence,
    ):  # fmt: skip
        self._cell_settings = n_hidden, n_slots, slot_size, n_reads, decay
        super().__init__(body, n_features_in, n_outputs, **sequence)

    def make_cell(self, n_row, n_told):
        return MemoryCell(n_row, n_told, *self._cell_settings)


class MemoryCell(nn.Module):
    """LSTM controller and memory with least recently used access.

    A step first writes what it now knows of the row before - the controller's last state with the label that has just
    been told - and then reads for the new row. The place of writing is between the slots read last (renewing them) and
    the slot used least (which is wiped first); usage fades by ``decay`` and grows by what is read and written. Reading
    compares a key with all slots by their cosine. Since writing comes before the new row, all queries of a task read
    one and the same memory.

    State: controller's hidden and cell (n, h), memory (n, s, w), usage (n, s), mean read weights (n, s), read (n, r w).
    """

    def __init__(self, n_row, n_told, n_hidden, n_slots, slot_size, n_reads, decay):
        super().__init__()
        self.n_slots, self.slot_size, self.n_reads, self.decay = n_slots, slot_size, n_reads, decay
        self.n_out = n_hidden + n_reads * slot_size
        self.width = 8 * n_hidden + 3 * n_reads * (n_slots + slot_size) + n_row
        self.controller = LSTMCell(n_row, n_told + n_reads * slot_size, n_hidden)
        self.to_write = nn.Linear(n_hidden + n_told, slot_size + 1)  # what, and whether over what was read
        self.to_read = nn.Linear(n_hidden, n_reads * (slot_size + 1))  # keys and their sharpness

    def first_state(self, n, like):
        hidden, cell = self.controller.first_state(n, like)
        memory = like.new_zeros(n, self.n_slots, self.slot_size)
        nothing = like.new_zeros(n, self.n_slots)
        return hidden, cell, memory, nothing, nothing, like.new_zeros(n, self.n_reads * self.slot_size)

    def step(self, row, told, state):
        hidden, cell, memory, usage, last_read, read = state
        memory, written = self._write(told, hidden, memory, usage, last_read)
        hidden, (_, cell) = self.controller.step(row, torch.cat([told, read], -1), (hidden, cell))
        read, weights = self._read(hidden[:, None], memory)
        read, weights = read[:, 0], weights[:, 0]
        usage = self.decay * usage + weights.sum(1) + written
        return torch.cat([hidden, read], -1), (hidden, cell, memory, usage, weights.mean(1), read)

    def answer(self, rows, told, state):
        hidden, cell, memory, usage, last_read, read = state
        memory, _ = self._write(told, hidden, memory, usage, last_read)
        hidden = self.controller.answer(rows, torch.cat([told, read], -1), (hidden, cell))
        return torch.cat([hidden, self._read(hidden, memory)[0]], -1)

    def _write(self, told, hidden, memory, usage, last_read):
        """The memory (n, s, w) with the row before in it, and the write weights (n, s)."""
        what = self.to_write(torch.cat([hidden, told], -1))
        what, renew = torch.tanh(what[..., :-1]), torch.sigmoid(what[..., -1:])
        free = nn.functional.one_hot(usage.argmin(-1), self.n_slots).to(usage.dtype)
        was_row = told[..., -1:]  # before the first row there is nothing to write
        where = was_row * (renew * last_read + (1 - renew) * free)
        wiped = memory * (1 - was_row * free)[..., None]
        return wiped + where[..., None] * what[:, None], where

    def _read(self, hidden, memory):
        """What the heads read for rows with controller states (n, b, h): (n, b, r w), weights (n, b, r, s)."""
        asked = self.to_read(hidden).unflatten(-1, (self.n_reads, self.slot_size + 1))
        keys, sharpness = asked[..., :-1], 1 + nn.functional.softplus(asked[..., -1:])
        keys = nn.functional.normalize(keys, dim=-1, eps=1e-6)
        slots = nn.functional.normalize(memory, dim=-1, eps=1e-6)
        cosine = keys.flatten(1, 2) @ slots.transpose(1, 2)
        weights = torch.softmax(5 * sharpness * cosine.unflatten(1, keys.shape[1:3]), dim=-1)
        read = weights.flatten(1, 2) @ memory
        return read.unflatten(1, keys.shape[1:3]).flatten(2), weights
