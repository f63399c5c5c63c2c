"""Learners that adapt by a forward pass: what every one of them owes, and what is particular to each."""

import functools

import pytest
import torch
from sklearn.neighbors import NearestCentroid
from torch import nn

from skmeta import (
    HyperNetClassifier,
    HyperNetRegressor,
    MANNClassifier,
    NeuralProcessRegressor,
    PerTaskBaseline,
    RecurrentClassifier,
    RecurrentRegressor,
)
from skmeta.learners.hyper_net import HyperNet
from skmeta.learners.neural_process import NeuralProcess
from skmeta.learners.sequences.cells import GRUCell, LSTMCell
from skmeta.learners.sequences.memory import MemoryAugmented, MemoryCell
from skmeta.learners.sequences.recurrent import Recurrent
from skmeta.learners.sequences.sequence import fixed_keys
from skmeta.tasks import GaussianClusters, Sinusoids

BOTH_KINDS = {
    "lstm": functools.partial(Recurrent, cell="lstm", n_hidden=8),
    "gru": functools.partial(Recurrent, cell="gru", n_hidden=8),
    "hyper": functools.partial(HyperNet, target_hidden=6, n_code=8),
}
CLASSIFIERS = BOTH_KINDS | {"memory": functools.partial(MemoryAugmented, n_hidden=8, n_slots=6, slot_size=5)}
REGRESSORS = {name: functools.partial(cls, task_type="regression") for name, cls in BOTH_KINDS.items()} | {
    "conditional": functools.partial(NeuralProcess, attention=False, n_hidden=8),
    "attentive": functools.partial(NeuralProcess, attention=True, n_hidden=8),
}


def build(name, kind, n_outputs):
    torch.manual_seed(0)
    learner = (CLASSIFIERS if kind == "classification" else REGRESSORS)[name]
    body = nn.Sequential(nn.Linear(3, 7), nn.Tanh())
    return learner(body, n_features_in=3, n_outputs=n_outputs).double().eval()


def cluster_batch(n_tasks=2, n_rows=9, n_classes=3):
    generator = torch.Generator().manual_seed(1)
    X = torch.randn(n_tasks, n_rows, 3, generator=generator, dtype=torch.float64)
    y = torch.arange(n_rows).expand(n_tasks, -1) % n_classes
    query = torch.randn(n_tasks, 5, 3, generator=generator, dtype=torch.float64)
    return X, y, query, torch.ones(n_tasks, n_classes, dtype=torch.bool)


def line_batch(n_tasks=2, n_rows=9):
    X, _, query, _ = cluster_batch(n_tasks, n_rows)
    return X, torch.stack([X.sum(-1), X[..., 0]], dim=-1), query, None


