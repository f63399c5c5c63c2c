"""The kernel's ridge regression is the library's, derivatives included."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skmeta import MetaOptNetClassifier, native
from skmeta.learners.ridge import ridge_answers, ridge_weights

F64 = torch.float64


def problem(n_tasks, n, e, k, m, dtype=F64):
    """Support, targets, query, penalty, and row weights with a zero among them."""
    g = torch.Generator().manual_seed(0)
    shapes = (n_tasks, n, e), (n_tasks, k, n), (n_tasks, m, e)
    tensors = [torch.randn(*shape, generator=g, dtype=F64).to(dtype).requires_grad_() for shape in shapes]
    weight = torch.rand(n_tasks, n, generator=g, dtype=F64).to(dtype)
    weight[:, 0] = 0
    return tensors, torch.tensor(0.7, dtype=dtype, requires_grad=True), weight


def answers_and_gradients(tensors, penalty, weight):
    support, targets, query = tensors
    out = []
    for value in (
        ridge_answers(support, targets, query, penalty, weight),
        ridge_weights(support, targets, penalty, weight),
    ):
        out += [value, *torch.autograd.grad(value.sin().sum(), [*tensors, penalty], allow_unused=True)]
    return [value for value in out if value is not None]


@pytest.fixture
def calls(monkeypatch):
    """What the kernel has been asked for."""
    asked, ridge = [], native.Ridge
    monkeypatch.setattr(native, "Ridge", lambda *how: asked.append(how) or ridge(*how))
    return asked


def without_kernel(function, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "fits_ridge", lambda *tensors: False)
        return function(*arguments)


def assert_same(found, wanted, tolerance=1e-10):
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@given(sizes=st.tuples(*[st.integers(1, top) for top in (3, 40, 40, 20, 30)]), weighted=st.booleans())
def test_answers_and_gradients_are_those_without_it(sizes, weighted):
    tensors, penalty, weight = problem(*sizes)
    arguments = tensors, penalty, weight if weighted else None
    assert native.fits_ridge(*tensors[:2], penalty, tensors[2])
    assert_same(answers_and_gradients(*arguments), without_kernel(answers_and_gradients, *arguments))


def test_many_columns_in_single_precision(calls):
    arguments = problem(2, 25, 1000, 5, 40, torch.float32)
    assert_same(answers_and_gradients(*arguments), without_kernel(answers_and_gradients, *arguments), 1e-4)
    assert len(calls) == 2


@pytest.mark.parametrize("sizes", [(1, 300, 300, 2, 3), (2, 0, 3, 2, 4)], ids=["large", "empty"])
def test_large_systems_and_empty_ones_are_left_to_the_library(sizes, calls):
    (support, targets, query), penalty, _ = problem(*sizes[:1], max(sizes[1], 1), *sizes[2:])
    support, targets = support[:, : sizes[1]], targets[:, :, : sizes[1]]
    ridge_answers(support, targets, query, penalty)
    assert not calls


def test_no_rows_asked_about_have_no_answers():
    tensors, penalty, weight = problem(2, 3, 4, 2, 0)
    assert ridge_answers(*tensors, penalty, weight).shape == (2, 0, 2)


def test_a_tensor_that_is_changed_before_the_gradient_is_noticed():
    (support, targets, query), penalty, _ = problem(1, 3, 4, 2, 5)
    rows = support.detach().clone()
    out = ridge_answers(rows, targets, query, penalty)
    rows.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_estimators_train_with_it_as_without(cluster_tasks, calls):
    def chances():
        model = MetaOptNetClassifier(head="ridge", max_epochs=2, random_state=0).fit(cluster_tasks)
        task = cluster_tasks[0]
        return torch.as_tensor(model.adapt(task.X, task.y).predict_proba(task.X_query))

    with_it = chances()
    assert calls
    torch.testing.assert_close(with_it, without_kernel(chances), rtol=0, atol=0.02)  # Adam makes much of last digits
