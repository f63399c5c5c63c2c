"""Rows that copies of a classifier are trained without, and what they tell of it."""

import numpy as np
import pytest
import torch
from torch import nn

from skmeta.learners.calibrated import Calibrated
from skmeta.learners.prototypes import Prototypes
from skmeta.tasks.store import TaskStore
from skmeta.training.held_out import KeptApart, held_out_folds


@pytest.mark.parametrize("n_rows, n_folds, size", [(20, 4, 5), (100, 4, 25), (200, 2, 50), (400, 2, 50), (4000, 2, 50)])
def test_every_row_of_a_small_table_is_held_out_once_and_of_a_large_one_enough(n_rows, n_folds, size):
    codes = np.arange(n_rows) % 4
    folds = held_out_folds(codes, seed=0)
    assert folds.max() == n_folds - 1
    for fold in range(n_folds):
        of_class = np.bincount(codes[folds == fold], minlength=4)
        assert of_class.min() >= size // 4 and of_class.max() <= -(-size // 4)


def test_a_classes_only_row_is_never_held_out():
    folds = held_out_folds(np.array([0] * 8 + [1] + [2] * 3), seed=1)
    assert folds[8] == -1 and (np.delete(folds, 8) >= 0).all()


@pytest.mark.parametrize("n_rows, n_asked", [(60, 0), (104, 26), (1000, 50), (2500, 0)])
def test_of_tables_that_have_rows_enough_some_are_kept_from_training_and_asked_about(n_rows, n_asked):
    rng = np.random.RandomState(0)
    codes = np.arange(n_rows) % 2
    X = rng.normal(size=(n_rows, 2)) + 3 * codes[:, None]
    table = TaskStore(torch.tensor(X), torch.tensor(codes), [n_rows], [-1], [2], True)
    kept = KeptApart(table, seed=0)
    assert len(kept.to_train_on().X) == n_rows - n_asked

    learner = Calibrated.around(Prototypes)(nn.Identity(), n_features_in=2, n_outputs=2)
    at_first = learner.factor.clone()
    kept.calibrate(learner)
    assert bool(learner.is_calibrated) == (n_rows <= 2000)
    assert bool((learner.factor != at_first).all()) == (n_asked > 0)
    state = learner.double().adapt(table.X[None], table.y[None], None, torch.ones(1, 2, dtype=torch.bool))
    assert (learner.predict(state, table.X[None])[0].argmax(1) == table.y).double().mean() > 0.9
