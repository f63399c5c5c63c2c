"""Memory-augmented neural network (Santoro, Bartunov, Botvinick, Wierstra & Lillicrap, 2016)."""

import torch
from torch import nn

from skmeta.learners.sequences.cells import LSTMCell
from skmeta.learners.sequences.sequence import SequenceLearner


class MemoryAugmented(SequenceLearner):
    """A recurrent controller beside a memory that it reads by content and writes where it was used least.

    Parameters
    ----------
    body, n_features_in, n_outputs, task_type, n_permutations, max_rows
        See :class:`~skmeta.learners.sequences.sequence.SequenceLearner`.
    n_hidden : int
        Size of the controller's state.
    n_slots, slot_size : int
        Slots of the memory, and the size of a slot's key and of the note beside it.
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

    A slot holds the key of a row and, beside it, a note of what was told of that row. A step first writes the row
    before, whose label has just been told, and then reads for the new row. The place of writing is between the slots
    read last (renewing them) and the slot used least (which is wiped first); usage fades by ``decay`` and grows by
    what is read and written. Reading compares the new row's key with those in the slots by their cosine, each head as
    sharply as it likes, and what is read is notes. Since writing comes before the new row, all queries of a task read
    one and the same memory.

    *Other than in the paper.* There the controller's state gives the key that is searched for and, at the same time,
    written: it has to learn to tell rows apart by their keys, and to keep the label in these all the same, which takes
    tens of thousands of tasks. Here a key sees the row besides the state, and the label lies beside the key: rows
    that are alike find each other from the beginning.

    State: controller's hidden and cell (n, h), memory (n, s, 2 w), usage (n, s), mean read weights (n, s), read
    (n, r w), the key of the row before (n, w).
    """

    def __init__(self, n_row, n_told, n_hidden, n_slots, slot_size, n_reads, decay):
        super().__init__()
        self.n_slots, self.slot_size, self.n_reads, self.decay = n_slots, slot_size, n_reads, decay
        self.n_read = n_reads * slot_size
        self.n_out = n_hidden + self.n_read
        self.width = 8 * n_hidden + 3 * n_reads * (n_slots + slot_size) + n_row
        self.controller = LSTMCell(n_row, n_told + self.n_read, n_hidden)
        self.to_key = nn.Linear(n_row + n_hidden, slot_size)
        self.to_note = nn.Linear(n_told, slot_size)
        self.to_sharpness = nn.Linear(n_hidden, n_reads)
        self.to_place = nn.Linear(n_hidden + n_told, 1)  # whether over what was read

    def first_state(self, n, like):
        hidden, cell = self.controller.first_state(n, like)
        memory = like.new_zeros(n, self.n_slots, 2 * self.slot_size)
        nothing = like.new_zeros(n, self.n_slots)
        return hidden, cell, memory, nothing, nothing, like.new_zeros(n, self.n_read), like.new_zeros(n, self.slot_size)

    def step(self, row, told, state):
        hidden, cell, memory, usage, last_read, read, key = state
        memory, written = self._write(told, hidden, memory, usage, last_read, key)
        hidden, (_, cell) = self.controller.step(row, torch.cat([told, read], -1), (hidden, cell))
        key = self.to_key(torch.cat([row, hidden], -1))
        read, weights = self._read(key[:, None], hidden[:, None], memory)
        read, weights = read[:, 0], weights[:, 0]
        usage = self.decay * usage + weights.sum(1) + written
        return torch.cat([hidden, read], -1), (hidden, cell, memory, usage, weights.mean(1), read, key)

    def answer(self, rows, told, state):
        hidden, cell, memory, usage, last_read, read, key = state
        memory, _ = self._write(told, hidden, memory, usage, last_read, key)
        hidden = self.controller.answer(rows, torch.cat([told, read], -1), (hidden, cell))
        keys = self.to_key(torch.cat([rows, hidden], -1))
        return torch.cat([hidden, self._read(keys, hidden, memory)[0]], -1)

    def _write(self, told, hidden, memory, usage, last_read, key):
        """The memory (n, s, 2 w) with the row before in it, and the write weights (n, s)."""
        renew = torch.sigmoid(self.to_place(torch.cat([hidden, told], -1)))
        free = nn.functional.one_hot(usage.argmin(-1), self.n_slots).to(usage.dtype)
        was_row = told[..., -1:]  # before the first row there is nothing to write
        where = was_row * (renew * last_read + (1 - renew) * free)
        wiped = memory * (1 - was_row * free)[..., None]
        return wiped + where[..., None] * torch.cat([key, self.to_note(told)], -1)[:, None], where

    def _read(self, keys, hidden, memory):
        """What the heads read for rows with keys (n, b, w) and states (n, b, h): (n, b, r w), weights (n, b, r, s)."""
        held, notes = memory.chunk(2, -1)
        keys, held = (nn.functional.normalize(values, dim=-1, eps=1e-6) for values in (keys, held))
        cosine = keys @ held.transpose(1, 2)
        sharpness = 5 * (1 + nn.functional.softplus(self.to_sharpness(hidden)))
        weights = torch.softmax(sharpness[..., None] * cosine[..., None, :], dim=-1)
        read = weights.flatten(1, 2) @ notes
        return read.view(*keys.shape[:2], weights.shape[2] * notes.shape[2]), weights
