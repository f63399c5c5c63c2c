"""Rows of mixed tables for the in-context estimators: strings, categories and missing cells are welcome."""

import copy

import numpy as np
import torch
from sklearn.utils.validation import check_array, check_X_y, validate_data

from skmeta.estimators._columns import ColumnCodes, holds_only_numbers
from skmeta.estimators._validation import dense
from skmeta.pretrained import weights_file
from skmeta.training import resolve_device

MAX_ROWS_IN_DOUBLE = 64


class TableRowsMixin:
    """Validation that keeps NaN and numbers categories, and serving in single precision.

    Put before the base of the estimators. Categories met by ``partial_fit`` are numbered after the old ones, so that
    the codes of earlier rows stay valid.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    # ------------------------------------------------------------------ validation

    def _validate_rows(self, X, y, reset):
        numbers = self._validate_X(X, reset, learn=True)
        # scikit-learn's checks of the two together; the rows themselves have been looked at
        place = np.zeros((numbers.shape[0], 1))
        _, y = check_X_y(place, y, estimator=self, **self._target_validation)
        self._check_targets(y)
        return numbers, y

    def _validate_X(self, X, reset, learn=None):
        """Rows as float64 with codes for categories; ``learn`` numbers categories that are new."""
        learn = reset if learn is None else learn
        settings = {"accept_sparse": "csr", "dtype": np.float64, "ensure_all_finite": "allow-nan"}
        plain = _is_plain(X) and (self.categorical_features is None or self.categorical_features == "from_dtype")
        if plain and (reset or not any(self.columns_.is_categorical)):
            X = dense(validate_data(self, X, reset=reset, **settings))
            if reset:
                self.columns_ = ColumnCodes(None).fit(X[:1])
            return X
        if not hasattr(X, "iloc"):
            X = check_array(X, accept_sparse="csr", dtype=None, ensure_all_finite=False, estimator=self)
        validate_data(self, X, reset=reset, skip_check_array=True)
        X = X.toarray() if hasattr(X, "toarray") else X
        if reset:
            self.columns_ = ColumnCodes(self.categorical_features).fit(X)
        elif learn:
            self.columns_ = self.columns_.copy().extend(X)
        return self.columns_.transform(X)

    @property
    def _is_categorical(self):
        return self.columns_.is_categorical

    # ------------------------------------------------------------------ the net

    def _learner_settings(self):
        weights, architecture = weights_file(self._task_type, self.pretrained)
        return {"weights": weights, "categorical": self._is_categorical.tolist(), **architecture}

    def _make_net(self, *about):
        # the learner standardises by each support itself, whatever target_scaling says
        net = super()._make_net(*about).set_params(learner=self._learner_class)
        return net if self.module is not None else net.set_params(module=torch.nn.Identity)

    def _serve(self, net):
        # further training works on a copy of the net, so the learner need not be copied to be safe from it
        self.net_, self._learner = net, PrecisionBySize(net.module_.eval())

    def _tensor(self, array, dtype=None):
        """Rows keep double precision until they are measured: a large offset must not eat small differences."""
        device = resolve_device(self.device)
        if dtype is None and device.type == "mps":
            dtype = torch.float32
        array = array if torch.is_tensor(array) else np.require(array, requirements="CW")  # torch wants to own it
        return torch.as_tensor(array, dtype=dtype or torch.float64, device=self.net_.device)


def _is_plain(X):
    return holds_only_numbers(X) if hasattr(X, "shape") else False


class PrecisionBySize:
    """Serves small supports in double precision, where it costs little and equal questions get equal answers but for
    the last digits, and larger ones in single; blocks of full tiles keep rows independent of each other in both.

    Only the cells of queries are read in single precision always: that asks each row by itself, and rounds it alike
    whatever the order and the weights of the support's rows.
    """

    def __init__(self, learner):
        self.learner, self._double = learner, None

    def _serving(self, double):
        if not double:
            return self.learner
        if self._double is None:
            self._double = copy.deepcopy(self.learner).double()
            self._double.reader = self.learner
        return self._double

    def adapt(self, support_X, *more, **named):
        double = support_X.dtype == torch.float64 and support_X.shape[1] <= MAX_ROWS_IN_DOUBLE
        return {**self._serving(double).adapt(support_X, *more, **named), "double": double}

    def extend(self, state, *more):
        return self._serving(state["double"]).extend(state, *more)

    def predict(self, state, query_X):
        return self._serving(state["double"]).predict(state, query_X)

    def predict_mixture(self, state, query_X):
        return self._serving(state["double"]).predict_mixture(state, query_X)

    def explain_rows(self, state, query_X):
        return self._serving(state["double"]).explain_rows(state, query_X)