CASES = [
    *[(name, "classification", n) for name in CLASSIFIERS for n in (None, 3)],
    *[(name, "regression", 2) for name in REGRESSORS],
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def case(request):
    name, kind, n_outputs = request.param
    return build(name, kind, n_outputs), cluster_batch() if kind == "classification" else line_batch()


def answer(learner, X, y, query, mask, weight=None):
    with torch.no_grad():
        return learner.predict(learner.adapt(X, y, weight, mask), query)


def test_rows_of_weight_zero_change_nothing_whatever_they_hold(case):
    learner, (X, y, query, mask) = case
    weight = torch.ones(X.shape[:2], dtype=X.dtype)
    weight[0, 6:] = 0
    expected = answer(learner, X[:1, :6], y[:1, :6], query[:1], None if mask is None else mask[:1])
    X, y = X.clone(), y.clone()
    X[0, 6:], y[0, 6:] = 1e6, 1
    torch.testing.assert_close(answer(learner, X, y, query, mask, weight)[:1], expected)


def test_no_query_row_changes_the_answer_to_another(case):
    learner, (X, y, query, mask) = case
    together = answer(learner, X, y, query, mask)
    for i in range(query.shape[1]):
        torch.testing.assert_close(answer(learner, X, y, query[:, i : i + 1], mask)[:, 0], together[:, i])


def test_tasks_that_are_adapted_together_do_not_mix(case):
    learner, (X, y, query, mask) = case
    together = answer(learner, X, y, query, mask)
    alone = answer(learner, X[1:], y[1:], query[1:], None if mask is None else mask[1:])
    torch.testing.assert_close(together[1:], alone)


def test_support_rows_change_the_answer(case):
    learner, (X, y, query, mask) = case
    assert not torch.allclose(answer(learner, X, y, query, mask), answer(learner, -X, y, query, mask))


def test_a_row_of_little_weight_changes_little(case):
    learner, (X, y, query, mask) = case
    without = answer(learner, X[:, :8], y[:, :8], query, mask)
    weight = torch.ones(X.shape[:2], dtype=X.dtype)
    weight[:, 8] = 1e-7
    torch.testing.assert_close(answer(learner, X, y, query, mask, weight), without, rtol=1e-4, atol=1e-4)


def test_a_task_without_rows_has_an_answer(case):
    learner, (X, y, query, mask) = case
    if learner.n_outputs is None:
        return
    empty = answer(learner, X[:, :0], y[:, :0], query, mask)
    assert bool(empty.isfinite().all())
    torch.testing.assert_close(empty, answer(learner, X, y, query, mask, torch.zeros(X.shape[:2], dtype=X.dtype)))


def test_training_gives_every_parameter_a_gradient(case):
    learner, (X, y, query, mask) = case
    learner.train()
    is_regression = mask is None
    targets = torch.zeros(10, 2, dtype=X.dtype) if is_regression else torch.arange(10) % 3
    criterion = nn.functional.mse_loss if is_regression else nn.functional.cross_entropy
    outputs = learner(X, y, query, None, mask)
    if isinstance(outputs, tuple):
        loss = learner.training_loss(criterion, *outputs, targets)
    else:
        loss = criterion(outputs, targets)
    loss.backward()
    # what speaks only for a task without any row has no part in this one, and what adds alike to all classes has none:
    # its slope is 0, or what rounding leaves of it
    silent = {n for n, p in learner.named_parameters() if p.grad is None or not p.grad.any()}
    assert silent <= ({"nothing"} if is_regression else {"nothing", "readout.bias"})


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_answers_follow_the_classes_when_these_are_permuted(name):
    learner = build(name, "classification", None)
    X, y, query, mask = cluster_batch()
    permutation = torch.tensor([2, 0, 1])
    permuted = answer(learner, X, permutation[y], query, mask)
    torch.testing.assert_close(permuted[..., permutation], answer(learner, X, y, query, mask))


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("n_outputs", [None, 3])
def test_any_number_of_ways(name, n_outputs):
    learner = build(name, "classification", n_outputs)
    X, y, query, mask = cluster_batch(n_rows=14, n_classes=7)
    mask[1, 5] = False
    logits = answer(learner, X, y % 5, query, mask)
    assert logits.shape == (2, 5, 7)
    assert bool((logits[1, :, 5] == -torch.inf).all())
    assert bool(logits[0].isfinite().all())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hyper", "classification"),
        ("hyper", "regression"),
        ("attentive", "regression"),
        ("conditional", "regression"),
    ],
)
def test_sets_have_no_order_and_a_doubled_weight_is_a_row_twice(name, kind):
    learner = build(name, kind, 3 if kind == "classification" else 2)
    X, y, query, mask = cluster_batch() if kind == "classification" else line_batch()
    order = torch.tensor([4, 8, 0, 2, 6, 1, 3, 7, 5])
    expected = answer(learner, X, y, query, mask)
    torch.testing.assert_close(answer(learner, X[:, order], y[:, order], query, mask), expected)
    weight = torch.ones(X.shape[:2], dtype=X.dtype)
    weight[:, 3] = 2
    twice = answer(learner, torch.cat([X, X[:, 3:4]], 1), torch.cat([y, y[:, 3:4]], 1), query, mask)
    torch.testing.assert_close(answer(learner, X, y, query, mask, weight), twice)


def test_orders_are_fixed_distinct_and_do_not_depend_on_the_number_of_rows():
    keys = fixed_keys(5, 200)[0]
    torch.testing.assert_close(keys[:, :50], fixed_keys(5, 50)[0])
    orders = {tuple(row.tolist()) for row in keys.argsort(-1)}
    assert len(orders) == 5
    correlation = torch.corrcoef(torch.cat([keys, torch.arange(200.0)[None].double()]))
    assert float((correlation - torch.eye(6)).abs().max()) < 0.3


def test_averaging_over_orders_makes_the_order_of_rows_matter_less():
    X, y, query, mask = cluster_batch()
    spread = {}
    for n_permutations in (1, 32):
        learner = build("lstm", "classification", 3)
        learner.n_permutations = n_permutations
        answers = torch.stack(
            [answer(learner, X[:, order], y[:, order], query, mask) for order in fixed_keys(20, 9)[0].argsort(-1)]
        )
        spread[n_permutations] = float(answers.std(0).mean())
    assert spread[32] < 0.5 * spread[1]


