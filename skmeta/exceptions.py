"""Errors and warnings of the library."""

from sklearn.exceptions import NotFittedError


class NotAdaptedError(NotFittedError):
    """A meta-trained estimator was asked about rows before it was given a task.

    Examples
    --------
    >>> from skmeta.exceptions import NotAdaptedError
    >>> issubclass(NotAdaptedError, ValueError)
    True
    """


class AdaptationWarning(UserWarning):
    """A task was adapted to otherwise than meta-learned, because its rows are unlike those of meta-training.

    Examples
    --------
    >>> from skmeta.exceptions import AdaptationWarning
    >>> issubclass(AdaptationWarning, UserWarning)
    True
    """
