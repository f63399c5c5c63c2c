"""What a classifier of one table is worth, told by copies that are trained without some of its rows."""

import copy

import numpy as np
import torch

N_FOLDS = 4
#: rows held out are enough, however many there are besides
ENOUGH_ROWS = 100
#: a learner of more rows hardly knows any of them by heart, and is left as it is
MOST_ROWS = 2000


def calibrate(learner, X, codes, seed, train_on):
    """Let a learner be trusted as far as copies of it are right about rows that they were trained without.

    Parameters
    ----------
    learner : Calibrated
        Trained on all rows.
    X : ndarray of shape (n_rows, n_features)
    codes : ndarray of int
        The rows' classes.
    seed : int
    train_on : callable
        ``train_on(rows)`` trains a learner like it on some rows, given as a bool array, and on nothing else.
    """
    folds = held_out_folds(codes, seed)
    if len(codes) > MOST_ROWS or not (folds >= 0).any():
        return
    X, y = torch.as_tensor(X, dtype=torch.float64), torch.as_tensor(codes, dtype=torch.int64)
    class_mask = torch.ones(1, learner.n_outputs, dtype=torch.bool)
    answers = []
    for fold in range(folds.max() + 1):
        rest = folds != fold
        one = copy.deepcopy(train_on(rest)).cpu().double().eval()
        with torch.no_grad():
            state = one.adapt(X[rest][None], y[rest][None], None, class_mask)
            answers.append(one.predict(state, X[~rest][None])[0])
    device = next(learner.parameters()).device
    learner.cpu().calibrate(X, y, torch.as_tensor(folds), answers)
    learner.to(device)


def held_out_folds(codes, seed):
    """The fold in which each row is held out, a quarter of each class; -1 for a row that never is.

    With many rows one fold has enough of them. A class's only row is never held out.

    Examples
    --------
    >>> import numpy as np
    >>> held_out_folds(np.array([0, 0, 0, 0, 1]), seed=0)
    array([ 2,  1,  3,  0, -1])
    """
    rng = np.random.RandomState(seed)
    folds = np.full(len(codes), -1)
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) > 1:  # classes begin anywhere, or the last fold would get few rows of rare ones
            folds[rows] = (np.arange(len(rows)) + rng.randint(N_FOLDS)) % N_FOLDS
    n_used = int(np.clip(np.ceil(ENOUGH_ROWS * N_FOLDS / len(codes)), 1, N_FOLDS))
    folds[folds >= n_used] = -1
    used = np.unique(folds[folds >= 0])
    return np.where(folds >= 0, np.searchsorted(used, folds), -1)