def test_our_lstm_and_gru_are_torchs():
    torch.manual_seed(0)
    row, told = torch.randn(4, 3), torch.randn(4, 2)
    ours = LSTMCell(3, 2, 5)
    theirs = nn.LSTMCell(5, 5)
    hidden, cell = torch.randn(4, 5), torch.randn(4, 5)
    theirs.weight_ih.data = torch.cat([ours.of_row.weight, ours.of_told.weight], 1).data
    theirs.bias_ih.data, theirs.bias_hh.data = ours.of_row.bias.data, torch.zeros(20)
    theirs.weight_hh.data = ours.of_hidden.weight.data
    # torch orders its gates input, forget, cell, output; ours are input, forget, output, cell
    swap = torch.cat([torch.arange(10), torch.arange(15, 20), torch.arange(10, 15)])
    for name in ("weight_ih", "weight_hh", "bias_ih"):
        parameter = getattr(theirs, name)
        parameter.data = parameter.data[swap]
    _, (h, c) = ours.step(row, told, (hidden, cell))
    expected_h, expected_c = theirs(torch.cat([row, told], 1), (hidden, cell))
    torch.testing.assert_close((h, c), (expected_h, expected_c))

    ours, theirs = GRUCell(3, 2, 5), nn.GRUCell(5, 5)
    theirs.weight_ih.data = torch.cat([ours.of_row.weight, ours.of_told.weight], 1).data
    theirs.bias_ih.data, theirs.bias_hh.data = ours.of_row.bias.data, torch.zeros(15)
    theirs.weight_hh.data = ours.of_hidden.weight.data
    torch.testing.assert_close(ours.step(row, told, (hidden,))[0], theirs(torch.cat([row, told], 1), hidden))


def test_the_memory_writes_into_the_least_used_slot_and_finds_it_by_content():
    torch.manual_seed(0)
    cell = MemoryCell(n_row=3, n_told=2, n_hidden=4, n_slots=3, slot_size=5, n_reads=1, decay=0.9)
    with torch.no_grad():
        cell.to_place.bias.fill_(-100.0)  # never over what was read
    hidden, _, _, _, last_read, _, _ = cell.first_state(1, torch.zeros(1))
    memory = torch.eye(3, 10)[None]
    usage = torch.tensor([[0.9, 0.1, 0.5]])
    told, key = torch.tensor([[1.0, 1.0]]), torch.randn(1, 5)
    written, where = cell._write(told, hidden, memory, usage, last_read, key)
    torch.testing.assert_close(where, torch.tensor([[0.0, 1.0, 0.0]]))
    assert torch.equal(written[:, [0, 2]], memory[:, [0, 2]])
    torch.testing.assert_close(written[:, 1], torch.cat([key, cell.to_note(told)], 1))
    untouched, nowhere = cell._write(torch.zeros(1, 2), hidden, memory, usage, last_read, key)
    assert torch.equal(untouched, memory) and not nowhere.any()

    with torch.no_grad():
        cell.to_sharpness.bias.fill_(10.0)
    read, weights = cell._read(3 * key[:, None], torch.zeros(1, 1, 4), written)
    assert int(weights.argmax()) == 1 and float(weights.max().detach()) > 0.99
    torch.testing.assert_close(read[:, 0], cell.to_note(told), rtol=0.05, atol=0.02)


def test_a_memory_that_has_never_been_trained_finds_the_row_most_like_the_new_one():
    torch.manual_seed(0)
    cell = MemoryCell(n_row=6, n_told=2, n_hidden=8, n_slots=8, slot_size=16, n_reads=2, decay=0.9)
    with torch.no_grad():
        cell.to_place.bias.fill_(-100.0)
    state, told = cell.first_state(1, torch.zeros(1)), torch.zeros(1, 2)
    rows = torch.randn(1, 5, 6)
    for row in rows.unbind(1):
        _, state = cell.step(row, told, state)
        told = torch.ones(1, 2)
    memory, _ = cell._write(told, state[0], *state[2:5], state[-1])
    found = cell._read(cell.to_key(torch.cat([rows, torch.zeros(1, 5, 8)], -1)), torch.zeros(1, 5, 8), memory)[1]
    # in the order in which they came: the slots are taken as they are free
    assert found.mean(2).argmax(-1).tolist() == [[0, 1, 2, 3, 4]]


def test_reading_ahead_equals_stepping_ahead():
    torch.manual_seed(0)
    cells = [
        LSTMCell(3, 2, 4),
        GRUCell(3, 2, 4),
        MemoryCell(3, 2, 4, n_slots=3, slot_size=5, n_reads=2, decay=0.9),
    ]
    for cell in cells:
        state = cell.first_state(2, torch.zeros(1))
        for _ in range(3):
            _, state = cell.step(torch.randn(2, 3), torch.ones(2, 2), state)
        rows, told = torch.randn(2, 6, 3), torch.ones(2, 2)
        ahead = cell.answer(rows, told, state)
        stepped = torch.stack([cell.step(rows[:, i], told, state)[0] for i in range(6)], 1)
        torch.testing.assert_close(ahead, stepped)


