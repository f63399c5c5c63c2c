"""Ridge regression in closed form (Bertinetto, Henriques, Torr & Vedaldi, 2019)."""

from skmeta.learners.heads import ridge_weights


def fit_ridge(features, targets, weight=None, offset=None):
    """Squared loss ``|y - W'z - o|^2 / 2``.

    The system that is solved is as large as the rows or the features are many, whichever is fewer.

    Parameters
    ----------
    features : (T, n, e) tensor
    targets : (T, n, C) tensor
    weight : (T, n) tensor or None
    offset : (T, n, C) tensor or None

    Returns
    -------
    W : (T, e, C) tensor
    """
    if offset is not None:
        targets = targets - offset
    return ridge_weights(features, targets.transpose(1, 2), 1.0, weight).transpose(1, 2)
