"""Rows that copies of a classifier are trained without, and what they tell of it."""

import numpy as np
import pytest
import torch
from torch import nn

from skmeta.learners.calibrated import Calibrated
from skmeta.learners.prototypes import Prototypes
from skmeta.training.calibration import calibrate, held_out_folds


@pytest.mark.parametrize("n_rows, n_folds", [(20, 4), (100, 4), (200, 2), (400, 1), (4000, 1)])
def test_every_row_of_a_small_table_is_held_out_once_and_of_a_large_one_enough(n_rows, n_folds):
    codes = np.arange(n_rows) % 4
    folds = held_out_folds(codes, seed=0)
    assert folds.max() == n_folds - 1
    for fold in range(n_folds):
        of_class = np.bincount(codes[folds == fold], minlength=4)
        assert of_class.min() >= n_rows // 16 and of_class.max() <= -(-n_rows // 16)


def test_a_classes_only_row_is_never_held_out():
    folds = held_out_folds(np.array([0] * 8 + [1] + [2] * 3), seed=1)
    assert folds[8] == -1 and (np.delete(folds, 8) >= 0).all()


def test_copies_never_see_the_rows_that_they_are_asked_about():
    rng = np.random.RandomState(0)
    codes = np.arange(48) % 2
    X = rng.normal(size=(48, 2)) + 3 * codes[:, None]
    seen = []

    def train_on(rows):
        seen.append(rows)
        return Calibrated.around(Prototypes)(nn.Identity(), n_features_in=2, n_outputs=2)

    learner = train_on(np.ones(48, dtype=bool))
    calibrate(learner, X, codes, 0, train_on)
    held_out = ~np.array(seen[1:])
    np.testing.assert_array_equal(held_out.sum(0), 1)
    assert bool(learner.is_calibrated)
    state = learner.adapt(torch.tensor(X[None]), torch.tensor(codes[None]), None, torch.ones(1, 2, dtype=torch.bool))
    assert (learner.predict(state, torch.tensor(X[None]))[0].argmax(1).numpy() == codes).mean() > 0.9
