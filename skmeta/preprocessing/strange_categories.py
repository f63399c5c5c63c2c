"""Categories that fit never saw are told of, in one way by all who read mixed columns."""

import numpy as np

from skmeta.exceptions import warn_caller
from skmeta.tasks.ids import lookalike
from skmeta.tasks.rows import is_missing

_MANY = 100  # values of a column of names, such as customers, of which further ones are to be expected


def tell_of_strangers(values, known, name, taken_as="missing"):
    """Warn of values that are not among the known ones, once for a column, and name one that is spelled otherwise.

    Parameters
    ----------
    values : iterable
        Distinct values of the column.
    known : container
        Values that fit has seen.
    name : str or int
        Of the column.
    taken_as : str
        What becomes of strange ones.
    """
    strangers = [value for value in values if value not in known and not is_missing(value)]
    if found := lookalike(strangers, known):
        value, other = found
        warn_caller(
            f"Column {name!r} holds {value!r}, which was never seen and is taken as {taken_as}, but {other!r} was: "
            "write categories as they were written before, as numbers or text.",
            UserWarning,
        )
    elif strangers and len(known) <= _MANY:  # in words that do not differ from call to call, so as to be shown once
        warn_caller(
            f"Column {name!r} holds categories that fit never saw. They are taken as {taken_as}.",
            UserWarning,
        )


def one_hot(encoder, block, names):
    """Columns of categories by a fitted OneHotEncoder.

    A value that it never saw is a rare one or, where there are none, has 0 in all columns of the category, and one half
    in the only column of a category of two; so has a missing cell where it saw none.

    Parameters
    ----------
    encoder : OneHotEncoder
    block : object ndarray of shape (n_rows, n_categories)
    names : sequence
        Of the columns of ``block``.
    """
    block, patches, last = block.copy(), [], 0
    rare = getattr(encoder, "infrequent_categories_", [None] * block.shape[1])
    for j, (categories, name) in enumerate(zip(encoder.categories_, names)):
        is_halved = encoder.drop_idx_ is not None and encoder.drop_idx_[j] is not None
        first, last = last, last + len(categories) - is_halved - (0 if rare[j] is None else len(rare[j]) - 1)
        known, values = set(_hashable(categories)), _hashable(block[:, j])
        tell_of_strangers(
            dict.fromkeys(values), known, name, "none of those that it saw" if rare[j] is None else "rare ones"
        )
        rows = np.array([value not in known for value in values], dtype=bool)
        block[rows, j] = categories[0] if rare[j] is None else rare[j][0]
        if rare[j] is None:
            patches.append((rows, slice(first, last), 0.5 if is_halved else 0.0))
    numbers = encoder.transform(block)
    for rows, columns, value in patches:
        numbers[rows, columns] = value
    return numbers


def _hashable(values):
    """Values with None for missing ones, of which none equals another."""
    return [None if is_missing(value) else value for value in values]
