"""What cannot be used is named, with the value and what to do instead."""

import numpy as np
import pandas as pd
import pytest
from torch import nn

from skmeta import MAMLClassifier, MAMLRegressor, MetaKNeighborsClassifier, ProtoNetClassifier

X, Y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3
TWINS = pd.DataFrame(X, columns=["a", "a", "b"])
CASES = {
    "a callback that is none": (lambda: ProtoNetClassifier(callbacks=[3]).fit(X, Y), r"callbacks .* got \[3\]"),
    "a device that computes nothing": (lambda: ProtoNetClassifier(device="meta").fit(X, Y), "'meta' computes nothing"),
    "a layer that wants sizes": (lambda: ProtoNetClassifier(nn.Linear).fit(X, Y), r"such as torch.nn.Linear\(4, 16\)"),
    "another paper's name": (lambda: MAMLClassifier(adapt_params="anil").fit(X, Y), r"'head' \(ANIL\).* got 'anil'"),
    "a loader that is none": (lambda: ProtoNetClassifier(iterator_train=3).fit(X, Y), "iterator_train .* got 3"),
    "no neighbours": (lambda: MetaKNeighborsClassifier(n_neighbors=0).fit(X, Y), "n_neighbors .* got 0"),
    "no feature": (lambda: MAMLRegressor().fit(pd.DataFrame({"s": Y}), X[:, 0], task="s"), "no column left"),
    "twin columns": (lambda: ProtoNetClassifier().fit(TWINS, Y), "two columns that are called 'a'"),
    "twin columns of tasks": (lambda: ProtoNetClassifier().fit([(TWINS, Y)] * 3), "two columns that are called 'a'"),
    "dates": (
        lambda: ProtoNetClassifier().fit(pd.DataFrame({"day": pd.date_range("2020", periods=12)}), Y),
        "Column 'day' of X holds dates.*TableEncoder",
    ),
    "a missing label": (lambda: ProtoNetClassifier().fit(X, [0, 1, None] * 4), "A label is missing: None in row 2"),
    "a missing class": (
        lambda: ProtoNetClassifier(max_epochs=0).fit(X, Y).adapt(X, Y, classes=[0, 1, 2, np.nan]),
        "holds a missing label",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_says_what_was_wrong_and_what_to_do(case):
    call, words = CASES[case]
    with pytest.raises(ValueError, match=words):
        call()
