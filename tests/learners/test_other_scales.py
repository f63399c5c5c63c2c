"""Regression tasks on another scale than those of meta-training."""

import numpy as np
import pytest
import torch
from torch import nn

from skmeta import HyperNetRegressor, MAMLRegressor, MetaOptNetRegressor, Task
from skmeta.learners.hyper_net import drawn_to_mean
from skmeta.learners.target_scaling import PerTaskTargets
from skmeta.tasks import LinearFamily

TASKS = LinearFamily(n_features=4, n_shots=10, n_query=8).sample(60, random_state=0)


def error(meta, tasks):
    return np.mean([np.mean((p - t.y_query) ** 2) for p, t in zip(meta.predict(tasks), tasks)]) ** 0.5


def rescaled(tasks, target=1, columns=1):
    return [Task(t.X * columns, t.y * target, t.X_query * columns, t.y_query * target) for t in tasks]


@pytest.mark.parametrize("cls", [MetaOptNetRegressor, HyperNetRegressor])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_targets_scaled_by_each_task_are_answered_as_well_on_any_scale(cls, scale):
    meta = cls(target_scaling="task", max_epochs=3, random_state=0).fit(TASKS[:40])
    assert error(meta, rescaled(TASKS[40:], scale)) / scale < 1.2 * error(meta, TASKS[40:])


def test_a_few_equal_targets_do_not_make_a_scale():
    scaling = PerTaskTargets(MetaOptNetRegressor._learner_class(nn.Identity(), 1, 1, task_type="regression"))
    mean, scale = scaling._moments(torch.tensor([[[2.0], [2.0]], [[2.0], [2.1]]]), None)
    assert (scale > 0.3).all()
    # two rows, the mean drawn to 0 as by a row of the task's own variance
    torch.testing.assert_close(mean[0], 2 * 2 / (2 + scale[0] ** 2))


def test_a_mean_that_chance_does_not_explain_is_hardly_shrunk():
    scaling = PerTaskTargets(MetaOptNetRegressor._learner_class(nn.Identity(), 1, 1, task_type="regression"))
    near, far = torch.tensor([3.0, -60.0])[:, None, None] + torch.tensor([[-1.0], [0.0], [1.0]])
    mean, scale = scaling._moments(torch.stack([near, far]), None)
    torch.testing.assert_close(mean[0], 3 * 3 / (3 + scale[0] ** 2))
    assert abs(mean[1] + 60) < 0.1


def test_rows_of_weight_0_do_not_touch_a_scale():
    scaling = PerTaskTargets(MetaOptNetRegressor._learner_class(nn.Identity(), 1, 1, task_type="regression"))
    y, weight = torch.tensor([[[1.0], [3.0], [torch.nan]]]), torch.tensor([[1.0, 1.0, 0.0]])
    for padded, bare in zip(scaling._moments(y, weight), scaling._moments(y[:, :2], None)):
        torch.testing.assert_close(padded, bare)


@pytest.mark.parametrize("change", [{"target": 1e3}, {"columns": [1e3, 1, 1, 1]}])
def test_a_generated_network_stays_bounded(change):
    meta = HyperNetRegressor(max_epochs=3, random_state=0).fit(TASKS[:40])
    tasks = rescaled(TASKS[40:], **change)
    size = np.sqrt(np.mean(np.concatenate([task.y_query for task in tasks]) ** 2))
    assert error(meta, tasks) < 2 * size


def test_outputs_worse_than_the_mean_are_drawn_to_it_by_least_squares():
    hidden, y = torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([[[1.0], [2.0], [3.0]]])
    right = torch.ones(1, 1, 1), torch.zeros(1, 1)
    assert [part.tolist() for part in drawn_to_mean(hidden, y, None, *right)] == [part.tolist() for part in right]
    # 100 x answers 100, 200, 300: the best line through the mean has 1 / 100 of that slope
    weight, bias = drawn_to_mean(hidden, y, None, 100 * torch.ones(1, 1, 1), torch.zeros(1, 1))
    torch.testing.assert_close((weight, bias), right, atol=1e-5, rtol=0)
    # what runs the wrong way is the mean
    weight, bias = drawn_to_mean(hidden, y, None, -100 * torch.ones(1, 1, 1), torch.zeros(1, 1))
    assert (weight.item(), bias.item()) == (0, 2)


def test_a_task_without_rows_and_without_answers_is_answered():
    meta = MAMLRegressor(max_epochs=1, steps_per_epoch=2, random_state=0).fit(TASKS[:4])
    task = TASKS[5]
    (unknown,), (known,) = (
        meta.predict([Task(task.X[:0], task.y[:0], task.X_query, *y)]) for y in ((), (task.y_query,))
    )
    np.testing.assert_array_equal(unknown, known)
    np.testing.assert_allclose(unknown, meta.adapt().predict(task.X_query), rtol=1e-4, atol=1e-5)
