"""A call that fails leaves an estimator as it was."""

from contextlib import contextmanager


@contextmanager
def transaction(estimator, keep_fitted=True):
    """Work on a draft of an estimator, which becomes the estimator if the work comes to its end.

    Parameters
    ----------
    estimator : estimator
        Its state is what its attributes hold; none of these may be changed in place.
    keep_fitted : bool, default=True
        Whether the draft has the fitted state, which is all attributes that end in an underscore.
    """
    draft = copy_of(estimator, keep_fitted)
    yield draft
    estimator.__dict__ = vars(draft)


def copy_of(estimator, keep_fitted=True):
    """A second estimator with the same attributes, or the same parameters only."""
    other = object.__new__(type(estimator))
    state = vars(estimator)
    other.__dict__.update(state if keep_fitted else {k: v for k, v in state.items() if not is_fitted_state(k)})
    return other


def is_fitted_state(name):
    """Whether an attribute's name says that it was learned from data."""
    return name.endswith("_") and not name.startswith("_")


def forget(draft, *names):
    """Take attributes out of a draft, where they are there."""
    for name in names:
        vars(draft).pop(name, None)
