"""An error raised at any call inside the library leaves the estimator, and all that is global, as it was."""

import signal
import sys
import threading

import numpy as np
import pytest
import torch

import skmeta
from tests.campaign.subjects import BY_ROWS, ESTIMATORS, fitted, picture, quiet, rows_for, surroundings, tasks_for


def ctrl_c():
    """A signal, as the keys send it: what a callback raises is none."""
    signal.raise_signal(signal.SIGINT)
    return KeyboardInterrupt()


FAULTS = [ctrl_c, MemoryError, lambda: RuntimeError("CUDA error: out of memory")]


class AtCall:
    """Raises an error at the k-th call of a function of the library within the block; counts calls where k is None."""

    def __init__(self, k=None, error=None):
        self.k, self.error, self.n_calls, self.was_raised = k, error, 0, False

    def _hook(self, frame, event, arg):
        if event != "call" or "/skmeta/" not in frame.f_code.co_filename:
            return
        self.n_calls += 1
        if self.n_calls == self.k:
            sys.setprofile(None)
            self.was_raised = True
            raise self.error()

    def __enter__(self):
        assert threading.current_thread() is threading.main_thread()
        self._handler = signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # of none in a process behind the scenes
        sys.setprofile(self._hook)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)
        signal.signal(signal.SIGINT, self._handler)


def calls_of(name, path):
    X, y, asked = rows_for(name)
    tasks = tasks_for(name)
    calls = {"predict": lambda e: e.predict(asked), "save": lambda e: skmeta.save(e, path)}
    if name in BY_ROWS:
        calls["fit"] = lambda e: e.fit(X, y)
    else:
        calls["fit"] = lambda e: e.fit(tasks)
        calls["partial_fit"] = lambda e: e.partial_fit(X, y)
        calls["adapt"] = lambda e: e.adapt(X, y)
        calls["predict tasks"] = lambda e: e.predict(tasks)
    return calls


def prepared(name, method, n_epochs=2):
    """A fitted estimator; one that is to be fitted again will learn from other random numbers, and longer."""
    estimator = fitted(name)
    if method == "fit":
        new = {"max_epochs": n_epochs, "random_state": 1}
        estimator.set_params(**{one: new[one] for one in new if one in estimator.get_params()})
    return estimator


def outcome(name, method, estimator, answer, path):
    """What a call that came to its end has brought, as answers."""
    X, y, asked = rows_for(name)
    if method.startswith("predict"):
        return np.concatenate([np.ravel(one) for one in answer])
    if method == "save":
        estimator = skmeta.load(path)
    elif method == "fit" and name not in BY_ROWS:
        estimator.adapt(X, y)
    return estimator.predict(asked)


def check(name, method, n_faults, path, tally=None):
    """How many faults changed something, of those that were injected evenly over a call.

    Either the error comes out and the estimator is as it was, or the call ends and has brought what it brings without.
    """
    call = calls_of(name, path)[method]
    estimator = prepared(name, method)
    with quiet():
        expected = outcome(name, method, estimator, call(estimator), path)
    estimator = prepared(name, method)  # what is made once for all is not counted
    with quiet(), AtCall() as counted:
        call(estimator)
    wrong = []
    for place, k in enumerate(np.unique(np.linspace(1, counted.n_calls, n_faults).astype(int)).tolist()):
        estimator, error = prepared(name, method), FAULTS[place % len(FAULTS)]
        before, around = picture(estimator), surroundings()
        try:
            with quiet(), AtCall(k, error) as fault:
                answer = call(estimator)
        except (KeyboardInterrupt, MemoryError, RuntimeError, ValueError) as raised:
            is_interrupted_fit = method == "fit" and isinstance(raised, KeyboardInterrupt)
            if picture(estimator) != before and not (is_interrupted_fit and is_at_a_whole_epoch(estimator, name)):
                wrong.append((k, type(raised).__name__, "the estimator is another"))
        else:
            with quiet():
                brought = outcome(name, method, estimator, answer, path)
            if not is_alike(brought, expected):
                wrong.append((k, place % len(FAULTS), "was not heard of, and the call brought something else"))
        if tally is not None:
            tally["faults injected"] += fault.was_raised
        now = surroundings()
        wrong += [(k, key, "is another") for key in now if now[key] != around[key]]
    if method == "save" and path.parent.exists():
        wrong += [(one.name, "was left behind") for one in path.parent.iterdir() if one != path]
    return wrong


def is_alike(brought, expected):
    """Whether answers agree, but for the last digits: another engine may have taken over."""
    return np.allclose(brought, expected, rtol=1e-3) if brought.dtype.kind == "f" else np.array_equal(brought, expected)


def is_at_a_whole_epoch(estimator, name):
    """Whether an interrupted fit has left the weights of one that has trained an epoch or two, and nothing between."""
    X, y, asked = rows_for(name)
    with quiet():
        estimator.adapt(X, y).predict(asked)
        wholes = [prepared(name, "fit", n_epochs).fit(tasks_for(name)) for n_epochs in (1, 2)]
    weights, *of_wholes = (one.net_.module_.state_dict() for one in (estimator, *wholes))
    return any(all(torch.equal(weights[key], one[key]) for key in one) for one in of_wholes)


@pytest.mark.parametrize("method", ["predict", "partial_fit", "save"])
def test_some_faults_leave_everything_as_it_was(method, tmp_path):
    assert check("ProtoNetClassifier", method, 4, tmp_path / "file") == []


@pytest.mark.campaign
@pytest.mark.parametrize("method", ["fit", "partial_fit", "adapt", "predict", "predict tasks", "save"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_faults_leave_everything_as_it_was(name, method, tmp_path, tally):
    if method in calls_of(name, tmp_path):
        wrong = check(name, method, 10, tmp_path / "file", tally)
        tally["faults injected: something changed"] += len(wrong)
        assert wrong == []
