"""Every estimator trains, adapts, answers and is saved where it is told to, and asks of the GPU what it must."""

import copy
import inspect

import numpy as np
import pytest
from sklearn.base import is_classifier

import skmeta
from skmeta.registry import all_estimators
from skmeta.tasks import GaussianClusters, LinearFamily
from tests.device.stand_in import StandIn
from tests.estimators.contract import CLASSES, answers, cheap, one_task, tasks_for, trained

#: one for each way of training, in the default run; the full run has them all
SOME = {
    "ProtoNetClassifier", "MAMLRegressor", "RecurrentClassifier", "MetaOptNetClassifier", "NeuralProcessRegressor",
    "FineTuneTransfer",
}  # fmt: skip


def some(cls, chosen):
    """A parameter of a test; the default run has only those that are chosen."""
    return pytest.param(cls, marks=() if cls.__name__ in chosen else pytest.mark.full)


EACH = [some(cls, SOME) for cls in CLASSES]
#: learners that draw while they are trained: from a generator of the GPU, which gives other numbers than the CPU's
DRAW = {"RecurrentClassifier", "RecurrentRegressor", "MANNClassifier"}
#: what a step may read from the GPU: its loss, and how many answers were right
READS = {"training/meta_net.py", "training/step.py"}
#: learners that ask the GPU more in every step, and what
ASKS_MORE = {
    "InContextClassifier": "whether its experts' solvers have solved all tasks, and what columns hold",
    "InContextRegressor": "whether its experts' solvers have solved all tasks, and what columns hold",
    "LearnedOptimizerClassifier": "after each of its steps, whether a row that its loss is of lacks a label",
    "LearnedOptimizerRegressor": "after each of its steps, whether a row that its loss is of lacks a label",
    "SiameseNetClassifier": "whether a row that its pairs are of lacks a label",
    "TripletNetClassifier": "whether a row that its triplets are of lacks a label",
    "ReptileClassifier": "whether a row that its loss is of lacks a label",
} | dict.fromkeys(DRAW, "how many rows the longest task has, and whether one that its loss is of lacks a label")


@pytest.mark.parametrize("cls", EACH)
def test_what_is_trained_there_is_what_is_trained_here(cls):
    task = one_task(cls)
    here = copy.copy(trained(cls)).adapt(task.X, task.y)
    with StandIn():
        there = cheap(cls, device="cuda").fit(tasks_for(cls)).adapt(task.X, task.y)
        assert all(value.device.type == "cuda" for value in there.net_.module_.state_dict().values())
        said = answers(there, task.X_query)
        many = there.predict(tasks_for(cls))
    assert all(isinstance(answer, np.ndarray) for answer in (said, *many))
    if cls.__name__ not in DRAW:
        np.testing.assert_allclose(said, answers(here, task.X_query), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("cls", EACH)
def test_it_is_saved_there_and_loads_anywhere(cls, tmp_path):
    task = one_task(cls)
    here = copy.copy(trained(cls)).adapt(task.X, task.y)
    here.save(tmp_path / "here")
    with StandIn():
        there = skmeta.load(tmp_path / "here", device="cuda")
        there.save(tmp_path / "there")
        again = skmeta.load(tmp_path / "there")
        assert again.device == "cuda"
        for loaded in (there, again, skmeta.load(tmp_path / "there", device="cpu")):
            np.testing.assert_allclose(answers(loaded, task.X_query), answers(here, task.X_query), rtol=1e-6, atol=1e-9)
        again.adapt(task.X[::2], task.y[::2]).partial_fit(task.X[1::2], task.y[1::2])
        assert np.isfinite(answers(again, task.X_query)).all()
    with pytest.warns(UserWarning, match="cuda"):
        home = skmeta.load(tmp_path / "there")
    np.testing.assert_allclose(answers(home, task.X_query), answers(here, task.X_query), rtol=1e-6, atol=1e-9)


@pytest.mark.full
@pytest.mark.parametrize("cls", CLASSES)
def test_one_table_is_learned_from_there(cls):
    task = one_task(cls)
    X, y = np.vstack([task.X, task.X_query]), np.concatenate([task.y, task.y_query])
    with StandIn():
        there = cheap(cls, device="cuda", warm_start=True).fit(X, y)
        assert np.isfinite(answers(there.fit(X, y), X)).all()
        ids = np.repeat(np.arange(2), len(X))
        by_task = cheap(cls, device="cuda").fit(np.vstack([X, X]), np.concatenate([y, y]), task=ids)
        assert len(by_task.predict(X, task=ids[: len(X)])) == len(X)


def moves_of_a_step(cls, tasks):
    """What two steps more cost, halved: what is moved once for a fit falls out."""
    moves = []
    for steps in (2, 4):
        with StandIn() as gpu:
            cheap(cls, device="cuda", steps_per_epoch=steps).fit(tasks)
        moves.append(gpu.moves)
    moves[1].subtract(moves[0])
    return {move: times / 2 for move, times in moves[1].items() if times}


@pytest.mark.parametrize("cls", EACH)
@pytest.mark.parametrize("kind", ["given", "drawn"])
def test_a_step_copies_its_tasks_numbers_its_loss_and_its_accuracy(cls, kind):
    if "steps_per_epoch" not in inspect.signature(cls).parameters:
        pytest.skip("it has no epochs")
    tasks = tasks_for(cls)
    if kind == "drawn":
        family = GaussianClusters(n_ways=5, n_shots=24, n_query=0, n_features=4, n_irrelevant=2)
        tasks = (family if is_classifier(cls()) else LinearFamily(4, n_shots=24, n_query=0)).sample(6, random_state=0)
    moves = moves_of_a_step(cls, tasks)
    to_gpu = {move: times for move, times in moves.items() if move[0] == "to gpu"}
    assert sum(to_gpu.values()) <= 1 and all(where.startswith("tasks/store.py") for _, where in to_gpu), to_gpu
    if cls.__name__ in ASKS_MORE:
        return
    to_host = {move: times for move, times in moves.items() if move[0] == "to host"}
    assert all(where.split(":")[0] in READS for _, where in to_host) and sum(to_host.values()) <= 2, to_host


def test_all_that_train_are_here():
    assert [cls for cls in all_estimators() if "device" in inspect.signature(cls).parameters] == CLASSES
