"""Errors and warnings of the library."""

import sys
import warnings

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


def warn_caller(message, category=UserWarning):
    """Warn, and name as the place the line that has called the library, however deep inside it is found out."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in ("skmeta", "sklearn", "torch"):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
