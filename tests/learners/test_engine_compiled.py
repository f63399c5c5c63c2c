"""The closed form through torch.compile, and what happens where there is no compiler."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from skmeta import MAMLClassifier
from skmeta.learners.engine import choose_engine, compiled


@pytest.fixture
def fresh(monkeypatch):
    """Functions that have not been compiled yet."""
    functions = {function: compiled.Compiled(function) for function in compiled.FUNCTIONS}
    monkeypatch.setattr(compiled, "FUNCTIONS", functions)
    return functions


def results(name):
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), nn.Tanh()).double()
    head = [torch.randn(2, 4, dtype=torch.float64).requires_grad_(), torch.zeros(2).double().requires_grad_()]
    X, Q, y = torch.randn(2, 4, 3).double(), torch.randn(2, 5, 3).double(), torch.tensor([[0, 1, 0, 1]] * 2)
    engine = choose_engine(body, engine=name)
    out = engine.adapt_and_predict(engine.start(*head), X, y, Q, steps=2, lr=0.3)
    return [out, *torch.autograd.grad(out.sin().sum(), engine.start(*head))], engine


def assert_equal(found, wanted):
    for a, b in zip(found, wanted):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


def test_what_is_compiled_equals_the_closed_form(fresh, monkeypatch):
    """The code generator itself takes minutes; what it is given is the same with one that only replays."""
    monkeypatch.setattr(compiled, "OPTIONS", {"dynamic": False, "backend": "aot_eager", "fullgraph": True})
    with warnings.catch_warnings():
        warnings.simplefilter("error", compiled.CompilationWarning)
        found, engine = results("compiled")
    assert engine.name == "compiled"
    assert_equal(found, results("closed_form")[0])


@pytest.mark.parametrize("when", ["making", "calling"])
def test_without_a_compiler_a_warning_and_the_closed_form(fresh, monkeypatch, when):
    def fails(*arguments, **options):
        raise RuntimeError("no C++ compiler found")

    monkeypatch.setattr(torch, "compile", fails if when == "making" else lambda function, **options: fails)
    with pytest.warns(compiled.CompilationWarning, match=r"no C\+\+ compiler found"):
        found, engine = results("compiled")
    assert engine.name == "closed_form"
    assert_equal(found, results("closed_form")[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_equal(results("compiled")[0], found)  # said once


def test_wrong_arguments_are_not_the_compiler_s_fault(fresh, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    engine = choose_engine(nn.Linear(3, 2), engine="compiled")
    start = engine.start(torch.zeros(2, 2), torch.zeros(2))
    with pytest.raises(RuntimeError):
        engine.adapt_and_predict(
            start, torch.zeros(1, 2, 7), torch.zeros(1, 2).long(), torch.zeros(1, 2, 7), steps=1, lr=0.1
        )
    assert engine.name == "compiled"


def test_it_is_asked_for_through_an_estimator_and_stored_with_it(fresh, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)
    X, y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2
    fitted = {
        name: MAMLClassifier(engine=name, max_epochs=1, steps_per_epoch=2, random_state=0).fit(X, y)
        for name in ("compiled", "closed_form")
    }
    assert fitted["compiled"].engine_ == "compiled"
    answers = fitted["compiled"].predict_proba(X)
    np.testing.assert_allclose(answers, fitted["closed_form"].predict_proba(X), rtol=1e-5)
    for again in (copy.deepcopy(fitted["compiled"]), pickle.loads(pickle.dumps(fitted["compiled"]))):
        np.testing.assert_array_equal(again.predict_proba(X), answers)


def test_it_is_never_chosen_automatically():
    assert choose_engine(nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))).name == "closed_form"
    with pytest.raises(ValueError, match="closed_form"):
        choose_engine(nn.Sequential(nn.Linear(3, 4), nn.Dropout()), engine="compiled")
