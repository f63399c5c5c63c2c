"""SimpleShot: nearest class mean among centred embeddings of unit length."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from skmeta import SimpleShotClassifier
from skmeta.learners.simple_shot import SimpleShot
from skmeta.tasks import GaussianClusters


def test_logits_are_minus_scaled_squared_distances_worked_out_by_hand():
    learner = SimpleShot(torch.nn.Identity(), 2, scale=2.0).eval()
    learner.centre[:] = torch.tensor([1.0, 0.0])
    support = torch.tensor([[[3.0, 0.0], [1.0, 5.0], [1.0, 2.0]]])  # centred, of unit length: (1, 0), (0, 1), (0, 1)
    state = learner.adapt(support, torch.tensor([[0, 1, 1]]), None, torch.ones(1, 2, dtype=torch.bool))
    assert_allclose(state[0][0], [[1, 0], [0, 1]])
    logits = learner.predict(state, torch.tensor([[[4.0, 3.0]]]))  # (0.7071, 0.7071)
    distance = (1 - np.sqrt(0.5)) ** 2 + 0.5
    assert_allclose(logits[0, 0].detach(), [-2 * distance, -2 * distance], rtol=1e-6)


def test_a_common_shift_and_the_length_of_rows_do_not_matter():
    tasks = GaussianClusters(n_ways=3, n_features=5, n_irrelevant=0).sample(12, random_state=0)
    meta = SimpleShotClassifier(torch.nn.Identity(), max_epochs=3, random_state=0).fit(tasks)
    centre = meta.served_.bare.centre.numpy()
    task = tasks[0]
    longer = centre + 3 * (task.X_query - centre)
    assert_allclose(
        meta.adapt(task.X, task.y).predict_proba(task.X_query), meta.predict_proba(longer), rtol=1e-4, atol=1e-6
    )


def test_it_learns_clusters_far_better_than_chance():
    tasks = GaussianClusters(n_ways=5, n_shots=1, n_query=10, n_features=8).sample(60, random_state=0)
    assert SimpleShotClassifier(random_state=0).fit(tasks[:40]).score(tasks[40:]) > 0.5
