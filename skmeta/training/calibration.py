"""What a classifier of one table is worth, told by rows that it is not trained on."""

import copy

import numpy as np
import torch

from skmeta.tasks.sparse_rows import part_of
from skmeta.tasks.store import TaskStore

N_FOLDS, ROWS_OF_A_FOLD = 4, 50
#: rows held out are enough, however many there are besides
ENOUGH_ROWS = 100
#: of fewer rows a learner is trained on all: a quarter of them says too little about it to be worth the loss
LEAST_ROWS = 100
#: a learner of more rows hardly knows any of them by heart, and is left as it is
MOST_ROWS = 2000


class KeptApart:
    """The rows of one table in folds, the first of which a learner is not trained on where there are rows enough.

    Parameters
    ----------
    table : TaskStore
        Of one task.
    seed : int
    """

    def __init__(self, table, seed):
        self.table = table
        self.folds = held_out_folds(table.y.cpu().numpy(), seed)
        self.is_of_use = len(table.X) <= MOST_ROWS and bool((self.folds >= 0).any())
        self.is_asked = self.is_of_use and len(table.X) >= LEAST_ROWS

    def to_train_on(self):
        """The table without the rows that the learner is to be asked about."""
        if not self.is_asked:
            return self.table
        table, rows = self.table, torch.as_tensor(self.folds != 0, device=self.table.device)
        sizes = [int(rows.sum())], [-1], [table.max_classes]
        return TaskStore(part_of(table.X, rows), table.y[rows], *sizes, True, device=table.device)

    def calibrate(self, learner):
        """Let a :class:`~skmeta.learners.calibrated.Calibrated` learner be trusted as far as it is right."""
        if not self.is_of_use:
            return
        exact = copy.deepcopy(learner).cpu().double().eval()
        X, y = self.table.X[:].cpu().double(), self.table.y.cpu()
        exact.calibrate(X, y, torch.as_tensor(self.folds), self.is_asked)
        learner.trust_as(exact)


def held_out_folds(codes, seed):
    """The fold in which each row is held out, 50 rows or a quarter of all; -1 for a row that never is.

    Each class is spread over all folds, and with many rows two of them are enough. A class's only row is never held
    out.

    Examples
    --------
    >>> import numpy as np
    >>> held_out_folds(np.array([0, 0, 0, 0, 1]), seed=0)
    array([ 2,  1,  3,  0, -1])
    """
    rng = np.random.RandomState(seed)
    n_folds = max(N_FOLDS, len(codes) // ROWS_OF_A_FOLD)
    folds = np.full(len(codes), -1)
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) > 1:  # classes begin anywhere, or the last fold would get few rows of rare ones
            folds[rows] = (np.arange(len(rows)) + rng.randint(n_folds)) % n_folds
    n_used = int(np.clip(np.ceil(ENOUGH_ROWS * n_folds / len(codes)), 1, n_folds))
    folds[folds >= n_used] = -1
    used = np.unique(folds[folds >= 0])
    return np.where(folds >= 0, np.searchsorted(used, folds), -1)
