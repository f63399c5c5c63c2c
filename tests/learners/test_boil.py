"""A head that rests: the body alone learns the task, also where classes are the task's own."""

import pytest
import torch
from torch import nn

from skmeta import MAMLClassifier
from skmeta.learners.maml import MAML, class_codes
from skmeta.tasks import GaussianClusters


def test_the_head_has_a_row_of_its_own_for_each_class_and_rests():
    torch.manual_seed(0)
    learner = MAML(nn.Linear(3, 8), 3, inner_lr=0.5, inner_steps=2, adapt_params="body")
    X, y = torch.randn(1, 6, 3), torch.tensor([[0, 1, 2, 0, 1, 2]])
    (*body, weight, bias), _ = learner.adapt(X, y, class_mask=torch.ones(1, 3, dtype=torch.bool))
    torch.testing.assert_close(weight[0], learner.head_weight + class_codes(3, 8))
    assert len(torch.unique(weight[0], dim=0)) == 3
    assert not torch.equal(body[0][0], learner.body.weight)


@pytest.mark.parametrize("settings", [{}, {"inner_lr": "learn"}, {"inner_lr": "learn-step"}])
def test_separable_tasks_of_one_row_a_class_are_learned(settings):
    tasks = GaussianClusters(n_ways=5, n_shots=1, n_query=10, n_features=8, separation=10.0).sample(60, random_state=0)
    meta = MAMLClassifier(adapt_params="body", max_epochs=5, random_state=0, **settings).fit(tasks[:40])
    assert meta.score(tasks[40:]) > 0.6
