"""Answers to the rows of one task, many at a time, in single precision."""

import copy

import torch

from skmeta.native import RowFunction

#: The last digits of a matrix product's row depend on the number of rows and on the row's place among them. They do not
#: where that number is a multiple of the tiles that processors work in; 48 is one of all that are in use.
TILE = 48
BLOCK = 32 * TILE
#: Numbers in what a layer puts out for a block. What is much larger than the caches is handed back to the operating
#: system when it is freed, and every page of it is fetched and cleared anew for the next block.
_NUMBERS = 200_000


class SinglePrecision:
    """A learner in single precision, and the function of rows that the state it was asked about last makes of it.

    The copy is made when it is first needed.
    """

    def __init__(self, learner):
        self._source, self._learner = learner, None
        self._last = None, None
        self.block = rows_in_a_block(learner)

    def __getstate__(self):
        return vars(self) | {"_last": (None, None)}  # a function of rows may hold addresses of this process

    @property
    def learner(self):
        if self._learner is None:
            self._learner, self._source = copy.deepcopy(self._source).float(), None
        return self._learner

    def of(self, state):
        """The learner's ``answerer`` of a state in any precision."""
        last, answer = self._last
        if last is not state:
            answer = self.learner.answerer(_single(state))
            self._last = state, answer
        return answer


def rows_in_a_block(learner):
    """How many rows are answered at once: fewer where layers are wide."""
    widest = max((len(value) for value in learner.parameters() if value.dim() == 2), default=1)
    return min(BLOCK, TILE * max(1, _NUMBERS // (widest * TILE)))


def _single(state):
    """A nest of tensors in single precision."""
    if isinstance(state, torch.Tensor):
        return state.float() if state.is_floating_point() else state
    if isinstance(state, dict):
        return {name: _single(part) for name, part in state.items()}
    return state if state is None else type(state)(_single(part) for part in state)


def answers_in_blocks(answer, X, device, block=BLOCK):
    """Answers (n, C) to rows: ``answer`` maps (m, d) float32 rows to (C, m), row by row.

    Rows are answered in blocks of ``block``, a multiple of ``TILE``, the last padded with zeros, so that row i of the
    answers is the same, bit for bit, whatever rows are beside it. The kernel's functions see to that themselves.
    """
    n_rows, d = X.shape
    if isinstance(answer, RowFunction) and n_rows:
        return answer(torch.as_tensor(X, dtype=torch.float32)).numpy().T
    blocks = []
    for first in range(0, n_rows, block):
        rows = torch.as_tensor(X[first : first + block], dtype=torch.float32, device=device)
        n = len(rows)
        if n % TILE:
            rows = torch.cat([rows, rows.new_zeros(TILE - n % TILE, d)])
        blocks.append(answer(rows)[:, :n])
    return torch.cat(blocks, 1).cpu().numpy().T if blocks else None
