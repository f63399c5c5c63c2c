"""Ridge regression in closed form (Bertinetto, Henriques, Torr & Vedaldi, 2019)."""

from skmeta.learners.ridge import ridge_answers, ridge_weights


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
    return ridge_weights(features, _rest(targets, offset), 1.0, weight).transpose(1, 2)


def answer_ridge(features, targets, query, weight=None, offset=None):
    """``query @ W`` (T, m, C) of what :func:`fit_ridge` finds, for query features (T, m, e)."""
    return ridge_answers(features, _rest(targets, offset), query, 1.0, weight)


def _rest(targets, offset):
    return (targets if offset is None else targets - offset).transpose(1, 2)
