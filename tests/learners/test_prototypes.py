"""Prototypes of tasks that share their classes: drawn towards common ones."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from skmeta.learners.prototypes import Prototypes
from skmeta.nets import ResidualMLP


def learner(n_outputs):
    torch.manual_seed(0)
    return Prototypes(nn.Identity(), 1, n_outputs, scale=1.0, priors=True)


def test_a_class_mean_is_drawn_to_the_common_place_as_if_by_rows():
    shared = learner(2)
    with torch.no_grad():
        shared.common_prototypes.copy_(torch.tensor([[10.0], [20.0]]))
        shared.log_strength.fill_(torch.tensor(2.0).log())
    X, y = torch.tensor([[[1.0], [3.0]]]), torch.tensor([[0, 0]])
    prototypes, prior, seen, *_ = shared.adapt(X, y, class_mask=torch.ones(1, 2, dtype=torch.bool))
    # (1 + 3 + 2 * 10) / 4, and nothing but the common place for the class without rows
    assert_close(prototypes[0, :, 0], torch.tensor([6.0, 20.0]))
    # shares of 2 rows of the first class and 2 more of each: 4 to 2
    assert_close(prior[0, 0].exp(), torch.tensor([4 / 6, 2 / 6]))
    assert seen.all()


def test_without_a_row_the_common_prototypes_answer():
    shared = learner(2)
    with torch.no_grad():
        shared.common_prototypes.copy_(torch.tensor([[0.0], [2.0]]))
        shared.common_logits.copy_(torch.tensor([3.0, 1.0]).log())
    state = shared.adapt(torch.zeros(1, 0, 1), torch.zeros(1, 0, dtype=torch.int64), None, torch.ones(1, 2) > 0)
    logits = shared.predict(state, torch.tensor([[[1.0]]]))
    assert_close(logits.softmax(-1)[0, 0], torch.tensor([0.75, 0.25]))


def test_a_class_that_came_after_training_is_the_mean_of_its_rows():
    shared = learner(2)
    X, y = torch.tensor([[[5.0], [7.0]]]), torch.tensor([[2, 2]])
    prototypes, _, seen, *_ = shared.adapt(X, y, class_mask=torch.ones(1, 3, dtype=torch.bool))
    assert_close(prototypes[0, 2, 0], torch.tensor(6.0))
    _, _, seen, *_ = shared.adapt(X, torch.zeros_like(y), class_mask=torch.ones(1, 3, dtype=torch.bool))
    assert seen[0].tolist() == [True, True, False]


def test_where_classes_are_each_tasks_own_a_prototype_is_the_mean_and_nothing_is_added():
    own = learner(None)
    assert [name for name, _ in own.named_parameters()] == ["log_scale"]
    X, y = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[0, 0, 1]])
    prototypes, *_ = own.adapt(X, y, class_mask=torch.ones(1, 2, dtype=torch.bool))
    assert_close(prototypes[0, :, 0], torch.tensor([2.0, 9.0]))


@pytest.mark.parametrize("residual", [False, True])
def test_rows_have_gradients_too(residual):
    body = ResidualMLP(3, n_hidden=8) if residual else nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8))
    learner = Prototypes(body, 3, 2).double()
    with torch.no_grad():
        for value in learner.parameters():
            value.normal_(generator=torch.Generator().manual_seed(value.numel()))
    g = torch.Generator().manual_seed(0)
    rows = [torch.randn(2, n, 3, generator=g, dtype=torch.float64).requires_grad_() for n in (6, 4)]
    y, mask = torch.arange(6).remainder(2).repeat(2, 1), torch.ones(2, 2, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda X, Q: learner(X, y, Q, None, mask), rows)
