"""Numbers that single precision cannot tell apart, and numbers it cannot hold."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skmeta import MAMLRegressor, ProtoNetClassifier

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("offset", [1e8, -1e11])
def test_columns_far_from_zero_keep_their_digits(offset):
    near = ProtoNetClassifier(max_epochs=2, random_state=0).fit(X, y)
    far = ProtoNetClassifier(max_epochs=2, random_state=0).fit(X + offset, y)
    np.testing.assert_allclose(far.predict_proba(X + offset), near.predict_proba(X), atol=1e-3)


def test_a_column_far_from_zero_keeps_its_digits_in_regression_and_after_partial_fit():
    far = X + [0, 1e9, 0, 0]
    one = MAMLRegressor(max_epochs=1, random_state=0).fit(far[:100], X[:100, 0]).partial_fit(far[100:], X[100:, 0])
    two = MAMLRegressor(max_epochs=1, random_state=0).fit(X[:100], X[:100, 0]).partial_fit(X[100:], X[100:, 0])
    np.testing.assert_allclose(one.predict(far), two.predict(X), atol=1e-3)


def test_values_beyond_single_precision_are_refused():
    with pytest.raises(ValueError, match=r"7.9e\+39.*rescale"):
        ProtoNetClassifier().fit(X * 1e39, y)
