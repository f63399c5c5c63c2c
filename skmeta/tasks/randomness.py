"""One kind of random generator inside, every kind that users have outside."""

import numbers

import numpy as np


def as_generator(random_state=None):
    """A ``numpy.random.Generator`` from anything scikit-learn calls a random state.

    The global generator of numpy is neither read nor moved: ``None`` takes fresh entropy from the system.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None, default=None
        An int gives the same stream on every call. A ``RandomState`` or a ``Generator`` is drawn from, so two
        calls with the same object give different streams.

    Returns
    -------
    generator : numpy.random.Generator

    Examples
    --------
    >>> from skmeta.tasks.randomness import as_generator
    >>> as_generator(0).integers(100, size=3)
    array([85, 63, 51])
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**31 - 1, size=4))
    if isinstance(random_state, numbers.Integral) and random_state < 0:
        raise ValueError(f"random_state must be a non-negative int, got {random_state}.")
    if random_state is None or isinstance(random_state, numbers.Integral):
        return np.random.default_rng(random_state)
    raise ValueError(f"random_state must be None, an int, a RandomState or a Generator of numpy, got {random_state!r}.")


def structure_generator(seed, part):
    """The generator of one part of what a family's tasks share: parts of one seed are independent."""
    return np.random.default_rng([seed, part])


def check_size_range(value, name, minimum):
    """``(low, high)`` of a size given as one int or as a pair of ints, both ends included."""
    pair = (value, value) if isinstance(value, numbers.Integral) else tuple(np.atleast_1d(value).tolist())
    if len(pair) != 2 or not all(isinstance(end, numbers.Integral) for end in pair):
        raise ValueError(f"{name} must be an int or a (low, high) pair of ints, got {value!r}.")
    low, high = pair
    if low < minimum or high < low:
        raise ValueError(f"{name} must satisfy {minimum} <= low <= high, got {value!r}.")
    return int(low), int(high)


def draw_sizes(value, n_tasks, rng, name="size", minimum=1):
    """One size per task: the int itself, or uniform over the (low, high) range."""
    low, high = check_size_range(value, name, minimum)
    return rng.integers(low, high, size=n_tasks, endpoint=True)
