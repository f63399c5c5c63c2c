"""Fine-tuning: what is pretrained, where a new task starts, and how it descends from there."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from skmeta.learners.descent import DescentSettings, _Descent, fine_tune, hold_out, layer_depths
from skmeta.learners.engine import choose_engine
from skmeta.learners.fine_tune import FineTune

pytestmark = pytest.mark.usefixtures("doubles")


def body():
    return nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh())


def support(n_tasks=2, n_rows=8, n_classes=3):
    X = torch.randn(n_tasks, n_rows, 3)
    y = torch.arange(n_rows).expand(n_tasks, n_rows) % n_classes
    return X, y, torch.ones(n_tasks, n_classes, dtype=torch.bool)


# ---------------------------------------------------------------------- pretraining


def test_in_pretraining_each_row_is_answered_by_its_own_tasks_head():
    learner = FineTune(body(), 3, n_source_tasks=5, n_source_outputs=2).train()
    X, task = torch.randn(4, 1, 3), torch.tensor([4, 0, 4, 2])
    empty = X[:, :0], torch.zeros(4, 0, dtype=torch.int64)
    answers = learner(*empty, X, task_index=task)
    by_hand = [learner.head_weight[t] @ learner.body(X[i])[0] + learner.head_bias[t] for i, t in enumerate(task)]
    assert_close(answers, torch.stack(by_hand))


def test_pretraining_task_heads_needs_to_know_the_tasks():
    learner = FineTune(body(), 3, n_source_tasks=5, n_source_outputs=2).train()
    with pytest.raises(ValueError, match="RowLoader"):
        learner(torch.zeros(1, 0, 3), torch.zeros(1, 0, dtype=torch.int64), torch.zeros(1, 1, 3))


def test_outside_of_training_forward_adapts_to_the_support():
    learner = FineTune(body(), 3).eval()
    X, y, mask = support()
    query = torch.randn(2, 5, 3)
    assert_close(
        learner(X, y, query, None, mask), learner.predict(learner.adapt(X, y, None, mask), query).flatten(0, 1)
    )


# ---------------------------------------------------------------------- where a new task starts


def test_shared_outputs_start_from_the_mean_of_the_tasks_heads():
    learner = FineTune(body(), 3, 2, task_type="regression", n_source_tasks=3)
    weight, bias = learner.start_of_head(2)
    assert_close(weight, learner.head_weight.mean(0))
    assert_close(bias, learner.head_bias.mean(0))


def test_a_class_met_for_the_first_time_starts_from_the_mean_of_the_others():
    learner = FineTune(body(), 3, 2)
    weight, _ = learner.start_of_head(3)
    assert_close(weight[:2], learner.head_weight)
    assert_close(weight[2], learner.head_weight.mean(0))


@pytest.mark.parametrize("freeze", ["trunk", "none", "gradual"])
def test_without_rows_the_start_itself_answers(freeze):
    learner = FineTune(body(), 3, 2, freeze=freeze).eval()
    X = torch.randn(1, 4, 3)
    state = learner.adapt(X[:, :0], torch.zeros(1, 0, dtype=torch.int64), None, torch.ones(1, 2, dtype=torch.bool))
    assert_close(learner.predict(state, X)[0], learner.body(X[0]) @ learner.head_weight.t() + learner.head_bias)


# ---------------------------------------------------------------------- the descent


def adam_by_torch(learner, X, y, steps, lr, layer_decay, pull, n_classes):
    """One task, as anyone would write it."""
    net = nn.Sequential(copy.deepcopy(learner.body), nn.Linear(4, n_classes))
    nn.init.zeros_(net[1].weight)
    nn.init.zeros_(net[1].bias)
    start = [p.detach().clone() for p in net.parameters()]
    depth = [2, 2, 1, 1, 0, 0]
    optimizer = torch.optim.Adam([{"params": [p], "lr": lr * layer_decay**d} for p, d in zip(net.parameters(), depth)])
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X), y)
        loss = loss + pull / len(y) / 2 * sum((p - s).square().sum() for p, s in zip(net.parameters(), start))
        loss.backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("engine", ["closed_form", "any_module", "naive"])
def test_all_tasks_together_do_what_torchs_adam_does_to_each(engine):
    learner = FineTune(
        body(), 3, freeze="none", inner_steps=7, inner_lr=0.05, layer_decay=0.5, l2_sp=2.0, engine=engine
    ).eval()
    X, y, mask = support()
    query = torch.randn(2, 5, 3)
    answers = learner.predict(learner.adapt(X, y, None, mask), query)
    for task in range(2):
        net = adam_by_torch(learner, X[task], y[task], 7, 0.05, 0.5, 2.0, 3)
        assert_close(answers[task], net(query[task]), atol=1e-7, rtol=0)


def test_a_long_descent_of_the_head_ends_where_the_convex_solver_does():
    settings = {"task_type": "regression", "l2_sp": 3.0}
    learner = FineTune(nn.Sequential(nn.Linear(3, 4, bias=False)), 3, 1, **settings).eval()
    X, _, _ = support()
    y = torch.randn(2, 8, 1)
    exact = learner.adapt(X, y)["heads"]
    engine = choose_engine(learner.body, loss="mse")
    start = engine.start(*learner.start_of_head(1))
    rates = DescentSettings(steps=800, lr=0.02, layer_decay=0.0, pull=3.0)
    found = fine_tune(engine, start, X, y, None, None, rates)
    assert_close(found[0][0], learner.body[0].weight.detach())
    assert_close(torch.cat([found[1], found[2][..., None]], -1), exact, atol=1e-4, rtol=0)


def test_gradual_unfreezing_wakes_one_layer_after_the_other_from_the_head_down():
    learner = FineTune(body(), 3, freeze="gradual", inner_steps=1).eval()
    X, y, mask = support(n_tasks=1)
    start = learner.engine.start(*learner.start_of_head(3))

    def moved(steps, of):
        settings = DescentSettings(steps=of, lr=0.1, gradual=True)
        descent = _Descent(learner.engine, start, X, y, torch.ones(1, 8), mask, settings)
        path = descent._path(descent.weight, torch.tensor([steps]))
        last = list(path)[-1]
        return [bool((a != b).any()) for a, b in zip(last, start)]

    assert moved(1, of=9) == [False] * 4 + [True] * 2
    assert moved(4, of=9) == [False] * 2 + [True] * 4
    assert moved(7, of=9) == [True] * 6


def test_parameters_of_one_module_form_a_layer_counted_from_the_head():
    assert layer_depths(choose_engine(body())) == [2, 2, 1, 1, 0, 0]


def test_a_task_holds_out_every_fifth_row_of_each_class_if_it_has_forty():
    X, y, weight = torch.randn(2, 40, 3), (torch.arange(40) >= 30).long().expand(2, 40), torch.ones(2, 40)
    weight[1, 0] = 0.0  # 39 rows are too few
    held_out = hold_out(X, y, weight, True)
    assert held_out[0, :30].sum() == 6
    assert held_out[0, 30:].sum() == 2
    assert not held_out[1].any()
    order = torch.randperm(40)
    assert_close(hold_out(X[:, order], y[:, order], weight[:, order], True), held_out[:, order])


def test_early_stopping_takes_as_many_steps_on_all_rows_as_served_the_rows_held_out_best():
    learner = FineTune(body(), 3, freeze="none", inner_steps=20, inner_lr=0.1, layer_decay=1.0, l2_sp=0.0).eval()
    X = torch.randn(2, 60, 3)
    y = torch.stack([(X[0, :, 0] > 0).long(), torch.randperm(60) % 2])  # a rule, and noise
    mask = torch.ones(2, 2, dtype=torch.bool)
    tuned = learner.adapt(X, y, None, mask)["parameters"]
    held_out = hold_out(X, y, torch.ones(2, 60), True)
    best = []
    for task in range(2):
        kept = ~held_out[task]
        losses = []
        for steps in range(21):
            net = adam_by_torch(learner, X[task, kept], y[task, kept], steps, 0.1, 1.0, 0.0, 2)
            losses.append(F.cross_entropy(net(X[task, ~kept]), y[task, ~kept]).item())
        best.append(min(range(21), key=losses.__getitem__))
        net = adam_by_torch(learner, X[task], y[task], best[-1], 0.1, 1.0, 0.0, 2)
        assert_close(tuned[0][task], net[0][0].weight.detach(), atol=1e-6, rtol=0)
    assert best[1] < best[0]


@pytest.mark.parametrize("freeze", ["trunk", "none", "gradual"])
@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_padded_rows_change_nothing(freeze, task_type):
    n_outputs = 2 if task_type == "regression" else None
    learner = FineTune(body(), 3, n_outputs, freeze=freeze, task_type=task_type, inner_steps=5).eval()
    X, y, mask = support(n_rows=50)
    y, mask = (torch.randn(2, 50, 2), None) if task_type == "regression" else (y, mask)
    weight = torch.ones(2, 50)
    query = torch.randn(2, 3, 3)
    plain = learner.predict(learner.adapt(X, y, weight, mask), query)
    X, y = torch.cat([1000 * torch.ones(2, 4, 3), X], 1), torch.cat([y[:, :4], y], 1)
    padded = learner.adapt(X, y, torch.cat([torch.zeros(2, 4), weight], 1), mask)
    assert_close(learner.predict(padded, query), plain, atol=1e-9, rtol=0)
