"""Inner steps of a classifier are as long as a task's rows allow."""

import copy

import pytest
import torch
from torch import nn

from skmeta import (
    FineTuneTransfer,
    LearnedOptimizerClassifier,
    MAMLClassifier,
    MAMLRegressor,
    ReptileClassifier,
    ReptileRegressor,
    TaskSet,
    split_tasks,
)
from skmeta.datasets import make_related_tables
from skmeta.learners.engine import choose_engine
from skmeta.learners.gradient_based import steepness
from skmeta.learners.maml import MAML
from skmeta.tasks import GaussianClusters


def task(n_rows=12, n_columns=5, n_classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(2, n_rows, n_columns, generator=generator, dtype=torch.float64)
    return X, torch.arange(n_rows).expand(2, -1) % n_classes, torch.ones(2, n_classes, dtype=torch.bool)


@pytest.mark.parametrize("n_rows", [3, 40])
def test_steepness_bounds_the_largest_eigenvalue_closely(n_rows):
    X, _, _ = task(n_rows)
    rows = torch.cat([X, torch.ones_like(X[..., :1])], 2)
    largest = torch.linalg.eigvalsh(rows.transpose(1, 2) @ rows / n_rows)[:, -1]
    assert ((steepness(X) >= largest) & (steepness(X) < 1.5 * largest)).all()


@pytest.mark.parametrize("size", [1e-5, 1e5, 1e10])
def test_steepness_is_a_number_whatever_the_unit_of_rows(size):
    X = size * task()[0]
    torch.testing.assert_close(steepness(X.float()).double(), steepness(X), rtol=1e-5, atol=0)


def test_steepness_counts_rows_by_their_weights_and_padding_not_at_all():
    X, _, _ = task(4)
    weight = torch.tensor([[2.0, 1.0, 1.0, 0.0]]).expand(2, -1).double()
    padded = torch.where(weight[..., None] > 0, X, torch.nan)
    torch.testing.assert_close(steepness(padded, weight), steepness(X[:, [0, 0, 1, 2]]))


@pytest.mark.parametrize("engine", ["auto", "closed_form", "any_module", "naive"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_pace_multiplies_the_rates_of_its_task(engine, weighted):
    X, y, mask = task()  # "auto" is the kernel, where there is one
    weight = torch.rand(2, 12, dtype=torch.float64) if weighted else None
    body = nn.Sequential(nn.Linear(5, 4), nn.Tanh()).double()
    engine = choose_engine(body, engine=engine)
    start = engine.start(torch.randn(3, 4).double(), torch.zeros(3).double())
    settings = {"support_weight": weight, "class_mask": mask, "steps": 3}
    paced = engine.adapt(start, X, y, pace=torch.tensor([0.5, 2.0]).double(), lr=0.1, **settings)
    for i, lr in enumerate([0.05, 0.2]):
        for found, expected in zip(paced, engine.adapt(start, X, y, lr=lr, **settings)):
            torch.testing.assert_close(found[i], expected[i])
    answers = engine.adapt_and_predict(start, X, y, X, pace=torch.tensor([0.5, 2.0]).double(), lr=0.1, **settings)
    torch.testing.assert_close(answers, engine.predict(paced, X, mask))


@pytest.mark.parametrize("size", [0.01, 1.0, 100.0])
def test_the_steps_of_a_linear_head_lead_downhill_whatever_the_size_of_rows(size):
    X, y, mask = task(12, 40)
    learner = MAML(nn.Identity(), 40, inner_lr="auto", inner_steps=1).double().eval()
    losses = []
    for steps in range(8):
        state = learner.configured(inner_steps=steps).adapt(size * X, y, None, mask)
        losses.append(nn.functional.cross_entropy(learner.predict(state, size * X).flatten(0, 1), y.flatten()))
    assert all(after < before for before, after in zip(losses, losses[1:]))


@pytest.mark.parametrize("cls", [MAMLClassifier, ReptileClassifier, LearnedOptimizerClassifier])
def test_tasks_of_many_columns_with_a_large_part_in_common_are_learned(cls):
    """One-hot columns that nearly all rows have make every row long; steps of a fixed rate jumped to and fro."""
    tasks = GaussianClusters(n_ways=5, n_shots=5, n_query=10, n_features=60, separation=5.0).sample(60, random_state=0)
    for one in tasks:
        one.X[:, :30] += 4.0
        one.X_query[:, :30] += 4.0
    settings = {"module__scaling": None, "max_epochs": 0, "random_state": 0}
    assert cls(**settings).fit(tasks[:40]).score(tasks[40:]) > 0.8
    if cls is MAMLClassifier:
        assert cls(inner_lr=0.2, **settings).fit(tasks[:40]).score(tasks[40:]) < 0.7


@pytest.mark.parametrize(
    "cls, max_epochs", [(MAMLClassifier, 8), pytest.param(ReptileClassifier, 20, marks=pytest.mark.full)]
)
def test_tasks_with_shared_classes_are_learned_whose_head_is_no_longer_even(cls, max_epochs):
    """Under steps as long as an even softmax allows, Reptile's start wandered off to answers of chance."""
    X, y, ids = make_related_tables(90, n_rows=40, n_classes=6, relatedness=0.6, random_state=0)
    tasks = TaskSet.from_long(X, y, ids)
    new = split_tasks(tasks[40:], 10, random_state=0, per_class=False)
    assert cls(max_epochs=max_epochs, random_state=0).fit(tasks[:40]).score(new) > 0.44


def test_a_regression_has_no_automatic_rate():
    with pytest.raises(ValueError, match="inner_lr='auto'"):
        MAML(nn.Identity(), 2, 1, task_type="regression", inner_lr="auto")


@pytest.mark.parametrize("cls", [MAMLRegressor, ReptileRegressor])
def test_nor_has_one_that_is_fitted(cls):
    X = torch.randn(8, 2, generator=torch.Generator().manual_seed(0)).numpy()
    meta = cls(max_epochs=0, random_state=0).fit([(X, X[:, 0])] * 2).set_params(inner_lr="auto")
    with pytest.raises(ValueError, match="inner_lr='auto' .* give a number"):
        meta.adapt(X, X[:, 0])


@pytest.mark.parametrize("cls", [ReptileClassifier, FineTuneTransfer, LearnedOptimizerClassifier])
def test_what_learns_no_rates_for_every_weight_does_not_offer_to(cls):
    tasks = [(torch.eye(4).numpy(), [0, 0, 1, 1])] * 2
    with pytest.raises(ValueError, match=r"inner_lr of \w+ must be .*number.* got 'learn'") as error:
        cls(inner_lr="learn", max_epochs=0).fit(tasks)
    assert "'learn'" not in str(error.value).partition("got")[0]
    fitted = cls(max_epochs=0, random_state=0).fit(tasks)
    with pytest.raises(ValueError, match=r"inner_lr of \w+ must be .* got 'learn'"):
        fitted.set_params(inner_lr="learn").adapt(*tasks[0])


@pytest.mark.parametrize("body", [nn.BatchNorm1d(5), nn.Dropout(0.5)], ids=["batch norm", "dropout"])
def test_looking_for_the_pace_leaves_no_trace_in_training(body):
    body = nn.Sequential(nn.Linear(5, 5), body)
    learner = MAML(body, 5, inner_lr="auto", engine="any_module").double().train()
    X, _, mask = task()
    before = copy.deepcopy(body.state_dict()), torch.get_rng_state()
    pace = learner.pace_of_tasks(3 + X, None, mask)
    torch.testing.assert_close(dict(body.state_dict()), dict(before[0]))
    assert (torch.get_rng_state() == before[1]).all()
    assert all(layer.training for layer in body)
    if isinstance(body[1], nn.BatchNorm1d):  # rows are normalised as the inner steps will see them
        torch.testing.assert_close(pace, 3 / steepness(learner.embed(3 + X)))
