"""The kernel's logistic regression is that of the library's products and factors."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skmeta import ProtoNetClassifier, native
from skmeta.learners.convex import fit_logistic
from skmeta.learners.convex.logistic import logistic_heads

TIGHT = {"tolerance": 1e-12}


def problem(n_tasks, n, e, C, scale=1.0):
    """Features, one-hot labels, row weights with a zero among them, offset, and classes of which one may be absent."""
    g = torch.Generator().manual_seed(0)
    features, offset = (torch.randn(n_tasks, n, k, generator=g, dtype=torch.float64) for k in (e, C))
    weight = torch.rand(n_tasks, n, generator=g, dtype=torch.float64)
    weight[:, 0] = 0
    class_mask = torch.ones(n_tasks, C, dtype=torch.bool)
    class_mask[0, -1] = C == 1
    labels = torch.randint(0, max(C - 1, 1), (n_tasks, n), generator=g)
    members = torch.nn.functional.one_hot(labels, C).to(features)
    return scale * features, members, weight, offset, class_mask


@pytest.fixture
def calls(monkeypatch):
    """What the kernel has been asked for."""
    asked, fit = [], native.fit_logistic
    monkeypatch.setattr(native, "fit_logistic", lambda *how: asked.append(how) or fit(*how))
    return asked


def without_kernel(function, *arguments, **how):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "fits_logistic", lambda *tensors: False)
        return function(*arguments, **how)


sizes = st.tuples(*[st.integers(1, top) for top in (3, 40, 20, 6)])


@given(sizes=sizes, scale=st.sampled_from([0.1, 1.0, 100.0]))
def test_weights_are_those_without_it(sizes, scale):
    arguments = problem(*sizes, scale)
    assert native.fits_logistic(*arguments[:2])
    wanted = without_kernel(fit_logistic, *arguments, **TIGHT)
    torch.testing.assert_close(fit_logistic(*arguments, **TIGHT), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n, e, C", [(300, 30, 5), (60, 65, 10), (300, 16, 10)], ids=["blocks", "products", "largest"])
def test_many_rows_and_many_unknowns(n, e, C, calls):
    arguments = problem(2, n, e, C)
    wanted = without_kernel(fit_logistic, *arguments, **TIGHT)
    assert not calls
    torch.testing.assert_close(fit_logistic(*arguments, **TIGHT), wanted, rtol=1e-6, atol=1e-6)
    assert calls


def test_the_gradient_is_the_same():
    arguments = problem(2, 20, 4, 3)

    def gradient():
        features = arguments[0].clone().requires_grad_()
        fit_logistic(features, *arguments[1:], **TIGHT).sin().sum().backward()
        return features.grad

    torch.testing.assert_close(gradient(), without_kernel(gradient), rtol=1e-6, atol=1e-6)


def test_a_tasks_weights_do_not_depend_on_its_neighbours():
    features, members, weight, offset, class_mask = problem(3, 30, 6, 4)
    features[1] *= 50
    all_of_them = fit_logistic(features, members, weight, offset, class_mask)
    for t in range(3):
        own = (value[t : t + 1] for value in (features, members, weight, offset, class_mask))
        assert torch.equal(fit_logistic(*own), all_of_them[t : t + 1])


def test_single_precision_is_solved_in_double():
    features, members, weight, offset, class_mask = problem(1, 40, 8, 3, scale=100.0)
    labels, start = members.argmax(2), torch.zeros(1, 8, dtype=torch.float64)
    exact = logistic_heads(features, labels, weight, class_mask, start, 1.0)
    single = logistic_heads(features.float(), labels, weight.float(), class_mask, start.float(), 1.0)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n, e, C", [(30, 7, 3), (200, 9, 4), (20, 65, 5)], ids=["small", "blocks", "products"])
def test_memory_to_work_in_may_hold_anything_and_nothing_beyond_it_is_touched(n, e, C, monkeypatch):
    arguments, beyond, made = problem(1, n, e, C), 64, []

    def dirty(parts, size, dtype):
        made.append(torch.full((size + beyond,), torch.nan, dtype=dtype))
        made[-1][size:] = 7.0
        return [made[-1]]

    wanted = fit_logistic(*arguments)
    monkeypatch.setattr(native.logistic, "scratch", dirty)
    assert torch.equal(fit_logistic(*arguments), wanted)
    assert (made[0][-beyond:] == 7.0).all()


def test_an_estimator_of_one_table_answers_with_it_as_without(calls):
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(120, 5, generator=g).numpy(), torch.randint(0, 3, (120,), generator=g).numpy()

    def chances():
        return ProtoNetClassifier(max_epochs=1, random_state=0).fit(X, y).adapt(X[:60], y[:60]).predict_proba(X)

    with_it = torch.as_tensor(chances())
    assert calls
    torch.testing.assert_close(with_it, torch.as_tensor(without_kernel(chances)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("which", ["members", "weight", "offset"])
def test_what_is_the_same_for_all_tasks_or_rows_may_be_given_once(which):
    features, members, weight, offset, class_mask = problem(3, 20, 4, 3)
    once = {"members": members[:1], "weight": weight[:1], "offset": offset[:, :1]}
    arguments = [once[name] if name == which else value
                 for name, value in {"members": members, "weight": weight, "offset": offset}.items()]  # fmt: skip
    wanted = without_kernel(fit_logistic, features, *arguments, class_mask, **TIGHT)
    torch.testing.assert_close(fit_logistic(features, *arguments, class_mask, **TIGHT), wanted, rtol=1e-6, atol=1e-6)
