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