def test_no_more_rows_are_read_than_said():
    learner = build("lstm", "classification", 3)
    learner.max_rows = 4
    X, y, query, mask = cluster_batch(n_rows=50)
    calls = []
    step = learner.cell.step
    learner.cell.step = lambda *args: calls.append(1) or step(*args)
    answer(learner, X, y, query, mask)
    assert len(calls) == 4


def test_the_generated_network_is_all_that_is_kept():
    learner = build("hyper", "regression", 2)
    X, y, query, _ = line_batch()
    layers, _ = learner.adapt(X, y)
    by_hand = query[0]
    for i, (weight, bias) in enumerate(layers):
        by_hand = by_hand.relu() if i else by_hand
        by_hand = by_hand @ weight[0].T + bias[0]
    torch.testing.assert_close(learner.predict((layers, None), query)[0], by_hand)


def test_neural_processes_are_surer_with_more_rows_and_give_standard_deviations():
    waves = Sinusoids(n_shots=(1, 10), n_query=20)
    meta = NeuralProcessRegressor(max_epochs=15, n_shots=(0, 10), random_state=0).fit(waves)
    task = Sinusoids(n_shots=10, n_query=50).sample(1, random_state=5)[0]
    _, few = meta.adapt(task.X[:1], task.y[:1]).predict(task.X_query, return_std=True)
    _, many = meta.adapt(task.X, task.y).predict(task.X_query, return_std=True)
    assert many.mean() < few.mean()


LEARN_CLUSTERS = [
    (RecurrentClassifier, {"max_epochs": 12, "n_hidden": 32}, 0.06),
    (MANNClassifier, {"max_epochs": 6, "n_hidden": 32}, 0.06),
    (HyperNetClassifier, {"max_epochs": 15}, 0.05),  # it begins as class means, right in .70
]
LEARN_WAVES = [
    (RecurrentRegressor, {"max_epochs": 12, "n_hidden": 32}, 0.12),
    (HyperNetRegressor, {"max_epochs": 15}, 0.12),
    (NeuralProcessRegressor, {"max_epochs": 15, "n_shots": 5, "attention": False}, 0.2),
    (NeuralProcessRegressor, {"max_epochs": 15, "n_shots": 5}, 0.2),
]


@pytest.mark.parametrize(("cls", "params", "margin"), LEARN_CLUSTERS)
def test_classifiers_learn_to_learn(cls, params, margin):
    clusters = GaussianClusters(n_ways=3, n_features=6, n_latent=2, n_shots=3, n_query=8)
    tasks = clusters.sample(100, random_state=1)
    trained = cls(random_state=0, **params).fit(clusters).score(tasks)
    untrained = cls(random_state=0, **params | {"max_epochs": 0}).fit(clusters).score(tasks)
    assert trained > untrained + margin


@pytest.mark.parametrize(("cls", "params", "margin"), LEARN_WAVES)
def test_regressors_learn_to_learn(cls, params, margin):
    waves = Sinusoids(n_shots=10, n_query=20)
    tasks = waves.sample(100, random_state=1)
    trained = cls(random_state=0, **params).fit(waves).score(tasks)
    untrained = cls(random_state=0, **params | {"max_epochs": 0}).fit(waves).score(tasks)
    assert trained > max(untrained, 0.0) + margin


@pytest.mark.parametrize("n_features", [6, 40])
def test_a_generated_classifier_begins_as_class_means(n_features):
    clusters = GaussianClusters(n_ways=3, n_features=n_features, n_shots=3, n_query=8)
    tasks = clusters.sample(100, random_state=1)
    untrained = HyperNetClassifier(random_state=0, max_epochs=0).fit(tasks)
    nearest = PerTaskBaseline(NearestCentroid()).fit(tasks)
    assert untrained.score(tasks) > nearest.score(tasks) - 0.03


def test_a_recurrent_classifier_compares_rows_with_classes_before_it_has_learned_to():
    tasks = GaussianClusters(n_ways=3, n_features=6, n_latent=2, n_shots=3, n_query=8).sample(100, random_state=1)
    untrained = [RecurrentClassifier(labels="task", max_epochs=0, random_state=seed).fit(tasks) for seed in range(4)]
    assert sum(meta.score(tasks) for meta in untrained) / 4 > 1 / 3 + 0.08
