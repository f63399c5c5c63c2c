"""What holds for every transformer of this library."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler

from skmeta import PerTask, TableEncoder, Task

X = np.random.default_rng(0).normal(size=(6, 3))
UNENCODABLE = pd.DataFrame({"a": X[:, 0], "b": [{}] * 6})  # no dict is a category


@pytest.mark.parametrize(
    "transformer, bad", [(TableEncoder(), UNENCODABLE), (PerTask(StandardScaler()), X.astype(str).astype(object) + "x")]
)
def test_a_fit_that_fails_leaves_a_transformer_as_it_was(transformer, bad):
    before = transformer.fit(X).transform(X)
    with pytest.raises((TypeError, ValueError)):
        transformer.fit(bad)
    assert_array_equal(transformer.transform(X), before)
    assert not hasattr(transformer, "feature_names_in_")


def test_a_fit_on_tasks_that_fails_leaves_the_one_before():
    transformer = PerTask(StandardScaler()).fit(X)
    with pytest.raises(ValueError, match="features|columns"):
        transformer.fit([Task(X, X[:, 0]), Task(X[:, :2], X[:, 0])])
    assert_array_equal(transformer.transform(X), StandardScaler().fit_transform(X))


@pytest.mark.parametrize("transformer", [TableEncoder(), PerTask(StandardScaler())])
def test_tensors_of_torch_are_tables(transformer):
    expected = transformer.fit_transform(X)
    tensor = torch.as_tensor(X).requires_grad_()
    assert_array_equal(transformer.fit(tensor).transform(tensor), expected)
    with pytest.raises(ValueError, match="'meta', which holds no numbers"):
        transformer.transform(tensor.to("meta"))
