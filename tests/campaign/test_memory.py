"""Memory: answers to many rows, from large supports and for many tasks, take what the rows explain."""

import os

import numpy as np
import pytest

from skmeta import Task
from tests.campaign.subjects import BY_ROWS, ESTIMATORS, fitted, quiet, rows_for, tasks_for

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="children begin with their own peak")
MB = 10**6
MOST = 600 * MB  # the rows of all calls below have 1 to 4 MB


def grown(work):
    """By how many bytes the peak of a process of its own grows while it works."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            with quiet():
                work()
            os.write(theirs, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(pid, 0)
    with os.fdopen(ours) as told:
        return 1024 * int(told.read())


def calls_of(name):
    """What is asked of a fitted estimator, by name."""
    X, y, _ = rows_for(name)
    draw = np.random.default_rng(0)
    few = name.startswith("InContext")  # and slow
    asked = draw.normal(size=(20_000 if few else 100_000, X.shape[1]))
    rows = draw.integers(0, len(X), 1_000 if few else 4_000)
    large, targets = X[rows] + 0.01 * draw.normal(size=(len(rows), X.shape[1])), y[rows]
    calls = {"many rows": lambda e: e.predict(asked)}
    if name in BY_ROWS:
        calls["a large support"] = lambda e: e.fit(large, targets).predict(asked[:20_000])
        return calls
    calls["a large support"] = lambda e: e.adapt(large, targets).predict(asked[:20_000])
    tasks = [Task(one.X, one.y, one.X_query) for one in tasks_for(name)] * (25 if few else 100)
    calls["many tasks, one large"] = lambda e: e.predict([Task(large, targets, asked[:2_000]), *tasks])
    return calls


def check(name):
    """Which calls took more than they may, with the bytes they took."""
    estimator = fitted(name)
    took = {what: grown(lambda call=call: call(estimator)) for what, call in calls_of(name).items()}
    return {what: n_bytes for what, n_bytes in took.items() if n_bytes > MOST}


@pytest.mark.parametrize("name", ["MetaKNeighborsClassifier", "ProtoNetClassifier"])
def test_answers_take_the_memory_that_their_rows_explain(name):
    assert check(name) == {}


@pytest.mark.campaign
@pytest.mark.parametrize("name", ESTIMATORS)
def test_answers_of_all_take_the_memory_that_their_rows_explain(name, tally):
    greedy = check(name)
    tally["calls measured for memory"] += len(calls_of(name))
    tally["calls measured for memory: greedy"] += len(greedy)
    assert greedy == {}
