"""scikit-learn's callbacks, where scikit-learn has them (1.9): progress bars and monitors that see every epoch."""

from typing import TYPE_CHECKING, TypeVar

from skmeta.transaction import copy_of, is_fitted_state

if TYPE_CHECKING:
    _Method = TypeVar("_Method")

    class CallbackSupportMixin:
        """The base that scikit-learn gives to those that support callbacks."""

    def with_callbacks(method: _Method) -> _Method:
        """The method itself, with callbacks told of its end."""
else:
    try:
        from sklearn.callback import CallbackSupportMixin, with_callbacks
    except ImportError:  # scikit-learn before 1.9

        class CallbackSupportMixin:
            """It has nothing to support."""

        def with_callbacks(method):
            """The method itself."""
            return method


def begin_fit(estimator, X, y):
    """Tell callbacks that a fit begins; returns what is to be told of its epochs and its end."""
    context = estimator._init_callback_context(max_subtasks=estimator.max_epochs)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    return FitWatcher(estimator, context, X, y)


class FitWatcher:
    """Tells callbacks of scikit-learn what happens in one fit.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext
        The fit's.
    X, y : as given to fit
    """

    def __init__(self, estimator, context, X, y):
        self.estimator, self.context, self.data = estimator, context, {"X": X, "y": y}
        self.draft = None  # the copy that is being fitted

    def on_epoch_begin(self, net):
        self.epoch = self.context.subcontext("epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def on_epoch_end(self, net):
        """Whether a callback wishes to stop."""
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes=lambda: self._as_if_ended(net)
        )

    def end(self):
        fitted = {name: value for name, value in vars(self.estimator).items() if is_fitted_state(name)}
        self.context.call_on_fit_task_end(estimator=self.estimator, **self.data, reconstruction_attributes=fitted)

    def _as_if_ended(self, net):
        """Fitted attributes as if training had ended after this epoch."""
        standing = copy_of(self.draft)
        standing._serve(net)
        if self.data["y"] is not None:
            standing.adapt(**self.data)
        return {name: value for name, value in vars(standing).items() if is_fitted_state(name)}
