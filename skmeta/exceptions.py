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
    """A task's rows are unlike those of meta-training.

    Its columns or targets are on another scale, so that answers may be far off; or what was meta-learned would have
    led astray, and the task was adapted to otherwise.

    Examples
    --------
    >>> from skmeta.exceptions import AdaptationWarning
    >>> issubclass(AdaptationWarning, UserWarning)
    True
    """
