"""Functions of rows in the kernel: those without it, and no row feels the others."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from skmeta import MAMLClassifier, ProtoNetClassifier, native
from skmeta.estimators.base.served_learner import answers_in_blocks
from skmeta.learners.engine.recognise import find_embedding
from skmeta.nets import MLP, ResidualMLP, Standardize
from tests.learners.test_embed import corrected

BODIES = {
    "one layer": lambda d: nn.Linear(d, 5),
    "no bias": lambda d: nn.Sequential(nn.Linear(d, 7, bias=False), nn.Tanh(), nn.Linear(7, 4, bias=False)),
    "deep": lambda d: nn.Sequential(
        nn.Linear(d, 9), nn.ELU(), nn.Linear(9, 70), nn.Sigmoid(), nn.LeakyReLU(), nn.Linear(70, 3), nn.ReLU()
    ),
    "MLP": lambda d: MLP(d),
    "residual": lambda d: corrected(ResidualMLP(d)) if d == 3 else ResidualMLP(d),
    "residual with a last map": lambda d: ResidualMLP(d, n_hidden=20, n_out=4, scaling="table"),
}


def function(body, d, n_answers, dtype):
    """Of rows, by the kernel, and the same in torch's words."""
    torch.manual_seed(0)
    body = BODIES[body](d).to(dtype)
    width = body(torch.zeros(1, d, dtype=dtype)).shape[1]
    weight, bias = torch.randn(n_answers, width, dtype=dtype), torch.randn(n_answers, 1, dtype=dtype)
    with torch.no_grad():
        found = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)
    return found, lambda X: weight @ body(X).t() + bias


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("n_rows", [1, 64, 131])
def test_answers_are_those_of_the_modules(body, n_rows):
    answer, plain = function(body, 3, 4, torch.float64)
    X = 3 + 20 * torch.randn(n_rows, 3, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(answer(X), plain(X), rtol=1e-10, atol=1e-10)


@given(
    body=st.sampled_from(sorted(BODIES)),
    d=st.integers(1, 40),
    n_answers=st.integers(1, 20),
    n_rows=st.integers(1, 300),
    seed=st.integers(0, 2**31),
)
def test_a_rows_answer_is_the_same_bit_for_bit_whatever_rows_are_beside_it(body, d, n_answers, n_rows, seed):
    answer, _ = function(body, d, n_answers, torch.float32)
    rng = np.random.default_rng(seed)
    X, some = rng.standard_normal((n_rows, d)), rng.permutation(n_rows)[: rng.integers(1, n_rows + 1)]
    with torch.no_grad():
        together = answers_in_blocks(answer, X, "cpu")
        assert together.shape == (n_rows, n_answers)
        np.testing.assert_array_equal(answers_in_blocks(answer, X[some], "cpu"), together[some])


def test_threads_share_the_rows(monkeypatch):
    from skmeta.native import calling

    answer, _ = function("MLP", 3, 4, torch.float32)
    X = torch.randn(300, 3)
    alone = answer(X)
    monkeypatch.setattr(calling, "WORK_OF_A_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert torch.equal(answer(X), alone)


def test_rows_that_do_not_fit_are_refused():
    answer, _ = function("MLP", 3, 4, torch.float32)
    for rows in (torch.zeros(2, 4), torch.zeros(2, 3, dtype=torch.float64), torch.zeros(3)):
        with pytest.raises(native.Misfit, match="not what this function is of"):
            answer(rows)


def test_statistics_of_other_columns_are_left_to_torch():
    body = nn.Sequential(Standardize(1), nn.Linear(6, 8), nn.ReLU())  # torch broadcasts
    weight, bias, X = torch.randn(2, 8), torch.randn(2, 1), torch.randn(5, 6)
    with torch.no_grad():
        found = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)(X)
        torch.testing.assert_close(found, weight @ body(X).t() + bias)


def test_a_standardisation_with_a_hook_is_called():
    body = nn.Sequential(Standardize(6), nn.Linear(6, 8), nn.ReLU())
    body[0].register_forward_hook(lambda module, args, out: out.sign())
    weight, bias, X = torch.randn(2, 8), torch.randn(2, 1), torch.randn(5, 6)
    with torch.no_grad():
        found = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)(X)
        torch.testing.assert_close(found, weight @ body(X).t() + bias)


def test_what_has_answered_can_be_copied(cluster_tasks):
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(cluster_tasks)
    X = cluster_tasks[0].X
    meta.adapt(X, cluster_tasks[0].y).predict(X)
    copied = copy.deepcopy(meta)
    np.testing.assert_array_equal(copied.predict_proba(X), meta.predict_proba(X))
    copy.deepcopy(meta.served_)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MAMLClassifier])
def test_estimators_answer_with_it_as_without(cls, cluster_tasks):
    model = cls(max_epochs=1, random_state=0).fit(cluster_tasks)
    task = cluster_tasks[0]
    with_it = model.adapt(task.X, task.y).predict_proba(task.X_query)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "available", lambda: False)
        without = model.adapt(task.X, task.y).predict_proba(task.X_query)
    np.testing.assert_allclose(with_it, without, rtol=1e-4, atol=1e-5)
