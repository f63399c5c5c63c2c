"""Answers in single precision: no row feels the others, and none is further from double precision than rounding."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.validation import validate_data
from torch import nn

from skmeta import MAMLClassifier, MAMLRegressor, ProtoNetClassifier, ReptileClassifier
from skmeta.estimators.base.served_learner import BLOCK, TILE, answers_in_blocks, rows_in_a_block
from skmeta.learners.base import Learner
from skmeta.learners.maml import MAML
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import MLP, ResidualMLP
from tests.estimators.contract import cheap, one_task, tasks_for

SINGLE = [ProtoNetClassifier, MAMLClassifier, MAMLRegressor, ReptileClassifier]


def trained(cls):
    """Meta-trained, with a body that is served in single precision."""
    return cheap(cls, module=MLP).fit(tasks_for(cls))


def a_function(kind, d, width, n_classes, activation):
    """The answers of an adapted learner to rows, as serving asks for them."""
    torch.manual_seed(d * width)
    body = nn.Sequential(nn.Linear(d, width), activation(), nn.Linear(width, width))
    learner = kind(body, d)
    X, y = torch.randn(1, 4 * n_classes, d), torch.arange(4 * n_classes)[None] % n_classes
    with torch.no_grad():
        return learner.answerer(learner.adapt(X, y, class_mask=torch.ones(1, n_classes, dtype=torch.bool)))


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from([Prototypes, MAML]),
    d=st.integers(1, 300),
    width=st.integers(1, 130),
    n_classes=st.integers(2, 12),
    activation=st.sampled_from([nn.ReLU, nn.Tanh, nn.GELU, nn.ELU]),
    n_rows=st.integers(1, BLOCK + 3 * TILE),
    seed=st.integers(0, 2**31),
)
def test_a_rows_answer_is_the_same_bit_for_bit_whatever_rows_are_beside_it(
    kind, d, width, n_classes, activation, n_rows, seed
):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, d)).astype(np.float32)
    with torch.no_grad():
        answer = a_function(kind, d, width, n_classes, activation)
        together = answers_in_blocks(answer, X, "cpu")
        some = rng.permutation(n_rows)[: rng.integers(1, n_rows + 1)]
        assert together.shape == (n_rows, n_classes)
        np.testing.assert_array_equal(answers_in_blocks(answer, X[some], "cpu"), together[some])
        np.testing.assert_array_equal(answers_in_blocks(answer, X[:1], "cpu"), together[:1])


@pytest.mark.parametrize("d", [4, 20, 64])
def test_so_is_that_of_the_default_body_whose_width_makes_blocks_smaller(d):
    torch.manual_seed(d)
    body = ResidualMLP(d)
    nn.init.normal_(body.correction[-1].weight)
    learner, block = Prototypes(body, d), rows_in_a_block(Prototypes(body, d))
    assert block % TILE == 0 and TILE < block < BLOCK
    X, rng = torch.randn(2 * block + 30, d).numpy(), np.random.default_rng(d)
    with torch.no_grad():
        state = learner.adapt(torch.randn(1, 9, d), torch.arange(9)[None] % 3, class_mask=torch.ones(1, 3).bool())
        answer = learner.answerer(state)
        together = answers_in_blocks(answer, X, "cpu", block)
        for n_rows in (1, 2, TILE + 1, block - 1, block + 1):
            some = rng.permutation(len(X))[:n_rows]
            np.testing.assert_array_equal(answers_in_blocks(answer, X[some], "cpu", block), together[some])


@pytest.mark.parametrize("cls", SINGLE)
def test_answers_in_single_precision_are_those_in_double(cls):
    task, meta = one_task(cls), trained(cls)
    meta.adapt(task.X, task.y)
    assert meta.served_.is_quick
    quick = meta._answers(task.X_query)[0]
    exact = meta._answers(task.X_query, exact=True)[0]
    if cls is ProtoNetClassifier:  # up to a constant of each row
        quick, exact = (value - value.max(1, keepdims=True) for value in (quick, exact))
    np.testing.assert_allclose(quick, exact, rtol=1e-4, atol=1e-4)


def test_a_body_that_is_no_stack_of_layers_is_served_in_double_precision():
    class Own(nn.Module):
        def __init__(self, n_features_in):
            super().__init__()
            self.first, self.second = nn.Linear(n_features_in, 8), nn.Linear(n_features_in, 8)

        def forward(self, X):
            return self.first(X) * self.second(X)

    task = one_task(ProtoNetClassifier)
    meta = cheap(ProtoNetClassifier, module=Own).fit([task] * 4).adapt(task.X, task.y)
    assert not meta.served_.is_quick
    assert meta.predict_proba(task.X_query).dtype == np.float64


def test_learners_are_served_in_double_precision_unless_they_say_otherwise():
    assert Learner.single_precision is False


def test_the_next_task_is_answered_anew():
    first, second = one_task(ProtoNetClassifier, seed=1), one_task(ProtoNetClassifier, seed=2)
    meta = trained(ProtoNetClassifier)
    one = meta.adapt(first.X, first.y).predict_proba(first.X_query)
    other = copy.copy(meta).adapt(second.X, second.y)
    other.predict_proba(first.X_query)
    np.testing.assert_array_equal(meta.predict_proba(first.X_query), one)


# ---------------------------------------------------------------------- the way past scikit-learn's validation


def checked(meta, X):
    """What scikit-learn's own validation says."""
    return meta.rows_._single_safe(validate_data(meta, X, reset=False, accept_sparse="csr", dtype=np.float64), False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.float16])
@pytest.mark.parametrize("order", ["C", "F", "reversed"])
def test_plain_arrays_come_through_as_validation_would_let_them(dtype, order):
    X = (10 * np.random.default_rng(0).standard_normal((7, 4))).astype(dtype)
    X = {"C": X, "F": np.asfortranarray(X), "reversed": X[::-1]}[order]
    task = one_task(ProtoNetClassifier)
    meta = trained(ProtoNetClassifier).adapt(task.X, task.y)
    np.testing.assert_array_equal(meta.rows_.read(meta, X), checked(meta, X))
    X.flags.writeable = False
    assert meta.predict(X).shape == (7,)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda X: X[:, :3],
        lambda X: X[0],
        lambda X: X[:0],
        lambda X: np.where(X[2, 1] == X, np.nan, X),
        lambda X: np.where(X[2, 1] == X, -np.inf, X),
        lambda X: np.where(X[2, 1] == X, 1e35, X),
        lambda X: X.astype(complex),
    ],
)
def test_bad_arrays_are_refused_in_the_same_words(spoil):
    X = spoil(np.random.default_rng(0).standard_normal((7, 4)))
    task = one_task(ProtoNetClassifier)
    meta = trained(ProtoNetClassifier).adapt(task.X, task.y)
    with pytest.raises(ValueError) as ours:
        meta.predict(X)
    with pytest.raises(ValueError) as theirs:
        checked(meta, X)
    assert str(ours.value) == str(theirs.value)
